from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from store.data_folder import DataFolder
from store.sqlite.writer import SqliteWriter
from store.tokens import TokenStore
from tests.support.api_world import Server, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    folder = DataFolder(tmp_path / "data").ensure()
    writer = SqliteWriter(folder.activity_db)
    yield World(folder, writer, TokenStore(folder.tokens, folder.admin_token))
    writer.close()


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    running = Server(world.make_services(), world.notice)
    running.start()
    yield running
    running.stop()


@pytest.fixture
async def client(server: Server, world: World) -> AsyncIterator[httpx.AsyncClient]:
    """The operator's client: every right, all organizations."""
    headers = {"Authorization": f"Bearer {world.token()}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers) as opened:
        yield opened


@pytest.fixture
async def anyone(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token."""
    async with httpx.AsyncClient(base_url=server.url) as opened:
        yield opened
