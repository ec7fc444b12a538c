"""The daily summary out of rollups. Days of the past are kept as they were told."""

from functools import partial
from typing import Any, Final

from store.sqlite.answers import summary_line
from store.sqlite.charts import sums
from store.sqlite.day_parts import in_parts
from store.sqlite.narrowing import Fragment, Narrowing
from store.sqlite.pool import Connection
from store.sqlite.rollups import DAILY_SPANS, HOURS_A_DAY

_BUCKETS_A_DAY: Final = " ".join(
    f"WHEN {span} THEN {HOURS_A_DAY // width}" for span, width in DAILY_SPANS
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
    async with connection.snapshot():
        past = await connection.past()
        names = tuple(map(tuple, await connection.rows(_NAMES)))
        question = ("summary", narrowing.hours, names)
        return await in_parts(past, hours, question, partial(_lines, connection, narrowing))


async def _lines(connection: Connection, narrowing: Narrowing, low: int, high: int) -> list[Line]:
    counted = sums(
        "rollups",
        _GROUP,
        narrowing.hours,
        [(low, high)],
        measures=_MEASURES,
        spans=DAILY_SPANS,
    )
    statement = (
        "SELECT o.id, o.name, i.id, i.name, s.activity_type, s.direction, s.status,"  # noqa: S608
        " date(s.day * 86400, 'unixepoch'), s.count, s.timed, s.total"
        f" FROM ({counted.sql}) s"
        " JOIN integrations i ON i.number = s.integration"
        " JOIN organizations o ON o.number = i.organization WHERE s.count > 0"
        " ORDER BY s.day DESC, o.name, i.name, s.activity_type, s.direction, s.status"
    )
    return [summary_line(row) for row in await connection.rows(Fragment(statement, counted.values))]
