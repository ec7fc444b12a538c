"""Integrations as recognised in the traffic, one of them in detail, and its connection test."""

from uuid import UUID

import msgspec

from proxy.api.analytics import Health, judged, settled_edges
from proxy.api.buckets import PARAMETERS as BUCKETS
from proxy.api.endpoint import PREFIX, Call, Endpoint, Parameter
from proxy.api.parameters import TEXT, filter_parameter
from proxy.api.problem import ProblemError
from proxy.api.services import ConnectionTest
from store.analytics import IntegrationEntry
from store.filters import ActivityFilter, Condition
from store.times import Instant
from store.tokens import Right

_TAG = "integrations"
_NAME = Parameter("name", "the integration's name or UUID", where="path", required=True)
_WHOSE = Parameter(
    "organization",
    "name or UUID of the organization, where several have an integration of this name",
    TEXT,
)
_TIMES = tuple(map(filter_parameter, ("since", "until")))


class IntegrationList(msgspec.Struct, frozen=True, kw_only=True):
    """Every integration, by name."""

    items: list[IntegrationEntry]
    next: str | None = None


class IntegrationDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One integration."""

    integration: IntegrationEntry
    health: Health | None
    """Of the time range asked for, the last 24 hours by default."""
    edges: list[Instant]
    """Of the buckets of the health's trend."""
    testable: bool
    """Whether a connection test is configured."""


async def list_integrations(call: Call) -> IntegrationList:
    """Every integration that was ever recorded, with its providers, hosts and activity types."""
    return IntegrationList(items=await call.services.reader.integrations(call.scope))


async def show_integration(call: Call) -> IntegrationDetail:
    """One integration and its health; one that is configured may have no traffic yet."""
    entry = _only(await _named(call))
    edges = await settled_edges(call)
    where = ActivityFilter(conditions=(Condition("integration_id", (entry.id,)),))
    health = (await call.services.reader.health(call.scope, where, edges)).items
    tester = call.services.test_connection
    return IntegrationDetail(
        integration=entry,
        health=judged(health[0]) if health else None,
        edges=edges,
        testable=tester is not None and tester.configured(UUID(entry.organization_id), entry.name),
    )


async def test_connection(call: Call) -> ConnectionTest:
    """Sends the harmless request that is configured for this integration through the proxy. It
    is recorded as `test_connection`, like any other exchange."""
    tester = call.services.test_connection
    entries = await _named(call)
    if not entries:
        # It may be configured and not have been used yet.
        organization = _organization(call)
        known = tester is not None and tester.configured(organization, call.path("name"))
        if not known or not call.scope.allows(organization):
            raise _not_found()
        name = call.path("name")
    else:
        entry = _only(entries)
        organization, name = UUID(entry.organization_id), entry.name
    if tester is None:
        raise ProblemError(501, "this server sends nothing; ask the one that records")
    found = await tester.run(organization, name)
    if found is None:
        raise ProblemError(409, "no connection test is configured for this integration")
    return found


async def _named(call: Call) -> list[IntegrationEntry]:
    name, whose = call.path("name"), call.one("organization")
    recorded = await call.services.reader.integrations(call.scope)
    seen = {entry.id for entry in recorded}
    configured = (
        entry
        for entry in call.services.configured_integrations
        if entry.id not in seen and call.scope.allows(UUID(entry.organization_id))
    )
    return [
        entry
        for entry in (*recorded, *configured)
        if name in (entry.name, entry.id)
        and (whose is None or whose in (entry.organization, entry.organization_id))
    ]


def _only(entries: list[IntegrationEntry]) -> IntegrationEntry:
    if not entries:
        raise _not_found()
    if len(entries) > 1:
        owners = ", ".join(sorted(entry.organization for entry in entries))
        raise ProblemError(
            409, f"several organizations have it: {owners}; name one", parameter="organization"
        )
    return entries[0]


def _organization(call: Call) -> UUID:
    name = call.one("organization") or call.services.default_organization
    ids = call.services.tokens.organization_ids([name])
    assert ids is not None
    (organization,) = ids
    return organization


def _not_found() -> ProblemError:
    return ProblemError(404, "there is no such integration", parameter="name")


ENDPOINTS = (
    Endpoint(
        "GET",
        f"{PREFIX}/integrations",
        list_integrations,
        "List integrations",
        _TAG,
        answer=IntegrationList,
    ),
    Endpoint(
        "POST",
        f"{PREFIX}/integrations/{{name:path}}/test-connection",
        test_connection,
        "Test a connection",
        _TAG,
        right=Right.WRITE,
        parameters=(_NAME, _WHOSE),
        answer=ConnectionTest,
        problems=(404, 409, 501),
    ),
    Endpoint(
        "GET",
        f"{PREFIX}/integrations/{{name:path}}",
        show_integration,
        "One integration",
        _TAG,
        parameters=(_NAME, _WHOSE, *_TIMES, *BUCKETS),
        answer=IntegrationDetail,
        problems=(404, 409),
    ),
)
