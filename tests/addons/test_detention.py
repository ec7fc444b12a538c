"""Connections of clients that were thrown out."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from addons import detention
from tests.addons.relay_world import OK, World, answering, to, upstream, world
from tests.faults.floods import _http2, _resets

FLOOD = _http2().data_to_send() + b"".join(a + b for a, b in _resets(200))


async def flood(w: World) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A client that is thrown out."""
    reader, writer = await w.connect()
    writer.write(FLOOD)
    async with asyncio.timeout(10):
        while await reader.read(1 << 16):
            pass
    return reader, writer


async def refuses(writer: asyncio.StreamWriter) -> bool:
    """Whether the connection is closed on the other side."""
    with contextlib.suppress(OSError):
        for _ in range(20):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)
        return False
    return True


async def test_one_is_kept_and_not_read(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path, to(server)) as w:
        _, writer = await flood(w)
        assert w.relay.connections == 0
        assert not await refuses(writer)
        assert len(w.relay.detention._held) == 1
        block = bytes(1 << 20)
        for _ in range(16):
            writer.write(block)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await writer.drain()
        writer.transport.abort()


async def test_it_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detention, "_SECONDS", 0.05)
    async with upstream(answering(OK)) as server, world(tmp_path, to(server)) as w:
        _, writer = await flood(w)
        await asyncio.sleep(0.2)
        assert not w.relay.detention._held
        assert await refuses(writer)


async def test_beyond_a_number_they_are_closed_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detention, "_MOST", 2)
    async with upstream(answering(OK)) as server, world(tmp_path, to(server)) as w:
        for _ in range(2):
            await flood(w)
        _, third = await flood(w)
        assert await refuses(third)
        assert len(w.relay.detention._held) == 2


async def test_a_stop_does_not_wait_for_them(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path, to(server)) as w:
        _, writer = await flood(w)
        async with asyncio.timeout(0.5):
            await w.relay.stop(5)
        assert await refuses(writer)
