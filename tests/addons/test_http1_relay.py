"""The relay between real sockets: framing, streaming, errors. Each leaves one correct capture."""

import asyncio
import re
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

import pytest

from addons.settings import Deadlines, Limits, Route
from store.activity import Direction, ErrorCode
from store.capture import Phase
from tests.addons.relay_world import OK, answering, read_request, to, upstream, world

CLOSE = b"Connection: close\r\n"


@dataclass(frozen=True)
class Case:
    """A request that goes through, what the upstream must read, what the client must read."""

    request: bytes
    sent: bytes
    answer: bytes
    got: bytes
    request_body: bytes = b""
    response_body: bytes = b""


def forwarded(lines: bytes) -> bytes:
    """Request lines and fields with what the relay adds for an incoming request."""
    return (
        lines + b"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n"
    )


FRAMING = {
    "length": Case(
        b"POST /a?b=1 HTTP/1.1\r\nHost: h\r\nX-Odd-CASE:   v  \r\nContent-Length: 3\r\n\r\nabc",
        forwarded(b"POST /a?b=1 HTTP/1.1\r\nHost: h\r\nX-Odd-CASE: v\r\nContent-Length: 3\r\n")
        + b"\r\nabc",
        b"HTTP/1.1 201 Made It\r\nX-B: 1\r\nx-b: 2\r\nEmpty:\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 201 Made It\r\nX-B: 1\r\nx-b: 2\r\nEmpty: \r\nContent-Length: 2\r\n\r\nok",
        b"abc",
        b"ok",
    ),
    "chunked both ways, trailers, extensions": Case(
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3;e=1\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n",
        forwarded(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n")
        + b"\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\nX-S: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\nX-S: 2\r\n\r\n",
        b"abcde",
        b"abcd",
    ),
    "HEAD announces a body that does not come": Case(
        b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n",
        forwarded(b"HEAD / HTTP/1.1\r\nHost: h\r\n") + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n",
    ),
    "204": Case(
        b"DELETE /x HTTP/1.1\r\nHost: h\r\n\r\n",
        forwarded(b"DELETE /x HTTP/1.1\r\nHost: h\r\n") + b"\r\n",
        b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n",
    ),
    "304 with a length": Case(
        b"GET / HTTP/1.1\r\nHost: h\r\nIf-None-Match: a\r\n\r\n",
        forwarded(b"GET / HTTP/1.1\r\nHost: h\r\nIf-None-Match: a\r\n") + b"\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 70\r\nETag: a\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 70\r\nETag: a\r\n\r\n",
    ),
    "several 1xx": Case(
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        forwarded(b"GET / HTTP/1.1\r\nHost: h\r\n") + b"\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK,
        b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK,
        response_body=b"ok",
    ),
    "an upgrade that is no WebSocket keeps its body": Case(
        b"POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
        b"Content-Length: 3\r\n\r\nabc",
        forwarded(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n") + b"\r\nabc",
        OK,
        OK,
        b"abc",
        b"ok",
    ),
    "hop-by-hop fields stay here": Case(
        b"GET / HTTP/1.1\r\nHost: h\r\nConnection: x-mine, keep-alive\r\nX-Mine: 1\r\n"
        b"Keep-Alive: 5\r\nProxy-Connection: keep-alive\r\nX-Other: 2\r\n\r\n",
        forwarded(b"GET / HTTP/1.1\r\nHost: h\r\nX-Other: 2\r\n") + b"\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: keep-alive, x-hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n"
        b"Content-Length: 2\r\n\r\nok",
        OK,
        response_body=b"ok",
    ),
    "bytes beyond ASCII": Case(
        b"GET /\xc3\xbc HTTP/1.1\r\nHost: h\r\nX-Name: J\xf6rg\r\n\r\n",
        forwarded(b"GET /\xc3\xbc HTTP/1.1\r\nHost: h\r\nX-Name: J\xf6rg\r\n") + b"\r\n",
        OK,
        OK,
        response_body=b"ok",
    ),
}


@pytest.mark.parametrize("case", FRAMING.values(), ids=FRAMING.keys())
@pytest.mark.parametrize("split", [0, 1, 7], ids=["whole", "by byte", "by 7 bytes"])
async def test_framing(tmp_path: Path, case: Case, split: int) -> None:
    async with upstream(answering(case.answer)) as server, world(tmp_path, to(server)) as w:
        reader, writer = await w.connect()
        for at in range(0, len(case.request), split or len(case.request)):
            writer.write(case.request[at : at + (split or len(case.request))])
            if split:
                await asyncio.sleep(0)
        assert await reader.readexactly(len(case.got)) == case.got
        writer.close()
        capture = await w.sink.only()
        assert _normal(server.text) == _normal(case.sent)
    assert capture.phase is Phase.FINAL
    assert capture.error_code is None
    assert capture.request_body == case.request_body
    assert capture.request_size == len(case.request_body)
    assert capture.response_body == case.response_body
    assert capture.response_status == int(re.findall(rb"HTTP/1.1 (\d+)", case.got)[-1])


def _normal(wire: bytes) -> bytes:
    """Chunk borders may differ: pieces of a chunked body are joined."""
    head, _, body = wire.partition(b"\r\n\r\n")
    if b"chunked" not in head:
        return wire
    data = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        if int(size, 16) == 0:
            return head + b"|" + data + b"|" + body
        data, body = data + body[: int(size, 16)], body[int(size, 16) + 2 :]


async def test_pipelined_requests_are_answered_in_order(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path, to(server)) as w:
        chunked = b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
        request = b"".join(
            [
                b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\n",
                b"POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
                b"POST /3 HTTP/1.1\r\nHost: h\r\n" + chunked,
                b"GET /4 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
            ]
        )
        got = await w.exchange(request)
        captures = await w.sink.wait(4)
    assert got.count(b"200 OK") == 4
    assert [c.target for c in captures] == ["/1", "/2", "/3", "/4"]
    assert [c.request_body for c in captures] == [b"", b"abc", b"x", b""]
    assert len(server.received) == 1, "the upstream connection is kept"


async def test_answer_that_ends_with_the_connection(tmp_path: Path) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.0 200 OK\r\nX: y\r\n\r\nuntil the end")

    async with upstream(script) as server, world(tmp_path, to(server)) as w:
        got = await w.exchange(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        capture = await w.sink.only()
    assert got == b"HTTP/1.1 200 OK\r\nX: y\r\nConnection: close\r\n\r\nuntil the end"
    assert capture.response_body == b"until the end"
    assert capture.error_code is None


async def test_http_1_0_client_gets_no_chunks(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    async with upstream(answering(answer)) as server, world(tmp_path, to(server)) as w:
        got = await w.exchange(b"GET / HTTP/1.0\r\nHost: h\r\n\r\n")
        capture = await w.sink.only()
    assert got == b"HTTP/1.1 200 OK\r\n\r\nabc"
    assert server.text.startswith(b"GET / HTTP/1.0\r\n")
    assert capture.http_version == "HTTP/1.0"


async def test_expectation_is_answered_by_the_upstream(tmp_path: Path) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert await reader.readexactly(3) == b"abc"
        writer.write(OK)

    async with upstream(script) as server, world(tmp_path, to(server)) as w:
        reader, writer = await w.connect()
        writer.write(
            b"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
        )
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"abc")
        assert await reader.readexactly(len(OK)) == OK
        writer.close()
        capture = await w.sink.only()
    assert capture.request_body == b"abc"


async def test_each_event_passes_before_the_next_is_sent(tmp_path: Path) -> None:
    gate = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for number in range(3):
            writer.write(b"data: %d\n\n" % number)
            await writer.drain()
            await gate.wait()
            gate.clear()

    async with upstream(script) as server, world(tmp_path, to(server)) as w:
        reader, writer = await w.connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        for number in range(3):
            # The upstream sends the next one only when this one has been read.
            assert await reader.readuntil(b"\n\n") == b"data: %d\n\n" % number
            gate.set()
        assert await reader.read() == b""
        writer.close()
        capture = await w.sink.only()
    assert capture.stream is not None
    assert (capture.stream.kind, capture.stream.count) == ("sse", 3)
    assert len(capture.stream.times) == 3
    assert sorted({0.0, *capture.stream.times}) == [0.0, *capture.stream.times]


async def test_answer_streams_while_the_request_does(tmp_path: Path) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
        for _ in range(4):
            writer.write((await reader.readexactly(1)).upper())

    async with upstream(script) as server, world(tmp_path, to(server)) as w:
        reader, writer = await w.connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        for letter in (b"a", b"b", b"c", b"d"):
            writer.write(letter)
            assert await reader.readexactly(1) == letter.upper()
        writer.close()
        capture = await w.sink.only()
    assert (capture.request_body, capture.response_body) == (b"abcd", b"ABCD")


async def test_large_bodies_are_counted_whole_and_kept_in_part(tmp_path: Path) -> None:
    size = 3_000_000

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"r" * size)
        await writer.drain()

    async with upstream(script) as server, world(tmp_path, to(server), body_limit=1000) as w:
        head = (
            b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % size
        )
        got = await w.exchange(head + b"q" * size)
        capture = await w.sink.only()
    assert got.endswith(b"r" * size)
    assert (capture.request_size, capture.response_size) == (size, size)
    assert (capture.request_body, capture.response_body) == (b"q" * 1000, b"r" * 1000)


async def test_a_stalled_reader_holds_its_upstream_back(tmp_path: Path) -> None:
    sent = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536

    async with upstream(script) as server, world(tmp_path, to(server)) as w:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, ("127.0.0.1", w.incoming))
        await loop.sock_sendall(client, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        before = -1
        while before != sent:
            before = sent
            await asyncio.sleep(0.2)
        assert sent < 20_000_000
        client.close()
        capture = await w.sink.only()
    assert capture.error_code == ErrorCode.CLIENT_CLOSED
    assert capture.response_status == 200


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


# Faults of the upstream


async def _reset(writer: asyncio.StreamWriter) -> None:
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.transport.abort()


@dataclass(frozen=True)
class Fault:
    """What an upstream sends before it closes or resets; what the client and the row get."""

    sends: bytes
    reset: bool
    status: bytes
    code: ErrorCode
    answered: int | None = None


FAULTS = {
    "closes at once": Fault(b"", False, b"502", ErrorCode.RESET),
    "resets at once": Fault(b"", True, b"502", ErrorCode.RESET),
    "closes in the head": Fault(b"HTTP/1.1 200 OK\r\nX-", False, b"502", ErrorCode.RESET),
    "closes in the body": Fault(
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", False, b"200", ErrorCode.RESET, 200
    ),
    "closes in a chunk": Fault(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
        False,
        b"200",
        ErrorCode.RESET,
        200,
    ),
    "resets a body that ends with the connection": Fault(
        b"HTTP/1.1 200 OK\r\n\r\nabc", True, b"200", ErrorCode.RESET, 200
    ),
    "garbage": Fault(b"SSH-2.0-x\r\n\r\n", False, b"502", ErrorCode.PROTOCOL),
    "HTTP/2.0 line": Fault(b"HTTP/2.0 200 OK\r\n\r\n", False, b"502", ErrorCode.PROTOCOL),
    "both framings": Fault(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
        False,
        b"502",
        ErrorCode.PROTOCOL,
    ),
    "two lengths": Fault(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        False,
        b"502",
        ErrorCode.PROTOCOL,
    ),
    "bad chunk size": Fault(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        False,
        b"502",
        ErrorCode.PROTOCOL,
    ),
    "a switch nobody asked for": Fault(
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
        False,
        b"502",
        ErrorCode.PROTOCOL,
    ),
    "an endless head": Fault(
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000, False, b"502", ErrorCode.PROTOCOL
    ),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_faults_of_the_upstream(tmp_path: Path, fault: Fault) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(fault.sends)
        if fault.reset:
            await _reset(writer)

    async with upstream(script) as server, world(tmp_path, to(server)) as w:
        got = await w.exchange(
            b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"
        )
        capture = await w.sink.only()
    # A body that only a reset can end may be lost with the reset.
    if not (fault.reset and fault.answered):
        assert got.startswith(b"HTTP/1.1 " + fault.status)
    assert capture.error_code == fault.code
    assert capture.response_status == fault.answered
    assert capture.proxy_status == (None if fault.answered else int(fault.status))
    assert capture.request_body == b"hi"


async def test_page_names_neither_version_nor_address(tmp_path: Path) -> None:
    async with world(tmp_path, Route(upstream="http://127.0.0.1:1")) as w:
        got = await w.exchange(b"GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        capture = await w.sink.only()
    assert got.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    for word in (b"127.0.0.1", b"mitm", b"iretrail", b"ython"):
        assert word not in got
    assert capture.error_code == ErrorCode.CONNECT_REFUSED
    assert capture.direction is Direction.INCOMING
    assert (capture.response_status, capture.proxy_status) == (None, 502)


async def test_connection_stays_after_a_page(tmp_path: Path) -> None:
    async with world(tmp_path, Route(upstream="http://127.0.0.1:1")) as w:
        request = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"
        got = await w.exchange(request + request.replace(b"Host", b"Connection: close\r\nHost"))
        await w.sink.wait(2)
    assert got.count(b"502 Bad Gateway\r\n") == 2


async def test_kept_connection_closed_by_the_upstream_closes_the_client(tmp_path: Path) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)
        # Takes the second request and closes without a word, as servers do at their idle limit.
        await read_request(reader)

    async with upstream(script) as server, world(tmp_path, to(server)) as w:
        reader, writer = await w.connect()
        for _ in range(2):
            writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert await reader.read() == OK
        writer.close()
        captures = await w.sink.wait(2)
    assert [c.error_code for c in captures] == [None, ErrorCode.RESET]
    assert captures[1].proxy_status is None


async def test_kept_connection_that_closed_before_is_dialled_anew(tmp_path: Path) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)

    async with upstream(script) as server, world(tmp_path, to(server)) as w:
        reader, writer = await w.connect()
        for _ in range(2):
            writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert await reader.readexactly(len(OK)) == OK
            await asyncio.sleep(0.1)
        writer.close()
        await w.sink.wait(2)
    assert len(server.received) == 2


async def test_unasked_bytes_never_reach_the_next_answer(tmp_path: Path) -> None:
    async with (
        upstream(answering(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", OK)) as server,
        world(tmp_path, to(server)) as w,
    ):
        reader, writer = await w.connect()
        for _ in range(2):
            writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert await reader.readexactly(len(OK)) == OK
        writer.close()
        await w.sink.wait(2)
    assert len(server.received) == 2


# Faults and limits of the client


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


async def test_too_large_a_head(tmp_path: Path) -> None:
    async with (
        upstream(answering(OK)) as server,
        world(tmp_path, to(server), limits=Limits(head_bytes=2000)) as w,
    ):
        got = await w.exchange(b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"a" * 3000 + b"\r\n\r\n")
        capture = await w.sink.only()
    assert got.startswith(b"HTTP/1.1 431 ")
    assert capture.error_code == ErrorCode.TOO_LARGE
    assert server.text == b""


async def test_too_many_fields(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path, to(server)) as w:
        fields = b"".join(b"X-%d: 1\r\n" % number for number in range(201))
        got = await w.exchange(b"GET / HTTP/1.1\r\nHost: h\r\n" + fields + b"\r\n")
        capture = await w.sink.only()
    assert got.startswith(b"HTTP/1.1 431 ")
    assert capture.error_code == ErrorCode.TOO_LARGE


async def test_a_value_of_64_kilobytes_passes(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path, to(server)) as w:
        value = b"v" * 65536
        got = await w.exchange(
            b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Big: " + value + b"\r\n\r\n"
        )
        capture = await w.sink.only()
    assert got.startswith(b"HTTP/1.1 200 OK")
    assert value in server.text
    assert (b"X-Big", value) in capture.request_headers


async def test_connections_beyond_the_limit_are_told_to_wait(tmp_path: Path) -> None:
    async with (
        upstream(answering(OK)) as server,
        world(tmp_path, to(server), limits=Limits(connections=1)) as w,
    ):
        _, first = await w.connect()
        first.write(b"GET / HT")
        await asyncio.sleep(0.05)
        got = await w.exchange(b"")
        capture = await w.sink.only()
        first.close()
    assert got.startswith(b"HTTP/1.1 503 ")
    assert (capture.error_code, capture.proxy_status) == (ErrorCode.OVERLOADED, 503)


async def test_idle_connections_make_room(tmp_path: Path) -> None:
    async with (
        upstream(answering(OK)) as server,
        world(tmp_path, to(server), limits=Limits(connections=2)) as w,
    ):
        oldest, _ = await w.connect()
        second, _ = await w.connect()
        await asyncio.sleep(0.05)
        for _ in range(2):
            got = await w.exchange(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            assert got.startswith(b"HTTP/1.1 200 ")
        assert await oldest.read() == b""
        assert not second.at_eof()
        await w.sink.wait(2)


# Deadlines


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


# Durable routes


async def test_durable_request_is_committed_before_the_upstream_sees_a_byte(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path, to(server, durable=True)) as w:
        w.sink.commit_gate = asyncio.Event()
        reader, writer = await w.connect()
        writer.write(
            b"POST /d HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"
        )
        await asyncio.sleep(0.05)
        writer.write(b"1\r\nc\r\n0\r\n\r\n")
        await asyncio.sleep(0.1)
        assert server.received == []
        w.sink.commit_gate.set()
        assert await reader.readexactly(len(OK)) == OK
        writer.close()
        capture = await w.sink.only()
    [request] = w.sink.committed
    assert request.phase is Phase.REQUEST
    assert request.id == capture.id
    assert request.request_body == capture.request_body == b"abc"
    assert request.durable
    assert capture.durable
    assert _normal(server.text).endswith(b"|abc|\r\n")


async def test_durable_request_that_is_not_committed_is_refused(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path, to(server, durable=True)) as w:
        w.sink.commits = False
        got = await w.exchange(
            b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"
        )
        capture = await w.sink.only()
    assert got.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After:" in got
    assert capture.error_code == ErrorCode.NOT_DURABLE
    assert server.received == []


async def test_durable_commit_that_hangs_is_given_up(tmp_path: Path) -> None:
    async with (
        upstream(answering(OK)) as server,
        world(tmp_path, to(server, durable=True), durable_wait=0.1) as w,
    ):
        w.sink.commit_gate = asyncio.Event()
        got = await w.exchange(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        capture = await w.sink.only()
    assert got.startswith(b"HTTP/1.1 503 ")
    assert capture.error_code == ErrorCode.NOT_DURABLE


@pytest.mark.parametrize("chunked", [False, True])
async def test_durable_request_above_the_limit(tmp_path: Path, chunked: bool) -> None:
    async with (
        upstream(answering(OK)) as server,
        world(tmp_path, to(server, durable=True), durable_limit=10) as w,
    ):
        framing = (
            b"Transfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n"
            if chunked
            else b"Content-Length: 11\r\n\r\n"
        )
        got = await w.exchange(b"POST / HTTP/1.1\r\nHost: h\r\n" + framing)
        capture = await w.sink.only()
    assert got.startswith(b"HTTP/1.1 413 ")
    assert capture.error_code == ErrorCode.TOO_LARGE
    assert w.sink.committed == []
    assert server.received == []


async def test_durable_route_answers_the_expectation_itself(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path, to(server, durable=True)) as w:
        reader, writer = await w.connect()
        writer.write(
            b"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
        )
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"abc")
        assert await reader.readexactly(len(OK)) == OK
        writer.close()
        await w.sink.only()
    assert b"xpect" not in server.text
    assert server.text.endswith(b"\r\n\r\nabc")
