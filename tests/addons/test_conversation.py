"""What one client connection holds goes when it ends, without a cyclic collection."""

import asyncio
import gc
import socket
import weakref
from pathlib import Path

from addons.conversation import Conversation
from store.activity import ErrorCode
from tests.addons.relay_world import (
    OK,
    World,
    answering,
    read_request,
    tls_world,
    to,
    tunnel,
    upstream,
    world,
)


async def _one_over_tls(w: World) -> weakref.ref[Conversation]:
    reader, writer = await tunnel(w, "api.test")
    writer.write(b"GET / HTTP/1.1\r\nHost: api.test\r\n\r\n")
    assert await reader.readexactly(len(OK)) == OK
    [conversation] = w.relay._conversations
    found = weakref.ref(conversation)
    del conversation
    writer.close()
    return found


async def test_everything_goes_by_reference_count(tmp_path: Path) -> None:
    async with tls_world(tmp_path, answering(OK)) as (w, _):
        gc.collect()
        gc.disable()
        try:
            found = await _one_over_tls(w)
            await w.sink.only()
            await asyncio.sleep(0.3)
            assert w.relay.connections == 0
            assert found() is None
        finally:
            gc.enable()


async def test_reset_by_the_client_in_the_answer(tmp_path: Path) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async with upstream(script) as server, world(tmp_path, to(server)) as w:
        reader, writer = await w.connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        raw: socket.socket = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()
        capture = await w.sink.only()
    assert capture.error_code == ErrorCode.CLIENT_CLOSED
    assert capture.response_status == 200
