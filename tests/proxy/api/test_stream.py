"""The live stream: everything once, in order, whatever happens to the connection."""

import asyncio
import json
import random
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from proxy.api.services import ApiSettings
from store.activity import Status
from store.tokens import Right
from tests.support.api_world import NOW, Server, World, row

STREAM = "/api/v1/activities/stream"


@dataclass
class Event:
    id: str = ""
    event: str = ""
    data: list[str] = field(default_factory=list)

    @property
    def row(self) -> dict[str, object]:
        return json.loads("\n".join(self.data))


async def events(answer: httpx.Response) -> AsyncIterator[Event]:
    """Events as WHATWG HTML, 9.2.6 reads them, comments left out."""
    event = Event()
    async for line in answer.aiter_lines():
        name, _, value = line.partition(":")
        if not line:
            yield event
            event = Event(id=event.id)
        elif name == "data":
            event.data.append(value.removeprefix(" "))
        elif name in ("id", "event"):
            setattr(event, name, value.removeprefix(" "))


class Follower:
    """One connection and its events."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.events = events(answer)

    async def rows(self, count: int) -> list[Event]:
        """The next events that bear a row."""
        found: list[Event] = []
        async with asyncio.timeout(10):
            while len(found) < count:
                event = await anext(self.events)
                if event.data:
                    found.append(event)
        return found


@asynccontextmanager
async def following(
    client: httpx.AsyncClient, last: int | None = None, **params: str
) -> AsyncIterator[Follower]:
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    async with client.stream("GET", STREAM, params=params, headers=headers) as answer:
        assert answer.status_code == 200
        yield Follower(answer)


async def test_what_happens_from_now_on_arrives(world: World, client: httpx.AsyncClient) -> None:
    world.write(row(path="/before"))
    async with following(client) as follower:
        assert follower.answer.headers["content-type"] == "text/event-stream"
        first = await anext(follower.events)
        assert (first.id, first.data) == ("1", [])
        world.write(row(path="/after"))
        (event,) = await follower.rows(1)
    assert (event.event, event.id, event.row["path"]) == ("activity", "2", "/after")
    assert event.row["request_body"] is None


async def test_a_started_row_comes_again_when_it_is_complete(
    world: World, client: httpx.AsyncClient
) -> None:
    begun = row(status=Status.STARTED)
    async with following(client, 0) as follower:
        world.write(begun)
        world.write(row(id=begun.id, created_at=begun.created_at))
        # Both may be committed before the stream looks; then only the end is news.
        seen = await follower.rows(1)
        if seen[-1].row["status"] == "started":
            seen += await follower.rows(1)
    assert seen[-1].row["status"] == "success"
    assert int(seen[-1].id) == seen[-1].row["seq"] == 2


async def test_resume_brings_what_was_missed(world: World, client: httpx.AsyncClient) -> None:
    for n in range(5):
        world.write(row(path=f"/{n}"))
    async with following(client, 2) as follower:
        assert [event.row["path"] for event in await follower.rows(3)] == ["/2", "/3", "/4"]
    async with following(client, after="3") as follower:
        assert [event.row["path"] for event in await follower.rows(2)] == ["/3", "/4"]


async def test_a_backlog_of_many_batches_arrives_whole(
    world: World, client: httpx.AsyncClient
) -> None:
    world.write(*(row(created_at=NOW - n) for n in range(950)))
    async with following(client, 0) as follower:
        seen = [int(event.id) for event in await follower.rows(950)]
    assert seen == list(range(1, 951))


async def test_filters_narrow_and_silence_moves_the_position(
    world: World, client: httpx.AsyncClient
) -> None:
    async with following(client, 0, status="error") as follower:
        world.write(row(), row(status=Status.ERROR, error_code="dns", response_status=None))
        (event,) = await follower.rows(1)
        assert event.row["error_code"] == "dns"
    async with following(client, 0, status="timeout") as follower, asyncio.timeout(10):
        async for event in follower.events:
            if event.id == "2":
                break
        assert not event.data


async def test_a_position_of_another_store_begins_at_the_end(
    world: World, client: httpx.AsyncClient
) -> None:
    world.write(row(path="/old"))
    async with following(client, 999_999) as follower:
        await anext(follower.events)
        world.write(row(path="/new"))
        (event,) = await follower.rows(1)
    assert event.row["path"] == "/new"


@pytest.mark.parametrize("last", ["-1", "x", "1.5", "9" * 100, "٣"])
async def test_a_position_that_is_none_is_422(client: httpx.AsyncClient, last: str) -> None:
    answer = await client.get(STREAM, headers={"Last-Event-ID": last.encode()})
    assert answer.status_code == 422
    assert answer.json()["parameter"] == "Last-Event-ID"


async def test_head_does_not_stream(client: httpx.AsyncClient) -> None:
    answer = await client.head(STREAM)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/event-stream"


async def test_a_foreign_organization_is_not_seen(world: World, anyone: httpx.AsyncClient) -> None:
    token = world.token(Right.READ, organizations=["acme"])
    anyone.headers["Authorization"] = f"Bearer {token}"
    async with following(anyone, 0) as follower:
        world.write(row("rival"), row("acme"))
        (event,) = await follower.rows(1)
    assert event.row["organization"] == "acme"
    assert event.row["bodies_withheld"] is True


async def test_the_stream_ends_with_the_token(world: World, anyone: httpx.AsyncClient) -> None:
    token, text = world.tokens.create("t", [Right.READ], None, now=NOW)
    anyone.headers["Authorization"] = f"Bearer {text}"
    async with following(anyone) as follower:
        world.tokens.revoke(token.id)
        async with asyncio.timeout(10):
            assert all([not event.data async for event in follower.events])


async def test_readers_that_come_and_go_miss_and_repeat_nothing(
    world: World, server: Server
) -> None:
    """Eight readers, each hanging up at random moments, while a thread writes."""
    total = 400
    token = world.token()

    def write() -> None:
        choose = random.Random(7)
        written = 0
        while written < total:
            size = min(choose.randint(1, 9), total - written)
            world.write(*(row() for _ in range(size)))
            written += size

    async def read(number: int) -> list[int]:
        choose = random.Random(number)
        seen: list[int] = []
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=server.url, headers=headers) as client:
            last = 0
            while len(seen) < total:
                patience = choose.randint(1, 60)
                async with following(client, last) as follower:
                    async for event in follower.events:
                        last = int(event.id)
                        if event.data:
                            seen.append(last)
                            patience -= 1
                        if not patience or len(seen) >= total:
                            break
        return seen

    writer = threading.Thread(target=write)
    writer.start()
    async with asyncio.timeout(60):
        everything = await asyncio.gather(*(read(number) for number in range(8)))
    writer.join()
    for seen in everything:
        assert seen == list(range(1, total + 1))


async def test_a_reader_that_takes_nothing_is_left(world: World) -> None:
    settings = ApiSettings(heartbeat_seconds=0.3, stall_seconds=0.5)
    running = Server(world.make_services(settings=settings), world.notice)
    running.start()
    token = world.token()
    _, writer = await asyncio.open_connection("127.0.0.1", running.port, limit=1)
    try:
        request = f"GET {STREAM} HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 0\r\n"
        writer.write(f"{request}Authorization: Bearer {token}\r\n\r\n".encode())
        await writer.drain()
        async with httpx.AsyncClient(
            base_url=running.url, headers={"Authorization": f"Bearer {token}"}
        ) as client:
            await until(client, "wiretrail_api_streams 1.0")
            # Far more than socket buffers take.
            for _ in range(20):
                world.write(*(row(path="/" + "x" * 8000) for _ in range(100)))
            await until(client, "wiretrail_api_streams 0.0")
    finally:
        writer.transport.abort()
        await asyncio.to_thread(running.stop)


async def test_too_many_streams_are_refused(world: World) -> None:
    running = Server(
        world.make_services(settings=ApiSettings(streams=1, heartbeat_seconds=0.3)), world.notice
    )
    running.start()
    try:
        headers = {"Authorization": f"Bearer {world.token()}"}
        async with httpx.AsyncClient(base_url=running.url, headers=headers) as client:
            async with following(client) as follower:
                await anext(follower.events)
                refused = await client.get(STREAM)
                assert refused.status_code == 503
                assert refused.headers["retry-after"] == "5"
            await until(client, "wiretrail_api_streams 0.0")
            async with following(client) as follower:
                await anext(follower.events)
    finally:
        running.stop()


async def test_streams_end_in_good_order_when_the_server_stops(world: World) -> None:
    running = Server(world.make_services(), world.notice)
    running.start()
    headers = {"Authorization": f"Bearer {world.token()}"}
    async with (
        httpx.AsyncClient(base_url=running.url, headers=headers) as client,
        following(client) as follower,
    ):
        await anext(follower.events)
        await asyncio.to_thread(running.stop)
        # A broken connection would raise here.
        assert all([not event.data async for event in follower.events])


async def test_a_store_that_another_process_writes_is_asked(world: World) -> None:
    running = Server(world.make_services(wait_for_change=None), world.notice)
    running.start()
    try:
        headers = {"Authorization": f"Bearer {world.token()}"}
        async with (
            httpx.AsyncClient(base_url=running.url, headers=headers) as client,
            following(client) as follower,
        ):
            await anext(follower.events)
            world.writer.write([row(path="/elsewhere")])
            (event,) = await follower.rows(1)
        assert event.row["path"] == "/elsewhere"
    finally:
        running.stop()


async def until(client: httpx.AsyncClient, line: str) -> None:
    """Wait until the metrics say so."""
    async with asyncio.timeout(20):
        while line not in (await client.get("/metrics")).text.splitlines():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
