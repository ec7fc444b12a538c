"""Clients of HTTP/2 that make us work for nothing, and what mitmproxy's layer would do for them.

* Frames that cost the sender nothing (pings, settings, resets, priorities) are answered for as
  long as they come: CVE-2023-44487, CVE-2019-9512, -9514, -9515. Here too many of them end the
  connection.
* A request that comes together with its own reset gets a flow and a connection to the upstream:
  a millisecond each, thousands in one read, while nobody else is served. Here it gets its row and
  nothing more, and too many of them in one read end the connection before they are looked at.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from hyperframe.frame import HeadersFrame, RstStreamFrame
from mitmproxy.connection import Client
from mitmproxy.proxy import commands
from mitmproxy.proxy.layers.http import _http2, _http_h2

from store.capture import HeaderList

_two: Final[Any] = _http2
_h2: Final[Any] = _two.h2
_buffered: Final[Any] = _http_h2.BufferedH2Connection
_first_receive: Final = _buffered.receive_data
_first_frame: Final = _buffered._receive_frame

MENDED: Final[tuple[tuple[str, Any], ...]] = (
    ("Http2Connection._handle_event", _two.Http2Connection._handle_event),
    ("Http2Connection.handle_h2_event", _two.Http2Connection.handle_h2_event),
    ("Http2Server.handle_h2_event", _two.Http2Server.handle_h2_event),
    ("H2Connection.receive_data", _h2.connection.H2Connection.receive_data),
    ("H2Connection._receive_frame", _h2.connection.H2Connection._receive_frame),
)
"""The original code that this stands on, for the contract test."""

_TRIFLES: Final = (
    _h2.events.ConnectionTerminated,
    _h2.events.PingReceived,
    _h2.events.PriorityUpdated,
    _h2.events.RemoteSettingsChanged,
    _h2.events.StreamReset,
)
_BUDGET: Final = 1000
_REFILL: Final = 200
"""A second."""
_RESET_COSTS: Final = 4
"""The stream before it cost a request upstream and a row."""
_STILLBORN_COSTS: Final = 10
_STILLBORN_AT_ONCE: Final = 100
"""In one read: as many requests as a client may have open."""
_USED: Final = "_wiretrail_trifles"
_READ: Final = "_wiretrail_read"


class _Read:
    """What one read brought: streams that were begun in it, and of those the ones reset in it."""

    __slots__ = ("begun", "stillborn")

    def __init__(self) -> None:
        self.begun: set[int] = set()
        self.stillborn: set[int] = set()


_NOTHING: Final = _Read()


class _TooMany(_h2.exceptions.ProtocolError):  # type: ignore[misc]
    """Ends the connection from inside h2."""

    error_code = _h2.errors.ErrorCodes.ENHANCE_YOUR_CALM


@dataclass
class ResetAtOnceHook(commands.StartHook):  # type: ignore[no-untyped-call]
    """A request was reset as soon as it was sent; without fields: too many were."""

    client: Client
    fields: HeaderList
    blocking = False


def apply() -> None:
    """Put it in place; calling it again changes nothing."""
    if _buffered.receive_data is _receive_data:
        return
    _buffered.receive_data = _receive_data
    _buffered._receive_frame = _receive_frame
    _two.Http2Server.handle_h2_event = _calmed(_two.Http2Server.handle_h2_event)


def _receive_data(self: Any, data: bytes) -> Any:
    if not self.config.client_side:
        setattr(self, _READ, _Read())
    return _first_receive(self, data)


def _receive_frame(self: Any, frame: Any) -> Any:
    """Notes which requests are reset in what was read with them."""
    read: _Read = getattr(self, _READ, _NOTHING)
    if read is not _NOTHING:
        if isinstance(frame, HeadersFrame):
            if frame.stream_id > self.highest_inbound_stream_id:
                read.begun.add(frame.stream_id)
        elif isinstance(frame, RstStreamFrame) and frame.stream_id in read.begun:
            read.stillborn.add(frame.stream_id)
            if len(read.stillborn) > _STILLBORN_AT_ONCE:
                raise _TooMany
    return _first_frame(self, frame)


type _Handle = Callable[[Any, Any], Any]


def _calmed(original: _Handle) -> _Handle:
    """`handle_h2_event` that leaves out what comes to nothing, and ends a client's connection
    when it sends little else."""

    def handle(self: Any, event: Any) -> Any:
        read: _Read = getattr(self.h2_conn, _READ, _NOTHING)
        idle = bool(read.stillborn) and getattr(event, "stream_id", None) in read.stillborn
        if isinstance(event, _TooMany):
            yield ResetAtOnceHook(self.context.client, [])
        if isinstance(event, _TooMany) or _over_budget(self, event, idle):
            calm = _h2.errors.ErrorCodes.ENHANCE_YOUR_CALM
            yield from self.protocol_error("too many frames that carry nothing", calm)
            return True
        if idle:
            yield from _leave_out(self, event)
            return False
        return (yield from original(self, event))

    return handle


def _over_budget(connection: Any, event: Any, stillborn: bool) -> bool:
    if not isinstance(event, _TRIFLES):
        return False
    now = time.monotonic()
    used, since = getattr(connection, _USED, (0.0, now))
    used = max(0.0, used - (now - since) * _REFILL)
    if isinstance(event, _h2.events.StreamReset):
        used += _STILLBORN_COSTS if stillborn else _RESET_COSTS
    else:
        used += 1
    setattr(connection, _USED, (used, now))
    return used > _BUDGET


def _leave_out(connection: Any, event: Any) -> Iterator[commands.Command]:
    if isinstance(event, _h2.events.RequestReceived):
        yield ResetAtOnceHook(connection.context.client, event.headers)
    elif isinstance(event, _h2.events.DataReceived):
        connection.h2_conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
