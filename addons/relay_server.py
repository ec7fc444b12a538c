"""The relay of one worker: accepts from inherited sockets and runs a conversation for each client.

Only what the relay needs of mitmproxy is here: its options, its layers and the hooks that they
call. There is no `Master`, and none of the some thirty addons that `mitmdump` runs.
"""

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Sequence
from itertools import islice
from typing import Any, Final, cast

from mitmproxy.connection import Client, ConnectionState
from mitmproxy.options import Options

from addons import courtesy, http1_write, mitmproxy_fixes
from addons.arrival import look, record_flood, record_overload
from addons.conversation import Conversation, Hooks
from addons.courtesy import Courtesy
from addons.crowd import Alone, Crowd
from addons.detention import Detention
from addons.dialler import Dialler
from addons.entrance import Entrance
from addons.exchange import clock
from addons.flow_recorder import FlowRecorder
from addons.handover import FlowOrigin, starts_http2
from addons.http1_relay import Http1Relay
from addons.http2_allowance import CALM_DOWN, begins_with_too_many
from addons.http2_turns import Turns
from addons.listening_port import ListeningPort
from addons.recording import Recording
from addons.settings import Listener, RelaySettings
from addons.sink import CaptureSink
from addons.tls_contexts import TlsContexts
from addons.wire import Wire
from store.activity import ErrorCode

logger = logging.getLogger(__name__)

_TICK: Final = 0.1
"""Seconds between looks at the deadlines."""
_LOOKED_AT: Final = 1000
"""Connections that are looked at for an idle one when there are too many."""
_FUTILE_A_TURN: Final = 32
_OUT_OF_DESCRIPTORS: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

_TLS_HOOKS: Final = ("tls_clienthello", "tls_start_client", "tls_start_server")
_FLOW_HOOKS: Final = (
    "reset_at_once",
    "requestheaders",
    "request",
    "responseheaders",
    "response",
    "error",
    "tls_failed_server",
    "websocket_start",
    "websocket_message",
    "websocket_end",
    "conversation_gone",
)


# Name, type and value of what mitmproxy's `Proxyserver` addon declares and its layers read.
_LAYER_OPTIONS: Final[tuple[tuple[str, Any, object], ...]] = (
    ("store_streamed_bodies", bool, False),
    ("connection_strategy", str, "lazy"),
    ("stream_large_bodies", str | None, None),
    ("body_size_limit", str | None, None),
    ("keep_host_header", bool, True),
    ("proxy_debug", bool, False),
    ("normalize_outbound_headers", bool, True),
    ("validate_inbound_headers", bool, True),
)


