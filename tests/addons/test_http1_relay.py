"""Whole exchanges through the relay, between real sockets: framing and pipelining. Each leaves one
correct capture.
"""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from store.capture import Phase
from tests.addons.relay_world import OK, answering, normal, read_request, to, upstream, world

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
        assert normal(server.text) == normal(case.sent)
    assert capture.phase is Phase.FINAL
    assert capture.error_code is None
    assert capture.request_body == case.request_body
    assert capture.request_size == len(case.request_body)
    assert capture.response_body == case.response_body
    assert capture.response_status == int(re.findall(rb"HTTP/1.1 (\d+)", case.got)[-1])


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
