"""Integrations as recognised in the traffic, with where they go and what they do."""

from collections.abc import Sequence
from typing import Final

from store.analytics import IntegrationEntry
from store.sqlite.answers import integration
from store.sqlite.narrowing import Fragment, Narrowing, any_of, joined
from store.sqlite.pool import Connection
from store.sqlite.rollups import SPAN_DAY

_HOSTS: Final = 20

_KINDS: Final = Fragment(
    "SELECT DISTINCT integration, activity_type, direction FROM rollups WHERE span = ?", (SPAN_DAY,)
)


async def entries(connection: Connection, narrowing: Narrowing) -> list[IntegrationEntry]:
    """Every integration that has activities or rollups, by name."""
    found = await connection.rows(integrations(narrowing))
    known = await connection.rows(places())
    kinds = await connection.rows(_KINDS)
    providers: dict[int, list[str]] = {}
    hosts: dict[int, list[str]] = {}
    for number, provider, host in known:
        _append(providers.setdefault(number, []), provider)
        _append(hosts.setdefault(number, []), host)
    types: dict[int, set[int]] = {}
    directions: dict[int, set[int]] = {}
    for number, kind, direction in kinds:
        types.setdefault(number, set()).add(kind)
        directions.setdefault(number, set()).add(direction)
    listed = []
    for row in found:
        number = row[0]
        names = (providers.get(number, []), hosts.get(number, [])[:_HOSTS])
        closed = (directions.get(number, set()), types.get(number, set()))
        listed.append(integration(row, *names, *closed))
    return sorted(listed, key=lambda entry: (entry.name.lower(), entry.organization))


def places(integrations: Sequence[int] | None = None) -> Fragment:
    """The statement that finds some integrations, or all, with their providers and hosts, those
    used last first."""
    where = joined([]) if integrations is None else any_of("integration", integrations)
    return Fragment(
        f"SELECT integration, provider, host FROM endpoints WHERE {where.sql}"  # noqa: S608
        " GROUP BY integration, provider, host ORDER BY max(used) DESC, count(*) DESC",
        where.values,
    )


def integrations(narrowing: Narrowing) -> Fragment:
    """The statement that finds those that were ever active: number, id, name, organization's id
    and name, times of the first and last activity, the last success and the last failure."""
    numbers = narrowing.numbers
    conditions = [Fragment("i.last_at IS NOT NULL")]
    if numbers.integrations is not None:
        conditions.append(any_of("i.number", numbers.integrations))
    elif numbers.organizations is not None:
        conditions.append(any_of("i.organization", numbers.organizations))
    where = joined(conditions)
    return Fragment(
        "SELECT i.number, i.id, i.name, o.id, o.name, i.first_at, i.last_at,"  # noqa: S608
        " i.last_success_at, i.last_failure_at FROM integrations i"
        f" JOIN organizations o ON o.number = i.organization WHERE {where.sql}",
        where.values,
    )


def _append(names: list[str], name: str) -> None:
    if name and name not in names:
        names.append(name)
