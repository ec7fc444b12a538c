"""Back-pressure for each HTTP/2 stream, which mitmproxy's layer does not have: it opens windows of
2 GB and acknowledges what it reads at once, so that a stream whose reader stops is held in memory
without a bound.

Here a stream's window is 2 MB, and bytes are acknowledged once the other side has taken the ones
before. Where the other side's source is HTTP/1, its connection is not read meanwhile.
"""

import weakref
from collections.abc import Iterator
from typing import Any, Final

from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers.http import HttpLayer, SendHttp, _http2, _http_h2
from mitmproxy.proxy.layers.http._base import HttpEvent

from addons import http2_endings, http2_floods

WINDOW: Final = 2 << 20

_two: Final[Any] = _http2
_buffered: Final[Any] = _http_h2.BufferedH2Connection
_first_init: Final = _buffered.__init__
_first_acknowledge: Final = _buffered.acknowledge_received_data
_first_updated: Final = _buffered.stream_window_updated
_first_made: Final = _two.Http2Connection.__init__
_first_handle: Final = _two.Http2Connection._handle_event

MENDED: Final[tuple[tuple[str, Any], ...]] = (
    ("BufferedH2Connection", _buffered),
    ("HttpLayer.event_to_child", HttpLayer.event_to_child),
)
"""The original code that this stands on, for the contract test."""

# HTTP/2 connections by the id of what they are on.
_connections: Final[weakref.WeakValueDictionary[str, Any]] = weakref.WeakValueDictionary()


class Released(HttpEvent):
    """The other side has taken what was read of a stream."""


class HoldReading(commands.Command):
    """Stop or continue reading from an upstream connection."""

    def __init__(self, connection: Any, held: bool) -> None:
        self.connection = connection
        self.held = held


def apply() -> None:
    """Put it in place; calling it again changes nothing."""
    _buffered.__init__ = _init
    _buffered.acknowledge_received_data = _acknowledge
    _buffered.stream_window_updated = _window_updated
    _two.Http2Connection.__init__ = _made
    _two.Http2Connection._handle_event = _handle


def _init(self: Any, config: Any) -> None:
    _first_init(self, config)
    self.local_settings.initial_window_size = WINDOW
    self.local_settings.acknowledge()
    self.wiretrail_owner = None
    self.wiretrail_owed = {}
    self.wiretrail_drained = set()


def _made(self: Any, context: Any, conn: Any) -> None:
    _first_made(self, context, conn)
    self.h2_conn.wiretrail_owner = weakref.ref(self)
    _connections[conn.id] = self


def _acknowledge(self: Any, size: int, stream: int) -> None:
    owner = self.wiretrail_owner and self.wiretrail_owner()
    if owner is not None and _stuffed(owner, stream):
        self.wiretrail_owed[stream] = self.wiretrail_owed.get(stream, 0) + size
    elif size:
        _first_acknowledge(self, size, stream)


def _window_updated(self: Any, stream: int) -> bool:
    sent: bool = _first_updated(self, stream)
    if sent:
        http2_floods.note_sent(self)
    if not self.stream_buffers.get(stream):
        self.wiretrail_drained.add(stream)
    return sent


def _handle(self: Any, event: events.Event) -> Iterator[commands.Command]:
    h2 = self.h2_conn
    http2_endings.tell_lateness(event)
    if http2_endings.pass_reset(self, event):
        yield commands.SendData(self.conn, h2.data_to_send())
    elif not isinstance(event, Released):
        yield from _first_handle(self, event)
    if h2.wiretrail_owed and _pay(self):
        yield commands.SendData(self.conn, h2.data_to_send())
    while h2.wiretrail_drained:
        yield from _release_source(self, h2.wiretrail_drained.pop())
    yield from http2_endings.end_retired(self)


def _pay(self: Any) -> bool:
    """Acknowledge what the other sides have taken, and what belongs to streams that are gone."""
    h2 = self.h2_conn
    free = [stream for stream in h2.wiretrail_owed if not _stuffed(self, stream)]
    closed = h2.state_machine.state is _two.h2.connection.ConnectionState.CLOSED
    for stream in free:
        size = h2.wiretrail_owed.pop(stream)
        if not closed:
            _first_acknowledge(h2, size, stream)
    return bool(free) and not closed


def _stuffed(self: Any, stream: int) -> bool:
    """Whether bytes that were read of a stream still wait on the other side."""
    other, theirs = _other(self, stream)
    return other is not None and bool(other.h2_conn.stream_buffers.get(theirs))


def _other(self: Any, stream: int) -> tuple[Any, int]:
    """The other side's HTTP/2 connection, if it is one, and the stream's number there."""
    if isinstance(self, _two.Http2Client):
        return _connections.get(self.context.client.id), self.their_stream_id.get(stream, -1)
    server = _upstream(self, stream)
    other = _connections.get(server.id) if server is not None else None
    return other, other.our_stream_id.get(stream, -1) if other is not None else -1


def _upstream(self: Any, stream: int) -> Any:
    """The upstream connection of a client's stream."""
    layer = http2_endings.layer_of(self)
    running = layer.streams.get(stream) if layer is not None else None
    flow = getattr(running, "flow", None)
    return flow.server_conn if flow is not None else None


def _release_source(self: Any, stream: int) -> Iterator[commands.Command]:
    """A stream's buffer is empty: where its bytes come from may go on."""
    layer = http2_endings.layer_of(self)
    if isinstance(self, _two.Http2Client):
        source, number = self.context.client, self.their_stream_id.get(stream, -1)
    else:
        source, number = _upstream(self, stream), stream
    if source is None or layer is None or source not in layer.connections:
        return
    if source.id in _connections:
        yield SendHttp(Released(number), source)
    else:
        yield HoldReading(source, False)


def hold_when_stuffed(self: Any) -> Iterator[commands.Command]:
    """For an HTTP/1 connection that has passed on a piece of an answer's body."""
    other = _connections.get(self.context.client.id)
    if other is None or self.conn is other.conn or self.stream_id is None:
        return
    if other.h2_conn.stream_buffers.get(self.stream_id):
        yield HoldReading(self.conn, True)
