"""What `tests.bench.growth` asks of a store: every kind of question, with the goal for it."""

import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any, Final, NamedTuple

from proxy.keeper.warming import charts as warmed_charts
from store.cursors import encode_cursor
from store.filters import ActivityFilter, parse_filter
from store.options import DAY_MS
from store.scope import SERVICE
from store.sqlite.keys import first_key
from store.sqlite.reader import SqliteReader
from tests.bench.store import PAGES, charts, now_ms

type Query = Callable[[], Awaitable[Any]]

PAGE: Final = "pages, newest"
DEEP: Final = "pages, anywhere"
WORDS: Final = "words in bodies"
ONE: Final = "one activity"
AGAIN: Final = "charts, again"
WARM: Final = "charts, first time, keeper warm"
FIRST: Final = "charts, first time, keeper just started"
GOALS: Final = {
    PAGE: "5 / 20",
    DEEP: "5 / 20",
    WORDS: "300 or visible",
    ONE: "2",
    AGAIN: "20",
    WARM: "20",
    FIRST: "20",
}
_DAYS: Final = 89
_ZONE: Final = timezone(timedelta(hours=-7))
"""That of the charts; the keeper knows it from the viewer's first page."""


class Asked(NamedTuple):
    """One question, asked in one way of one store."""

    group: str
    name: str
    query: Query
    prepare: Query | None = None
    finish: Query | None = None
    """What is done before and after each run and not measured."""


async def questions(path: Path, reader: SqliteReader, seed: int = 7) -> list[Asked]:
    """All of them; places in time are chosen by chance, the same in each run."""
    chance = random.Random(seed)
    found: list[Asked] = []
    for name, params in PAGES.items():
        where = parse_filter(params, now_ms())
        group = WORDS if "q" in params else PAGE
        found.append(Asked(group, name, lambda where=where: page(reader, where)))
        if group == PAGE:
            deep = lambda where=where: page(reader, where, _anywhere(chance))  # noqa: E731
            found.append(Asked(DEEP, name, deep))
    identifiers = await _some(reader, chance)
    one = lambda: reader.one(SERVICE, chance.choice(identifiers))  # noqa: E731
    found.append(Asked(ONE, "anywhere", one))
    again = charts(reader)
    found += [Asked(AGAIN, name, query) for name, query in again.items() if name != ONE]
    warm = SqliteReader(path)
    async for _ in warm.warm(warmed_charts(now_ms(), [_ZONE])):
        pass
    found += [_first_time(path, name, WARM, warm) for name in again if name != ONE]
    await warm.close()
    found += [_first_time(path, name, FIRST) for name in again if name != ONE]
    return found


async def page(reader: SqliteReader, where: ActivityFilter, cursor: str | None = None) -> Any:
    """One page of 50."""
    return await reader.page(SERVICE, where, cursor=cursor, limit=50)


def _anywhere(chance: random.Random) -> str:
    return encode_cursor(first_key(now_ms() - chance.randrange(_DAYS * DAY_MS)))


async def _some(reader: SqliteReader, chance: random.Random) -> Sequence[str]:
    """Ids of activities from anywhere."""
    found: list[str] = []
    for _ in range(20):
        at = await page(reader, parse_filter({}, now_ms()), _anywhere(chance))
        found += [activity.id for activity in at.items[:5]]
    return found


def _first_time(path: Path, name: str, group: str, warm: SqliteReader | None = None) -> Asked:
    """A chart that nobody has asked for yet, asked on an open connection; with `warm` of a reader
    that knows what that one knew."""
    fresh: list[SqliteReader] = []
    kept = None if warm is None else warm._pool._kept

    async def prepare() -> None:
        fresh.append(SqliteReader(path))
        if kept is not None:
            own = fresh[0]._pool._kept
            own._answers, own._size = kept._answers.copy(), kept._size
        await fresh[0].last_seq()

    async def finish() -> None:
        await fresh.pop().close()

    return Asked(group, name, lambda: charts(fresh[0])[name](), prepare, finish)
