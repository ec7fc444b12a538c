"""What the search index costs, and what it gives.

    python -m tests.bench.search DATA [--runs 20] [--keep]

DATA is a folder with a store full of bodies (`tests/bench/seed.py`). Makes the index (unless
`--keep` and it is there): CPU a row, longest step, size. Then searches for words of several kinds
take turns with and without it: p50 and longest of the first page, which ends after two seconds
where it must; how many rows it found, and whether it got to the end.
"""

import argparse
import asyncio
import contextlib
import random
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from store.backend import Page
from store.data_folder import DataFolder
from store.filters import parse_filter
from store.options import StoreOptions
from store.scope import SERVICE
from store.sqlite.reader import SqliteReader
from store.sqlite.search import searching
from store.sqlite.search.search_file import discard, search_path
from store.sqlite.writer import SqliteWriter
from tests.bench.store import now_ms, percentile

_AS_IT_IS: Final = StoreOptions(keep=None, compress_after=None, keep_rollups=None, search=True)
_FEWEST: Final = 3
_SECONDS: Final = 6.0
"""At most so long for one kind of word, but a few runs."""


def make_index(path: Path) -> str:
    """Make the index of a store as its keeper does, without pauses; what that took."""
    writer = SqliteWriter(path, _AS_IT_IS)
    steps: list[float] = []
    more, cpu = True, time.process_time()
    while more:
        begun = time.perf_counter()
        more = writer.index(now_ms())
        steps.append((time.perf_counter() - begun) * 1e3)
    cpu = time.process_time() - cpu
    writer.close()
    rows = _one(path, "SELECT count(*) FROM activities")
    size = search_path(path).stat().st_size
    return (
        f"{rows:,} rows: {cpu / rows * 1e6:.0f} µs of CPU and {size / rows:.0f} bytes a row"
        f" ({size / path.stat().st_size:.2f} of the store); a step p99"
        f" {percentile(steps, 0.99):.0f} ms, longest {max(steps):.0f} ms"
    )


def needles(path: Path, seed: int = 3) -> Iterator[tuple[str, str]]:
    """Kinds of words, each with one to search for."""
    identifier = _somewhere(path, random.Random(seed), r"00-([0-9a-f]{32})-")
    yield "nowhere, 9 letters", "xylophone"
    yield "nowhere, 5 letters", "zyzzq"
    yield "nowhere, 10 hex digits", "deadbeef99"
    yield "nowhere, 6 hex digits", "b19c5e"
    yield "an id", identifier
    yield "10 characters within an id", identifier[9:19]
    yield "frequent", "valve"
    yield "two frequent ones", "humidity depot"
    yield "frequent, in a small part", "valve organization:initech status:timeout"
    yield "frequent, where there is none", "valve host:nowhere.example"
    yield "3 letters (scanned)", "zqz"


def _somewhere(path: Path, choose: random.Random, pattern: str) -> str:
    """What a pattern finds in the request headers of some row."""
    low, high = (_one(path, f"SELECT {which}(key) FROM activities") for which in ("min", "max"))
    while True:
        key = choose.randrange(low, high)
        text = _one(
            path,
            "SELECT coalesce(c.request_headers, z.request_headers) FROM activities a"
            " LEFT JOIN contents c ON c.key = a.key LEFT JOIN archive z ON z.key = a.key"
            f" WHERE a.key >= {key} ORDER BY a.key LIMIT 1",
        )
        if found := re.search(pattern, text or ""):
            return found[1]


def _one(path: Path, question: str):  # type: ignore[no-untyped-def]
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute(question).fetchone()[0]


@asynccontextmanager
async def without_index() -> AsyncIterator[None]:
    """Searches scan meanwhile."""
    opened = searching.open_for_searching
    searching.open_for_searching = lambda store: None
    try:
        yield
    finally:
        searching.open_for_searching = opened


async def search(reader: SqliteReader, word: str) -> tuple[float, Page]:
    """Milliseconds of a first page, and the page."""
    where = parse_filter({"q": [word]}, now_ms())
    begun = time.perf_counter()
    page = await reader.page(SERVICE, where, cursor=None, limit=50)
    return (time.perf_counter() - begun) * 1e3, page


async def compare(path: Path, runs: int) -> None:
    """Print a line for each kind of word."""
    print("| first page of 50: p50 (longest) in ms | with the index | without |")
    print("| --- | --- | --- |", flush=True)
    reader = SqliteReader(path)
    for kind, word in needles(path):
        cells = []
        for indexed in (True, False):
            times: list[float] = []
            while len(times) < _FEWEST or (len(times) < runs and sum(times) < _SECONDS * 1e3):
                async with contextlib.AsyncExitStack() as stack:
                    if not indexed:
                        await stack.enter_async_context(without_index())
                    took, page = await search(reader, word)
                times.append(took)
            end = "" if page.next is None or len(page.items) == 50 else ", not at the end"
            cells.append(
                f"{percentile(times[1:], 0.5):.0f} ({max(times):.0f}): {len(page.items)}{end}"
            )
        print(f"| {kind} | {cells[0]} | {cells[1]} |", flush=True)
    await reader.close()


def main() -> None:
    """Command line."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--runs", type=int, default=20)
    arguments.add_argument("--keep", action="store_true", help="use the index that is there")
    given = arguments.parse_args()
    path = DataFolder(given.data).activity_db
    if not (given.keep and search_path(path).exists()):
        discard(path)
        print(make_index(path), "\n", flush=True)
    asyncio.run(compare(path, given.runs))


if __name__ == "__main__":
    main()
