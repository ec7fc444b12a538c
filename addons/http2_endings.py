"""How HTTP/2 streams and connections end, where mitmproxy's layer ends more than what ended.

* GOAWAY would end all streams of the connection. Here those that are under way go on; those that
  an upstream does not serve any more are told as refused, which their clients may repeat (RFC
  9113, 6.8), and later ones get a new connection.
* A reset reaches the other side as a reset with its code, not as a page or as another code.
* An upstream that could not be reached once would not be asked again by the same client
  connection.
* Ended streams and connections would be remembered as long as the client connection lasts.
"""

import weakref
from collections.abc import Callable, Iterator
from typing import Any, Final

from mitmproxy.connection import Connection
from mitmproxy.proxy import commands
from mitmproxy.proxy.layers.http import GetHttpConnection, HttpLayer, _http2, _http_h2
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import ErrorCode as LayerCode
from mitmproxy.proxy.layers.http._events import RequestProtocolError, ResponseProtocolError

from store.activity import ErrorCode

_two: Final[Any] = _http2
_h2: Final[Any] = _two.h2
_buffered: Final[Any] = _http_h2.BufferedH2Connection
_get: Final[Any] = GetHttpConnection
_first_matches: Final = _get.connection_spec_matches
_first_goaway: Final = _buffered._receive_goaway_frame
_REMEMBERED: Final = 256
"""Streams of a connection that are remembered before the ended ones are looked for."""
_LOOK_AT: Final = "wiretrail_look_at"

MENDED: Final[tuple[tuple[str, Any], ...]] = (
    ("H2Connection._receive_goaway_frame", _h2.connection.H2Connection._receive_goaway_frame),
    ("Http2Client._handle_event", _two.Http2Client._handle_event),
    ("Http2Client.handle_h2_event", _two.Http2Client.handle_h2_event),
    ("GetHttpConnection.connection_spec_matches", _get.connection_spec_matches),
    ("HttpLayer.get_connection", HttpLayer.get_connection),
)
"""The original code that this stands on, for the contract test."""

# Connections whose peer has sent GOAWAY.
_retired: Final[weakref.WeakSet[Connection]] = weakref.WeakSet()


class PassedReset(str):
    """The text of a stream's end that the other side is told as the same reset."""

    __slots__ = ("code", "reset")
    code: ErrorCode
    reset: int

    def __new__(cls, text: str, code: ErrorCode, reset: int) -> "PassedReset":
        made = super().__new__(cls, text)
        made.code, made.reset = code, reset
        return made


class _NoAnswerInTime:
    """Stands where mitmproxy expects one of its codes: none of them means 504."""

    def http_status_code(self) -> int:
        return 504


NO_ANSWER_IN_TIME: Final[Any] = _NoAnswerInTime()
_LATE: Final = (ErrorCode.CONNECT_TIMEOUT, ErrorCode.UPSTREAM_TIMEOUT)


def apply() -> None:
    """Put it in place; calling it again changes nothing."""
    _buffered._receive_goaway_frame = _receive_goaway
    _get.connection_spec_matches = _matches
    if not hasattr(_two.Http2Connection, _LOOK_AT):
        setattr(_two.Http2Connection, _LOOK_AT, _REMEMBERED)
        for kind in (_two.Http2Server, _two.Http2Client):
            kind.handle_h2_event = _ending(kind.handle_h2_event)


def pass_reset(self: Any, event: Any) -> bool:
    """Whether the event was a reset of the other side, which is now passed on."""
    if not isinstance(event, RequestProtocolError | ResponseProtocolError):
        return False
    text = event.message
    if not isinstance(text, PassedReset) or self.is_closed(event.stream_id):
        return False
    # A whole answer that waits for its reader is not lost because nobody wants the request's rest.
    if text.reset != _h2.errors.ErrorCodes.NO_ERROR or not self.h2_conn.stream_buffers.get(
        event.stream_id
    ):
        self.h2_conn.reset_stream(event.stream_id, text.reset)
    return True


def tell_lateness(event: Any) -> None:
    """Have the failure of a late connection answered by 504."""
    if isinstance(event, ResponseProtocolError) and getattr(event.message, "code", None) in _LATE:
        event.code = NO_ANSWER_IN_TIME


