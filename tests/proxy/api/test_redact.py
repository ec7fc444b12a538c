from collections.abc import Iterator

import httpx
import pytest

from store.identity import organization_id
from store.sqlite.reader import SqliteReader
from store.tokens import Right
from tests.support.api_world import NOW, Server, World
from tests.support.log_door import LogDoor

DRY_RUN = "/api/v1/redact/dry-run"
SECRET = "canary" + "-8d7c6b5a4f3e"


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    door = LogDoor(world.writer, SqliteReader(world.folder.activity_db), lambda: NOW)
    running = Server(world.make_services(**door.services()), world.notice)
    running.start()
    yield running
    running.stop()


async def test_every_cut_is_told_and_nothing_is_kept(
    world: World, client: httpx.AsyncClient
) -> None:
    answer = await client.post(
        DRY_RUN,
        json={
            "url": "https://api.example.com/v1/login?page=2",
            "request_headers": {"Content-Type": "application/json", "Authorization": SECRET},
            "request_body": f'{{"user": "ann", "password": "{SECRET}"}}',
            "response_body": f"you said {SECRET}",
            "error_message": f"refused {SECRET}",
        },
    )
    assert answer.status_code == 200, answer.text
    assert SECRET not in answer.text
    shown = answer.json()
    assert shown["url"] == "https://api.example.com/v1/login?page=2"
    assert shown["request_body"]["user"] == "ann"
    assert shown["request_body"]["password"].startswith("[REDACTED")
    assert shown["redactions"] == len(shown["cuts"]) >= 2
    places = [cut["place"] for cut in shown["cuts"]]
    assert any("password" in place for place in places)
    assert all(cut["rule"] for cut in shown["cuts"])
    assert (await client.get("/api/v1/activities")).json()["items"] == []


async def test_text_that_is_no_json_is_shown_as_text(client: httpx.AsyncClient) -> None:
    answer = await client.post(DRY_RUN, json={"request_body": "plain", "response_body": ""})
    assert answer.json()["request_body"] == "plain"
    assert answer.json()["response_body"] is None


async def test_fingerprints_are_those_of_the_organization(
    world: World, client: httpx.AsyncClient
) -> None:
    async def fingerprint(organization: str) -> str:
        body = {"organization": organization, "request_headers": {"X-Api-Key": SECRET}}
        answer = await client.post(DRY_RUN, json=body)
        return answer.json()["cuts"][0]["fingerprint"]

    assert await fingerprint("acme") == await fingerprint("acme")
    assert await fingerprint("acme") == await fingerprint(str(organization_id("acme")))
    assert await fingerprint("acme") != await fingerprint("rival")


async def test_another_organization_is_refused(world: World, anyone: httpx.AsyncClient) -> None:
    token = world.token(Right.ADMIN, organizations=["acme"])
    headers = {"Authorization": f"Bearer {token}"}
    for organization, status in (("acme", 200), ("rival", 403), (None, 403)):
        body = {} if organization is None else {"organization": organization}
        answer = await anyone.post(DRY_RUN, json=body, headers=headers)
        assert answer.status_code == status


@pytest.mark.parametrize(
    "wish",
    [
        {"url": "ftp://example.com/"},
        {"url": "https://"},
        {"url": "https://:80/"},
        {"url": "https://a:99999/"},
        {"method": "get"},
        {"response_status": 42},
        {"request_headers": {"a": 1}},
        {"body": "x"},
    ],
)
async def test_what_is_no_exchange_is_422(client: httpx.AsyncClient, wish: object) -> None:
    assert (await client.post(DRY_RUN, json=wish)).status_code == 422
