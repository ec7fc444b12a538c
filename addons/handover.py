"""Hands a connection over to mitmproxy's own HTTP layer: WebSocket and HTTP/2."""

import time
from typing import TYPE_CHECKING, Any, Final

from mitmproxy.connection import Connection, ConnectionState
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers import HttpLayer
from mitmproxy.proxy.layers.http import GetHttpConnectionCompleted, HTTPMode
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestProtocolError,
    ResponseProtocolError,
)

from addons.active_relay import Continued
from addons.errors import DialError, DialFailure
from addons.exchange import Binding
from addons.forwarded import ForwardedRule
from addons.http2_endings import NO_ANSWER_IN_TIME
from addons.http2_turns import one_go
from addons.http2_windows import HoldReading
from addons.listening_port import ListeningPort
from addons.routing import Target
from store.activity import ErrorCode as ActivityError

if TYPE_CHECKING:
    from addons.conversation import Conversation

_REMEMBERED: Final = 32
"""Connections that are remembered before the closed ones are looked for."""
_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class FlowOrigin:
    """What the flow recorder has to know of a connection that was handed over."""

    __slots__ = ("binding", "conversation", "fixed", "forwarded", "peer", "port", "tls_failure")

    def __init__(
        self,
        conversation: "Conversation",
        port: ListeningPort,
        *,
        binding: Binding,
        forwarded: ForwardedRule,
        fixed: Target | None,
    ) -> None:
        self.conversation = conversation
        self.port = port
        self.binding = binding
        self.forwarded = forwarded
        self.fixed = fixed
        """The one target of the connection; `None`: routes decide for each request."""
        self.peer = conversation.client.peername[0]
        self.tls_failure = ""
        """Why the last handshake with an upstream failed."""


class FlowExpired(events.Event):
    """A deadline of one flow has passed."""

    def __init__(self, flow_id: str) -> None:
        self.flow_id = flow_id


class ConnectExpired(FlowExpired):
    """The deadline for the connection of one flow has passed: TCP may stand and TLS may not."""


_NOT_IN_TIME: Final = DialError("no connection in time", ActivityError.CONNECT_TIMEOUT)


