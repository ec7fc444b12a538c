"""How queries cost more when the store grows: the same ones on stores of several sizes.

    python -m tests.bench.growth DIR [--rows 1000000,10000000] [--integrations 36,5000] [--index]

Stores are seeded into DIR (and used again): light bodies of the last day, those of more than five
million rows multiplied from that many. Queries take turns between the stores. For each the goal
is shown, p50 and p99 of `--runs` runs (fewer where they take long); pages of lists also from
anywhere in the ninety days, charts also the first time: when a keeper has found out about the past
already, as it does after its start, and when nothing is known of that.

With `--index` each store has a search index, which is made first, unless it is there
(`tests.bench.search` compares it with scanning).

Then each store is opened, followed live while a keeper takes 2,000 exchanges a second, and loses
rows of its oldest day. That changes it a little. The tables and charts go to
tests/bench/results/.
"""

import argparse
import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from store.data_folder import DataFolder
from store.sqlite.reader import SqliteReader
from tests.bench.chart import line_chart
from tests.bench.growth_queries import AGAIN, DEEP, FIRST, GOALS, ONE, PAGE, WARM, Asked, questions
from tests.bench.growth_upkeep import followed, opened, retained
from tests.bench.multiply import multiply
from tests.bench.search import make_index
from tests.bench.seed import PARTNERS, Past, seed
from tests.bench.store import now_ms, percentile

type Line = tuple[str, str, str, Sequence[Sequence[float]]]
"""Group, name, goal, and the times at each size."""

_RESULTS: Final = Path(__file__).parent / "results"
_SECONDS: Final = 1.5
"""At most so long for one query on one store, but at least three runs."""
_SINGLE: Final = 5_000_000
"""Larger stores are made of copies of one of this size."""
_WIDE: Final = 300_000
"""Rows of the stores that differ in their integrations."""


def store_of(folder: Path, rows: int, organizations: int = 3) -> Path:
    """The store of so many rows; seeded when it is not there."""
    name = f"rows-{rows}" if organizations == 3 else f"rows-{rows}-organizations-{organizations}"
    path = DataFolder(folder / name).ensure().activity_db
    if path.exists():
        return path
    unfinished = path.with_name("unfinished.db")
    for left in path.parent.glob("unfinished.db*"):
        left.unlink()
    if rows > _SINGLE:
        multiply(store_of(folder, _SINGLE), unfinished, rows // _SINGLE)
    else:
        past = Past(rows, 90, now_ms(), 1, organizations, light=True, bodies=1)
        seed(unfinished, past, 5_000)
    return unfinished.rename(path)


async def asked(stores: Sequence[Path], runs: int) -> list[Line]:
    """Ask everything of every store."""
    readers = [SqliteReader(path) for path in stores]
    several = [await questions(path, reader) for path, reader in zip(stores, readers, strict=True)]
    lines: list[Line] = []
    for same in zip(*several, strict=True):
        times: list[list[float]] = [[] for _ in same]
        for one in same:
            await timed(one)
        for _ in range(runs):
            for had, one in zip(times, same, strict=True):
                if len(had) < 3 or sum(had) < _SECONDS * 1e3:
                    had.append(await timed(one))
        lines.append((same[0].group, same[0].name, GOALS[same[0].group], times))
        print(markdown_line(lines[-1]), flush=True)
    for reader in readers:
        await reader.close()
    return lines


async def timed(one: Asked) -> float:
    """Milliseconds of one run."""
    if one.prepare is not None:
        await one.prepare()
    begun = time.perf_counter()
    await one.query()
    took = time.perf_counter() - begun
    if one.finish is not None:
        await one.finish()
    return took * 1e3


def upkeep(stores: Sequence[Path]) -> list[Line]:
    """Open, follow and prune every store."""
    lines: list[Line] = [("upkeep", "open, and the first page", "200", [*map(opened, stores)])]
    lags = [asyncio.run(followed(path)) for path in stores]
    lines.append(("upkeep", "live stream at 2,000 rows/s", "250", lags))
    steps = [retained(path) for path in stores]
    lines.append(("upkeep", "retention, one step", "50", [one.held for one in steps]))
    for line in lines:
        print(markdown_line(line), flush=True)
    for path, one in zip(stores, steps, strict=True):
        rate = one.rows / max(sum(one.held) / 1e3, 1e-9)
        print(f"{path.parent.name}: {one.rows:,} rows deleted, {rate:,.0f} a second", flush=True)
    return lines


def markdown_line(line: Line) -> str:
    """A line of the table: p50 / p99, and the longest in brackets."""
    group, name, goal, times = line
    cells = [
        f"{percentile(t, 0.5):.1f} / {percentile(t, 0.99):.1f} ({max(t):.0f})" if t else "-"
        for t in times
    ]
    return f"| {group}: {name} | {goal} | {' | '.join(cells)} |"


def head(what: str, sizes: Sequence[int]) -> str:
    """The head of the table."""
    columns = " | ".join(f"{size:,} {what}" for size in sizes)
    return f"| ms: p50 / p99 (longest) | goal | {columns} |\n| --- | --- |" + " --- |" * len(sizes)


def drawn(what: str, sizes: Sequence[int], lines: Sequence[Line]) -> str:
    """The chart: of each group the highest p99."""
    groups = {group: [line for line in lines if line[0] == group] for group in _DRAWN}
    single = {line[1]: [line] for line in lines if line[0] == "upkeep"}
    points: Mapping[str, list[tuple[float, float]]] = {
        name: [
            (size, max(percentile(line[3][index], 0.99) for line in own))
            for index, size in enumerate(sizes)
        ]
        for name, own in (groups | single).items()
        if own
    }
    return line_chart(f"Queries against {what}: the slowest kind's p99", what, "ms", points)


_DRAWN: Final = (PAGE, DEEP, ONE, AGAIN, WARM, FIRST)


def written(name: str, what: str, sizes: Sequence[int], lines: Sequence[Line]) -> None:
    """Keep the table and its chart."""
    _RESULTS.mkdir(exist_ok=True)
    table = "\n".join([head(what, sizes), *map(markdown_line, lines), ""])
    (_RESULTS / f"{name}.md").write_text(table)
    (_RESULTS / f"{name}.svg").write_text(drawn(what, sizes, lines))


def main() -> None:
    """Command line."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--rows", default="1000000,10000000", help="sizes; empty: none")
    arguments.add_argument("--integrations", default="", help="such as 36,360,5000")
    arguments.add_argument("--runs", type=int, default=100)
    arguments.add_argument("--index", action="store_true", help="make a search index of each store")
    arguments.add_argument("--no-upkeep", action="store_true", help="leave the stores as they are")
    given = arguments.parse_args()
    if sizes := [int(text) for text in given.rows.split(",") if text]:
        stores = [store_of(given.folder, rows) for rows in sizes]
        for path in stores if given.index else ():
            print(make_index(path), flush=True)
        print(head("rows", sizes), flush=True)
        lines = asyncio.run(asked(stores, given.runs))
        lines += [] if given.no_upkeep else upkeep(stores)
        written("growth-rows", "rows stored", sizes, lines)
    if sizes := [int(text) for text in given.integrations.split(",") if text]:
        counts = [round(size / len(PARTNERS)) for size in sizes]
        stores = [store_of(given.folder, _WIDE, count) for count in counts]
        print(head("integrations", sizes), flush=True)
        lines = asyncio.run(asked(stores, given.runs))
        written("growth-integrations", "integrations", sizes, lines)


if __name__ == "__main__":
    main()
