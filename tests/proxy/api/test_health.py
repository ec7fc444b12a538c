import httpx
from prometheus_client import CollectorRegistry, Gauge

from proxy.api.services import About, ListenerAddress
from store.accounting import Accounting
from store.times import rfc3339
from tests.support.api_world import NOW, Server, World, row

READING = Accounting(seen=10, stored=6, dropped={"queue_full": 2, "poison": 1}, in_flight=1)


async def test_alive_ready_and_what_it_is(world: World) -> None:
    state = {"ready": False}
    about = About(
        version="1.2.3",
        listeners=(
            ListenerAddress(name="forward", direction="outgoing", address="127.0.0.1:8080"),
        ),
        ca_file="/data/ca.pem",
        retention_days=90,
    )
    server = Server(
        world.make_services(ready=lambda: state["ready"], accounting=lambda: READING, about=about),
        world.notice,
    )
    server.start()
    world.write(row(), row())
    try:
        headers = {"Authorization": f"Bearer {world.token()}"}
        async with httpx.AsyncClient(base_url=server.url, headers=headers) as client:
            assert (await client.get("/healthz")).json() == {"status": "ok"}
            waiting = await client.get("/readyz")
            assert waiting.status_code == 503
            assert waiting.headers["retry-after"] == "1"
            state["ready"] = True
            assert (await client.get("/readyz")).json() == {"status": "ready"}
            shown = (await client.get("/api/v1/overview")).json()
    finally:
        server.stop()
    assert shown["about"]["listeners"][0]["address"] == "127.0.0.1:8080"
    assert shown["accounting"]["dropped"] == {"queue_full": 2, "poison": 1}
    assert (shown["last_seq"], shown["now"]) == (2, rfc3339(NOW))


async def test_metrics_add_up_and_name_nobody(world: World) -> None:
    registry = CollectorRegistry()
    Gauge("wiretrail_workers", "Workers that run", registry=registry).set(2)
    server = Server(
        world.make_services(accounting=lambda: READING, registry=registry), world.notice
    )
    server.start()
    world.write(row("acme-corp", "secret-partner", host="partner.example"))
    try:
        headers = {"Authorization": f"Bearer {world.token()}"}
        async with httpx.AsyncClient(base_url=server.url) as client:
            await client.get("/api/v1/activities", params={"host": "asked.example"})
            await client.get("/api/v1/activities/some-id", headers=headers)
            await client.get("/anything/at/all")
            await client.request("CHECKOUT", "/healthz")
            answer = await client.get("/metrics")
    finally:
        server.stop()
    assert answer.headers["content-type"].startswith("text/plain")
    samples = dict(
        line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#")
    )
    dropped = sum(
        float(value)
        for name, value in samples.items()
        if name.startswith("wiretrail_exchanges_dropped_total")
    )
    assert float(samples["wiretrail_exchanges_seen_total"]) == 10
    assert (
        float(samples["wiretrail_exchanges_stored_total"])
        + dropped
        + float(samples["wiretrail_exchanges_in_flight"])
        == 10
    )
    assert samples["wiretrail_workers"] == "2.0"
    listed = 'endpoint="/api/v1/activities",method="GET",status="401"'
    assert samples[f"wiretrail_api_requests_total{{{listed}}}"] == "1.0"
    for word in ("acme", "partner", "asked", "some-id", "anything", "CHECKOUT"):
        assert word not in answer.text


def test_accounting_balances() -> None:
    assert READING.balanced
    assert not Accounting(seen=1).balanced