class FlowLayer(HttpLayer):
    """mitmproxy's HTTP layer, in which a single flow can be ended from outside: the others of an
    HTTP/2 connection go on."""

    _look_at = _REMEMBERED
    _read = b""
    """What an HTTP/2 client has sent and nobody has looked at."""
    _held = False
    """It is not read meanwhile."""
    _end: events.ConnectionClosed | None = None
    """It has closed TLS behind that."""

    def __init__(self, context: Context, conversation: "Conversation") -> None:
        super().__init__(context, HTTPMode.transparent)
        self._conversation = conversation
        self._turns = conversation.host.turns

    def _handle_event(self, event: events.Event) -> CommandGenerator[None]:
        client = self.context.client
        if isinstance(event, events.DataReceived) and event.connection is client:
            yield from self._from_client(event)
        elif isinstance(event, Continued):
            yield from self._take_some()
        elif isinstance(event, events.ConnectionClosed) and event.connection is client:
            if self._read:
                self._end = event
            else:
                yield from self._pass_on(event)
        else:
            yield from self._pass_on(event)

    def _from_client(self, event: events.DataReceived) -> CommandGenerator[None]:
        if client_side(self) is None:
            yield from self._pass_on(event)
            return
        waits = bool(self._read)
        self._read += event.data
        if not waits:
            if self._turns.free():
                yield from self._take_some()
            else:
                yield from self._wait()

    def _take_some(self) -> CommandGenerator[None]:
        """It is this client's turn."""
        data, http2 = self._read, client_side(self)
        if not data or http2 is None:
            return
        began = time.perf_counter()
        size = one_go(http2, data)
        self._read = data[size:]
        yield from self._pass_on(events.DataReceived(self.context.client, data[:size]))
        self._turns.worked(began)
        if self._read:
            yield from self._wait()
            return
        if self._held:
            self._held = False
            yield HoldReading(self.context.client, False)
        if self._end is not None:
            end, self._end = self._end, None
            yield from self._pass_on(end)

    def _wait(self) -> CommandGenerator[None]:
        self._held = True
        yield HoldReading(self.context.client, True)
        self._turns.wait(self._conversation)

    def _pass_on(self, event: events.Event) -> CommandGenerator[None]:
        if isinstance(event, ConnectExpired):
            yield from self._give_up_connecting(event.flow_id)
        elif isinstance(event, FlowExpired):
            yield from self._give_up_connecting(event.flow_id)
            yield from self._expire(event.flow_id)
        elif not (isinstance(event, events.ConnectionEvent) and self._forgotten(event.connection)):
            yield from super()._handle_event(event)
        if len(self.connections) > self._look_at:
            self._forget_connections()

    def _forgotten(self, connection: Connection) -> bool:
        return connection is not self.context.server and connection not in self.connections

    def _forget_connections(self) -> None:
        """mitmproxy keeps every connection to an upstream for as long as the client's lasts, and
        towards HTTP/1 that is one for each request."""
        used = {id(stream.context.server) for stream in self.streams.values()}
        for connection in list(self.connections):
            if (
                connection.state is ConnectionState.CLOSED
                and connection not in self.waiting_for_establishment
                and id(connection) not in used
            ):
                del self.connections[connection]
        self._look_at = max(_REMEMBERED, 2 * len(self.connections))

    def _give_up_connecting(self, flow_id: str) -> CommandGenerator[None]:
        """Nothing happens when the flow has its connection."""
        for connection, waiting in list(self.waiting_for_establishment.items()):
            asked = [self.command_sources.get(command) for command in waiting]
            flows = [getattr(stream, "flow", None) for stream in asked]
            if not any(flow is not None and flow.id == flow_id for flow in flows):
                continue
            del self.waiting_for_establishment[connection], self.connections[connection]
            yield commands.CloseConnection(connection)
            failure = DialFailure(_NOT_IN_TIME)
            for command in waiting:
                stream = self.command_sources.pop(command)
                reply = GetHttpConnectionCompleted(command, (None, failure))
                yield from self.event_to_child(stream, reply)

    def _expire(self, flow_id: str) -> CommandGenerator[None]:
        found = [s for s in self.streams.values() if s.flow is not None and s.flow.id == flow_id]
        for stream in found:
            number, text = stream.stream_id, "nothing moved in time"
            failure = ResponseProtocolError(number, text, ErrorCode.CANCEL)
            if not stream.flow.response:
                failure.code = NO_ANSWER_IN_TIME
            upstream = self.connections.get(stream.context.server)
            yield from self.event_to_child(stream, failure)
            if upstream is not None and upstream is not stream:
                yield from self.event_to_child(
                    upstream, RequestProtocolError(number, text, ErrorCode.CANCEL)
                )


def client_side(layer: HttpLayer) -> Any:
    """The `h2` connection of a client that speaks HTTP/2, else `None`."""
    return getattr(layer.connections.get(layer.context.client), "h2_conn", None)


def starts_http2(data: bytes) -> bool:
    """Whether a connection begins with HTTP/2's preface (prior knowledge, RFC 9113, 3.3)."""
    return len(data) >= 16 and data[:24] == _PREFACE[: len(data)]


def http_layer(context: Context, origin: FlowOrigin) -> HttpLayer:
    """mitmproxy's HTTP layer in transparent mode, its server preset to where requests go."""
    target = origin.fixed
    server = context.server
    if target is not None:
        server.address = (target.host, target.port)
        server.tls = target.tls
        server.sni = target.host
    else:
        server.address = ("", 0)
    conversation = origin.conversation
    conversation.relay = None
    if target is not None:
        conversation.dial_seconds = target.deadlines.connect
    conversation.host.flow_origins[conversation.client.id] = origin
    return FlowLayer(context, conversation)
