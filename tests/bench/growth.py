"""How queries cost more when the store grows: the same ones on stores of several sizes.

    python -m tests.bench.growth DIR [--rows 1000000,10000000]

Stores are seeded with light bodies into DIR (and used again), queries take turns between them,
and a table is printed: median and longest at each size, and the ratio of the medians of the
largest and the smallest.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final

from store.data_folder import DataFolder
from store.filters import ActivityFilter, parse_filter
from store.scope import SERVICE
from store.sqlite.reader import SqliteReader
from tests.bench.seed import Past, seed
from tests.bench.store import PAGES, charts, now_ms

type Query = Callable[[], Awaitable[Any]]

_SECONDS: Final = 2.0
"""At most so long for one query on one store, but at least three runs."""
_RUNS: Final = 25
_PATIENCE: Final = 10.0
_DEEP: Final = 20


def store_of(folder: Path, rows: int) -> Path:
    """The store of so many rows; seeded when it is not there."""
    data = DataFolder(folder / f"rows-{rows}").ensure()
    if not data.activity_db.exists():
        seed(data.activity_db, Past(rows, 90, now_ms(), 1, 3, light=True), 5_000)
    return data.activity_db


async def queries(reader: SqliteReader) -> dict[str, Query]:
    """Everything that is asked of one store."""
    made: dict[str, Query] = {}
    for name, params in PAGES.items():
        where = parse_filter(params, now_ms())
        made[f"page: {name}"] = lambda where=where: _page(reader, where)
        cursor = await _deep(reader, where)
        if cursor is not None:
            made[f"page {_DEEP + 1}: {name}"] = lambda where=where, cursor=cursor: _page(
                reader, where, cursor
            )
    return made | charts(reader)


async def _page(reader: SqliteReader, where: ActivityFilter, cursor: str | None = None) -> Any:
    return await reader.page(SERVICE, where, cursor=cursor, limit=50)


async def _deep(reader: SqliteReader, where: ActivityFilter) -> str | None:
    cursor: str | None = None
    begun = time.perf_counter()
    for _ in range(_DEEP):
        page = await reader.page(SERVICE, where, cursor=cursor, limit=50)
        cursor = page.next
        if cursor is None or time.perf_counter() - begun > _PATIENCE:
            return None
    return cursor


async def timed(query: Query) -> float:
    """Milliseconds of one run."""
    begun = time.perf_counter()
    await query()
    return (time.perf_counter() - begun) * 1e3


async def measure(stores: dict[int, Path]) -> None:
    """Print the table."""
    opened: dict[int, float] = {}
    readers: dict[int, SqliteReader] = {}
    for rows, path in stores.items():
        begun = time.perf_counter()
        readers[rows] = SqliteReader(path)
        await _page(readers[rows], parse_filter({}, now_ms()))
        opened[rows] = (time.perf_counter() - begun) * 1e3
    asked = {rows: await queries(reader) for rows, reader in readers.items()}
    sizes = list(stores)
    print("| query | " + " | ".join(f"{rows:,} rows: p50 / longest ms" for rows in sizes), end="")
    print(" | ratio |\n| --- |" + " --- |" * (len(sizes) + 1))
    row("open, and the first page", [(opened[rows], opened[rows]) for rows in sizes])
    for name in asked[sizes[0]]:
        times: dict[int, list[float]] = {rows: [] for rows in sizes}
        for _ in range(_RUNS):
            for rows in sizes:
                had = times[rows]
                if name in asked[rows] and (len(had) < 3 or sum(had) < _SECONDS * 1e3):
                    had.append(await timed(asked[rows][name]))
        row(name, [(statistics.median(t), max(t)) if t else None for t in times.values()])
    for reader in readers.values():
        await reader.close()


def row(name: str, cells: Sequence[tuple[float, float] | None]) -> None:
    """One line of the table."""
    shown = [f"{cell[0]:.1f} / {cell[1]:.1f}" if cell else "-" for cell in cells]
    first, last = cells[0], cells[-1]
    ratio = f"{last[0] / first[0]:.1f}" if first and last else "-"
    print(f"| {name} | " + " | ".join(shown) + f" | {ratio} |", flush=True)


def main() -> None:
    """Command line."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--rows", default="1000000,10000000")
    given = arguments.parse_args()
    sizes = [int(text) for text in given.rows.split(",")]
    asyncio.run(measure({rows: store_of(given.folder, rows) for rows in sizes}))


if __name__ == "__main__":
    main()
