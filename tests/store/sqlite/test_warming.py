"""What is warm is answered without reading the past again."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from store.filters import EVERYTHING, ActivityFilter
from store.scope import SERVICE
from store.sqlite import warming
from store.sqlite.reader import SqliteReader
from store.sqlite.rollups import ROLLUP_TABLES
from store.sqlite.writer import SqliteWriter
from tests.store.contract.conftest import DAY, HOUR, NOW
from tests.store.contract.past import past
from tests.support.rows import row

DAYS = [NOW // DAY * DAY + DAY - n * DAY for n in range(31, -1, -1)]
ELSEWHERE = [edge + 5 * HOUR for edge in DAYS]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "activity.db"
    writer = SqliteWriter(found)
    writer.write([*past(600, hours=40 * 24), row(created_at=NOW)])
    writer.close()
    return found


@pytest.fixture
def forgotten(path: Path) -> Iterator[sqlite3.Connection]:
    """Call to delete the rollups of the past, behind everybody's back."""
    database = sqlite3.connect(path, isolation_level=None)
    yield database
    database.close()


def forget(database: sqlite3.Connection) -> None:
    today = NOW // DAY - 1
    for table in ROLLUP_TABLES:
        for span, hours in ((0, 24), (1, 1), (2, 4)):
            wanted = f"DELETE FROM {table} WHERE span = ? AND bucket < ?"
            database.execute(wanted, (span, today * hours))


async def asked(reader: SqliteReader, edges: Sequence[int]) -> list[Any]:
    where = ActivityFilter(since=edges[0])
    return [
        await reader.health(SERVICE, EVERYTHING, edges),
        await reader.health(SERVICE, EVERYTHING, edges, "verdict", 2),
        await reader.series(SERVICE, EVERYTHING, edges),
        await reader.failures(SERVICE, where, 100),
        await reader.endpoints(SERVICE, where, "count", 100),
        await reader.summary(SERVICE, where),
        await reader.facets(SERVICE, EVERYTHING, ["status", "integration"]),
    ]


async def test_what_is_warm_is_not_read_again(path: Path, forgotten: sqlite3.Connection) -> None:
    reader, cold = SqliteReader(path), SqliteReader(path)
    wanted = await asked(cold, DAYS)
    elsewhere = await cold.health(SERVICE, EVERYTHING, ELSEWHERE)
    steps = [None async for _ in reader.warm([DAYS, ELSEWHERE])]
    assert len(steps) > 20
    forget(forgotten)
    assert await asked(reader, DAYS) == wanted
    assert await reader.health(SERVICE, EVERYTHING, ELSEWHERE) == elsewhere
    other = SqliteReader(path)
    assert await asked(other, DAYS) != wanted
    for one in (reader, cold, other):
        await one.close()


async def test_other_ranges_find_the_same_blocks(path: Path, forgotten: sqlite3.Connection) -> None:
    reader, cold = SqliteReader(path), SqliteReader(path)
    wanted = await cold.health(SERVICE, EVERYTHING, [DAYS[0], DAYS[-1]])
    async for _ in reader.warm([[edge - DAY for edge in DAYS] + [DAYS[-1]]]):
        pass
    gone = "DELETE FROM integration_totals WHERE span = 1 AND bucket = ?"
    forgotten.execute(gone, (DAYS[15] // DAY,))
    found = await reader.health(SERVICE, EVERYTHING, [DAYS[0], DAYS[-1]])
    assert [one.counts for one in found.items] == [one.counts for one in wanted.items]
    await reader.close()
    await cold.close()


async def test_nothing_is_asked_twice_as_long_as_the_past_stays(path: Path) -> None:
    reader = SqliteReader(path)
    assert [None async for _ in reader.warm([DAYS])]
    assert not [None async for _ in reader.warm([DAYS])]
    writer = SqliteWriter(path)
    writer.write([row(created_at=NOW + 1)])
    assert not [None async for _ in reader.warm([DAYS])]
    writer.write([row(created_at=NOW - 9 * DAY)])
    assert [None async for _ in reader.warm([DAYS])]
    writer.close()
    await reader.close()


async def test_of_very_many_integrations_nothing_is_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warming, "FEW", 2)
    reader = SqliteReader(path)
    assert not [None async for _ in reader.warm([DAYS])]
    await reader.close()
