"""The HTTP/1.1 relay: one mitmproxy layer, one client connection, one exchange at a time.

States of the connection:

    state    what happens                             leaves it
    IDLE     between requests                         a byte -> HEAD
    HEAD     a head is coming                         complete -> RELAY, or HANDED;
                                                      malformed, too slow -> page, LINGER
    RELAY    an exchange is in flight                 both sides complete -> IDLE or CLOSED;
                                                      failure -> page and IDLE, or LINGER, CLOSED
    HANDED   another layer has the connection:        -
             a CONNECT's tunnel, HTTP/2, WebSocket
    LINGER   answered before all of the request       client closes, or 2 s -> CLOSED
             was read; the rest is thrown away
    CLOSED   nothing is done any more                 -

Stages of the answer in RELAY:

    stage    what happens                             deadline
    COMMIT   a durable request is read and committed  idle; the commit has its own
    DIAL     the upstream is being connected          connect
    WAIT     the request goes up                      idle until it is complete, then answer_head
    BODY     the final head has been passed on        idle
    DONE     the answer is complete, the request not  idle
"""

import asyncio
from enum import Enum, auto
from typing import Any, Final

from mitmproxy.connection import ConnectionState
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import Layer

from addons import http1_write
from addons.conversation import AbortConnection, Conversation, DeadlineExpired, Finished
from addons.destination import (
    Named,
    name_connect,
    name_forward,
    name_incoming,
    name_tunnelled,
    route,
)
from addons.entrance import Entrance
from addons.errors import MalformedAnswer, MalformedRequest, Refusal
from addons.exchange import Binding, Exchange, clock
from addons.forwarded import ForwardedRule
from addons.handover import FlowOrigin, http_layer, starts_http2
from addons.http1_head import AnswerHead, RequestHead
from addons.http1_parse import AnswerItem, End, RequestParser
from addons.link_pool import LinkPool
from addons.listening_port import ListeningPort
from addons.opening import claims_of, open_exchange, open_unparsed
from addons.recording import finish_exchange
from addons.routing import Target
from addons.tls_contexts import HTTP2
from addons.tunnel import Tunnel
from addons.upstream_link import UpstreamLink
from store.activity import ErrorCode

_NEVER: Final = float("inf")
_LINGER: Final = 2.0
_KEEP_ALIVE: Final = 900.0
_HELD_BYTES: Final = 65536

_STATUS: Final = {
    ErrorCode.CONNECT_TIMEOUT: 504,
    ErrorCode.UPSTREAM_TIMEOUT: 504,
    ErrorCode.IDLE_TIMEOUT: 504,
    ErrorCode.CLIENT_TIMEOUT: 408,
    ErrorCode.BLOCKED: 403,
}
_RETRY_LATER: Final = (b"Retry-After: 5\r\n",)


class State(Enum):
    """What the client connection is used for; see the table above."""

    IDLE = auto()
    HEAD = auto()
    RELAY = auto()
    HANDED = auto()
    LINGER = auto()
    CLOSED = auto()


