"""Data of open TLS connections: records of all sizes, ends behind data, layers that change."""

import asyncio
import base64
import hashlib
import os
from pathlib import Path

import pytest

from tests.addons.relay_world import (
    OK,
    read_request,
    tls_world,
    tunnel,
)

_UPGRADE = (
    b"GET /live HTTP/1.1\r\nHost: api.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %b\r\n\r\n"
)
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@pytest.mark.parametrize("size", [0, 1, 16_384, 16_385, 70_000, 1_000_000])
async def test_bodies_of_many_records(tmp_path: Path, size: int) -> None:
    body = os.urandom(size)

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await read_request(reader):
            got = request.partition(b"\r\n\r\n")[2]
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(got), got))

    async with tls_world(tmp_path, echo) as (w, _):
        reader, writer = await tunnel(w, "api.test")
        for _ in range(2):
            writer.write(
                b"POST / HTTP/1.1\r\nHost: api.test\r\nContent-Length: %d\r\n\r\n%b" % (size, body)
            )
            head = await reader.readuntil(b"\r\n\r\n")
            assert head == b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size
            assert await reader.readexactly(size) == body
        writer.close()
        captures = await w.sink.wait(2)
    assert {(c.request_size, c.response_size) for c in captures} == {(size, size)}


async def test_end_behind_the_last_data(tmp_path: Path) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        # The records of the answer and the close_notify leave as one.
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000)

    async with tls_world(tmp_path, script) as (w, _):
        reader, writer = await tunnel(w, "api.test")
        writer.write(b"GET / HTTP/1.1\r\nHost: api.test\r\n\r\n")
        assert (
            len(await reader.read())
            == len(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n") + 100_000
        )
        writer.close()
        capture = await w.sink.only()
    assert (capture.response_size, capture.error_code) == (100_000, None)


async def test_websocket_on_a_connection_that_had_requests(tmp_path: Path) -> None:
    key = base64.b64encode(bytes(16))
    accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await read_request(reader):
            if b"Upgrade" not in request:
                writer.write(OK)
                continue
            writer.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Accept: %b\r\n\r\n" % accept
            )
            writer.write(b"\x81\x02hi")
            assert len(await reader.readexactly(6)) == 6
            writer.write(b"\x88\x02\x03\xe8")

    async with tls_world(tmp_path, script) as (w, _):
        reader, writer = await tunnel(w, "api.test")
        writer.write(b"GET / HTTP/1.1\r\nHost: api.test\r\n\r\n")
        assert await reader.readexactly(len(OK)) == OK
        writer.write(_UPGRADE % key)
        async with asyncio.timeout(5):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
            assert await reader.readexactly(4) == b"\x81\x02hi"
            # Masked: an empty text message.
            writer.write(b"\x81\x80\0\0\0\0")
            assert await reader.readexactly(4) == b"\x88\x02\x03\xe8"
            writer.write(b"\x88\x82\0\0\0\0\x03\xe8")
        writer.close()
        captures = await w.sink.wait(2)
    assert [c.response_status for c in captures] == [200, 101]
    stream = captures[1].stream
    assert stream is not None
    assert stream.count >= 2
