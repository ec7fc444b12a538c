"""One client connection with its upstream connections: runs mitmproxy's layers on asyncio.

mitmproxy's own `ConnectionHandler` reads through `StreamReader` in a task for each connection
and takes two locks an event; this one feeds the layers from the transports' callbacks (27 us an
exchange less), can abort a stalled peer, and knows which connection holds back which.
"""

import asyncio
import logging
import socket
import time
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol

from mitmproxy.connection import Client, Connection, ConnectionState, Server
from mitmproxy.options import Options
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import Layer

from addons.active_relay import (
    AbortConnection,
    ActiveRelay,
    Continued,
    DeadlineExpired,
    DetainConnection,
    Finished,
)
from addons.detention import Detention
from addons.dialler import Dialler
from addons.errors import DialError, DialFailure
from addons.exchange import clock
from addons.handover import FlowOrigin
from addons.http2_turns import Turns
from addons.http2_windows import HoldReading
from addons.wire import Wire, Wires
from store.activity import ErrorCode

logger = logging.getLogger(__name__)

_FLUSH_PATIENCE: Final = 30.0
"""Seconds without progress after which a closing connection with unsent bytes is aborted."""
_NEVER: Final = float("inf")


type Hooks = dict[str, tuple[Callable[..., None], ...]]
"""What is called for each of mitmproxy's hooks, all of it synchronous."""


class Host(Protocol):
    """What conversations share."""

    options: Options
    dialler: Dialler
    hooks: Hooks
    detention: Detention
    turns: Turns
    flow_origins: dict[str, FlowOrigin]
    """By client id: connections that mitmproxy's own HTTP layer has."""

    def forget(self, conversation: "Conversation") -> None:
        """The client connection is gone."""
        ...


class _Deaf:
    """The layer of a conversation that is over."""

    def handle_event(self, event: events.Event) -> tuple[commands.Command, ...]:
        return ()


_DEAF: Final[Any] = _Deaf()


