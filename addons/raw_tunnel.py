"""A tunnel that is passed through unread: for clients that pin certificates. Its row tells
where to, how long and how many bytes."""

from typing import TYPE_CHECKING, Any, Final

from mitmproxy.connection import ConnectionState, Server
from mitmproxy.proxy import commands, events

from addons.active_relay import DeadlineExpired
from addons.exchange import Exchange, clock
from addons.opening import open_unparsed
from store.activity import ErrorCode

if TYPE_CHECKING:
    from addons.tunnel import Tunnel

_NEVER: Final = float("inf")


class RawTunnel:
    """Pipes bytes between client and upstream and counts them."""

    def __init__(self, tunnel: "Tunnel", *, host: str, port: int) -> None:
        self.client = tunnel.client
        self.conversation = tunnel.conversation
        self.server = Server(address=(host, port))
        self.recording = tunnel.entrance.recording
        self.deadline = _NEVER
        self._target = tunnel.entrance.destinations.target(host, port, tls=False)
        self._pending: list[bytes] = []
        self._open = False
        self.exchange: Exchange | None = open_unparsed(
            tunnel.entrance,
            binding=tunnel.binding,
            began=tunnel.began,
            client_address=tunnel.client.peername[0],
            place=("https", host, port),
            method="CONNECT",
            target=f"{host}:{port}",
        )
        # Nothing of the content is kept, not even encrypted.
        self.exchange.body_limit = 0
        self.exchange.proxy_status = 200
        self.exchange.note("tunnel", "pass_through")
        self.conversation.relay = self

    def handle_event(self, event: events.Event) -> list[commands.Command]:
        """The commands that follow from an event."""
        if isinstance(event, events.Start):
            self.conversation.dial_seconds = self._target.deadlines.connect
            command = commands.OpenConnection(self.server)
            owner: Any = self
            command.blocking = owner
            return [command]
        if isinstance(event, events.OpenConnectionCompleted):
            return self._connected(event.reply)
        if isinstance(event, events.DataReceived):
            return self._pipe(event)
        if isinstance(event, events.ConnectionClosed):
            return self._closed(event)
        if isinstance(event, DeadlineExpired):
            return self._end(ErrorCode.IDLE_TIMEOUT, "the tunnel was idle")
        return []

    def _connected(self, failure: str | None) -> list[commands.Command]:
        if failure is not None:
            return self._end(getattr(failure, "code", ErrorCode.CONNECT_FAILED), str(failure))
        self._open = True
        if self.exchange is not None:
            self.exchange.response_status = 200
            self.exchange.upstream_ready_at = clock()
        self._watch()
        data = b"".join(self._pending)
        self._pending = []
        self.conversation.hold(self.client, False)
        return [commands.SendData(self.server, data)]

    def _pipe(self, event: events.DataReceived) -> list[commands.Command]:
        self._watch()
        if event.connection is self.client:
            if self.exchange is not None:
                self.exchange.take_request(event.data)
            if not self._open:
                self._pending.append(event.data)
                self.conversation.hold(self.client, True)
                return []
            return [commands.SendData(self.server, event.data)]
        if self.exchange is not None:
            self.exchange.take_answer(event.data)
        return [commands.SendData(self.client, event.data)]

    def _watch(self) -> None:
        idle = self._target.deadlines.idle
        self.deadline = clock() + idle if idle is not None else _NEVER

    def _closed(self, event: events.ConnectionClosed) -> list[commands.Command]:
        other = self.server if event.connection is self.client else self.client
        if self._open and other.state & ConnectionState.CAN_READ:
            return [commands.CloseTcpConnection(other, half_close=True)]
        return self._end(None, "")

    def _end(self, code: ErrorCode | None, message: str) -> list[commands.Command]:
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            if code is not None:
                exchange.fail(code, message)
            self.recording.ended(exchange)
        return [commands.CloseConnection(self.server), commands.CloseConnection(self.client)]

    # Called by the conversation

    def abandon(self, code: ErrorCode, message: str) -> bool:
        """See `ActiveRelay.abandon`. A client that closes is how a tunnel ends."""
        ended = code is ErrorCode.CLIENT_CLOSED and self._open
        self._end(None if ended else code, message)
        return not ended

    @property
    def idle(self) -> bool:
        """See `ActiveRelay.idle`."""
        return False

    def wind_down(self) -> bool:
        """A tunnel in use counts as an exchange in flight."""
        return self.exchange is None
