"""Hands a connection over to mitmproxy's own HTTP layer: WebSocket and HTTP/2."""

from typing import TYPE_CHECKING, Final

from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import HttpLayer
from mitmproxy.proxy.layers.http import HTTPMode

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
    return HttpLayer(context, HTTPMode.transparent)
