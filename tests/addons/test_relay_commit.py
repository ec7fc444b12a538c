"""The relay on durable routes."""

import asyncio
from pathlib import Path

import pytest

from store.activity import ErrorCode
from store.capture import Phase
from tests.addons.relay_world import OK, answering, normal, to, upstream, world


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
    assert normal(server.text).endswith(b"|abc|\r\n")


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
