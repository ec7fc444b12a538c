import asyncio
import csv
import io
import json
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing

import httpx
import pytest

from store.activity import Activity
from store.filters import ActivityFilter
from store.scope import SERVICE, Scope
from store.sqlite.reader import SqliteReader
from store.tokens import Right
from tests.support.api_world import NOW, Server, World, row

EXPORT = "/api/v1/activities/export"


async def test_csv_neutralises_what_a_spreadsheet_would_run(
    world: World, client: httpx.AsyncClient
) -> None:
    world.write(row(path="/a,b"), row(user_agent="=HYPERLINK(0)", created_at=NOW - 120_000))
    answer = await client.get(EXPORT, params={"format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    disposition = answer.headers["content-disposition"]
    assert disposition == 'attachment; filename="wiretrail-20260921T141320.csv"'
    first, second = csv.DictReader(io.StringIO(answer.text))
    assert first["path"] == "/a,b"
    assert second["user_agent"] == "'=HYPERLINK(0)"


async def test_ndjson_is_what_single_activities_show(
    world: World, client: httpx.AsyncClient
) -> None:
    world.write(row(), row(integration="stripe"))
    answer = await client.get(EXPORT, params={"integration": "stripe"})
    assert answer.headers["content-type"] == "application/x-ndjson"
    (line,) = answer.text.splitlines()
    exported = json.loads(line)
    shown = (await client.get(f"/api/v1/activities/{exported['id']}")).json()
    assert exported == shown
    assert exported["response_body"] == {"ok": True}


async def test_har_is_one_document(world: World, client: httpx.AsyncClient) -> None:
    world.write(*(row() for _ in range(3)))
    answer = await client.get(EXPORT, params={"format": "har"})
    log = answer.json()["log"]
    assert (log["version"], log["creator"]["version"]) == ("1.2", "1.2.3")
    assert len(log["entries"]) == 3


async def test_bodies_need_their_right(world: World, anyone: httpx.AsyncClient) -> None:
    world.write(row())
    headers = {"Authorization": f"Bearer {world.token(Right.READ)}"}
    (line,) = (await anyone.get(EXPORT, headers=headers)).text.splitlines()
    assert json.loads(line)["request_body"] is None
    assert json.loads(line)["bodies_withheld"] is True


async def test_an_unknown_format_is_named(client: httpx.AsyncClient) -> None:
    answer = await client.get(EXPORT, params={"format": "cvs"})
    assert answer.status_code == 422
    assert answer.json()["parameter"] == "format"
    assert "did you mean csv?" in answer.json()["detail"]


async def test_head_tells_name_and_type_only(client: httpx.AsyncClient) -> None:
    answer = await client.head(EXPORT, params={"format": "har"})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].endswith('.har"')


class _Endless:
    """A reader of a store without end, or with a fault in the middle."""

    def __init__(self, whole: Activity, breaks_after: int | None) -> None:
        self._whole = whole
        self._breaks_after = breaks_after
        self.given = 0
        self.closed = asyncio.Event()

    async def export(self, scope: object, where: object):
        try:
            while True:
                if self.given == self._breaks_after:
                    raise ValueError("broken in the middle")
                self.given += 1
                yield self._whole
                await asyncio.sleep(0)
        finally:
            self.closed.set()

    async def close(self) -> None:
        pass


@pytest.fixture
async def endless(world: World):
    one = row()
    world.write(one)
    reader = SqliteReader(world.folder.activity_db)
    whole = await reader.one(SERVICE, one.id.hex())
    await reader.close()
    assert whole is not None
    servers: list[Server] = []

    def start(breaks_after: int | None) -> tuple[Server, _Endless]:
        fake = _Endless(whole, breaks_after)
        server = Server(world.make_services(reader=fake), world.notice)
        server.start()
        servers.append(server)
        return server, fake

    yield start
    for server in servers:
        server.stop()


async def test_hanging_up_cancels(world: World, endless) -> None:
    server, reader = endless(None)
    headers = {"Authorization": f"Bearer {world.token()}"}
    async with (
        httpx.AsyncClient(base_url=server.url, headers=headers) as client,
        client.stream("GET", EXPORT) as answer,
    ):
        await anext(answer.aiter_bytes())
    async with asyncio.timeout(10):
        while not reader.closed.is_set():  # noqa: ASYNC110 - the event is of another loop
            await asyncio.sleep(0.01)


class _Counting(SqliteReader):
    """Counts what an export reads out of a real store."""

    read = 0
    closed = threading.Event()

    async def export(self, scope: Scope, where: ActivityFilter) -> AsyncIterator[Activity]:
        async with aclosing(super().export(scope, where)) as found:
            try:
                async for activity in found:
                    self.read += 1
                    yield activity
            finally:
                self.closed.set()


async def test_hanging_up_stops_the_reading(world: World) -> None:
    body = json.dumps("x" * 60_000)
    rows = [row(response_body=body, response_size=len(body)) for _ in range(600)]
    world.write(*rows)
    reader = _Counting(world.folder.activity_db)
    server = Server(world.make_services(reader=reader), world.notice)
    server.start()
    headers = {"Authorization": f"Bearer {world.token()}"}
    try:
        async with (
            httpx.AsyncClient(base_url=server.url, headers=headers) as client,
            client.stream("GET", EXPORT) as answer,
        ):
            await anext(answer.aiter_bytes())
        assert await asyncio.to_thread(reader.closed.wait, 10)
        assert 0 < reader.read < len(rows)
    finally:
        server.stop()


async def test_an_export_that_breaks_off_does_not_look_whole(world: World, endless) -> None:
    server, _ = endless(500)
    headers = {"Authorization": f"Bearer {world.token()}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(EXPORT)
