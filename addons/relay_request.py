"""The HTTP/1.1 relay takes requests: states IDLE and HEAD, and the body while it is in RELAY."""

from typing import Final

from addons.destination import (
    Named,
    name_connect,
    name_forward,
    name_incoming,
    name_tunnelled,
    route,
)
from addons.errors import MalformedRequest, Refusal
from addons.exchange import Binding, Exchange, clock
from addons.handover import starts_http2
from addons.http1_head import RequestHead
from addons.opening import claims_of, open_exchange
from addons.relay_core import HELD_BYTES
from addons.relay_handing import HandingRelay
from addons.relay_state import Stage, State
from addons.routing import Target
from addons.tls_contexts import HTTP2
from store.activity import ErrorCode

_UNWANTED: Final = 16 << 20
_UNPARSED: Final = 1 << 20
"""Bytes that are read while we linger, behind a request and behind what was none."""
_REQUESTS_A_TURN: Final = 8


class RequestingRelay(HandingRelay):
    """Reads requests, finds out where they go, starts their exchanges."""

    def _from_client(self, data: bytes) -> None:
        state = self.state
        if state is State.IDLE:
            self._began = clock()
            self.entrance = self.port.entrance
            if starts_http2(data):
                self.client.alpn = HTTP2
                self._hand_over(self.tunnel, self.binding, data)
                return
        elif state is State.RELAY:
            if self.parser.complete:
                self._keep_for_later(data)
                return
        elif state is not State.HEAD:
            self._unwanted += len(data)
            if self._unwanted > (_UNWANTED if self.head is not None else _UNPARSED):
                self.conversation.hold(self.client, True)
            return
        try:
            rest = self.parser.feed(data)
        except MalformedRequest as fault:
            self._malformed(fault)
            return
        if self.parser.pending:
            self.conversation.soon()
        if self.exchange is not None:
            self._body(self.exchange)
        elif self.parser.head is None:
            self.state = State.HEAD
            self.deadline = self._began + self.entrance.deadlines.request_head
            return
        else:
            self._begin(self.parser.head, rest)
        if rest and self.state in (State.RELAY, State.IDLE):
            self._keep_for_later(rest)
        elif self.parser.pending:
            self.conversation.hold(self.client, True)

    def _body(self, exchange: Exchange) -> None:
        """More of a body has come."""
        head, link = self.head, self.link
        assert head is not None
        if self.stage is Stage.COMMIT:
            self._read_durable(head, exchange)
            return
        assert link is not None
        data = self._take_body(head, exchange)
        if data:
            self._out.extend(link.send(data))
            if link.waiting > HELD_BYTES:
                self.conversation.hold(self.client, True)
        self._request_moved(exchange)
        if self.parser.complete and self.stage is Stage.DONE:
            self._finish()

    def _take_pending(self) -> None:
        """More of a body that is costly to parse."""
        if self.state is not State.RELAY:
            return
        self.conversation.hold(self.client, False)
        self._from_client(b"")
        if self._client_ended and not (self.parser.complete or self.parser.pending):
            self._client_closed()

    def _keep_for_later(self, data: bytes) -> None:
        self._backlog += data
        if len(self._backlog) > HELD_BYTES:
            self.conversation.hold(self.client, True)

    def _take_backlog(self) -> None:
        """Requests that came early: a few, then others have their turn; none while the client
        does not read what we answered ourselves."""
        conversation = self.conversation
        for _ in range(_REQUESTS_A_TURN):
            if conversation.stalled(self.client):
                break
            data, self._backlog = self._backlog, b""
            conversation.hold(self.client, False)
            self._from_client(data)
            if not self._backlog or self.state is not State.IDLE:
                return
        else:
            conversation.soon()
        conversation.hold(self.client, True)

    def _begin(self, head: RequestHead, rest: bytes) -> None:
        """A head is complete: find out where it goes, and start."""
        self.head = head
        self._keep_client = not head.close
        try:
            named = self._name(head)
        except MalformedRequest as fault:
            self._malformed(fault)
            return
        target: Target | None = None
        binding = self.binding
        refusal: Refusal | None = None
        try:
            if not self.entrance.incoming and self.tunnel is None:
                binding = self.entrance.admit(self.peer, head.credential)
            target = self._find_target(head, named)
            binding = target.binding or binding
        except Refusal as error:
            refusal = error
        if target is not None and (head.websocket or head.method == b"CONNECT"):
            self._leave_to_others(head, named, target, binding, rest)
            return
        self.exchange = self._open(head, named, binding)
        self.state = State.RELAY
        if refusal is not None:
            self._refuse(refusal)
        elif target is not None:
            self._start(head, self.exchange, named, target)

    def _name(self, head: RequestHead) -> Named:
        if head.method == b"CONNECT":
            return name_connect(head)
        if self.tunnel is not None:
            return name_tunnelled(head, self.tunnel)
        if self.entrance.incoming:
            return name_incoming(head, self.client.sockname[:2])
        return name_forward(head)

    def _find_target(self, head: RequestHead, named: Named) -> Target:
        if head.method == b"CONNECT" and (self.entrance.incoming or self.tunnel is not None):
            raise Refusal("CONNECT is not taken here", 405, ErrorCode.BLOCKED)
        if self.tunnel is not None:
            return self.tunnel
        if self.entrance.incoming:
            return route(self.entrance, named)
        return self.entrance.destinations.target(
            named.host, named.port, tls=named.scheme == "https"
        )

    def _open(self, head: RequestHead, named: Named, binding: Binding) -> Exchange:
        forwarded = self.forwarded
        return open_exchange(
            self.entrance,
            head,
            named,
            binding=binding,
            began=self._began,
            client_address=forwarded.sender(head.headers) if self.entrance.incoming else self.peer,
            claims=claims_of(head, self.entrance, trusted_hop=forwarded.trusted),
        )

    def _start(self, head: RequestHead, exchange: Exchange, named: Named, target: Target) -> None:
        entrance = self.entrance
        self.target = target
        self._path = target.path(named.path)
        self._extra = self.forwarded.lines(head) if entrance.incoming else b""
        if target.durable:
            exchange.durable = True
            exchange.body_limit = entrance.settings.durable_limit
            self.stage = Stage.COMMIT
            self._read_durable(head, exchange)
        else:
            self._send(head, exchange, target)
