"""Takes captures of what goes through mitmproxy's own HTTP layer: HTTP/2, gRPC, WebSocket.

The hooks do for these flows what the relay does for its own: name, route, claims, forwarding
headers, a capped copy of the bodies while they stream, one final capture.
"""

from mitmproxy import http
from mitmproxy.connection import Client, Server
from mitmproxy.tls import TlsData

from addons import http1_write, http2_endings
from addons.conversation import Conversation
from addons.destination import Named, name_incoming, name_tunnelled, route
from addons.entrance import Entrance
from addons.errors import MalformedRequest, Refusal
from addons.exchange import Exchange, clock
from addons.flow_failure import failure_of
from addons.flow_take import FlowTake
from addons.handover import ConnectExpired, FlowExpired, FlowOrigin
from addons.http1_head import RequestHead, may_be_trailer, read_request_head
from addons.http2_allowance import RESET_AT_ONCE, TOO_MANY_RESETS
from addons.opening import claims_of, open_exchange, open_unparsed, readable_target
from addons.routing import Target
from addons.settings import Limits
from addons.stream_count import counter_for
from addons.websocket_count import WebSocketCount
from addons.websocket_relay import PassedMessage
from store.activity import ErrorCode
from store.capture import HeaderList


class FlowRecorder:
    """The hooks of mitmproxy's HTTP and WebSocket layers."""

    def __init__(self, origins: dict[str, FlowOrigin]) -> None:
        self._origins = origins
        self._takes: dict[str, FlowTake] = {}

    # HTTP

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """A head has come: open the exchange, direct the flow."""
        if flow.id in self._takes:
            return
        origin = self._origins.get(flow.client_conn.id)
        if origin is None:
            return
        entrance = origin.port.entrance
        try:
            head = _read_head(flow.request, entrance.limits)
            named = _name(head, flow, origin, entrance)
        except MalformedRequest as fault:
            self._refuse_unparsed(flow, origin, fault)
            return
        target: Target | None = None
        refusal: Refusal | None = None
        try:
            target = origin.fixed or route(entrance, named)
            if target.durable:
                raise Refusal("durable routes take HTTP/1.1 only", 503, ErrorCode.NOT_DURABLE)
        except Refusal as error:
            refusal = error
        exchange = open_exchange(
            entrance,
            head,
            named,
            binding=(target.binding if target is not None else None) or origin.binding,
            began=clock(),
            client_address=(
                origin.forwarded.sender(head.headers) if entrance.incoming else origin.peer
            ),
            claims=claims_of(head, entrance, trusted_hop=origin.forwarded.trusted),
        )
        exchange.http_version = flow.request.http_version
        take = FlowTake(exchange, entrance, origin, target)
        self._takes[flow.id] = take
        if refusal is not None or target is None:
            assert refusal is not None
            exchange.fail(refusal.code, str(refusal))
            self._answer(flow, take, refusal.status)
            return
        _direct(flow, head, target, named, origin, entrance)
        flow.request.stream = take.request_bytes
        take.watch_connecting()

    def request(self, flow: http.HTTPFlow) -> None:
        """The request is complete."""
        take = self._takes.get(flow.id)
        if take is None:
            return
        take.exchange.sent_at = clock()
        if flow.request.trailers is not None:
            fields = [field for field in _fields(flow.request.trailers) if may_be_trailer(field[0])]
            flow.request.trailers = http.Headers(fields) if fields else None
            take.exchange.request_trailers = fields
        if not take.answered:
            take.watch_answer()

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """The head of an answer has come."""
        take = self._takes.get(flow.id)
        answer = flow.response
        if take is None or answer is None or take.exchange.proxy_status is not None:
            return
        exchange = take.exchange
        take.answered = True
        exchange.answered_at = clock()
        exchange.response_status = answer.status_code
        exchange.response_headers = _fields(answer.headers)
        self._note_server(exchange, flow.server_conn)
        exchange.upstream_ready_at = exchange.started_at
        content_type = answer.headers.get("content-type")
        if content_type:
            exchange.counter = counter_for(content_type.encode("latin-1", "replace"))
        answer.stream = take.answer_bytes
        take.watch_idle()

    def response(self, flow: http.HTTPFlow) -> None:
        """The answer is complete."""
        take = self._takes.get(flow.id)
        if take is None:
            return
        if flow.response is not None and flow.response.trailers is not None:
            take.exchange.response_trailers = _fields(flow.response.trailers)
        if flow.websocket is None:
            self._finish(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        """The flow ends without a complete answer."""
        take = self._takes.get(flow.id)
        if take is None:
            return
        exchange = take.exchange
        code, message = failure_of(flow, take.origin.tls_failure)
        exchange.fail(code, message)
        passed = flow.request.is_http2 and isinstance(
            flow.error and flow.error.msg, http2_endings.PassedReset
        )
        if not (take.answered or passed) and exchange.proxy_status is None:
            late = exchange.error_code in (ErrorCode.CONNECT_TIMEOUT, ErrorCode.UPSTREAM_TIMEOUT)
            exchange.proxy_status = 504 if late else 502
        self._note_server(exchange, flow.server_conn)
        self._finish(flow)

    def reset_at_once(self, client: Client, fields: HeaderList) -> None:
        """A request of HTTP/2 came together with its reset; there is no flow."""
        origin = self._origins.get(client.id)
        if origin is None:
            return
        pseudo = dict(fields)
        method = pseudo.get(b":method", b"").decode("latin-1")
        exchange = _open_unparsed(origin, method, pseudo.get(b":path", b""))
        exchange.http_version = "HTTP/2.0"
        exchange.fail(ErrorCode.CLIENT_CLOSED, RESET_AT_ONCE if fields else TOO_MANY_RESETS)
        origin.port.entrance.recording.ended(exchange)

    # WebSocket

    def websocket_start(self, flow: http.HTTPFlow) -> None:
        """The handshake has succeeded."""
        take = self._takes.get(flow.id)
        if take is not None:
            take.exchange.counter = WebSocketCount(take.entrance.limits)

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        """One whole message; mitmproxy would keep all of them until the end."""
        take = self._takes.get(flow.id)
        assert flow.websocket is not None
        message = flow.websocket.messages[-1]
        assert isinstance(message, PassedMessage)
        if take is not None:
            exchange = take.exchange
            count = exchange.counter
            if isinstance(count, WebSocketCount):
                at = (clock() - exchange.started_at) * 1000.0
                count.take(
                    at,
                    message.content,
                    size=message.size,
                    from_client=message.from_client,
                    text=message.is_text,
                )
            if message.from_client:
                exchange.request_size += message.size
            else:
                exchange.response_size += message.size
            take.watch_idle()
        flow.websocket.messages.clear()

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        """The WebSocket is closed."""
        take = self._takes.get(flow.id)
        if take is None:
            return
        if isinstance(take.exchange.counter, WebSocketCount) and flow.websocket is not None:
            take.exchange.counter.close(flow.websocket.close_code)
        self._finish(flow)

    # Ends

    def tls_failed_server(self, data: TlsData) -> None:
        """A handshake with an upstream failed."""
        origin = self._origins.get(data.context.client.id)
        if origin is not None:
            origin.tls_failure = data.conn.error or ""

    def conversation_gone(self, conversation: Conversation, code: ErrorCode, message: str) -> None:
        """A client connection is gone: end what it still has in flight."""
        client = conversation.client.id
        if client not in self._origins:
            return
        for flow_id, take in list(self._takes.items()):
            if take.origin.conversation is conversation:
                del self._takes[flow_id]
                take.exchange.fail(code, message)
                take.entrance.recording.ended(take.exchange)

    def busy(self, conversation: Conversation) -> bool:
        """Whether the client connection has flows in flight."""
        return any(take.origin.conversation is conversation for take in self._takes.values())

    def tick(self, now: float) -> None:
        """Look at the deadlines."""
        for flow_id, take in list(self._takes.items()):
            if now >= take.connect_by:
                take.connect_by = float("inf")
                take.origin.conversation.dispatch(ConnectExpired(flow_id))
            if now >= take.deadline and flow_id in self._takes:
                take.deadline = float("inf")
                code = ErrorCode.IDLE_TIMEOUT if take.answered else ErrorCode.UPSTREAM_TIMEOUT
                take.exchange.fail(code, "nothing moved in time")
                if not isinstance(take.exchange.counter, WebSocketCount):
                    take.origin.conversation.dispatch(FlowExpired(flow_id))
                if flow_id in self._takes:
                    # A WebSocket has its connection to itself.
                    take.origin.conversation.end(code, "nothing moved in time")

    def _finish(self, flow: http.HTTPFlow) -> None:
        take = self._takes.pop(flow.id)
        take.entrance.recording.ended(take.exchange)

    def _answer(self, flow: http.HTTPFlow, take: FlowTake, status: int) -> None:
        take.exchange.proxy_status = status
        text = http1_write.page(status, close=False).partition(b"\r\n\r\n")[2]
        flow.response = http.Response.make(
            status, text, {"content-type": "text/plain; charset=utf-8"}
        )

    def _refuse_unparsed(
        self, flow: http.HTTPFlow, origin: FlowOrigin, fault: MalformedRequest
    ) -> None:
        entrance = origin.port.entrance
        exchange = _open_unparsed(origin)
        exchange.fail(fault.code, str(fault))
        take = self._takes[flow.id] = FlowTake(exchange, entrance, origin, None)
        self._answer(flow, take, fault.status)

    @staticmethod
    def _note_server(exchange: Exchange, server: Server) -> None:
        begun, connected, secured = (
            server.timestamp_start,
            server.timestamp_tcp_setup,
            server.timestamp_tls_setup,
        )
        # A connection that an earlier flow opened has no connect and no TLS part in this one.
        if begun is not None and connected is not None and begun * 1000 >= exchange.created_at:
            exchange.connect = (connected - begun) * 1000.0
            if secured is not None:
                exchange.tls = (secured - connected) * 1000.0
        peer = server.peername
        if peer is not None:
            exchange.upstream_address = (
                f"[{peer[0]}]:{peer[1]}" if ":" in peer[0] else f"{peer[0]}:{peer[1]}"
            )


def _fields(headers: http.Headers) -> HeaderList:
    return [(name, value) for name, value in headers.fields]


def _read_head(request: http.Request, limits: Limits) -> RequestHead:
    fields = _fields(request.headers)
    if "host" not in request.headers and request.data.authority:
        fields.insert(0, (b"host", request.data.authority))
    return read_request_head(request.data.method, request.data.path, 1, fields, limits.headers)


def _open_unparsed(origin: FlowOrigin, method: str = "", path: bytes = b"") -> Exchange:
    """The exchange of a request that comes to nothing."""
    entrance = origin.port.entrance
    client = origin.conversation.client
    target = origin.fixed
    place = ("http", client.sockname[0], client.sockname[1])
    if target is not None:
        place = ("https" if target.tls else "http", target.host, target.port)
    elif path:
        target = entrance.routes.find(path)
    return open_unparsed(
        entrance,
        binding=(target.binding if target is not None else None) or origin.binding,
        began=clock(),
        client_address=origin.peer,
        place=place,
        method=method,
        target=readable_target(path),
    )


def _name(head: RequestHead, flow: http.HTTPFlow, origin: FlowOrigin, entrance: Entrance) -> Named:
    if origin.fixed is not None and not entrance.incoming:
        return name_tunnelled(head, origin.fixed)
    return name_incoming(head, flow.client_conn.sockname[:2])


def _direct(
    flow: http.HTTPFlow,
    head: RequestHead,
    target: Target,
    named: Named,
    origin: FlowOrigin,
    entrance: Entrance,
) -> None:
    """Point the flow at its target and give it the fields that the target may see."""
    request = flow.request
    request.data.path = target.path(named.path)
    request.data.scheme = b"https" if target.tls else b"http"
    request.data.host, request.data.port = target.host, target.port
    own = origin.forwarded.lines(head) if entrance.incoming else b""
    lines = [*head.lines, *(line + b"\r\n" for line in own.split(b"\r\n") if line)]
    fields: list[tuple[bytes, bytes]] = []
    for line in lines:
        name, _, value = line.partition(b": ")
        if request.is_http2:
            name = name.lower()
            if name == b"host":
                continue
        fields.append((name, value[:-2]))
    if head.websocket:
        fields += [(b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")]
    elif head.te:
        fields.append((b"te", b"trailers"))
    request.headers = http.Headers(fields)
