"""The keeper's end of the link: frames from the workers' connections into the inbox of the
writer thread, acknowledgements back."""

import asyncio
import logging
import socket
from typing import cast

from proxy.accounting import CounterBlock, SettledCounters
from proxy.link.inbox import Inbox, Received
from proxy.link.messages import UNNUMBERED, Acknowledged, Hello, Hurry, decode_message, frame
from store.capture import Capture, FrameError, FrameSplitter

log = logging.getLogger("wiretrail.link")


class LinkReceiver:
    """Accepts the workers' connections on a listening unix socket that somebody else holds too:
    while there is no keeper they wait in its backlog."""

    def __init__(self, counters: CounterBlock) -> None:
        self._counters = counters
        self._connections: set[WorkerConnection] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._accepting: asyncio.Task[None] | None = None
        self.inbox: Inbox[WorkerConnection] = Inbox(on_room=self._has_room)

    async def start(self, listener: socket.socket) -> None:
        """Take connections from now on."""
        self._loop = asyncio.get_running_loop()
        self._accepting = asyncio.create_task(self._accept(listener))

    @property
    def connected(self) -> int:
        """How many workers are connected."""
        return len(self._connections)

    def close(self) -> None:
        """End every connection; what was not acknowledged the workers keep."""
        if self._accepting is not None:
            self._accepting.cancel()
        for connection in list(self._connections):
            connection.close()

    def joined(self, connection: "WorkerConnection") -> None:
        """A connection stands."""
        self._connections.add(connection)

    def left(self, connection: "WorkerConnection") -> None:
        """A connection has ended."""
        self._connections.discard(connection)
        self.inbox.put([Received(connection, UNNUMBERED, b"")])

    def took(self, items: list[Received["WorkerConnection"]]) -> None:
        """Frames came in."""
        if not self.inbox.put(items):
            for connection in self._connections:
                connection.pause()

    def counters_of(self, hello: Hello) -> SettledCounters | None:
        """The slot a worker names; `None` when it is another's by now."""
        counters = self._counters.settled(hello.slot)
        return counters if counters.generation == hello.generation else None

    async def _accept(self, listener: socket.socket) -> None:
        # Not a server of the loop's: since Python 3.13 closing one removes the socket's path,
        # and the next keeper needs it.
        loop = self._loop_of()
        while True:
            connection, _ = await loop.sock_accept(listener)
            await loop.connect_accepted_socket(lambda: WorkerConnection(self, loop), connection)

    def _loop_of(self) -> asyncio.AbstractEventLoop:
        assert self._loop is not None
        return self._loop

    def _has_room(self) -> None:
        self._loop_of().call_soon_threadsafe(self._resume)

    def _resume(self) -> None:
        for connection in self._connections:
            connection.resume()


class WorkerConnection(asyncio.Protocol):
    """One connection of a worker."""

    def __init__(self, receiver: LinkReceiver, loop: asyncio.AbstractEventLoop) -> None:
        self._receiver = receiver
        self._loop = loop
        self._splitter = FrameSplitter()
        self._transport: asyncio.Transport | None = None
        self.counters: SettledCounters | None = None
        """The worker's slot, once it said hello."""
        self.started: dict[bytes, Capture] = {}
        """Exchanges told as started and not ended; belongs to the writer thread."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        transport = cast(asyncio.Transport, transport)
        self._transport = transport
        self._receiver.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._receiver.left(self)

    def data_received(self, data: bytes) -> None:
        items: list[Received[WorkerConnection]] = []
        hurry = False
        try:
            for number, payload in self._splitter.feed(data):
                if number == UNNUMBERED:
                    hurry |= self._heard(payload)
                else:
                    items.append(Received(self, number, payload))
        except (FrameError, IndexError) as error:
            log.error("a worker's frames cannot be read: %s", error)
            self.close()
        if items:
            self._receiver.took(items)
        if hurry:
            self._receiver.inbox.hurry()

    def settled(self, number: int, dropped: dict[int, str]) -> None:
        """See `proxy.link.inbox.Origin`."""
        data = frame(UNNUMBERED, Acknowledged(number, dropped))
        self._loop.call_soon_threadsafe(self._write, data)

    def pause(self) -> None:
        """Read no more: the worker keeps its captures."""
        if self._transport is not None and self._transport.is_reading():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._transport is not None and not self._transport.is_reading():
            self._transport.resume_reading()

    def close(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def _heard(self, payload: bytes) -> bool:
        """Take an unnumbered message; whether somebody waits for the commit."""
        message = decode_message(payload)
        if isinstance(message, Hello):
            self.counters = self._receiver.counters_of(message)
        elif not isinstance(message, Hurry):
            raise FrameError("this message needs a number")
        else:
            return True
        return False

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)
