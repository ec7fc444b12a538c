"""What is inside a CONNECT tunnel: TLS that we intercept, HTTP, or nothing that we relay."""

import re
from typing import TYPE_CHECKING, Any, Final

from mitmproxy.net.tls import starts_like_tls_record
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import CommandGenerator, Layer

from addons.active_relay import DeadlineExpired
from addons.client_tls import ClientTls
from addons.conversation import Conversation
from addons.exchange import Binding, clock
from addons.forwarded import ForwardedRule
from addons.handover import FlowOrigin, http_layer, starts_http2
from addons.listening_port import ListeningPort
from addons.opening import open_unparsed
from addons.raw_tunnel import RawTunnel
from addons.tls_contexts import HTTP2
from store.activity import ErrorCode

if TYPE_CHECKING:
    from addons.relay_handing import HandingRelay

_NEVER: Final = float("inf")
_METHOD: Final = re.compile(rb"[A-Z]{3,24}(?: |\Z)")


class Tunnel(Layer):
    """Decides by a tunnel's first bytes. Its row appears only when there is no request inside
    that has one: a handshake that fails, a raw protocol that is refused."""

    def __init__(
        self,
        outer: "HandingRelay",
        *,
        host: str,
        port: int,
        binding: Binding,
    ) -> None:
        super().__init__(outer.context)
        self.outer = outer
        self.conversation: Conversation = outer.conversation
        self.port: ListeningPort = outer.port
        self.entrance = outer.entrance
        self.forwarded: ForwardedRule = outer.forwarded
        self.host = host
        self.port_number = port
        self.binding = binding
        self.client = outer.client
        self.deadline = _NEVER
        self.began = clock()
        self._buffer = b""
        self._child: Any = None
        self._settled = False
        """What is inside has its own rows, or the tunnel has had its row."""
        self.context.server.address = (host, port)
        self.conversation.relay = self

    def _handle_event(self, event: events.Event) -> Any:
        return self.handle_event(event)

    def handle_event(self, event: events.Event) -> Any:
        if isinstance(event, DeadlineExpired) and not self._settled:
            self._record(ErrorCode.CLIENT_TIMEOUT, "the TLS handshake took too long")
            return [commands.CloseConnection(self.client)]
        if self._child is not None:
            return self._child.handle_event(event)
        if isinstance(event, events.DataReceived):
            self._buffer += event.data
            return self._decide(self._buffer)
        if isinstance(event, events.ConnectionClosed):
            self._settled = True
            return [commands.CloseConnection(self.client)]
        return []

    def _decide(self, data: bytes) -> Any:
        if self.host in self.entrance.pass_through:
            self._settled = True
            return self._become(RawTunnel(self, host=self.host, port=self.port_number), data)
        if len(data) < 3:
            return []
        if starts_like_tls_record(data):
            self.deadline = clock() + self.entrance.deadlines.request_head
            tls = ClientTls(self.context, self.handshake_done, self.handshake_failed)
            tls.child_layer = AfterHandshake(self)
            return self._become(tls, data)
        if starts_http2(data):
            return self._become(self.http2(self.context, tls=False), data)
        if _METHOD.match(data):
            return self._become(self.http1(self.context, tls=False), data)
        self._record(ErrorCode.BLOCKED, "neither TLS nor HTTP in a tunnel")
        return [commands.CloseConnection(self.client)]

    def _become(self, layer: Any, data: bytes) -> list[commands.Command]:
        self._child = layer
        self._buffer = b""
        out = list(layer.handle_event(events.Start()))
        out.extend(layer.handle_event(events.DataReceived(self.client, data)))
        return out

    def http1(self, context: Context, *, tls: bool) -> "HandingRelay":
        """The relay for requests inside the tunnel."""
        self._leave()
        return type(self.outer)(
            self.conversation,
            self.port,
            context=context,
            tunnel=self.entrance.destinations.target(self.host, self.port_number, tls=tls),
            binding=self.binding,
        )

    def http2(self, context: Context, *, tls: bool) -> Layer:
        """mitmproxy's layer for HTTP/2 inside the tunnel."""
        self._leave()
        self.client.alpn = HTTP2
        origin = FlowOrigin(
            self.conversation,
            self.port,
            binding=self.binding,
            forwarded=self.forwarded,
            fixed=self.entrance.destinations.target(self.host, self.port_number, tls=tls),
        )
        return http_layer(context, origin)

    def _leave(self) -> None:
        self._settled = True
        self.deadline = _NEVER

    def handshake_done(self) -> None:
        """The client's TLS handshake is complete; this layer is not needed any more."""
        self._leave()
        if self._child is not None:
            self.outer.handle_event = self._child.handle_event  # type: ignore[method-assign]
            self._child = None

    def handshake_failed(self, reason: str) -> None:
        """The client ended the handshake; most often it does not trust our authority."""
        if not self._settled:
            self._record(ErrorCode.TLS_CLIENT, reason)

    def _record(self, code: ErrorCode, message: str) -> None:
        self._leave()
        exchange = open_unparsed(
            self.entrance,
            binding=self.binding,
            began=self.began,
            client_address=self.client.peername[0],
            place=("https", self.host, self.port_number),
            method="CONNECT",
            target=f"{self.host}:{self.port_number}",
        )
        exchange.proxy_status = 200
        exchange.fail(code, message)
        self.entrance.recording.ended(exchange)

    # Called by the conversation

    def abandon(self, code: ErrorCode, message: str) -> bool:
        """See `ActiveRelay.abandon`: nothing of an answer has passed yet."""
        if not self._settled and isinstance(self._child, ClientTls):
            if code is ErrorCode.CLIENT_CLOSED:
                code, message = ErrorCode.TLS_CLIENT, "the client left during the TLS handshake"
            self._record(code, message)
        return False

    @property
    def idle(self) -> bool:
        """See `ActiveRelay.idle`."""
        return False

    def wind_down(self) -> bool:
        """Nothing that is worth waiting for is inside yet."""
        return True


class AfterHandshake(Layer):
    """Below the client's TLS: HTTP/1.1 or HTTP/2, as ALPN chose."""

    def __init__(self, tunnel: Tunnel) -> None:
        super().__init__(tunnel.context)
        self._tunnel: Tunnel | None = tunnel

    def _handle_event(self, event: events.Event) -> CommandGenerator[None]:
        yield from self.handle_event(event)

    def handle_event(self, event: events.Event) -> Any:
        client = self.context.client
        if isinstance(event, events.ConnectionClosed):
            return [commands.CloseConnection(client)]
        if not isinstance(event, events.DataReceived):
            return []
        tunnel, self._tunnel = self._tunnel, None
        assert tunnel is not None
        make = tunnel.http2 if client.alpn == HTTP2 else tunnel.http1
        layer: Any = make(self.context, tls=True)
        # In our place, so that a method that the layer replaces is seen: a WebSocket's handshake
        # may come on a connection that had requests.
        above: Any = self.context.layers[self.context.layers.index(self) - 1]
        above.child_layer = layer
        out = list(layer.handle_event(events.Start()))
        out.extend(layer.handle_event(event))
        return out
