from datetime import UTC, datetime

import httpx
import pytest

from proxy.api.zones import Zones
from store.activity import ActivityType, Direction, Status
from store.times import rfc3339
from tests.support.api_world import NOW, Server, World, row

ANALYTICS = "/api/v1/analytics"
HOUR = 3_600_000


def failed(**values: object):
    return row(status=Status.FAILED, response_status=503, **values)


async def test_health_judges_every_integration(world: World, client: httpx.AsyncClient) -> None:
    world.write(
        *(row(integration="good", created_at=NOW - n * HOUR) for n in range(4)),
        row(integration="bad"),
        failed(integration="bad"),
        row(integration="quiet", created_at=NOW - 50 * HOUR),
    )
    answer = (await client.get(f"{ANALYTICS}/health")).json()
    table = {item["integration"]: item for item in answer["items"]}
    assert {name: item["verdict"] for name, item in table.items()} == {
        "good": "healthy",
        "bad": "failing",
        "quiet": "silent",
    }
    assert table["bad"]["why"] == "1 of 2 failed (50%)"
    assert table["bad"]["counts"]["failed"] == 1
    assert table["good"]["latency"]["p50"] > 0
    assert table["bad"]["last_failure_at"] is not None
    assert table["good"]["last_failure_at"] is None
    assert len(table["good"]["trend"]) == len(answer["edges"]) - 1
    assert sum(one["success"] for one in table["good"]["trend"]) == 4


async def test_health_of_the_worst(world: World, client: httpx.AsyncClient) -> None:
    world.write(*(row(integration=name) for name in ("good", "good", "fine")))
    world.write(failed(integration="bad"))
    query = {"order": "verdict", "limit": "1"}
    answer = (await client.get(f"{ANALYTICS}/health", params=query)).json()
    assert [item["integration"] for item in answer["items"]] == ["bad"]
    assert answer["total"] == 3
    assert answer["verdicts"] == {"failing": 1, "degraded": 0, "healthy": 2, "silent": 0}
    assert len((await client.get(f"{ANALYTICS}/health")).json()["items"]) == 3
    refused = await client.get(f"{ANALYTICS}/health", params={"order": "verdikt"})
    assert refused.status_code == 422
    assert "verdict" in refused.json()["detail"]


async def test_a_series_has_empty_buckets_too(world: World, client: httpx.AsyncClient) -> None:
    world.write(row(created_at=NOW - 2 * HOUR), failed(created_at=NOW - 1))
    answer = (await client.get(f"{ANALYTICS}/series", params={"since": "5h"})).json()
    assert [sum(point["counts"].values()) for point in answer["items"]] == [0, 0, 0, 1, 0, 1]
    assert answer["items"][0]["latency"]["p95"] is None
    assert [point["at"] for point in answer["items"]] == answer["edges"][:-1]


async def test_days_are_those_of_the_viewer(world: World, client: httpx.AsyncClient) -> None:
    # 23:30 UTC of the 19th is 01:30 of the 20th in Berlin.
    late = int(datetime(2026, 9, 19, 23, 30, tzinfo=UTC).timestamp() * 1000)
    world.write(row(created_at=late))
    params = {"since": "2026-09-19T12:00:00Z", "until": "2026-09-21T12:00:00Z", "step": "day"}

    async def days(zone: str) -> dict[str, int]:
        answer = await client.get(f"{ANALYTICS}/series", params={**params, "zone": zone})
        return {point["at"]: sum(point["counts"].values()) for point in answer.json()["items"]}

    assert await days("UTC") == {
        "2026-09-19T00:00:00.000Z": 1,
        "2026-09-20T00:00:00.000Z": 0,
        "2026-09-21T00:00:00.000Z": 0,
    }
    assert await days("Europe/Berlin") == {
        "2026-09-18T22:00:00.000Z": 0,
        "2026-09-19T22:00:00.000Z": 1,
        "2026-09-20T22:00:00.000Z": 0,
    }


async def test_heat_map_counts_response_times(world: World, client: httpx.AsyncClient) -> None:
    world.write(*(row(response_time_ms=ms) for ms in (0.5, 12, 12, 90_000)))
    answer = (await client.get(f"{ANALYTICS}/heatmap", params={"since": "1h"})).json()
    total = [sum(column) for column in zip(*(i["counts"] for i in answer["items"]), strict=True)]
    assert len(total) == len(answer["bounds_ms"]) + 1
    assert total[0] == 1
    assert total[answer["bounds_ms"].index(15)] == 2
    assert total[-1] == 1


async def test_failures_by_kind(world: World, client: httpx.AsyncClient) -> None:
    world.write(
        row(),
        failed(),
        failed(),
        row(
            status=Status.ERROR,
            error_code="dns",
            response_status=None,
            direction=Direction.INCOMING,
            activity_type=ActivityType.WEBHOOK_RECEIVED,
        ),
        failed(created_at=NOW - 30 * HOUR),
    )
    first, second = (await client.get(f"{ANALYTICS}/failures")).json()["items"]
    assert (first["code"], first["count"], first["direction"]) == ("503", 2, "outgoing")
    assert (second["code"], second["activity_type"]) == ("dns", "webhook_received")
    narrowed = await client.get(f"{ANALYTICS}/failures", params={"direction": "incoming"})
    assert [item["code"] for item in narrowed.json()["items"]] == ["dns"]


