"""The query API inside the keeper, on a listening socket that it inherits."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn

from proxy.api.app import create_app
from proxy.api.services import ApiServices


class _Server(uvicorn.Server):
    """Leaves signals to the supervisor."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class ApiServer:
    """Serves until closed. The listening socket stays open for the next keeper."""

    def __init__(self, services: ApiServices, listener: socket.socket) -> None:
        self._services = services
        self._listener = listener
        config = uvicorn.Config(
            create_app(services),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
            ws="none",
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Serve from now on."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        while not self._server.started and not self._task.done():  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        """End live streams, finish the other requests, and close the reader."""
        self._services.closing.set()
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        await self._services.reader.close()
