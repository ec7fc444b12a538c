"""The daily summary out of rollups. Days of the past are kept as they were told."""

from typing import Any, Final

from store.sqlite.answers import summary_line
from store.sqlite.charts import sums
from store.sqlite.narrowing import Fragment, Narrowing
from store.sqlite.pool import Connection
from store.sqlite.rollups import HOURS_A_DAY, SPANS

_BUCKETS_A_DAY: Final = " ".join(
    f"WHEN {span} THEN {HOURS_A_DAY // width}" for span, width in SPANS
)
_GROUP: Final = (
    "a.integration",
    "a.activity_type",
    "a.direction",
    "a.status",
    f"a.bucket / CASE a.span {_BUCKETS_A_DAY} END AS day",
)
_MEASURES: Final = "sum(a.count) AS count, sum(a.timed) AS timed, sum(a.total_us) AS total"
_NAMES: Final = Fragment(
    "SELECT o.id, o.name, i.id, i.name FROM integrations i"
    " JOIN organizations o ON o.number = i.organization"
)

type Line = dict[str, Any]


async def summary(
    connection: Connection, narrowing: Narrowing, hours: tuple[int, int]
) -> list[Line]:
    """Lines of a range of hours, newest day first. Later answers hold the same lines: they are
    not to be changed."""
    low, high = hours
    async with connection.snapshot():
        past = await connection.past()
        # Of the first day there may be a part only, which is another one each hour.
        begin = -(-low // HOURS_A_DAY) * HOURS_A_DAY
        end = min(past.until, high // HOURS_A_DAY * HOURS_A_DAY)
        if begin >= end:
            return await _lines(connection, narrowing, low, high)
        names = tuple(map(tuple, await connection.rows(_NAMES)))
        question = ("summary", begin, end, narrowing.hours, names)
        kept: list[Line] | None = past.get(question)
        if kept is None:
            kept = await _lines(connection, narrowing, begin, end)
            past.put(question, kept)
        newest = await _lines(connection, narrowing, end, high)
        return [*newest, *kept, *await _lines(connection, narrowing, low, begin)]


async def _lines(connection: Connection, narrowing: Narrowing, low: int, high: int) -> list[Line]:
    if low >= high:
        return []
    counted = sums("rollups", _GROUP, narrowing.hours, [(low, high)], measures=_MEASURES)
    statement = (
        "SELECT o.id, o.name, i.id, i.name, s.activity_type, s.direction, s.status,"  # noqa: S608
        " date(s.day * 86400, 'unixepoch'), s.count, s.timed, s.total"
        f" FROM ({counted.sql}) s"
        " JOIN integrations i ON i.number = s.integration"
        " JOIN organizations o ON o.number = i.organization WHERE s.count > 0"
        " ORDER BY s.day DESC, o.name, i.name, s.activity_type, s.direction, s.status"
    )
    return [summary_line(row) for row in await connection.rows(Fragment(statement, counted.values))]