class Conversation:
    """Executes what layers command, tells them what happens. Everything is synchronous except
    dialling and what `run` is given."""

    def __init__(self, host: Host, client: Client) -> None:
        self.host = host
        self.client = client
        self.context = Context(client, host.options)
        self.layer: Layer
        self.relay: ActiveRelay | None = None
        self.dial_seconds = 10.0
        self.asked = True
        """Clients name the upstreams (a forward listener)."""
        self.allow_private = True
        self.gone = False
        self._queue: deque[events.Event] = deque()
        self._running = False
        self._client_wire: Wire | None = None
        self.wires = Wires()
        self._dials: dict[int, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: set[asyncio.TimerHandle] = set()
        self._resets: set[int] = set()
        self._flush_deadline = _NEVER
        self._unflushed = 0

    # Called by wires

    def wire_made(self, wire: Wire) -> None:
        self.wires[id(wire.connection)] = wire
        if wire.connection is self.client:
            self._client_wire = wire
            self.dispatch(events.Start())

    def wire_lost(self, wire: Wire, *, reset: bool) -> None:
        connection = wire.connection
        self.wires.lose(wire)
        if reset:
            self._resets.add(id(connection))
        connection.state = ConnectionState.CLOSED
        if self.gone:
            if wire is self._client_wire:
                self._take_apart()
            return
        if not wire.closed and not wire.eof:
            self.dispatch(events.ConnectionClosed(connection))
        if wire is self._client_wire:
            self.finish(ErrorCode.CLIENT_CLOSED, "the client closed the connection")
            self._take_apart()

    def _take_apart(self) -> None:
        """Break the cycles between layers, context and wires: without a cyclic collection in
        between, a busy worker would keep the TLS buffers (60 KB) of each ended connection."""
        self.layer = _DEAF
        self.relay = None
        self.context.layers.clear()
        self._client_wire = None
        self.wires.clear()

    def write_resumed(self, wire: Wire) -> None:
        """A peer reads again."""
        self.wires.resume(wire)
        if wire is self._client_wire and self.relay is not None and not self.gone:
            self.dispatch(Continued())

    # Called by relays

    def hold(self, connection: Connection, held: bool) -> None:
        """Stop or continue reading from a connection."""
        self.wires.hold(connection, held)

    def stalled(self, connection: Connection) -> bool:
        """Whether the peer does not read what it is sent."""
        return self.wires.stalled(connection)

    def refused(self, connection: Connection) -> bool:
        """Whether the peer answered with a reset to what it was sent: it had closed, and had not
        only finished sending."""
        if self.was_reset(connection):
            return True
        wire = self.wires.of(connection)
        raw = None if wire is None else wire.transport.get_extra_info("socket")
        return raw is not None and raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0

    def was_reset(self, connection: Connection) -> bool:
        """Whether the connection ended by an error instead of an end of stream."""
        return id(connection) in self._resets

    def abort(self, connection: Connection) -> None:
        """Drop a connection with what was not sent yet; its peer sees a reset."""
        wire = self.wires.of(connection)
        if wire is not None:
            wire.closed = True
            connection.state = ConnectionState.CLOSED
            wire.reset()

    def soon(self) -> None:
        """Dispatch `Continued` in the next turn of the loop."""
        asyncio.get_running_loop().call_soon(self._continue)

    def _continue(self) -> None:
        if not self.gone:
            self.dispatch(Continued())

    def run(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do asynchronous work; its result comes back as `Finished`."""
        task = asyncio.get_running_loop().create_task(self._run(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, work: Coroutine[Any, Any, Any]) -> None:
        result = await work
        if not self.gone:
            self.dispatch(Finished(result))

    # The engine

    def dispatch(self, event: events.Event) -> None:
        """Give an event to the layers and do what they command. Events that arise meanwhile
        wait their turn, so that layers never see one inside another."""
        if self._running:
            self._queue.append(event)
            return
        self._running = True
        try:
            while True:
                for command in self.layer.handle_event(event):
                    if type(command) is commands.SendData:
                        wire = self.wires.get(id(command.connection))
                        if wire is not None and not wire.transport.is_closing():
                            wire.transport.write(command.data)
                    else:
                        self._execute(command)
                if not self._queue:
                    break
                event = self._queue.popleft()
        except Exception as error:  # noqa: BLE001  the guard that keeps one connection's fault its own
            self._crashed(error)
        finally:
            self._running = False

    def _execute(self, command: commands.Command) -> None:
        if isinstance(command, commands.OpenConnection):
            task = asyncio.get_running_loop().create_task(self._dial(command))
            self._dials[id(command.connection)] = task
        elif isinstance(command, AbortConnection):
            self.abort(command.connection)
        elif isinstance(command, DetainConnection):
            self._detain(command.connection)
        elif isinstance(command, commands.CloseConnection):
            half = isinstance(command, commands.CloseTcpConnection) and command.half_close
            self._close(command.connection, half=half)
        elif isinstance(command, commands.StartHook):
            for hook in self.host.hooks.get(command.name, ()):
                hook(*command.args())
            if command.blocking:
                self._queue.append(events.HookCompleted(command))
        elif isinstance(command, commands.RequestWakeup):
            self._wake_later(command)
        elif isinstance(command, HoldReading):
            self.hold(command.connection, command.held)
        # Log commands are dropped: mitmproxy's texts quote what peers sent.

    def _close(self, connection: Connection, *, half: bool) -> None:
        wire = self.wires.of(connection)
        if wire is None:
            task = self._dials.pop(id(connection), None)
            if task is not None:
                task.cancel()
            connection.state = ConnectionState.CLOSED
            return
        if half:
            if connection.state & ConnectionState.CAN_WRITE and wire.transport.can_write_eof():
                connection.state &= ~ConnectionState.CAN_WRITE
                if not wire.transport.is_closing():
                    try:
                        wire.transport.write_eof()
                    except OSError:  # the peer has reset the connection a moment ago
                        self._resets.add(id(connection))
            return
        if wire.closed:
            return
        wire.closed = True
        connection.state = ConnectionState.CLOSED
        if wire is self._client_wire:
            self._unflushed = wire.transport.get_write_buffer_size()
            self._flush_deadline = clock() + _FLUSH_PATIENCE
        wire.transport.close()
        if not wire.eof:
            self._queue.append(events.ConnectionClosed(connection))

    def _detain(self, connection: Connection) -> None:
        wire = self.wires.of(connection)
        taken = wire is not None and not wire.closed and wire.shut()
        if wire is None or not taken or not self.host.detention.take(wire.transport.abort):
            self._close(connection, half=False)
            return
        wire.closed = True
        self.wires.lose(wire)
        connection.state = ConnectionState.CLOSED
        if not wire.eof:
            self._queue.append(events.ConnectionClosed(connection))
        # All that belongs to it goes now, not when it is let go.
        asyncio.get_running_loop().call_soon(self._detained)

    def _detained(self) -> None:
        self.finish(ErrorCode.CLIENT_CLOSED, "the client was thrown out")
        self._take_apart()

    def _wake_later(self, command: commands.RequestWakeup) -> None:
        def wake() -> None:
            self._timers.discard(handle)
            if not self.gone:
                self.dispatch(events.Wakeup(command))

        handle = asyncio.get_running_loop().call_later(command.delay, wake)
        self._timers.add(handle)

    async def _dial(self, command: commands.OpenConnection) -> None:
        server = command.connection
        assert isinstance(server, Server)
        assert server.address is not None
        server.timestamp_start = time.time()
        try:
            transport, _ = await self.host.dialler.dial(
                server.address[0],
                server.address[1],
                lambda: Wire(self, server),
                seconds=self.dial_seconds,
                asked=self.asked,
                allow_private=self.allow_private,
            )
        except DialError as error:
            self._dials.pop(id(server), None)
            server.error = str(error)
            if not self.gone:
                self.dispatch(events.OpenConnectionCompleted(command, DialFailure(error)))
            return
        self._dials.pop(id(server), None)
        if self.gone:
            transport.abort()
            return
        server.timestamp_tcp_setup = time.time()
        server.state = ConnectionState.OPEN
        server.peername = transport.get_extra_info("peername")
        server.sockname = transport.get_extra_info("sockname")
        if self.client.alpn == b"h2" and not server.tls:
            # A client that speaks HTTP/2 in the clear knows that the upstream does.
            server.alpn = b"h2"
        self.wires.update_reading()
        self.dispatch(events.OpenConnectionCompleted(command, None))

    def _crashed(self, error: Exception) -> None:
        # The text of the exception may quote what a peer sent.
        frame = error.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        place = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else "?"
        logger.error("a layer failed: %s at %s", type(error).__name__, place)
        self._queue.clear()
        self.end(ErrorCode.INTERNAL, f"the relay failed ({type(error).__name__})")

    # Called by the server

    def tick(self, now: float) -> None:
        """Look at the deadlines."""
        relay = self.relay
        if relay is not None and now >= relay.deadline:
            relay.deadline = _NEVER
            self.dispatch(DeadlineExpired())
        if now >= self._flush_deadline:
            self._check_flush(now)

    def _check_flush(self, now: float) -> None:
        wire = self._client_wire
        if wire is None or self.gone:
            return
        size = wire.transport.get_write_buffer_size()
        if size and size == self._unflushed:
            wire.transport.abort()
        else:
            self._unflushed = size
            self._flush_deadline = now + _FLUSH_PATIENCE

    @property
    def idle(self) -> bool:
        """Whether nobody would miss this connection now."""
        return self.relay is not None and self.relay.idle

    def wind_down(self) -> None:
        """Take no further exchange; close at once when none is in flight."""
        relay = self.relay
        if relay is not None and relay.wind_down():
            self.close()

    def close(self) -> None:
        """Close an idle client connection; what was written still goes out."""
        self.finish(ErrorCode.INTERRUPTED, "the proxy was stopped")
        if self._client_wire is not None:
            self._client_wire.transport.close()

    def end(self, code: ErrorCode, message: str) -> None:
        """Drop every connection; exchanges in flight end with this reason."""
        unframed = self.finish(code, message)
        if self._client_wire is None:
            return
        if unframed:
            self._client_wire.reset()
        else:
            self._client_wire.transport.abort()

    def finish(self, code: ErrorCode, message: str) -> bool:
        """The client is gone: end what is in flight, let go of everything. What the relay's
        `abandon` says."""
        if self.gone:
            return False
        self.gone = True
        unframed = self.relay is not None and self.relay.abandon(code, message)
        for hook in self.host.hooks.get("conversation_gone", ()):
            hook(self, code, message)
        for wire in list(self.wires.values()):
            if wire is not self._client_wire:
                wire.transport.abort()
        for task in (*self._dials.values(), *self._tasks):
            task.cancel()
        for timer in self._timers:
            timer.cancel()
        self._dials.clear()
        self._timers.clear()
        self.host.forget(self)
        return unframed
