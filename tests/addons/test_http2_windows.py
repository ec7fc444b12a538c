"""A stream whose client stops reading is held back at its source; its neighbours go on."""

import asyncio
import shutil
import ssl
from pathlib import Path

import pytest

from addons import http2_windows
from addons.settings import ConnectTo
from tests.addons.relay_world import world
from tests.faults.h2_client import Ask, connect
from tests.faults.test_http2 import HOST, node
from tests.support.certificates import Authority

HUGE = 96 << 16


def held_bytes() -> int:
    """What waits in memory for readers."""
    return sum(
        len(piece.data)
        for connection in list(http2_windows._connections.values())
        for pieces in connection.h2_conn.stream_buffers.values()
        for piece in pieces
    )


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here")
@pytest.mark.parametrize("protocol", ["h2", "http/1.1"])
async def test_a_stalled_stream_waits_at_its_source(tmp_path: Path, protocol: str) -> None:
    authority = Authority(tmp_path)
    with node(authority.leaf(HOST), protocol) as port:
        where = ConnectTo(host=HOST, port=443, address="127.0.0.1", address_port=port)
        async with world(tmp_path, upstream_ca=authority.file, connect_to=(where,)) as w:
            trust = ssl.create_default_context(cafile=str(w.ca))
            client = await connect(HOST, w.forward, trust, proxied=True)
            stalled = client.start_unread(HOST, "/huge")
            async with asyncio.timeout(20):
                (neighbour,) = (await client.ask(HOST, [Ask("/large")]))[-1:]
            assert len(neighbour.body) == 1 << 20
            await asyncio.sleep(0.5)
            assert 0 < held_bytes() < http2_windows.WINDOW + (1 << 20)
            async with asyncio.timeout(30):
                got = await client.read(stalled)
            assert len(got.body) + client.before == HUGE
            client.writer.close()
            captures = await w.sink.wait(2)
    assert sorted(capture.response_size for capture in captures) == [1 << 20, HUGE]
