"""What all stages of the HTTP/1.1 relay share: the state of one client connection and of the
exchange in flight, and the proper end of an exchange.

The relay is a chain of classes, a module each, of which each knows only those before it: see
the tables in `addons.relay_state`. They make one object, since what comes next depends on all
of its state.
"""

from typing import Final

from mitmproxy.proxy import commands
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import Layer

from addons import http1_write
from addons.answer_side import AnswerSide
from addons.conversation import Conversation
from addons.exchange import Binding, Exchange, clock
from addons.forwarded import ForwardedRule
from addons.http1_head import RequestHead
from addons.http1_parse_request import RequestParser
from addons.link_pool import LinkPool
from addons.listening_port import ListeningPort
from addons.relay_state import Stage, State
from addons.routing import Target
from addons.upstream_link import UpstreamLink

NEVER: Final = float("inf")
"""The deadline of what has none."""
HELD_BYTES: Final = 65536
"""Bytes that may wait for a slower side before the faster one is held."""
_LINGER: Final = 2.0
_KEEP_ALIVE: Final = 900.0


class RelayCore(Layer):
    """The state of a relay.

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

    def _watch(self) -> None:
        """Set the deadline of the stage; DIAL and the commit have their own."""
        assert self.target is not None
        deadlines = self.target.deadlines
        waiting = self.stage is Stage.WAIT and self.parser.complete
        seconds = deadlines.answer_head if waiting else deadlines.idle
        self.deadline = clock() + seconds if seconds is not None else NEVER

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

    def _to_client(self, data: bytes) -> None:
        if data:
            self._out.append(commands.SendData(self.client, data))

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

    def _close_client(self) -> None:
        self.state = State.CLOSED
        self.deadline = NEVER
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
