"""The relay when clients leave or only end their side, and when deadlines pass."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from addons.settings import Deadlines
from store.activity import ErrorCode
from tests.addons.relay_world import OK, answering, read_request, to, upstream, world


async def test_half_closed_client_gets_its_answer(tmp_path: Path) -> None:
    ended = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        assert await reader.read() == b""
        ended.set()
        writer.write(OK)

    async with upstream(script) as server, world(tmp_path, to(server)) as w:
        got = await w.exchange(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", eof=True)
        capture = await w.sink.only()
    assert ended.is_set(), "the end of stream is passed on"
    assert got.startswith(b"HTTP/1.1 200 OK")
    assert capture.error_code is None
    assert capture.response_time_ms < 250, "the row waits for a reset, its time does not"


@pytest.mark.parametrize("upstream_closes", [False, True])
async def test_client_that_left_before_a_short_answer(
    tmp_path: Path, upstream_closes: bool
) -> None:
    left = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await left.wait()
        await asyncio.sleep(0.1)
        writer.write(OK)
        await writer.drain()
        if not upstream_closes:
            await asyncio.sleep(1.0)

    async with upstream(script) as server, world(tmp_path, to(server)) as w:
        _, client = await w.connect()
        client.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        await asyncio.sleep(0.1)
        client.close()
        await client.wait_closed()
        left.set()
        capture = await w.sink.only()
    assert capture.error_code == ErrorCode.CLIENT_CLOSED
    assert capture.response_status == 200


async def test_client_that_wants_no_more_than_the_status(tmp_path: Path) -> None:
    left = asyncio.Event()
    head, _, body = OK.partition(b"\r\n\r\n")

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(head + b"\r\n\r\n")
        await left.wait()
        await asyncio.sleep(0.1)
        writer.write(body)

    async with upstream(script) as server, world(tmp_path, to(server)) as w:
        reader, client = await w.connect()
        client.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        client.close()
        await client.wait_closed()
        left.set()
        capture = await w.sink.only()
    assert capture.error_code is None
    assert capture.response_status == 200


async def test_client_leaves_while_the_upstream_works(tmp_path: Path) -> None:
    gone = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await reader.read()
        gone.set()

    async with upstream(script) as server, world(tmp_path, to(server)) as w:
        _, writer = await w.connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        await asyncio.sleep(0.1)
        writer.close()
        capture = await w.sink.only()
        async with asyncio.timeout(5):
            await gone.wait()
    assert capture.error_code == ErrorCode.CLIENT_CLOSED
    assert capture.response_status is None


async def test_client_leaves_in_its_body(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path, to(server)) as w:
        _, writer = await w.connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc")
        await asyncio.sleep(0.1)
        writer.close()
        capture = await w.sink.only()
    assert capture.error_code == ErrorCode.CLIENT_CLOSED
    assert capture.request_body == b"abc"


async def test_client_leaves_in_its_head(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path, to(server)) as w:
        await w.exchange(b"GET /half HTTP/1.1\r\nHos", eof=True)
        capture = await w.sink.only()
    assert capture.error_code == ErrorCode.CLIENT_CLOSED
    assert (capture.method, capture.target) == ("GET", "/half")
    assert server.text == b""


async def test_client_that_says_nothing_leaves_no_row(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path, to(server)) as w:
        assert await w.exchange(b"", eof=True) == b""
        assert w.sink.seen == 0


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


@dataclass(frozen=True)
class Late:
    """A deadline of 0.2 s that passes."""

    deadlines: Deadlines
    request: bytes
    status: bytes
    code: ErrorCode
    answer: bytes = b""


LATE = {
    "head": Late(
        Deadlines(request_head=0.2), b"GET / HTTP/1.1\r\nHo", b"408", ErrorCode.CLIENT_TIMEOUT
    ),
    "answer": Late(
        Deadlines(answer_head=0.2),
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"504",
        ErrorCode.UPSTREAM_TIMEOUT,
    ),
    "request body": Late(
        Deadlines(idle=0.2),
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc",
        b"408",
        ErrorCode.CLIENT_TIMEOUT,
    ),
    "answer body": Late(
        Deadlines(idle=0.2),
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"200",
        ErrorCode.IDLE_TIMEOUT,
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
    ),
}


@pytest.mark.parametrize("late", LATE.values(), ids=LATE.keys())
async def test_deadlines(tmp_path: Path, late: Late) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if late.answer:
            await read_request(reader)
            writer.write(late.answer)
        await reader.read()

    async with (
        upstream(script) as server,
        world(tmp_path, to(server), deadlines=late.deadlines) as w,
    ):
        reader, writer = await w.connect()
        writer.write(late.request)
        head = await reader.readuntil(b"\r\n")
        capture = await w.sink.only()
        writer.close()
    assert head.startswith(b"HTTP/1.1 " + late.status)
    assert capture.error_code == late.code


async def test_a_slow_body_is_not_held_to_the_deadline_of_the_head(tmp_path: Path) -> None:
    deadlines = Deadlines(request_head=0.3)
    async with (
        upstream(answering(OK)) as server,
        world(tmp_path, to(server), deadlines=deadlines) as w,
    ):
        reader, writer = await w.connect()
        for _ in range(2):
            writer.write(b"POST / HTTP/1.1\r\nHost: h\r\n")
            await asyncio.sleep(0.05)
            writer.write(b"Content-Length: 4\r\n\r\n")
            for _ in range(4):
                await asyncio.sleep(0.15)
                writer.write(b"x")
            assert await reader.readexactly(len(OK)) == OK
        writer.close()
        captures = await w.sink.wait(2)
    assert [c.error_code for c in captures] == [None, None]


async def test_without_deadlines_an_answer_may_take_its_time(tmp_path: Path) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await asyncio.sleep(0.5)
        writer.write(OK)

    async with upstream(script) as server, world(tmp_path, to(server), deadlines=Deadlines()) as w:
        got = await w.exchange(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        capture = await w.sink.only()
    assert got.startswith(b"HTTP/1.1 200 OK")
    assert capture.response_time_ms is not None
    assert capture.response_time_ms >= 500