class Stage(Enum):
    """How far the answer has come; see the table above."""

    COMMIT = auto()
    DIAL = auto()
    WAIT = auto()
    BODY = auto()
    DONE = auto()


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
        self.deadline = _NEVER
        self.parser = RequestParser(entrance.limits)
        self.exchange: Exchange | None = None
        self.head: RequestHead | None = None
        self.target: Target | None = None
        self.answer: AnswerHead | None = None
        self.link: UpstreamLink | None = None
        self.links = LinkPool()
        self._out: list[commands.Command] = []
        self._backlog = b""
        """Bytes behind the request in flight: pipelined ones."""
        self._began = 0.0
        self._pending: list[bytes] = []
        """Bytes for an upstream that is not connected yet."""
        self._pending_size = 0
        self._path = b""
        self._extra = b""
        self._keep_client = True
        self._chunk_answer = False
        self._client_ended = False
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
            if event.connection is self.client:
                self._from_client(event.data)
            else:
                self._from_upstream(event)
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
        while self._backlog and self.state is State.IDLE:
            data, self._backlog = self._backlog, b""
            self.conversation.hold(self.client, False)
            self._from_client(data)
        return out

    # The request side

    def _from_client(self, data: bytes) -> None:
        state = self.state
        if state is State.IDLE:
            self._began = clock()
            self.entrance = self.port.entrance
            if starts_http2(data):
                self._hand_over(None, b"", data)
                return
        elif state is State.RELAY:
            if self.parser.complete:
                self._keep_for_later(data)
                return
        elif state is not State.HEAD:
            return
        try:
            rest = self.parser.feed(data)
        except MalformedRequest as fault:
            self._malformed(fault)
            return
        if self.exchange is not None:
            self._body()
        elif self.parser.head is None:
            self.state = State.HEAD
            self.deadline = self._began + self.entrance.deadlines.request_head
            return
        else:
            self._begin(self.parser.head, rest)
        if rest and self.state in (State.RELAY, State.IDLE):
            self._keep_for_later(rest)

    def _keep_for_later(self, data: bytes) -> None:
        self._backlog += data
        if len(self._backlog) > _HELD_BYTES:
            self.conversation.hold(self.client, True)

    def _begin(self, head: RequestHead, rest: bytes) -> None:
        """A head is complete: find out where it goes, and start."""
        self.head = head
        self._keep_client = not head.close
        entrance = self.entrance
        binding = self.binding
        refusal: Refusal | None = None
        address = self.peer
        if head.method == b"CONNECT":
            self._connect(head, rest)
            return
        try:
            named = self._name(head)
        except MalformedRequest as fault:
            self._malformed(fault)
            return
        try:
            if entrance.incoming:
                address = self.forwarded.sender(head.headers)
            elif self.tunnel is None:
                binding = entrance.authorize(head.credential)
                self._check_admitted()
            target = self._target(named)
            binding = target.binding or binding
        except Refusal as error:
            refusal = error
        if refusal is None and head.websocket:
            self.target = target
            self.binding = binding
            self._hand_over(head, named.path, rest)
            return
        exchange = self.exchange = open_exchange(
            entrance,
            head,
            named,
            binding=binding,
            began=self._began,
            client_address=address,
            claims=claims_of(head, entrance, trusted_hop=self.forwarded.trusted),
        )
        self.state = State.RELAY
        if refusal is not None:
            self._refuse(refusal)
            return
        self.target = target
        self._path = target.path(named.path)
        self._extra = self.forwarded.lines(head) if entrance.incoming else b""
        if target.durable:
            exchange.durable = True
            exchange.body_limit = entrance.settings.durable_limit
            self._read_durable(head)
        else:
            self._send(head, exchange, target)

    def _name(self, head: RequestHead) -> Named:
        if self.tunnel is not None:
            return name_tunnelled(head, self.tunnel)
        if self.entrance.incoming:
            return name_incoming(head, self.client.sockname[:2])
        return name_forward(head)

    def _target(self, named: Named) -> Target:
        if self.tunnel is not None:
            return self.tunnel
        if self.entrance.incoming:
            return route(self.entrance, named)
        return self.entrance.destinations.target(
            named.host, named.port, tls=named.scheme == "https"
        )

    def _check_admitted(self) -> None:
        if not self.entrance.admits(self.peer):
            raise Refusal("this client's network is not allowed", 403, ErrorCode.BLOCKED)

    def _send(self, head: RequestHead, exchange: Exchange, target: Target) -> None:
        """Send the head, and what has come of the body, to a kept or a new connection."""
        link = self.links.take(target)
        first = http1_write.request_head(head, self._path, self._extra)
        if link is not None:
            self.link = link
            self.stage = Stage.WAIT
            exchange.upstream_ready_at = self._began
            exchange.upstream_address = link.address
        else:
            link = self.link = UpstreamLink(self.context, target, self.entrance.limits)
            self.stage = Stage.DIAL
            self.deadline = clock() + target.deadlines.connect
            self.conversation.dial_seconds = target.deadlines.connect
        link.parser.expect(to_head=head.method == b"HEAD")
        self.answer = None
        body = self._take_body(head, exchange)
        if self.stage is Stage.DIAL:
            self._out.extend(link.dial(self))
        self._up(first + body if body else first)
        if self.parser.complete:
            self._request_done(exchange)

    def _take_body(self, head: RequestHead, exchange: Exchange) -> bytes:
        """What has come of the body since the last call, as it goes to the upstream."""
        parser = self.parser
        parts, parser.parts = parser.parts, []
        for part in parts:
            exchange.take_request(part)
        if not head.chunked:
            return parts[0] if len(parts) == 1 else b"".join(parts)
        out = [http1_write.chunk(part) for part in parts]
        if parser.complete:
            exchange.request_trailers = parser.trailers
            out.append(http1_write.last_chunk(parser.trailers))
        return b"".join(out)

    def _body(self) -> None:
        """More of a body has come."""
        exchange, head = self.exchange, self.head
        assert exchange is not None
        assert head is not None
        if self.stage is Stage.COMMIT:
            self._read_durable(head)
            return
        data = self._take_body(head, exchange)
        if data:
            self._up(data)
        if self.parser.complete:
            self._request_done(exchange)
            if self.stage is Stage.DONE:
                self._finish()
        else:
            self._watch_idle()

    def _up(self, data: bytes) -> None:
        link = self.link
        assert link is not None
        if link.open:
            if not link.ended:
                self._out.extend(link.send(data))
            return
        self._pending.append(data)
        self._pending_size += len(data)
        if self._pending_size > _HELD_BYTES:
            self.conversation.hold(self.client, True)

    def _request_done(self, exchange: Exchange) -> None:
        if self.stage is not Stage.DIAL:
            exchange.sent_at = clock()
            if self.stage is Stage.WAIT:
                self._watch_answer(exchange.sent_at)

    def _watch_answer(self, now: float) -> None:
        assert self.target is not None
        seconds = self.target.deadlines.answer_head
        self.deadline = now + seconds if seconds is not None else _NEVER

    def _watch_idle(self) -> None:
        if self.stage in (Stage.DIAL, Stage.COMMIT) and self.parser.complete:
            return
        assert self.target is not None
        seconds = self.target.deadlines.idle
        if self.stage is not Stage.DIAL:
            self.deadline = clock() + seconds if seconds is not None else _NEVER

    # Durable routes

    def _read_durable(self, head: RequestHead) -> None:
        """Read the whole request; commit it before the upstream sees a byte."""
        exchange = self.exchange
        assert exchange is not None
        self.stage = Stage.COMMIT
        limit = self.entrance.settings.durable_limit
        self._take_body(head, exchange)
        if max(exchange.request_size, head.length) > limit:
            self._refuse(Refusal("the durable request is too large", 413, ErrorCode.TOO_LARGE))
            return
        if not self.parser.complete:
            if head.expects and exchange.request_size == 0:
                self._to_client(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._watch_idle()
            return
        self.deadline = _NEVER
        self.conversation.run(self._commit(self.entrance, exchange))

    async def _commit(self, entrance: Entrance, exchange: Exchange) -> tuple[Exchange, bool]:
        try:
            async with asyncio.timeout(entrance.settings.durable_wait):
                return exchange, await entrance.sink.commit(exchange.request())
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
            self._fail(code, str(link.failure))
        elif link.open:
            self._connected(link)

    def _connected(self, link: UpstreamLink) -> None:
        exchange = self.exchange
        assert exchange is not None
        now = clock()
        exchange.connect = link.connect_ms
        exchange.tls = link.tls_ms
        exchange.upstream_ready_at = now
        exchange.upstream_address = link.address
        self.stage = Stage.WAIT
        data = b"".join(self._pending)
        self._pending = []
        if self._pending_size > _HELD_BYTES:
            self.conversation.hold(self.client, False)
        self._pending_size = 0
        self._out.extend(link.send(data))
        if self.parser.complete:
            exchange.sent_at = now
            self._watch_answer(now)
            if self._client_ended:
                self._pass_on_end(link)
        else:
            self._watch_idle()

    def _from_upstream(self, event: events.ConnectionEvent) -> None:
        link = self.link
        if link is None or event.connection is not link.server:
            self._kept_link_event(event)
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

    def _kept_link_event(self, event: events.ConnectionEvent) -> None:
        """A kept connection says something unasked: session tickets are fine, the rest ends it."""
        link = self.links.remove(event.connection)
        if link is None:
            return
        if link.tls is not None:
            self._out.extend(link.tls.handle_event(event))
            if not link.inbox and not link.ended:
                self.links.put(link)
                return
        self._drop(link)

    def _answer_bytes(self, link: UpstreamLink, data: bytes) -> None:
        try:
            items = link.parser.feed(data)
        except MalformedAnswer as fault:
            self._fail(ErrorCode.PROTOCOL, str(fault))
            return
        if items:
            self._answer_items(items)

    def _answer_items(self, items: list[AnswerItem]) -> None:
        exchange = self.exchange
        if exchange is None:
            return
        out: list[bytes] = []
        ended: End | None = None
        for item in items:
            if type(item) is bytes:
                exchange.take_answer(item)
                out.append(http1_write.chunk(item) if self._chunk_answer else item)
            elif isinstance(item, AnswerHead):
                out.append(self._answer_head(item, exchange))
            elif isinstance(item, End):
                ended = item
                if self._chunk_answer:
                    exchange.response_trailers = item.trailers
                    out.append(http1_write.last_chunk(item.trailers))
        self._to_client(out[0] if len(out) == 1 else b"".join(out))
        if ended is not None:
            self._answer_done()
        else:
            self._watch_idle_answer()

    def _watch_idle_answer(self) -> None:
        assert self.target is not None
        seconds = self.target.deadlines.idle
        if self.stage is Stage.BODY:
            self.deadline = clock() + seconds if seconds is not None else _NEVER

    def _answer_head(self, answer: AnswerHead, exchange: Exchange) -> bytes:
        head = self.head
        assert head is not None
        if answer.interim:
            if head.minor == 0:
                return b""
            return http1_write.answer_head(answer, chunked=False, hop=b"")
        exchange.answered_at = clock()
        exchange.take_answer_head(answer)
        self.answer = answer
        self.stage = Stage.BODY
        chunked = answer.chunked is not None and head.minor == 1
        self._chunk_answer = chunked and not answer.bodiless
        keep = self._keep_client = (
            not head.close
            and not answer.until_close
            and not self._winding_down
            and (head.minor == 1 or answer.length is not None or answer.bodiless)
        )
        if head.minor == 1:
            hop = b"" if keep else b"Connection: close\r\n"
        else:
            hop = b"Connection: keep-alive\r\n" if keep else b""
        return http1_write.answer_head(answer, chunked=chunked, hop=hop)

    def _answer_done(self) -> None:
        self.stage = Stage.DONE
        if self.parser.complete:
            self._finish()
        elif not self._keep_client or (self.answer is not None and self.answer.close):
            # The rest of the request has no taker.
            self._keep_client = False
            self._finish()
        else:
            self._watch_idle()

    def _upstream_closed(self, link: UpstreamLink) -> None:
        exchange = self.exchange
        assert exchange is not None
        reset = self.conversation.was_reset(link.server)
        if self.stage is Stage.BODY:
            if link.parser.end_of_stream() and not reset:
                self._answer_done()
            else:
                self._fail(ErrorCode.RESET, "the upstream closed in the middle of its answer")
        elif self.stage is Stage.DONE:
            self._keep_client = False
            self._finish()
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
        elif self.stage is Stage.BODY:
            self._fail(ErrorCode.IDLE_TIMEOUT, "the answer stopped in the middle")
        elif self.parser.complete:
            self._fail(ErrorCode.UPSTREAM_TIMEOUT, "no answer in time")
        elif self.link is not None and self.conversation.stalled(self.link.server):
            self._fail(ErrorCode.UPSTREAM_TIMEOUT, "the upstream stopped reading the request")
        else:
            self._fail(ErrorCode.CLIENT_TIMEOUT, "the request stopped in the middle")

    def _fail(self, code: ErrorCode, message: str) -> None:
        """No complete answer: a page when the client has seen nothing of one, else the end."""
        exchange = self.exchange
        if exchange is None:
            return
        exchange.fail(code, message)
        if self.stage in (Stage.BODY, Stage.DONE):
            answer = self.answer
            self._end_exchange()
            # Only a reset tells the client that a body without framing is not complete.
            if answer is not None and answer.until_close:
                self.state = State.CLOSED
                self._out.append(AbortConnection(self.client))
            else:
                self._close_client()
        else:
            self._page(_STATUS.get(code, 502))

    def _refuse(self, refusal: Refusal) -> None:
        assert self.exchange is not None
        self.exchange.fail(refusal.code, str(refusal))
        self._page(refusal.status, refusal.headers)

    def _malformed(self, fault: MalformedRequest) -> None:
        exchange = self.exchange or self._open_unparsed()
        exchange.fail(fault.code, str(fault))
        self._keep_client = False
        self._backlog = b""
        self.state = State.RELAY
        if self.stage in (Stage.BODY, Stage.DONE) and self.answer is not None:
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

    def _page(self, status: int, headers: tuple[bytes, ...] = ()) -> None:
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
            and answer is not None
            and head is not None
            and not (answer.close or head.close or link.ended or link.parser.desync)
        ):
            link.exchanges += 1
            self.link = None
            replaced = self.links.put(link)
            if replaced is not None:
                self._drop(replaced)
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
            finish_exchange(self.entrance.sink, exchange)
        link, self.link = self.link, None
        if link is not None:
            self._drop(link)
        if self._pending:
            self._pending = []
            self._pending_size = 0
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
        self._chunk_answer = False
        self.deadline = clock() + _KEEP_ALIVE

    def _drop(self, link: UpstreamLink) -> None:
        link.parser.close()
        self._out.append(commands.CloseConnection(link.server))

    def _to_client(self, data: bytes) -> None:
        if data:
            self._out.append(commands.SendData(self.client, data))

    def _close_client(self) -> None:
        self.state = State.CLOSED
        self.deadline = _NEVER
        self.parser.close()
        for link in self.links.empty():
            self._drop(link)
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

    def _connect(self, head: RequestHead, rest: bytes) -> None:
        """CONNECT: answer it, and let decide what comes next."""
        try:
            host, port = name_connect(head)
        except MalformedRequest as fault:
            self._malformed(fault)
            return
        try:
            if self.entrance.incoming or self.tunnel is not None:
                raise Refusal("CONNECT is not taken here", 405, ErrorCode.BLOCKED)
            binding = self.entrance.authorize(head.credential)
            self._check_admitted()
        except Refusal as refusal:
            self.exchange = open_exchange(
                self.entrance,
                head,
                Named("https", host, port, head.target),
                binding=self.binding,
                began=self._began,
                client_address=self.peer,
                claims=None,
            )
            self.state = State.RELAY
            self._refuse(refusal)
            return
        self._to_client(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self._become(Tunnel(self, host=host, port=port, binding=binding), rest)

    def _hand_over(self, head: RequestHead | None, path: bytes, data: bytes) -> None:
        """WebSocket and HTTP/2 go through mitmproxy's own layers from here on."""
        if head is None:
            self.client.alpn = HTTP2
        else:
            data = http1_write.upgrade_head(head, path) + data
        origin = FlowOrigin(
            self.conversation,
            self.port,
            binding=self.binding,
            forwarded=self.forwarded,
            fixed=self.tunnel if head is None or self.entrance.incoming else self.target,
        )
        self._become(http_layer(self.context, origin), data)

    def _become(self, layer: Layer, data: bytes) -> None:
        self.state = State.HANDED
        self.deadline = _NEVER
        self.parser.close()
        for link in self.links.empty():
            self._drop(link)
        handle: Any = layer.handle_event
        self.handle_event = handle  # type: ignore[method-assign]
        self._out.extend(layer.handle_event(events.Start()))
        if data:
            self._out.extend(layer.handle_event(events.DataReceived(self.client, data)))

    # Called by the conversation

    def abandon(self, code: ErrorCode, message: str) -> None:
        """The connections are gone: end the exchange in flight, if there is one."""
        self._out = []
        if self.state is State.HEAD:
            self._open_unparsed()
        if self.exchange is not None:
            self.exchange.fail(code, message)
            self._end_exchange()
        self.state = State.CLOSED
        self.parser.close()

    def wind_down(self) -> bool:
        """Take no further exchange; True when none is in flight."""
        self._winding_down = True
        return self.exchange is None and self.state is not State.HANDED
