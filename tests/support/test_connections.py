"""What a test leaves open is found."""

import asyncio

import pytest

from tests.support import connections
from tests.support.connections import closed_connections


async def test_connections_that_stay_open_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_PATIENCE_SECONDS", 0.05)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    client, _ = await loop.create_connection(asyncio.Protocol, *address)
    left = await closed_connections()
    assert len(left) == 2
    assert client in left
    client.abort()
    server.close()
    assert await closed_connections() == []