async def test_endpoints_in_the_order_asked_for(world: World, client: httpx.AsyncClient) -> None:
    world.write(
        row(path_template="/slow/{id}", response_time_ms=5000),
        *(row(path_template="/busy", response_time_ms=2) for _ in range(3)),
        failed(path_template="/broken", response_time_ms=100),
    )

    async def order(by: str) -> list[str]:
        answer = await client.get(f"{ANALYTICS}/endpoints", params={"order": by, "limit": "1"})
        return [item["path"] for item in answer.json()["items"]]

    assert await order("p95") == ["/slow/{id}"]
    assert await order("count") == ["/busy"]
    assert await order("failures") == ["/broken"]


async def test_gaps_are_told(world: World, client: httpx.AsyncClient) -> None:
    world.writer.record_gap("queue_full", 7, NOW - 1000, NOW - 500)
    world.writer.record_gap("worker_died", 1, NOW - 90 * HOUR, NOW - 89 * HOUR)
    world.write(row())
    (gap,) = (await client.get("/api/v1/gaps")).json()["items"]
    assert gap == {
        "reason": "queue_full",
        "count": 7,
        "since": rfc3339(NOW - 1000),
        "until": rfc3339(NOW - 500),
    }
    both = await client.get("/api/v1/gaps", params={"since": "7d"})
    assert len(both.json()["items"]) == 2


async def test_facets_count_values(world: World, client: httpx.AsyncClient) -> None:
    world.write(row(method="GET"), row(method="GET"), row(method="POST"), failed(method="PUT"))
    answer = await client.get(
        "/api/v1/facets", params={"names": "method,status", "status": "success"}
    )
    facets = answer.json()
    assert facets["method"] == [{"value": "GET", "count": 2}, {"value": "POST", "count": 1}]
    # Its own choice does not narrow it: the others could not be chosen any more.
    assert {one["value"] for one in facets["status"]} == {"success", "failed"}


async def test_summary_is_the_view(world: World, client: httpx.AsyncClient) -> None:
    world.write(row(), row(), failed())
    answer = (await client.get("/api/v1/summary")).json()
    assert answer["next"] is None
    rows = {item["status"]: item for item in answer["items"]}
    assert rows["success"]["activity_count"] == 2
    assert rows["failed"]["failure_count"] == 1
    assert rows["success"]["activity_date"] == "2026-09-21"
    assert rows["success"]["avg_response_time"] == 12.5


async def test_one_integration(world: World, client: httpx.AsyncClient) -> None:
    world.write(row("acme", "slack"), row("acme", "hooks/a b"), row("rival", "stripe"))
    listed = (await client.get("/api/v1/integrations")).json()["items"]
    assert [one["name"] for one in listed] == ["hooks/a b", "slack", "stripe"]
    detail = (await client.get("/api/v1/integrations/hooks%2Fa%20b")).json()
    assert detail["integration"]["hosts"] == ["api.example.com"]
    assert detail["health"]["verdict"] == "healthy"
    assert detail["health"]["counts"]["success"] == 1
    assert detail["testable"] is False
    by_id = await client.get(f"/api/v1/integrations/{detail['integration']['id']}")
    assert by_id.json()["integration"]["name"] == "hooks/a b"


async def test_a_name_of_two_organizations_needs_the_organization(
    world: World, client: httpx.AsyncClient
) -> None:
    world.write(row("acme", "slack"), row("rival", "slack"))
    ambiguous = await client.get("/api/v1/integrations/slack")
    assert ambiguous.status_code == 409
    assert "acme, rival" in ambiguous.json()["detail"]
    answer = await client.get("/api/v1/integrations/slack", params={"organization": "rival"})
    assert answer.json()["integration"]["organization"] == "rival"
    assert answer.json()["health"]["organization"] == "rival"


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("analytics/series?zone=Mars/Olympus", "zone"),
        ("analytics/series?zone=../../etc/passwd", "zone"),
        ("analytics/series?step=minute", "step"),
        ("analytics/series?since=3650d&step=hour", "step"),
        ("analytics/series?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "until"),
        ("analytics/series?since=2099-01-01T00:00:00Z", "since"),
        ("analytics/series?host=a", "host"),
        ("analytics/health?step=dya", "step"),
        ("analytics/endpoints?order=slowest", "order"),
        ("analytics/endpoints?direction=incoming", "direction"),
        ("facets?names=methd", "names"),
        ("facets?names=", "names"),
        ("summary?q=word", "q"),
        ("gaps?until=never", "until"),
    ],
)
async def test_what_cannot_be_understood_is_named(
    client: httpx.AsyncClient, path: str, parameter: str
) -> None:
    answer = await client.get(f"/api/v1/{path}")
    assert answer.status_code == 422, answer.text
    assert answer.json()["parameter"] == parameter


async def test_zones_are_known_from_where_somebody_looked(world: World) -> None:
    zones = Zones()
    running = Server(world.make_services(zones=zones), world.notice)
    running.start()
    headers = {"Authorization": f"Bearer {world.token()}"}
    async with httpx.AsyncClient(base_url=running.url, headers=headers) as client:
        for zone in ("Asia/Tokyo", "Moon/Crater"):
            await client.get("/api/v1/timeline", params={"since": "1h", "zone": zone})
    running.stop()
    assert [zone.key for zone in zones.known()] == ["Asia/Tokyo"]
