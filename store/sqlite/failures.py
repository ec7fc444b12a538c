"""Kinds of failures out of rollups, most frequent first."""

from typing import Any, Final

from store.analytics import FailureGroup
from store.sqlite.answers import failure
from store.sqlite.charts import sums
from store.sqlite.day_parts import in_parts
from store.sqlite.narrowing import Fragment, Narrowing
from store.sqlite.pool import Connection

_GROUP: Final = ("a.integration", "a.activity_type", "a.direction", "a.code")
_MEASURES: Final = "sum(a.count), max(a.last_at)"
_NAMES: Final = Fragment(
    "SELECT i.number, i.id, i.name, o.name FROM integrations i"
    " JOIN organizations o ON o.number = i.organization"
)


async def failures(
    connection: Connection, narrowing: Narrowing, hours: tuple[int, int], limit: int
) -> list[FailureGroup]:
    """The groups of a range of hours."""
    conditions = (*narrowing.hours, Fragment("a.status > 1"))

    async def ask(low: int, high: int) -> list[Any]:
        return await connection.rows(
            sums("rollups", _GROUP, conditions, [(low, high)], measures=_MEASURES)
        )

    async with connection.snapshot():
        past = await connection.past()
        rows = await in_parts(past, hours, ("failures", narrowing.hours), ask)
        names = {number: told for number, *told in await connection.rows(_NAMES)}
    groups: dict[tuple[Any, ...], tuple[int, int]] = {}
    for *group, count, last_at in rows:
        key = tuple(group)
        before, newest = groups.get(key, (0, 0))
        groups[key] = (before + count, max(newest, last_at))
    ranked = sorted(groups.items(), key=lambda item: item[1], reverse=True)
    return [
        failure((*names[number], *rest, count, last_at))
        for (number, *rest), (count, last_at) in ranked[:limit]
        if count > 0
    ]
