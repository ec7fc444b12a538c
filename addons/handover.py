"""Hands a connection over to mitmproxy's own HTTP layer: WebSocket and HTTP/2."""

from typing import TYPE_CHECKING, Any, Final

from mitmproxy.proxy import events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers import HttpLayer
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestProtocolError,
    ResponseProtocolError,
)

from addons.exchange import Binding
from addons.forwarded import ForwardedRule
from addons.listening_port import ListeningPort
from addons.routing import Target

if TYPE_CHECKING:
    from addons.conversation import Conversation

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class FlowOrigin:
    """What the flow recorder has to know of a connection that was handed over."""

    __slots__ = ("binding", "conversation", "fixed", "forwarded", "peer", "port")

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


class FlowExpired(events.Event):
    """A deadline of one flow has passed."""

    def __init__(self, flow_id: str) -> None:
        self.flow_id = flow_id


class _NoAnswerInTime:
    """Stands where mitmproxy expects one of its codes: none of them means 504."""

    def http_status_code(self) -> int:
        return 504


class FlowLayer(HttpLayer):
    """mitmproxy's HTTP layer, in which a single flow can be ended from outside: the others of an
    HTTP/2 connection go on."""

    def _handle_event(self, event: events.Event) -> CommandGenerator[None]:
        if isinstance(event, FlowExpired):
            yield from self._expire(event.flow_id)
        else:
            yield from super()._handle_event(event)

    def _expire(self, flow_id: str) -> CommandGenerator[None]:
        found = [s for s in self.streams.values() if s.flow is not None and s.flow.id == flow_id]
        for stream in found:
            number, text = stream.stream_id, "nothing moved in time"
            failure = ResponseProtocolError(number, text, ErrorCode.CANCEL)
            if not stream.flow.response:
                late: Any = _NoAnswerInTime()
                failure.code = late
            upstream = self.connections.get(stream.context.server)
            yield from self.event_to_child(stream, failure)
            if upstream is not None and upstream is not stream:
                yield from self.event_to_child(
                    upstream, RequestProtocolError(number, text, ErrorCode.CANCEL)
                )


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
    return FlowLayer(context, HTTPMode.transparent)
