"""Entries of services, through the store's only door."""

import asyncio
from collections.abc import Iterator
from uuid import UUID

import httpx
import pytest

from store.activity import Status
from store.identity import organization_id
from store.sqlite.reader import SqliteReader
from store.times import uuid_text
from store.tokens import Right
from tests.support.api_world import NOW, Server, World, row
from tests.support.log_door import LogDoor

LOG = "/api/v1/activities"
SECRET = "sk_" + "live_" + "51H8abcdefghijklmn"


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    door = LogDoor(world.writer, SqliteReader(world.folder.activity_db), lambda: NOW)
    running = Server(world.make_services(**door.services()), world.notice)
    running.start()
    yield running
    running.stop()


def mail(**more: object) -> dict[str, object]:
    return {
        "method": "SEND",
        "endpoint": "smtp://mail.example.com:587/",
        "integration": "smtp",
        "activity_type": "notification_email",
        **more,
    }


async def test_a_whole_activity_at_once(client: httpx.AsyncClient) -> None:
    kept = await client.post(
        LOG,
        json=mail(
            request_body={"to": "ann@example.com", "password": SECRET},
            response_status=250,
            response_time_ms=30,
            status="success",
        ),
    )
    assert kept.status_code == 201, kept.text
    address = kept.headers["location"]
    assert address == f"{LOG}/{kept.json()['id']}"
    shown = (await client.get(address)).json()
    assert (shown["status"], shown["integration"]) == ("success", "smtp")
    assert shown["activity_type"] == "notification_email"
    assert shown["organization"] == "default"
    assert shown["request_body"]["to"] == "ann@example.com"
    assert SECRET not in str(shown)


async def test_start_then_completion(client: httpx.AsyncClient) -> None:
    kept = await client.post(LOG, json=mail(request_body="hello", metadata={"list": "a"}))
    address = kept.headers["location"]
    assert (await client.get(address)).json()["status"] == "started"
    done = await client.patch(
        address, json={"error_code": "reset", "error_message": f"550 with {SECRET}"}
    )
    assert done.status_code == 200, done.text
    shown = (await client.get(address)).json()
    assert (shown["status"], shown["error_code"]) == ("error", "reset")
    assert shown["metadata"]["list"] == "a"
    assert SECRET not in str(shown)
    again = await client.patch(address, json={"status": "success"})
    assert again.status_code == 409


async def test_only_its_own_activities_are_completed(
    world: World, client: httpx.AsyncClient
) -> None:
    relayed = row(status=Status.STARTED)
    world.write(relayed)
    answer = await client.patch(f"{LOG}/{uuid_text(relayed.id)}", json={"status": "success"})
    assert answer.status_code == 409
    nothing = await client.patch(f"{LOG}/{UUID(int=7)}", json={"status": "success"})
    assert nothing.status_code == 404
    nonsense = await client.patch(f"{LOG}/nonsense", json={"status": "success"})
    assert nonsense.status_code == 404


@pytest.mark.parametrize(
    ("own", "named", "status", "owner"),
    [
        (["acme"], None, 201, "acme"),
        (["acme"], "acme", 201, "acme"),
        (["acme"], "rival", 403, None),
        (["acme", "rival"], None, 422, None),
        (["acme", "rival"], "rival", 201, "rival"),
        (None, None, 201, "default"),
        (None, "rival", 201, "rival"),
    ],
)
async def test_whose_an_entry_is(
    world: World,
    client: httpx.AsyncClient,
    own: list[str] | None,
    named: str | None,
    status: int,
    owner: str | None,
) -> None:
    token = world.token(Right.WRITE, organizations=own)
    entry = mail() if named is None else mail(organization=named)
    answer = await client.post(LOG, json=entry, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == status, answer.text
    if owner is not None:
        shown = (await client.get(answer.headers["location"])).json()
        assert shown["organization_id"] == str(organization_id(owner))


async def test_a_foreign_start_cannot_be_completed(world: World, client: httpx.AsyncClient) -> None:
    kept = await client.post(LOG, json=mail(organization="rival"))
    token = world.token(Right.WRITE, organizations=["acme"])
    answer = await client.patch(
        kept.headers["location"],
        json={"status": "success"},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("entry", "parameter"),
    [
        (mail(endpoint="not a url"), "endpoint"),
        (mail(status="started", response_status=200), "status"),
        (mail(created_at="yesterday, perhaps, about noon"), "created_at"),
        (mail(request_headers={"a b": "c"}), "request_headers"),
        (mail(statsu="success"), "$"),
        (mail(direction="sideways"), "$.direction"),
    ],
)
async def test_what_is_not_valid_is_named(
    client: httpx.AsyncClient, entry: dict[str, object], parameter: str
) -> None:
    answer = await client.post(LOG, json=entry)
    assert answer.status_code == 422
    assert answer.json()["parameter"] == parameter


async def test_a_body_nested_without_end_is_refused(client: httpx.AsyncClient) -> None:
    body = b'{"method": "SEND", "endpoint": "smtp://a/", "request_body": ' + b"[" * 100_000
    answer = await client.post(LOG, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


async def test_a_server_that_only_reads_says_so(world: World) -> None:
    running = Server(world.make_services(), world.notice)
    running.start()
    headers = {"Authorization": f"Bearer {world.token()}"}
    async with httpx.AsyncClient(base_url=running.url, headers=headers) as client:
        assert (await client.post(LOG, json=mail())).status_code == 501
        address = f"{LOG}/{UUID(int=7)}"
        assert (await client.patch(address, json={"status": "success"})).status_code == 501
    await asyncio.to_thread(running.stop)
