"""Endpoints out of rollups, the slowest, busiest or most failing first."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from store.analytics import EndpointEntry
from store.errors import FilterError
from store.sqlite.answers import endpoint
from store.sqlite.charts import SUMS, AddUp, Sum, by_key_alone, sums
from store.sqlite.few import look_up
from store.sqlite.hour_parts import Hours, kept_sums
from store.sqlite.narrowing import Fragment, Narrowing, any_of
from store.sqlite.pool import Connection
from store.sqlite.rollups import HOUR_MS

# All that these rollups know of statuses: how many were failures.
_MEASURES: Final = f"0, sum(a.count) - sum(a.failures), sum(a.failures), 0, 0, {SUMS}"
_ORDERS: Final[Mapping[str, Callable[[Sum], tuple[float, int]]]] = {
    "p95": lambda one: (one.latency().p95 or 0.0, one.total),
    "count": lambda one: (one.total, one.failures),
    "failures": lambda one: (one.failures, one.total),
}


async def endpoints(
    connection: Connection, narrowing: Narrowing, hours: Hours, order: str, limit: int
) -> list[EndpointEntry]:
    """Those of a range of hours.

    Raises:
        FilterError: there is no such order.
    """
    rank = _ORDERS.get(order)
    if rank is None:
        raise FilterError("order", f"is none of {', '.join(_ORDERS)}")
    conditions = _conditions(narrowing)

    def statement(asked: Sequence[Hours], _: int) -> tuple[Fragment, AddUp]:
        group = ("e.number", "a.endpoint")
        told = sums("endpoint_rollups", group, conditions, asked, measures=_MEASURES)
        return told, by_key_alone

    async with connection.snapshot():
        question = ("endpoints", *conditions)
        found = await kept_sums(connection, [hours], question, 1, statement)
    ranked = sorted(found.items(), key=lambda one: (rank(one[1]), one[0]), reverse=True)
    some = {key: one for key, one in ranked[:limit] if one.total}
    times = [(hours[0] * HOUR_MS, hours[1] * HOUR_MS)]
    await look_up(connection, narrowing, times, some, ("a.endpoint",))
    named = await connection.rows(_names([number for _, number in some]))
    names: dict[int, Sequence[Any]] = {number: told for number, *told in named}
    # Exact percentiles may change the order.
    ranked = sorted(some.items(), key=lambda one: (rank(one[1]), one[0]), reverse=True)
    return [endpoint(names[number], one) for (_, number), one in ranked if number in names]


def _conditions(narrowing: Narrowing) -> list[Fragment]:
    numbers = narrowing.numbers
    if numbers.integrations is not None:
        wanted = any_of("integration", numbers.integrations)
        inner = f"SELECT number FROM endpoints WHERE {wanted.sql}"  # noqa: S608
        return [Fragment(f"a.endpoint IN ({inner})", wanted.values)]
    if numbers.organizations is not None:
        return [any_of("a.organization", numbers.organizations)]
    return []


def _names(numbers: Sequence[int]) -> Fragment:
    wanted = any_of("e.number", numbers)
    return Fragment(
        "SELECT e.number, e.method, e.host, e.template, i.id, i.name, o.name FROM endpoints e"  # noqa: S608
        " JOIN integrations i ON i.number = e.integration"
        f" JOIN organizations o ON o.number = i.organization WHERE {wanted.sql}",
        wanted.values,
    )
