"""The HTTP/1.1 relay gives its connection to another layer: state HANDED."""

from typing import Any

from mitmproxy.proxy import events
from mitmproxy.proxy.layer import Layer

from addons import http1_write
from addons.active_relay import AbortConnection
from addons.destination import Named
from addons.exchange import Binding
from addons.handover import FlowOrigin, http_layer
from addons.http1_head import RequestHead
from addons.relay_core import NEVER
from addons.relay_departure import DepartingRelay
from addons.relay_state import State
from addons.routing import Target
from addons.tunnel import Tunnel


class HandingRelay(DepartingRelay):
    """Tunnels, HTTP/2 and WebSockets are the work of others."""

    def _leave_to_others(
        self, head: RequestHead, named: Named, target: Target, binding: Binding, rest: bytes
    ) -> None:
        """CONNECT is answered, and what comes next decides; a WebSocket's handshake goes to
        mitmproxy's own layer."""
        if head.method == b"CONNECT":
            self._to_client(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._become(Tunnel(self, host=named.host, port=named.port, binding=binding), rest)
            return
        # An incoming connection may use several routes: its requests are routed one by one.
        fixed = None if self.entrance.incoming else target
        self._hand_over(fixed, binding, http1_write.upgrade_head(head, named.path) + rest)

    def _hand_over(self, fixed: Target | None, binding: Binding, data: bytes) -> None:
        origin = FlowOrigin(
            self.conversation, self.port, binding=binding, forwarded=self.forwarded, fixed=fixed
        )
        self._become(http_layer(self.context, origin), data)

    def _become(self, layer: Layer, data: bytes) -> None:
        self.state = State.HANDED
        self.deadline = NEVER
        self.parser.close()
        # Without an event that the layer, which never knew these connections, would trip over.
        self._out.extend(AbortConnection(close.connection) for close in self.links.close())
        handle: Any = layer.handle_event
        self.handle_event = handle  # type: ignore[method-assign]
        self._out.extend(layer.handle_event(events.Start()))
        if data:
            self._out.extend(layer.handle_event(events.DataReceived(self.client, data)))
