"""Clients of HTTP/2 that make us work for nothing, and what mitmproxy's layer would do for them.

* Frames that cost the sender nothing (pings, settings, resets, priorities) are answered for as
  long as they come: CVE-2023-44487, CVE-2019-9512, -9514, -9515. Here too many of them end the
  connection. Those that belong to work are not too many: two resets for each request that is
  answered (a proxy has many clients on one connection, of whom some leave), a ping for data that
  was sent (gRPC measures how fast it comes).
* A request that comes together with its own reset gets a flow and a connection to the upstream:
  a millisecond each, thousands in one read, while nobody else is served. Here it gets its row and
  nothing more. That is still 0.1 ms, most of it in h2; so frames are looked at before h2 has them,
  and a client that brings more than it may loses its connection for 2 us a request: see
  `addons.http2_allowance`.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from mitmproxy.connection import Client
from mitmproxy.proxy import commands
from mitmproxy.proxy.layers.http import _http2, _http_h2

from addons.active_relay import DetainConnection
from addons.http2_allowance import Allowance, begun_and_reset
from store.capture import HeaderList

_two: Final[Any] = _http2
_h2: Final[Any] = _two.h2
_buffered: Final[Any] = _http_h2.BufferedH2Connection
_first_receive: Final = _buffered.receive_data
_first_send: Final = _buffered.send_data
_first_end: Final = _buffered.end_stream

MENDED: Final[tuple[tuple[str, Any], ...]] = (
    ("Http2Connection._handle_event", _two.Http2Connection._handle_event),
    ("Http2Connection.handle_h2_event", _two.Http2Connection.handle_h2_event),
    ("Http2Server.handle_h2_event", _two.Http2Server.handle_h2_event),
    ("H2Connection.receive_data", _h2.connection.H2Connection.receive_data),
    ("FrameBuffer", _h2.frame_buffer.FrameBuffer),
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
_RESET_COSTS: Final = 2
"""How many may come with their requests, `addons.http2_allowance` says before."""
_ANSWERED: Final = 4
"""What an answer is worth: gRPC clients with short deadlines give up two of three calls."""
_TRIFLED: Final = "_wiretrail_trifles"
_ALLOWANCE: Final = "_wiretrail_allowance"
_STILLBORN: Final = "_wiretrail_stillborn"
_NONE: Final[frozenset[int]] = frozenset()


class _TooMany(_h2.exceptions.ProtocolError):  # type: ignore[misc]
    """Ends the connection from inside h2."""

    error_code = _h2.errors.ErrorCodes.ENHANCE_YOUR_CALM


class _Trifles:
    """What a client has sent that carries nothing."""

    __slots__ = ("_since", "_used", "fed")

    def __init__(self) -> None:
        self._used: float = 0
        """Less than nothing where requests were answered."""
        self._since = time.monotonic()
        self.fed = False
        """Data was sent since the last ping."""

    def answered(self) -> None:
        """A request was answered whole: worth two resets, later ones too."""
        self._used = max(-_BUDGET, self._used - _ANSWERED)

    def are_too_many(self, event: Any) -> bool:
        """Take one more."""
        now = time.monotonic()
        if self._used > 0:
            self._used = max(0.0, self._used - (now - self._since) * _REFILL)
        self._since = now
        if isinstance(event, _h2.events.StreamReset):
            self._used += _RESET_COSTS
        elif self.fed and isinstance(event, _h2.events.PingReceived):
            self.fed = False
        else:
            self._used += 1
        return self._used > _BUDGET


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
    _buffered.send_data = _send_data
    _buffered.end_stream = _end_stream
    _two.Http2Server.handle_h2_event = _calmed(_two.Http2Server.handle_h2_event)


def _receive_data(self: Any, data: bytes) -> Any:
    if not self.config.client_side:
        begun, stillborn = _look(self, data)
        if begun:
            allowance: Allowance | None = getattr(self, _ALLOWANCE, None)
            if allowance is None:
                allowance = Allowance()
                setattr(self, _ALLOWANCE, allowance)
            if not allowance.take(len(begun) - len(stillborn), len(stillborn)):
                raise _TooMany
        setattr(self, _STILLBORN, stillborn)
    return _first_receive(self, data)


def _look(self: Any, data: bytes) -> tuple[set[int], set[int]]:
    buffer = self.incoming_buffer
    if buffer._data:
        # Where the last frame is not complete.
        data = bytes(buffer._data) + data
    return begun_and_reset(data, buffer._preamble_len, self.highest_inbound_stream_id)


def trifles(self: Any) -> _Trifles:
    """Of the client of an `h2` connection."""
    found: _Trifles | None = getattr(self, _TRIFLED, None)
    if found is None:
        found = _Trifles()
        setattr(self, _TRIFLED, found)
    return found


def note_sent(self: Any) -> None:
    """Data goes out on an `h2` connection, or waits for the windows."""
    if not self.config.client_side:
        trifles(self).fed = True


def _send_data(self: Any, stream: int, data: bytes, end_stream: bool = False) -> None:
    if data:
        note_sent(self)
    _first_send(self, stream, data, end_stream)


def _end_stream(self: Any, stream: int) -> None:
    if not self.config.client_side:
        trifles(self).answered()
    _first_end(self, stream)


type _Handle = Callable[[Any, Any], Any]


def _calmed(original: _Handle) -> _Handle:
    """`handle_h2_event` that leaves out what comes to nothing, and ends a client's connection
    when it sends little else."""

    def handle(self: Any, event: Any) -> Any:
        stillborn = getattr(self.h2_conn, _STILLBORN, _NONE)
        idle = bool(stillborn) and getattr(event, "stream_id", None) in stillborn
        if isinstance(event, _TooMany):
            yield ResetAtOnceHook(self.context.client, [])
        if isinstance(event, _TooMany) or (
            isinstance(event, _TRIFLES) and trifles(self.h2_conn).are_too_many(event)
        ):
            calm = _h2.errors.ErrorCodes.ENHANCE_YOUR_CALM
            for command in self.protocol_error("too many frames that carry nothing", calm):
                if type(command) is commands.CloseConnection:
                    yield DetainConnection(command.connection)
                else:
                    yield command
            return True
        if idle:
            yield from _leave_out(self, event)
            return False
        return (yield from original(self, event))

    return handle


def _leave_out(connection: Any, event: Any) -> Iterator[commands.Command]:
    if isinstance(event, _h2.events.RequestReceived):
        yield ResetAtOnceHook(connection.context.client, event.headers)
    elif isinstance(event, _h2.events.DataReceived):
        connection.h2_conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
