"""The HTTP/1.1 relay: one mitmproxy layer, one client connection, one exchange at a time. The
table of its states is in `addons.relay_state`.
"""

import asyncio
from typing import Any, Final

from mitmproxy.connection import ConnectionState
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import Layer

from addons import http1_write
from addons.answer_side import AnswerSide
from addons.conversation import (
    AbortConnection,
    Continued,
    Conversation,
    DeadlineExpired,
    Finished,
)
from addons.destination import (
    Named,
    name_connect,
    name_forward,
    name_incoming,
    name_tunnelled,
    name_unparsed,
    route,
)
from addons.entrance import Entrance
from addons.errors import AnswerInHttp2, MalformedAnswer, MalformedRequest, Refusal
from addons.exchange import Binding, Exchange, clock
from addons.forwarded import ForwardedRule
from addons.handover import FlowOrigin, http_layer, starts_http2
from addons.http1_head import RequestHead
from addons.http1_parse import RequestParser
from addons.link_pool import LinkPool
from addons.listening_port import ListeningPort
from addons.opening import claims_of, open_exchange, open_unparsed
from addons.relay_state import Stage, State
from addons.routing import Target
from addons.tls_contexts import HTTP2
from addons.tunnel import Tunnel
from addons.upstream_link import UpstreamLink
from store.activity import ErrorCode

_NEVER: Final = float("inf")
_LINGER: Final = 2.0
_RESET_COMES: Final = 0.3
"""Seconds for which a reset of the client is waited for, in which only its row waits."""
_KEEP_ALIVE: Final = 900.0
_UNWANTED: Final = 16 << 20
_UNPARSED: Final = 1 << 20
"""Bytes that are read while we linger, behind a request and behind what was none."""
_HELD_BYTES: Final = 65536
_REQUESTS_A_TURN: Final = 8

_STATUS: Final = {
    ErrorCode.CONNECT_TIMEOUT: 504,
    ErrorCode.UPSTREAM_TIMEOUT: 504,
    ErrorCode.IDLE_TIMEOUT: 504,
    ErrorCode.CLIENT_TIMEOUT: 408,
    ErrorCode.BLOCKED: 403,
}
_NO_HTTP1: Final = "alert no application protocol"
_RETRY_LATER: Final = (b"Retry-After: 5\r\n",)


