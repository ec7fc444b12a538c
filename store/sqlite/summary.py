"""The daily summary out of rollups. Days of the past are kept as they were told."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from store.sqlite.answers import summary_line
from store.sqlite.charts import sums
from store.sqlite.day_parts import in_parts
from store.sqlite.narrowing import Fragment, Narrowing, joined
from store.sqlite.pool import Connection
from store.sqlite.rollups import HOURS_A_DAY, SPAN_DAY, SPANS
from store.times import shared_uuid

_BUCKETS_A_DAY: Final = " ".join(
    f"WHEN {span} THEN {HOURS_A_DAY // width}" for span, width in SPANS
)
_KEY: Final = ("a.integration", "a.activity_type", "a.direction", "a.status")
_BY_DAY: Final = (f"a.bucket / CASE a.span {_BUCKETS_A_DAY} END AS day", *_KEY)
_MEASURES: Final = "sum(a.count), sum(a.timed), sum(a.total_us)"
_NAMES: Final = Fragment(
    "SELECT i.number, o.id, o.name, i.id, i.name FROM integrations i"
    " JOIN organizations o ON o.number = i.organization ORDER BY o.name, i.name, i.number"
)

type Line = dict[str, Any]
type Names = Mapping[int, Line]
"""What lines tell of each integration, in the order of their names."""


async def summary(
    connection: Connection, narrowing: Narrowing, hours: tuple[int, int]
) -> list[Line]:
    """Lines of a range of hours, newest day first. Later answers hold the same lines: they are
    not to be changed."""
    async with connection.snapshot():
        past = await connection.past()
        rows = await connection.rows(_NAMES)
        question = ("summary", narrowing.hours, tuple(map(tuple, rows)))
        names = {number: _names(*told) for number, *told in rows}
        ask = partial(_lines, connection, narrowing, names)
        return await in_parts(past, hours, question, ask, much=True)


def _names(organization_id: bytes, organization: str, identifier: bytes, name: str) -> Line:
    return {
        "organization_id": shared_uuid(organization_id),
        "organization": organization,
        "integration_id": shared_uuid(identifier),
        "integration": name,
    }


async def _lines(
    connection: Connection, narrowing: Narrowing, names: Names, low: int, high: int
) -> list[Line]:
    days: dict[int, dict[int, list[Sequence[int]]]] = {}
    for day, integration, *row in await connection.rows(_statement(narrowing, low, high)):
        days.setdefault(day, {}).setdefault(integration, []).append(row)
    # Sorted here: SQLite would carry names along with every row.
    order = {number: place for place, number in enumerate(names)}
    found: list[Line] = []
    for day in sorted(days, reverse=True):
        date = datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%d")
        for integration in sorted(days[day], key=order.__getitem__):
            told = names[integration]
            rows = days[day][integration]
            found += [summary_line(told, date, row) for row in rows if row[3] > 0]
    return found


def _statement(narrowing: Narrowing, low: int, high: int) -> Fragment:
    """The statement that counts by day, integration, type, direction and status, in that order
    within the day."""
    if low % HOURS_A_DAY or high % HOURS_A_DAY:
        return sums("rollups", _BY_DAY, narrowing.hours, [(low, high)], measures=_MEASURES)
    # Whole days lie in the order in which they are told, and need no sorting.
    where = joined(narrowing.hours)
    key = ", ".join(("a.bucket", *_KEY))
    return Fragment(
        f"SELECT {key}, {_MEASURES} FROM rollups a NOT INDEXED WHERE a.span = ?"  # noqa: S608
        f" AND a.bucket >= ? AND a.bucket < ? AND {where.sql} GROUP BY {key}",
        (SPAN_DAY, low // HOURS_A_DAY, high // HOURS_A_DAY, *where.values),
    )
