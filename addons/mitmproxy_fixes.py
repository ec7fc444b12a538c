"""Mends of mitmproxy's own HTTP layers (12.2.3 to 12.3.1), each with what it answers. A contract
test fails for each when the mended code changes.

* Its error pages name its version, the upstream's address and what was received.
* HTTP/1 trailers end the connection: what reads them gives up, what writes them asserts.
* HTTP/2 streams without back-pressure: see `addons.http2_windows`; ends of HTTP/2 streams and
  connections: see `addons.http2_endings`; frames that come for nothing: see `addons.http2_floods`.
* WebSocket messages: see `addons.websocket_relay`.
* A request body that comes by HTTP/2 without a length goes to an HTTP/1.1 upstream without any
  framing, where it reads as the next request.

That a client may have only five connections to an upstream is the doing of mitmproxy's
`ConnectionHandler`, which `addons.conversation` replaces.
"""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, Final

from mitmproxy import http
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers.http import _http1, _http2
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    RequestEndOfMessage,
    RequestHeaders,
    RequestTrailers,
    ResponseEndOfMessage,
    ResponseTrailers,
)
from mitmproxy.proxy.layers.websocket import WebsocketConnection, WebsocketLayer

from addons import http1_write, http2_endings, http2_floods, http2_windows, websocket_relay

_one: Final[Any] = _http1
_two: Final[Any] = _http2
h11: Final[Any] = _one.h11
h2: Final[Any] = _two.h2
_KEPT: Final = "_wiretrail_trailers"

MENDED: Final[tuple[tuple[str, Any], ...]] = (
    ("make_error_response", _one.make_error_response),
    ("format_error", _two.format_error),
    ("Http1Connection.read_body", _one.Http1Connection.read_body),
    ("Http1Client.send", _one.Http1Client.send),
    ("Http1Server.send", _one.Http1Server.send),
    ("WebsocketLayer.start", WebsocketLayer.start),
    ("WebsocketLayer.relay_messages", WebsocketLayer.relay_messages),
    ("WebsocketConnection", WebsocketConnection),
    *http2_endings.MENDED,
    *http2_floods.MENDED,
    *http2_windows.MENDED,
)
"""The original code that the mends stand on, for the contract test."""


def apply() -> None:
    """Put the mends in place; calling it again changes nothing."""
    if _one.make_error_response is _plain_answer:
        return
    _one.make_error_response = _plain_answer
    _two.format_error = _plain_text
    _two.version = SimpleNamespace(MITMPROXY="proxy")
    _one.Http1Connection.read_body = _read_body
    _one.Http1Client.send = _with_trailers(
        _one.Http1Client.send, RequestTrailers, RequestEndOfMessage
    )
    _one.Http1Server.send = _with_trailers(
        _one.Http1Server.send, ResponseTrailers, ResponseEndOfMessage
    )
    http2_endings.apply()
    http2_floods.apply()
    http2_windows.apply()
    replaced: Any = websocket_relay.relay_messages
    WebsocketLayer.relay_messages = replaced  # type: ignore[method-assign]


def _plain_answer(status_code: int, message: str = "") -> bytes:
    return http1_write.page(status_code, close=True)


def _plain_text(status_code: int, message: str) -> bytes:
    return http1_write.page(status_code, close=False).partition(b"\r\n\r\n")[2]


type _Send = Callable[[Any, Any], Iterator[commands.Command]]


def _with_trailers(original: _Send, trailers: type, end: type) -> _Send:
    """`send` of an HTTP/1 connection, with trailers behind the last chunk and with framing for
    bodies whose length HTTP/2 did not tell."""

    def send(self: Any, event: Any) -> Iterator[commands.Command]:
        if isinstance(event, trailers):
            setattr(self, _KEPT, event.trailers)  # type: ignore[attr-defined]
            return
        if isinstance(event, RequestHeaders) and not event.end_stream:
            headers = event.request.headers
            if event.request.is_http2 and "content-length" not in headers:
                headers["transfer-encoding"] = "chunked"
        kept = getattr(self, _KEPT, None)
        if isinstance(event, end) and kept is not None:
            setattr(self, _KEPT, None)
            message = self.request if end is RequestEndOfMessage else self.response
            if "chunked" in message.headers.get("transfer-encoding", "").lower():
                data = http1_write.last_chunk([(n, v) for n, v in kept.fields])
                yield commands.SendData(self.conn, data)
                is_request = end is RequestEndOfMessage
                yield from self.mark_done(request=is_request, response=not is_request)
                return
        yield from original(self, event)

    return send


def _read_body(self: Any, event: events.Event) -> Iterator[commands.Command]:
    """mitmproxy's own code, with trailers passed on instead of given up."""
    while True:
        try:
            if isinstance(event, events.DataReceived):
                part = self.body_reader(self.buf)
            else:
                part = self.body_reader.read_eof()
        except h11.ProtocolError:
            yield commands.CloseConnection(self.conn)
            yield ReceiveHttp(
                self.ReceiveProtocolError(
                    self.stream_id, "HTTP/1 protocol error", code=self.ReceiveProtocolError.code
                )
            )
            return
        if part is None:
            return
        if isinstance(part, h11.Data):
            if part.data:
                yield ReceiveHttp(self.ReceiveData(self.stream_id, bytes(part.data)))
                yield from http2_windows.hold_when_stuffed(self)
        elif isinstance(part, h11.EndOfMessage):
            is_request = isinstance(self, _one.Http1Server)
            if part.headers:
                fields = http.Headers([(bytes(n), bytes(v)) for n, v in part.headers])
                made = RequestTrailers if is_request else ResponseTrailers
                yield ReceiveHttp(made(self.stream_id, fields))
            if self.request.data.method.upper() != b"CONNECT":
                yield ReceiveHttp(self.ReceiveEndOfMessage(self.stream_id))
            yield from self.mark_done(request=is_request, response=not is_request)
            return
