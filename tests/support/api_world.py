"""A real API server on loopback over a real store."""

import asyncio
import socket
import threading
from dataclasses import dataclass, field, replace
from typing import Any

import uvicorn

from proxy.api.app import create_app
from proxy.api.notice import Notice
from proxy.api.services import About, ApiServices, ApiSettings
from store.activity import ActivityRow
from store.data_folder import DataFolder
from store.sqlite.reader import SqliteReader
from store.sqlite.writer import SqliteWriter
from store.tokens import ALL_RIGHTS, Right, TokenStore
from tests.support import rows

NOW = 1_790_000_000_000
"""What the server takes for now (Unix ms)."""


def row(
    organization: str = "acme",
    integration: str = "slack",
    *,
    created_at: int = NOW - 60_000,
    **values: Any,
) -> ActivityRow:
    """A row of the server's last minute, as the recorder would make it."""
    return rows.row(organization, integration, created_at=created_at, **values)


class _QuickServer(uvicorn.Server):
    """Stops when told, without uvicorn's ticks of a tenth of a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stopping = asyncio.Event()

    async def main_loop(self) -> None:
        await self.stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        async with asyncio.timeout(10):
            while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110
                await asyncio.sleep(0.002)


class Server:
    """uvicorn in a thread with a loop of its own, as the keeper runs it."""

    def __init__(self, services: ApiServices, notice: Notice, port: int = 0) -> None:
        self.app = create_app(services)
        self._services = services
        self._notice = notice
        config = uvicorn.Config(self.app, log_level="warning", lifespan="off", loop="asyncio")
        self._server = _QuickServer(config)
        # asyncio turns off delays of small answers only for sockets that name their protocol.
        self._socket = socket.socket(proto=socket.IPPROTO_TCP)
        # The port of one that stopped, for readers that come back.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self._socket.listen(128)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)
        self._started = threading.Event()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._notice.bind()
        self._loop.call_later(0, self._started.set)
        await self._server.serve(sockets=[self._socket])
        await self._services.reader.close()

    def start(self) -> None:
        self._thread.start()
        assert self._started.wait(10)

    def stop(self) -> None:
        def end() -> None:
            self._services.closing.set()
            self._server.stopping.set()

        self._loop.call_soon_threadsafe(end)
        self._thread.join(20)
        self._socket.close()
        assert not self._thread.is_alive()


@dataclass
class World:
    """The store with its writer, the tokens, and how to run a server over them."""

    folder: DataFolder
    writer: SqliteWriter
    tokens: TokenStore
    notice: Notice = field(default_factory=Notice)
    services: dict[str, Any] = field(default_factory=dict)

    def write(self, *rows: ActivityRow) -> int:
        """Keep rows as the keeper does, news of the commit included; returns the last `seq`."""
        result = self.writer.write(rows)
        self.notice.publish(result.last_seq)
        return result.last_seq

    def token(self, *rights: Right, organizations: list[str] | None = None) -> str:
        return self.tokens.create("test", rights or ALL_RIGHTS, organizations, now=NOW)[1]

    def make_services(self, **changes: Any) -> ApiServices:
        services = ApiServices(
            reader=SqliteReader(self.folder.activity_db),
            tokens=self.tokens,
            about=About(version="1.2.3"),
            wait_for_change=self.notice.wait,
            settings=ApiSettings(heartbeat_seconds=0.3),
            clock=lambda: NOW,
        )
        return replace(services, **(self.services | changes))