def end_retired(self: Any) -> Iterator[commands.Command]:
    """Close a connection that takes no further streams once its last one has ended, and forget
    streams that have ended."""
    if self.conn in _retired and not _running(self):
        _retired.discard(self.conn)
        self.streams.clear()
        yield from self.close_connection("the peer takes no further streams")
        return
    if max(len(self.streams), len(getattr(self, "our_stream_id", ()))) > getattr(self, _LOOK_AT):
        _forget_streams(self)


def layer_of(self: Any) -> Any:
    """The HTTP layer that an HTTP/2 connection belongs to, or `None`."""
    found = (one for one in reversed(self.context.layers) if isinstance(one, HttpLayer))
    return next(found, None)


def _running(self: Any) -> bool:
    return any(not self.is_closed(stream) for stream in self.streams)


def _receive_goaway(self: Any, frame: Any) -> Any:
    """h2 takes the connection for closed: streams up to the last one go on."""
    state, unsent = self.state_machine.state, self._data_to_send
    buffers = dict(self.stream_buffers)
    found = _first_goaway(self, frame)
    if state is not _h2.connection.ConnectionState.CLOSED:
        self.state_machine.state, self._data_to_send = state, unsent
        found[1][-1].wiretrail_buffers = buffers
    return found


def _ending(original: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """`handle_h2_event` with resets that are passed on, and GOAWAY that ends nothing yet."""

    def handle(self: Any, event: Any) -> Any:
        if isinstance(event, _h2.events.StreamReset):
            if event.stream_id in self.streams:
                yield _reset(self, event.stream_id, event.error_code)
                self.streams.pop(event.stream_id, None)
            return False
        if isinstance(event, _h2.events.ConnectionTerminated):
            yield from _retire(self, event)
            return False
        return (yield from original(self, event))

    return handle


def _reset(self: Any, stream: int, number: int, text: str = "") -> commands.Command:
    """What tells the other side of a stream that this one has ended it."""
    upstream = isinstance(self, _two.Http2Client)
    cancelled = number == _h2.errors.ErrorCodes.CANCEL
    who, code = ("upstream", ErrorCode.RESET) if upstream else ("client", ErrorCode.CLIENT_CLOSED)
    message = PassedReset(text or f"the {who} reset the stream ({_name(number)})", code, number)
    layer_code = LayerCode.CANCEL if cancelled else self.ReceiveProtocolError.code
    return ReceiveHttp(self.ReceiveProtocolError(stream, message, layer_code))


def _name(number: int) -> str:
    try:
        return str(_h2.errors.ErrorCodes(number).name)
    except ValueError:
        return f"code {int(number)}"


def _retire(self: Any, event: Any) -> Iterator[commands.Command]:
    _retired.add(self.conn)
    # mitmproxy's buffer of what could not be sent yet was cleared with the event.
    self.h2_conn.stream_buffers.update(getattr(event, "wiretrail_buffers", {}))
    self.h2_conn.connection_window_updated()
    if not isinstance(self, _two.Http2Client):
        return
    refused = [stream for stream in self.streams if stream > event.last_stream_id]
    for theirs in list(self.stream_queue):
        # These were never sent. The number stands for them on their way to the other side.
        self.their_stream_id[-theirs] = theirs
        refused.append(-theirs)
    self.stream_queue.clear()
    number = int(_h2.errors.ErrorCodes.REFUSED_STREAM)
    for stream in refused:
        self.streams.pop(stream, None)
        yield _reset(self, stream, number, "the upstream takes no further streams")


def _matches(self: Any, connection: Any) -> bool:
    """Whether a request may use a connection: not one that takes no further streams, and not one
    that could not be opened."""
    if not _first_matches(self, connection) or connection in _retired:
        return False
    return not connection.error


def _forget_streams(self: Any) -> None:
    layer = layer_of(self)
    if layer is None:
        return
    theirs = getattr(self, "their_stream_id", None)
    for stream in list(self.streams):
        outside = stream if theirs is None else theirs.get(stream, stream)
        # While the layer knows a stream, late events of it may still come.
        if outside not in layer.streams and self.is_closed(stream):
            del self.streams[stream]
    if theirs is not None:
        for ours, outside in list(theirs.items()):
            if outside not in layer.streams and ours not in self.streams:
                del theirs[ours]
                self.our_stream_id.pop(outside, None)
    left = max(len(self.streams), len(theirs or ()))
    setattr(self, _LOOK_AT, max(_REMEMBERED, 2 * left))