class Http1Relay(Layer):
    """Relays the HTTP/1.1 exchanges of one client connection and takes their captures.

    `tunnel` is the target of a CONNECT that this relay is inside of, `binding` whom its
    credentials stood for.
    """

    def __init__(
        self,
        conversation: Conversation,
        port: ListeningPort,
        *,
        context: Context | None = None,
        tunnel: Target | None = None,
        binding: Binding | None = None,
    ) -> None:
        super().__init__(context or conversation.context)
        entrance = port.entrance
        self.conversation = conversation
        self.port = port
        self.entrance = entrance
        self.tunnel = tunnel
        self.binding = binding or entrance.binding
        self.client = conversation.client
        self.peer = self.client.peername[0]
        self.forwarded = ForwardedRule(self.peer, entrance.hops)
        self.state = State.IDLE
        self.stage = Stage.WAIT
        self.deadline = clock() + _KEEP_ALIVE
        self.parser = RequestParser(entrance.limits)
        self.exchange: Exchange | None = None
        self.head: RequestHead | None = None
        self.target: Target | None = None
        self.answer: AnswerSide | None = None
        self.link: UpstreamLink | None = None
        self.links = LinkPool()
        self._out: list[commands.Command] = []
        self._backlog = b""
        """Bytes behind the request in flight: pipelined ones."""
        self._began = 0.0
        self._path = b""
        self._extra = b""
        self._unwanted = 0
        self._keep_client = True
        self._client_ended = False
        self._left_waiting = False
        """The client ended before anything of an answer."""
        self._winding_down = False
        conversation.relay = self

    # Events in, commands out

    def _handle_event(self, event: events.Event) -> Any:
        return self.handle_event(event)

    def handle_event(self, event: events.Event) -> Any:
        """The commands that follow from an event: a plain list, which costs less than mitmproxy's
        chain of generators and never pauses."""
        out = self._out = []
        if type(event) is events.DataReceived:
            if event.connection is not self.client:
                self._from_upstream(event)
            elif self.state is State.IDLE and (
                self._backlog or self.conversation.stalled(self.client)
            ):
                self._keep_for_later(event.data)
            else:
                self._from_client(event.data)
        elif isinstance(event, events.ConnectionClosed):
            if event.connection is self.client:
                self._client_closed()
            else:
                self._from_upstream(event)
        elif isinstance(event, events.CommandCompleted):
            self._completed(event)
        elif isinstance(event, DeadlineExpired):
            self._expired()
        elif isinstance(event, Finished):
            self._committed(event.result)
        elif isinstance(event, Continued) and self.parser.pending:
            self._take_pending()
        if self._backlog and self.state is State.IDLE:
            self._take_backlog()
        return out

    # The request side

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
        if len(self._backlog) > _HELD_BYTES:
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

    def _send(self, head: RequestHead, exchange: Exchange, target: Target) -> None:
        """Send the head, and what has come of the body, to a kept or a new connection."""
        link = self.links.take(target)
        if link is not None:
            self.stage = Stage.WAIT
            exchange.upstream_ready_at = self._began
            exchange.upstream_address = link.address
        else:
            link = UpstreamLink(self.context, target, self.entrance.limits)
            self.stage = Stage.DIAL
            self.deadline = clock() + target.deadlines.connect
            self.conversation.dial_seconds = target.deadlines.connect
            self._out.extend(link.dial(self))
        self.link = link
        link.parser.expect(to_head=head.method == b"HEAD")
        self.answer = AnswerSide(head, exchange)
        body = self._take_body(head, exchange)
        first = http1_write.request_head(head, self._path, self._extra)
        self._out.extend(link.send(first + body if body else first))
        self._request_moved(exchange)

    def _take_body(self, head: RequestHead, exchange: Exchange) -> bytes:
        """What has come of the body since the last call, as it goes to the upstream."""
        parser = self.parser
        parts, parser.parts = parser.parts, []
        # As one piece: a client may send a million chunks of a byte.
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        if data:
            exchange.take_request(data)
        if not head.chunked:
            return data
        if data:
            data = http1_write.chunk(data)
        if parser.complete:
            exchange.request_trailers = parser.trailers
            data += http1_write.last_chunk(parser.trailers)
        return data

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
            if link.waiting > _HELD_BYTES:
                self.conversation.hold(self.client, True)
        self._request_moved(exchange)
        if self.parser.complete and self.stage is Stage.DONE:
            self._finish()

    def _request_moved(self, exchange: Exchange) -> None:
        """Bytes of the request have gone up, perhaps the last ones."""
        if self.stage is Stage.DIAL:
            return
        if self.parser.complete:
            exchange.sent_at = clock()
        self._watch()

    def _watch(self) -> None:
        """Set the deadline of the stage; DIAL and the commit have their own."""
        assert self.target is not None
        deadlines = self.target.deadlines
        waiting = self.stage is Stage.WAIT and self.parser.complete
        seconds = deadlines.answer_head if waiting else deadlines.idle
        self.deadline = clock() + seconds if seconds is not None else _NEVER

    # Durable routes

    def _read_durable(self, head: RequestHead, exchange: Exchange) -> None:
        """Read the whole request; commit it before the upstream sees a byte."""
        limit = self.entrance.settings.durable_limit
        self._take_body(head, exchange)
        if max(exchange.request_size, head.length) > limit:
            self._refuse(Refusal("the durable request is too large", 413, ErrorCode.TOO_LARGE))
        elif self.parser.complete:
            self.deadline = _NEVER
            self.conversation.run(self._commit(self.entrance, exchange))
        else:
            if head.expects and exchange.request_size == 0:
                self._to_client(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._watch()

    async def _commit(self, entrance: Entrance, exchange: Exchange) -> tuple[Exchange, bool]:
        try:
            async with asyncio.timeout(entrance.settings.durable_wait):
                return exchange, await entrance.recording.commit(exchange.request())
        except TimeoutError:
            return exchange, False

    def _committed(self, result: tuple[Exchange, bool]) -> None:
        exchange, done = result
        if exchange is not self.exchange or self.stage is not Stage.COMMIT:
            return
        head, target = self.head, self.target
        assert head is not None
        assert target is not None
        if not done:
            self._refuse(
                Refusal("the request could not be stored", 503, ErrorCode.NOT_DURABLE, _RETRY_LATER)
            )
            return
        if head.expects:
            # We have answered the expectation ourselves.
            head.lines = [line for line in head.lines if not line.lower().startswith(b"expect:")]
        self.parser.parts = exchange.request_parts
        exchange.request_parts = []
        exchange.request_size = 0
        self._began = clock()
        self._send(head, exchange, target)

    # The upstream side

    def _completed(self, event: events.CommandCompleted) -> None:
        link = self.link
        owner = event.command.blocking
        if link is None or (owner is not self and owner is not link.tls):
            return
        self._out.extend(link.completed(event))
        if self.stage is Stage.DIAL:
            self._look_at_dial(link)

    def _look_at_dial(self, link: UpstreamLink) -> None:
        if link.failure is not None:
            code = getattr(link.failure, "code", ErrorCode.TLS_UPSTREAM)
            if _NO_HTTP1 in str(link.failure):
                self._refused_http1(
                    link, code, "the upstream refuses HTTP/1.1 in its TLS handshake"
                )
            else:
                self._fail(code, str(link.failure))
        elif link.open:
            self._connected(link)

    def _connected(self, link: UpstreamLink) -> None:
        exchange = self.exchange
        assert exchange is not None
        exchange.connect = link.connect_ms
        exchange.tls = link.tls_ms
        exchange.upstream_ready_at = clock()
        exchange.upstream_address = link.address
        self.stage = Stage.WAIT
        self._out.extend(link.flush())
        self.conversation.hold(self.client, False)
        self._request_moved(exchange)
        if self._client_ended:
            self._pass_on_end(link)

    def _from_upstream(self, event: events.ConnectionEvent) -> None:
        link = self.link
        if link is None or event.connection is not link.server:
            self._out.extend(self.links.event(event))
            return
        if link.tls is None:
            if isinstance(event, events.DataReceived):
                self._answer_bytes(link, event.data)
            else:
                link.ended = True
        else:
            self._out.extend(link.tls.handle_event(event))
            if self.stage is Stage.DIAL:
                self._look_at_dial(link)
            while link.inbox and self.link is link:
                self._answer_bytes(link, link.inbox.pop(0))
        if link.ended and self.link is link:
            self._upstream_closed(link)

    def _answer_bytes(self, link: UpstreamLink, data: bytes) -> None:
        if self.stage is Stage.LEFT:
            return
        try:
            items = link.parser.feed(data)
        except AnswerInHttp2 as fault:
            self._refused_http1(link, ErrorCode.PROTOCOL, str(fault))
            return
        except MalformedAnswer as fault:
            self._fail(ErrorCode.PROTOCOL, str(fault))
            return
        answer = self.answer
        if not items or answer is None:
            return
        self._to_client(answer.pass_on(items, close=self._winding_down))
        if answer.head is not None:
            self.stage = Stage.BODY
            self._keep_client = answer.keep
        if answer.ended:
            self._answer_done(answer)
        else:
            self._watch()

    def _answer_done(self, answer: AnswerSide) -> None:
        self.stage = Stage.DONE
        if not self.parser.complete:
            assert answer.head is not None
            if self._keep_client and not answer.head.close:
                self._watch()
                return
            # The rest of the request has no taker.
            self._keep_client = False
        if self._left_waiting and not self._backlog and self.exchange is not None:
            self._await_reset(self.exchange)
        else:
            self._finish()

    def _await_reset(self, exchange: Exchange) -> None:
        """A client that has closed looks like one that only has nothing more to send, until it
        answers our last bytes with a reset. It has them and our end now; the row waits."""
        exchange.ended_at = clock()
        self._out.append(commands.CloseTcpConnection(self.client, half_close=True))
        self._keep_client = False
        self.stage = Stage.LEFT
        self.deadline = clock() + _RESET_COMES

    def _upstream_closed(self, link: UpstreamLink) -> None:
        exchange = self.exchange
        assert exchange is not None
        reset = self.conversation.was_reset(link.server)
        if self.stage is Stage.BODY:
            if link.parser.end_of_stream() and not reset:
                assert self.answer is not None
                self._answer_done(self.answer)
            else:
                self._fail(ErrorCode.RESET, "the upstream closed in the middle of its answer")
        elif self.stage is Stage.DONE:
            self._keep_client = False
            self._finish()
        elif self.stage is Stage.LEFT:
            return
        elif link.alert is not None and link.parser.silent:
            self._fail(ErrorCode.TLS_UPSTREAM, f"the upstream ended TLS: {link.alert}")
        elif self._client_ended:
            self._fail(ErrorCode.CLIENT_CLOSED, "the client closed before the answer")
        elif link.exchanges and link.parser.silent:
            # As it would be direct: the client knows whether its request may be repeated.
            exchange.fail(ErrorCode.RESET, "the upstream closed the kept connection unanswered")
            self._end_exchange()
            self._close_client()
        else:
            self._fail(ErrorCode.RESET, "the upstream closed without an answer")

    # The client's end, deadlines, failures

    def _client_closed(self) -> None:
        gone = self.client.tls or self.client.state is ConnectionState.CLOSED
        self._client_ended = True
        # Who has the status and closes, as senders of webhooks do, has got what it wanted.
        self._left_waiting = self.stage not in (Stage.BODY, Stage.DONE)
        early = self._backlog if self.state is State.IDLE else self.parser.pending
        if early and not gone:
            return
        if self.state is State.RELAY:
            if not self.parser.complete and self.stage is not Stage.DONE:
                self._client_left("the client closed in the middle of its request")
            elif gone:
                self._client_left("the client closed before the end of the answer")
            elif self.link is not None and self.link.open:
                self._pass_on_end(self.link)
            return
        if self.state is State.HEAD:
            self._open_unparsed().fail(
                ErrorCode.CLIENT_CLOSED, "the client closed in the head of its request"
            )
            self._end_exchange()
        if self.state is not State.HANDED:
            self._close_client()

    def _client_left(self, message: str) -> None:
        assert self.exchange is not None
        self.exchange.fail(ErrorCode.CLIENT_CLOSED, message)
        self._end_exchange()
        self._close_client()

    def _pass_on_end(self, link: UpstreamLink) -> None:
        """A half-close travels on, except over TLS, which has none that servers understand."""
        if link.tls is None and not self._backlog:
            self._out.append(commands.CloseTcpConnection(link.server, half_close=True))

    def _expired(self) -> None:
        if self.state is State.HEAD:
            self._malformed(
                MalformedRequest("the head did not arrive in time", 408, ErrorCode.CLIENT_TIMEOUT)
            )
        elif self.state is State.RELAY:
            self._expired_in_relay()
        else:
            self._close_client()

    def _expired_in_relay(self) -> None:
        if self.stage is Stage.DIAL:
            self._fail(ErrorCode.CONNECT_TIMEOUT, "no connection in time")
        elif self.stage is Stage.DONE:
            self._keep_client = False
            self._finish()
        elif self.stage is Stage.LEFT:
            if self.conversation.refused(self.client):
                self._client_left("the client closed before the answer came")
            else:
                self._finish()
        elif self.stage is Stage.BODY:
            self._fail(ErrorCode.IDLE_TIMEOUT, "the answer stopped in the middle")
        elif self.parser.complete:
            self._fail(ErrorCode.UPSTREAM_TIMEOUT, "no answer in time")
        elif self.link is not None and self.conversation.stalled(self.link.server):
            self._fail(ErrorCode.UPSTREAM_TIMEOUT, "the upstream stopped reading the request")
        else:
            self._fail(ErrorCode.CLIENT_TIMEOUT, "the request stopped in the middle")

    def _refused_http1(self, link: UpstreamLink, code: ErrorCode, message: str) -> None:
        """The upstream wants HTTP/2, which a client gets that offers it when it connects anew."""
        hint = (
            "clients that offer HTTP/2 get it from now on; `upstream.h2_hosts` says so beforehand"
        )
        if self.tunnel is not None and self.tunnel.tls:
            for hook in self.conversation.host.hooks.get("refused_http1", ()):
                hook(link.target.host)
            self._keep_client = False
        else:
            hint = "HTTP/2 is relayed only to clients that speak it themselves"
        self._fail(code, f"{message}; {hint}", "The service speaks HTTP/2, not HTTP/1.1.")

    def _fail(self, code: ErrorCode, message: str, sentence: str = "") -> None:
        """No complete answer: a page when the client has seen nothing of one, else the end."""
        exchange = self.exchange
        if exchange is None:
            return
        exchange.fail(code, message)
        if self.stage in (Stage.BODY, Stage.DONE):
            unframed = self.answer is not None and self.answer.unframed
            self._end_exchange()
            if unframed:
                self.state = State.CLOSED
                self._out.append(AbortConnection(self.client))
            else:
                self._close_client()
        else:
            self._page(_STATUS.get(code, 502), sentence=sentence)

    def _refuse(self, refusal: Refusal) -> None:
        exchange, head = self.exchange, self.head
        assert exchange is not None
        if head is not None:
            self._take_body(head, exchange)
        exchange.fail(refusal.code, str(refusal))
        self._page(refusal.status, refusal.headers)

    def _malformed(self, fault: MalformedRequest) -> None:
        exchange = self.exchange or self._open_unparsed()
        exchange.fail(fault.code, str(fault))
        self._keep_client = False
        self._backlog = b""
        self.state = State.RELAY
        if self.stage in (Stage.BODY, Stage.DONE):
            self._end_exchange()
            self._close_client()
        else:
            self._page(fault.status)

    def _open_unparsed(self) -> Exchange:
        """The exchange of a head that cannot be used; its row tells the place and, when they
        were understood, method and path."""
        if self.tunnel is not None:
            place = ("https" if self.tunnel.tls else "http", self.tunnel.host, self.tunnel.port)
        else:
            place = ("http", self.client.sockname[0], self.client.sockname[1])
        method, target = self.parser.glimpse()
        asked = self.tunnel is None and not self.entrance.incoming
        if asked and (named := name_unparsed(target)) is not None:
            place, target = named[:3], named.path.decode("ascii") or "/"
        self.exchange = open_unparsed(
            self.entrance,
            binding=self.binding,
            began=self._began,
            client_address=self.peer,
            place=place,
            method=method,
            target=target,
        )
        return self.exchange

    def _page(self, status: int, headers: tuple[bytes, ...] = (), *, sentence: str = "") -> None:
        """Answer the request in flight ourselves."""
        exchange, head = self.exchange, self.head
        assert exchange is not None
        keep = (
            self._keep_client
            and self.parser.complete
            and not self._client_ended
            and not self._winding_down
        )
        exchange.proxy_status = status
        self._to_client(
            http1_write.page(
                status,
                close=not keep,
                headers=headers,
                body=head is None or head.method != b"HEAD",
                sentence=sentence,
            )
        )
        whole = self.parser.complete
        self._end_exchange()
        if keep:
            self._await_next()
        elif whole and not self._backlog:
            self._close_client()
        else:
            self._linger()

    # The end of an exchange

    def _finish(self) -> None:
        """Both sides are complete, as far as they will be."""
        whole = self.parser.complete
        link, answer, head = self.link, self.answer, self.head
        if (
            whole
            and link is not None
            and head is not None
            and answer is not None
            and answer.head is not None
            and not (answer.head.close or head.close or link.ended or link.parser.desync)
        ):
            link.exchanges += 1
            self.link = None
            self._out.extend(self.links.put(link))
        self._end_exchange()
        if self._keep_client and whole:
            self._await_next()
        elif whole and not self._backlog:
            self._close_client()
        else:
            self._linger()

    def _end_exchange(self) -> None:
        """Give the capture away and let the upstream go that is not kept."""
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            self.entrance.recording.ended(exchange)
        link, self.link = self.link, None
        if link is not None:
            self._out.append(link.close())
            self.conversation.hold(self.client, False)

    def _await_next(self) -> None:
        if self._client_ended and not self._backlog:
            self._close_client()
            return
        self.parser.next()
        self.head = None
        self.answer = None
        self.stage = Stage.WAIT
        self.state = State.IDLE
        self.deadline = clock() + _KEEP_ALIVE

    def _to_client(self, data: bytes) -> None:
        if data:
            self._out.append(commands.SendData(self.client, data))

    def _close_client(self) -> None:
        self.state = State.CLOSED
        self.deadline = _NEVER
        self.parser.close()
        self._out.extend(self.links.close())
        self._out.append(commands.CloseConnection(self.client))

    def _linger(self) -> None:
        """Close without a reset that would destroy our answer before the client reads it
        (RFC 9112, 9.6): stop sending, and read until the client closes."""
        self._backlog = b""
        self.conversation.hold(self.client, False)
        if self._client_ended:
            self._close_client()
            return
        self.state = State.LINGER
        self.deadline = clock() + _LINGER
        self._out.append(commands.CloseTcpConnection(self.client, half_close=True))

    # Other layers

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
        self.deadline = _NEVER
        self.parser.close()
        # Without an event that the layer, which never knew these connections, would trip over.
        self._out.extend(AbortConnection(close.connection) for close in self.links.close())
        handle: Any = layer.handle_event
        self.handle_event = handle  # type: ignore[method-assign]
        self._out.extend(layer.handle_event(events.Start()))
        if data:
            self._out.extend(layer.handle_event(events.DataReceived(self.client, data)))

    # Called by the conversation

    def abandon(self, code: ErrorCode, message: str) -> bool:
        """See `ActiveRelay.abandon`."""
        self._out = []
        unframed = False
        if self.state is State.HEAD:
            self._open_unparsed()
        if self.exchange is not None:
            unframed = self.answer is not None and self.answer.unframed
            self.exchange.fail(code, message)
            self._end_exchange()
        self.state = State.CLOSED
        self.parser.close()
        return unframed

    @property
    def idle(self) -> bool:
        """See `ActiveRelay.idle`."""
        return self.state is State.IDLE and not self._backlog

    def wind_down(self) -> bool:
        """Take no further exchange; True when none is in flight."""
        self._winding_down = True
        return self.exchange is None and self.state is not State.HANDED
