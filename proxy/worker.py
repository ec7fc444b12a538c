"""A worker: relays traffic, takes captures and hands them to the keeper. Nothing else: it runs
no pattern, compresses nothing and touches no disk."""

import asyncio
import gc
import logging
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from addons.settings import Limits, Listener, RelaySettings
from proxy.accounting import CounterBlock
from proxy.child import ChildEnd, begin, loop_factory
from proxy.config import Address, Config, listeners, relay_settings
from proxy.config.units import size_in_bytes
from proxy.control import BoundAddress, Failed, Ready, Reload, Stop, WorkerStart
from proxy.crowd import SharedCrowd
from proxy.descriptors import connections_within
from proxy.link.sender import LinkSender
from proxy.private_log import places, report_context

if TYPE_CHECKING:
    from addons.relay_server import RelayServer

log = logging.getLogger("wiretrail.worker")

# For handing the last captures over, after the exchanges have ended.
_DRAIN_SECONDS: Final = 10.0
# When the supervisor was killed: its successor waits for our listening sockets.
_ORPHAN_SECONDS: Final = 2.0


def main() -> int:
    """Run a worker; returns the exit code."""
    control = begin("worker")
    start = control.first()
    if not isinstance(start, WorkerStart):
        return 1
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.get_loop().set_exception_handler(report_context)
        return runner.run(Worker(control, start).run())


class Worker:
    """One worker."""

    def __init__(self, control: ChildEnd, start: WorkerStart) -> None:
        self._control = control
        self._start = start
        counters = CounterBlock(start.counters_fd)
        self._crowd = SharedCrowd(counters, start.slot)
        self._sender = LinkSender(
            start.link_path,
            start.slot,
            counters.worker(start.slot),
            queue_bytes=size_in_bytes(start.config.limits.queue_bytes),
        )

    async def run(self) -> int:
        """Until told to stop; returns the exit code."""
        # After `begin`: mitmproxy reads the environment when it is imported.
        from addons.relay_server import RelayServer

        config = self._start.config
        settings = self._settings(config, self._start.upstream_ca)
        server = RelayServer(settings, self._sender, self._crowd)
        await self._sender.start()
        try:
            await server.start(self._bound(config))
        except OSError as error:
            self._control.say(Failed(f"a worker cannot start: {error.strerror or places(error)}"))
            return 1
        gc.collect()
        gc.freeze()
        self._control.say(Ready())
        told = await self._serve(server)
        # Without a supervisor no keeper comes back.
        left = await self._sender.drain(_DRAIN_SECONDS if told else _ORPHAN_SECONDS)
        if left:
            log.error("%d captures could not be handed over", left)
        await self._sender.close()
        await self._control.close()
        return 0

    async def _serve(self, server: "RelayServer") -> bool:
        """Relay until told to stop, and until the running exchanges have ended; False when there
        is no supervisor any more."""
        message = await self._control.next()
        while isinstance(message, Reload):
            fresh = [bound.listener for bound in listeners(message.config)]
            server.reload(self._settings(message.config, message.upstream_ca), fresh)
            message = await self._control.next()
        if not isinstance(message, Stop):
            await server.stop(_ORPHAN_SECONDS)
            return False
        stopping = asyncio.create_task(server.stop(message.grace))
        again = asyncio.create_task(self._control.next())
        await asyncio.wait((stopping, again), return_when=asyncio.FIRST_COMPLETED)
        if not stopping.done():
            # Told twice: the exchanges that still run are cut.
            stopping.cancel()
            await server.stop(0.0)
        again.cancel()
        return True

    def _settings(self, config: Config, upstream_ca: str | None) -> RelaySettings:
        settings = relay_settings(
            config,
            upstream_ca=None if upstream_ca is None else Path(upstream_ca),
            own_addresses=[Address(host, port) for host, port in self._start.own_addresses],
        )
        limits = settings.limits
        asked = limits.connections != Limits().connections
        connections = connections_within(limits.connections, asked=asked)
        limits = msgspec.structs.replace(limits, connections=connections)
        return msgspec.structs.replace(settings, limits=limits)

    def _bound(self, config: Config) -> list[tuple[socket.socket, Listener]]:
        configured = [bound.listener for bound in listeners(config)]
        return [
            (_inherited(address), listener)
            for address, listener in zip(self._start.listeners, configured, strict=True)
        ]


def _inherited(address: BoundAddress) -> socket.socket:
    listener = socket.socket(fileno=address.fd)
    listener.setblocking(False)
    return listener


if __name__ == "__main__":
    sys.exit(main())
