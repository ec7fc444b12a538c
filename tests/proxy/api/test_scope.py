"""A foreign organization does not exist: one table of every route, and none may show it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from proxy.api.app import all_endpoints
from proxy.api.endpoint import PREFIX
from proxy.api.metrics import ApiMetrics
from store.accounting import Accounting
from store.activity import Status
from store.identity import integration_id, organization_id
from store.times import uuid_text
from store.tokens import ALL_RIGHTS, Right
from tests.support.api_world import NOW, Server, World, row

RIVAL = row(
    "rival",
    "rival-partner",
    status=Status.FAILED,
    response_status=503,
    host="rival.example",
    origin="https://rival.example",
    path="/rival/7",
    path_template="/rival/{id}",
    user_id=str(organization_id("rival-user")),
    user_agent="rival-agent",
    ip_address="198.51.100.7",
)
RIVAL_ID = uuid_text(RIVAL.id)
RIVAL_INTEGRATION = str(integration_id(organization_id("rival"), "rival-partner"))
RANGE = {"since": "24h"}

# What is asked of each route, and how it answers somebody of another organization.
TABLE: list[tuple[str, str, dict[str, Any], int]] = [
    ("GET", "/activities", {}, 200),
    ("GET", "/activities/stream", {"headers": {"Last-Event-ID": "0"}}, 200),
    ("GET", "/activities/export", {"params": {"format": "csv"}}, 200),
    ("GET", "/activities/export", {"params": {"format": "ndjson"}}, 200),
    ("GET", "/activities/export", {"params": {"format": "har"}}, 200),
    ("GET", f"/activities/{RIVAL_ID}", {}, 404),
    ("POST", "/activities", {"json": {
        "method": "SEND", "endpoint": "smtp://a/", "organization": "rival"}}, 501),
    ("PATCH", f"/activities/{RIVAL_ID}", {"json": {"status": "success"}}, 501),
    ("GET", "/facets", {"params": {"names": "organization,integration,host,endpoint,user_id,"
                                            "ip_address,user_agent,error_code"}}, 200),
    ("GET", "/timeline", {"params": RANGE}, 200),
    ("GET", "/summary", {}, 200),
    ("GET", "/analytics/health", {"params": RANGE}, 200),
    ("GET", "/analytics/series", {"params": RANGE}, 200),
    ("GET", "/analytics/heatmap", {"params": RANGE}, 200),
    ("GET", "/analytics/failures", {"params": RANGE}, 200),
    ("GET", "/analytics/endpoints", {"params": RANGE}, 200),
    ("GET", "/gaps", {"params": RANGE}, 200),
    ("GET", "/integrations", {}, 200),
    ("GET", "/integrations/rival-partner", {}, 404),
    ("GET", f"/integrations/{RIVAL_INTEGRATION}", {}, 404),
    ("POST", "/integrations/rival-partner/test-connection", {}, 404),
    ("POST", "/redact/dry-run", {"json": {"organization": "rival"}}, 501),
    ("GET", "/tokens", {}, 200),
    ("POST", "/tokens", {"json": {
        "name": "t", "rights": ["read"], "organizations": ["rival"]}}, 403),
    ("DELETE", "/tokens/RIVAL_TOKEN", {}, 404),
    ("GET", "/session", {}, 200),
    ("POST", "/session", {"json": {"token": "wiretrail_0_0"}}, 401),
    ("DELETE", "/session", {}, 204),
    ("GET", "/overview", {}, 200),
]  # fmt: skip


def test_the_table_names_every_route() -> None:
    endpoints = all_endpoints(ApiMetrics(CollectorRegistry(), Accounting))
    routes = {
        (one.method, one.path.removeprefix(PREFIX))
        for one in endpoints
        if one.path.startswith(PREFIX)
    }
    asked = {(method, as_route(path)) for method, path, _, _ in TABLE}
    assert asked == routes


def as_route(path: str) -> str:
    replaced = path.replace("RIVAL_TOKEN", "{id}").replace(RIVAL_ID, "{id}")
    for name in ("rival-partner", RIVAL_INTEGRATION):
        replaced = replaced.replace(name, "{name:path}")
    return replaced


@pytest.fixture
async def stranger(world: World, server: Server) -> AsyncIterator[httpx.AsyncClient]:
    """Every right, but another organization's."""
    world.write(RIVAL, row("rival", "rival-partner", created_at=NOW - 5_000_000))
    token = world.token(*ALL_RIGHTS, organizations=["acme"])
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=server.url + PREFIX, headers=headers) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "asked", "status"), TABLE, ids=[str(n) for n in range(len(TABLE))]
)
async def test_a_foreign_organization_is_nowhere(
    world: World,
    stranger: httpx.AsyncClient,
    method: str,
    path: str,
    asked: dict[str, Any],
    status: int,
) -> None:
    if "RIVAL_TOKEN" in path:
        token = world.tokens.create("rival-token", [Right.READ], ["rival"], now=NOW)[0]
        path = path.replace("RIVAL_TOKEN", token.id)
    async with stranger.stream(method, path, **asked) as answer:
        text = ""
        if path.endswith("/stream"):
            async for line in answer.aiter_lines():
                text += line + "\n"
                if line.startswith(":"):
                    break  # the heartbeat after everything there was
        else:
            text = (await answer.aread()).decode()
    assert answer.status_code == status, text
    for word in ("rival", RIVAL_ID, RIVAL_INTEGRATION, "198.51.100.7"):
        assert word not in text.lower()


@pytest.mark.parametrize(
    "path",
    ["/activities", "/summary", "/analytics/failures", "/analytics/series", "/facets",
     "/activities/export"],
)  # fmt: skip
@pytest.mark.parametrize("organization", ["rival", str(organization_id("rival"))])
async def test_asking_for_it_by_name_or_id_does_not_help(
    stranger: httpx.AsyncClient, path: str, organization: str
) -> None:
    name = "organization_id" if "-" in organization else "organization"
    answer = await stranger.get(path, params={name: organization})
    assert answer.status_code == 200
    assert "rival" not in answer.text
    assert '"count":2' not in answer.text
    assert '"failed":1' not in answer.text


async def test_its_own_organization_is_seen(world: World, client: httpx.AsyncClient) -> None:
    """The table is worth something only if the words do appear for those who may see them."""
    world.write(RIVAL)
    for method, path, asked, status in TABLE:
        shows = method == "GET" and status in (200, 404) and not path.endswith("/stream")
        if not shows or path in ("/tokens", "/session", "/overview", "/gaps"):
            continue
        answer = await client.get(PREFIX + path, **asked)
        assert answer.status_code == 200, path
        if path in ("/analytics/series", "/analytics/heatmap", "/timeline"):
            assert any(sum(numbers(item)) for item in answer.json()["items"]), path
        else:
            assert "rival" in answer.text, path


def numbers(item: dict[str, Any]) -> list[int]:
    counts = item["counts"]
    return list(counts.values()) if isinstance(counts, dict) else counts
