"""The HTTP/1.1 relay once a request goes up: stages DIAL, WAIT, BODY, DONE and LEFT."""

from typing import Final

from mitmproxy.proxy import commands, events

from addons import http1_write
from addons.answer_side import AnswerSide
from addons.errors import AnswerInHttp2, MalformedAnswer
from addons.exchange import Exchange, clock
from addons.http1_head import RequestHead
from addons.relay_failure import FailingRelay
from addons.relay_state import Stage
from addons.routing import Target
from addons.upstream_link import UpstreamLink
from store.activity import ErrorCode

_RESET_COMES: Final = 0.3
"""Seconds for which a reset of the client is waited for, in which only its row waits."""
_NO_HTTP1: Final = "alert no application protocol"


class AnsweringRelay(FailingRelay):
    """Sends a request up and passes its answer down."""

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

    def _request_moved(self, exchange: Exchange) -> None:
        """Bytes of the request have gone up, perhaps the last ones."""
        if self.stage is Stage.DIAL:
            return
        if self.parser.complete:
            exchange.sent_at = clock()
        self._watch()

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

    def _pass_on_end(self, link: UpstreamLink) -> None:
        """A half-close travels on, except over TLS, which has none that servers understand."""
        if link.tls is None and not self._backlog:
            self._out.append(commands.CloseTcpConnection(link.server, half_close=True))

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
