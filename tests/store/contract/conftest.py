"""The backends that the contract tests run against."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from store.activity import ActivityRow
from store.options import StoreOptions
from store.sqlite.reader import SqliteReader
from store.sqlite.writer import SqliteWriter

NOW = 1_795_424_000_000
HOUR = 3_600_000
DAY = 24 * HOUR


@dataclass
class Store:
    """One empty store with its writer and a reader."""

    open_writer: Callable[[StoreOptions], Any]
    reader: Any
    writer: Any = None
    rows: dict[bytes, ActivityRow] = field(default_factory=dict)

    def write(self, *rows: ActivityRow) -> Any:
        """Write rows in one batch."""
        self.rows |= {row.id: row for row in rows}
        return self.writer.write(rows)

    def reopen(self, options: StoreOptions) -> None:
        """Go on with other options."""
        self.writer.close()
        self.writer = self.open_writer(options)

    def maintain(self, now: int) -> None:
        """Do everything that is due."""
        for _ in range(10_000):
            if not self.writer.maintain(now):
                return
        raise AssertionError("maintenance does not end")


def sqlite(folder: Path) -> Store:
    """A store in a SQLite file."""
    path = folder / "activity.db"
    return Store(lambda options: SqliteWriter(path, options), SqliteReader(path))


BACKENDS = {"sqlite": sqlite}


@pytest.fixture(params=sorted(BACKENDS))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store of each backend."""
    opened = BACKENDS[request.param](tmp_path)
    opened.writer = opened.open_writer(StoreOptions())
    yield opened
    await opened.reader.close()
    opened.writer.close()