class RelayServer:
    """Serves listeners until it is stopped. One for each worker, on one event loop. `crowd`
    tells how busy the other workers are that share the sockets."""

    def __init__(
        self, settings: RelaySettings, sink: CaptureSink, crowd: Crowd | None = None
    ) -> None:
        mitmproxy_fixes.apply()
        self.options = relay_options()
        self.flow_origins: dict[str, FlowOrigin] = {}
        self.detention = Detention()
        self.turns = Turns()
        self.recording = Recording(sink)
        self._crowd = crowd or Alone()
        self._courtesy = Courtesy(self._crowd)
        self._conversations: dict[Conversation, None] = {}
        """Oldest first."""
        self._ports: dict[socket.socket, ListeningPort] = {}
        self._recorder = FlowRecorder(self.flow_origins)
        self._ticker: asyncio.TimerHandle | None = None
        self._empty = asyncio.Event()
        self._stopping = False
        self._configure(settings)

    def _configure(self, settings: RelaySettings) -> None:
        self._settings = settings
        self.dialler = Dialler(settings)
        contexts = TlsContexts(settings)
        hooks: Hooks = {}
        for name in (*_TLS_HOOKS, "refused_http1"):
            hooks[name] = (getattr(contexts, name),)
        for name in _FLOW_HOOKS:
            hooks[name] = (getattr(self._recorder, name),)
        self.hooks: Hooks = hooks

    async def start(self, listeners: Sequence[tuple[socket.socket, Listener]]) -> None:
        """Accept from listening sockets. They stay open when the relay stops: their owner
        closes them."""
        loop = asyncio.get_running_loop()
        for listening, listener in listeners:
            listening.setblocking(False)
            port = ListeningPort(Entrance(listener, self._settings, self.recording))
            self._ports[listening] = port
            loop.add_reader(listening, self._ready, listening)
        self._crowd.publish(0)
        self._tick()

    def reload(self, settings: RelaySettings, listeners: Sequence[Listener]) -> None:
        """Take new settings. Listeners are matched by name; exchanges in flight keep the old
        settings, the next ones of kept connections have the new."""
        self._configure(settings)
        by_name = {listener.name: listener for listener in listeners}
        for port in self._ports.values():
            listener = by_name.get(port.entrance.name)
            if listener is not None:
                port.entrance = Entrance(listener, settings, self.recording)

    async def stop(self, grace_seconds: float) -> None:
        """Accept nothing more, let exchanges finish, then end the rest as `interrupted`."""
        loop = asyncio.get_running_loop()
        self._stopping = True
        self._crowd.leave()
        for listening in self._ports:
            loop.remove_reader(listening)
        for conversation in list(self._conversations):
            conversation.wind_down()
        if self._conversations:
            try:
                async with asyncio.timeout(grace_seconds):
                    await self._empty.wait()
            except TimeoutError:
                logger.info("%d connections were cut at stop", len(self._conversations))
        for conversation in list(self._conversations):
            conversation.end(ErrorCode.INTERRUPTED, "the proxy was stopped")
        if self._ticker is not None:
            self._ticker.cancel()
        self.detention.close()
        # Transports that were aborted close in the next turn of the loop.
        await asyncio.sleep(0)
        self.recording.flush()

    def forget(self, conversation: Conversation) -> None:
        """The client connection is gone."""
        self._conversations.pop(conversation, None)
        if not self._stopping:
            self._crowd.publish(len(self._conversations))
        self.flow_origins.pop(conversation.client.id, None)
        if self._stopping and not self._conversations:
            self._empty.set()

    @property
    def connections(self) -> int:
        """Client connections that are open."""
        return len(self._conversations)

    def _ready(self, listening: socket.socket) -> None:
        """Connections wait. Left to chance, one of two workers took both of two connections in
        half of the trials; so a worker that has more than another lets that one go first, and
        takes what is still there a moment later."""
        waits = self._courtesy.waits(len(self._conversations))
        if not waits:
            self._accept(listening)
            return
        asyncio.get_running_loop().remove_reader(listening)
        self._let_others(listening, waits)

    def _let_others(self, listening: socket.socket, waits: int) -> None:
        loop = asyncio.get_running_loop()

        def late() -> None:
            if self._stopping:
                return
            if waits > 1 and self._courtesy.goes_on(len(self._conversations)):
                self._let_others(listening, waits - 1)
                return
            loop.add_reader(listening, self._ready, listening)
            if self._accept(listening):
                self._courtesy.in_vain()
            else:
                self._courtesy.came()

        loop.call_later(courtesy.SECONDS, late)

    def _accept(self, listening: socket.socket) -> bool:
        """Whether there was a connection."""
        # One connection a turn, for the same reason. Those of floods do not count: dead ones cost
        # 20 us, thrown out 0.1 ms where it is 0.5 when everything has been made for them.
        for number in range(_FUTILE_A_TURN):
            try:
                accepted, _ = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return number > 0
            except OSError as error:
                self._cannot_accept(listening, error)
                return number > 0
            port = self._ports[listening]
            begun = look(accepted)
            if not begun:
                accepted.close()
                continue
            if starts_http2(begun) and begins_with_too_many(begun):
                self._throw_out(accepted, port.entrance)
                continue
            loop = asyncio.get_running_loop()
            task = loop.create_task(self._converse(accepted, port))
            task.add_done_callback(_report)
            break
        return True

    def _cannot_accept(self, listening: socket.socket, error: OSError) -> None:
        if error.errno == errno.EINVAL:  # the owner has shut it down: we are told to stop soon
            asyncio.get_running_loop().remove_reader(listening)
            return
        if error.errno not in _OUT_OF_DESCRIPTORS:
            raise error
        self._pause_accepting(listening)

    def _pause_accepting(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(listening)

        def resume() -> None:
            if not self._stopping:
                loop.add_reader(listening, self._ready, listening)

        loop.call_later(1.0, resume)

    async def _converse(self, accepted: socket.socket, port: ListeningPort) -> None:
        loop = asyncio.get_running_loop()
        accepted.setblocking(False)
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        try:
            peer, local = accepted.getpeername(), accepted.getsockname()
        except OSError:
            accepted.close()
            return
        client = Client(peername=peer, sockname=local, state=ConnectionState.OPEN)
        conversation = Conversation(self, client)
        entrance = port.entrance
        conversation.asked = not entrance.incoming
        conversation.allow_private = entrance.listener.allow_private
        conversation.dial_seconds = entrance.deadlines.connect
        conversation.layer = Http1Relay(conversation, port)
        full = len(self._conversations) >= self._settings.limits.connections
        if full:
            full = not self._make_room()
        self._conversations[conversation] = None
        if not self._stopping:
            self._crowd.publish(len(self._conversations))
        wire = Wire(conversation, client)
        try:
            await loop.connect_accepted_socket(lambda: wire, accepted)
        except OSError:
            self.forget(conversation)
            return
        if full:
            wire.transport.write(http1_write.page(503, close=True))
            wire.transport.close()
            record_overload(entrance, peer, local)

    def _throw_out(self, accepted: socket.socket, entrance: Entrance) -> None:
        """A client begins HTTP/2 as those do who flood."""
        with contextlib.suppress(OSError):
            record_flood(entrance, accepted.getpeername(), accepted.getsockname())
            accepted.send(CALM_DOWN, socket.MSG_DONTWAIT)
            accepted.shutdown(socket.SHUT_WR)
            if self.detention.take(accepted.close):
                return
        accepted.close()

    def _make_room(self) -> bool:
        """Close the oldest connection on which nothing is under way, so that a flood of silent
        ones shuts nobody out; false when there is none among those looked at."""
        for conversation in islice(self._conversations, _LOOKED_AT):
            if conversation.idle:
                conversation.close()
                return True
        return False

    def _tick(self) -> None:
        now = clock()
        for conversation in list(self._conversations):
            conversation.tick(now)
            if (
                self._stopping
                and conversation.relay is None
                and not self._recorder.busy(conversation)
            ):
                # mitmproxy's own HTTP layer keeps connections for ever.
                conversation.close()
        self._recorder.tick(now)
        self._ticker = asyncio.get_running_loop().call_later(_TICK, self._tick)


def relay_options() -> Options:
    """The options that mitmproxy's layers read, set for a sidecar. mitmproxy declares some of
    them in an addon whose import brings all the others along (30 MB); they are declared here."""
    options: Any = Options()
    for name, kind, value in _LAYER_OPTIONS:
        options.add_option(name, kind, value, "")
    options.update(http2_ping_keepalive=58, rawtcp=False, websocket=True)
    return cast(Options, options)


def _report(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("a connection could not be served: %s", type(error).__name__)
