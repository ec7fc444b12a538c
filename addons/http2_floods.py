"""Clients of HTTP/2 that make us work for nothing, and what mitmproxy's layer would do for them.

* Frames that cost the sender nothing (pings, settings, resets, priorities) are answered for as
  long as they come: CVE-2023-44487, CVE-2019-9512, -9514, -9515. Here too many of them end the
  connection.
* A request that comes together with its own reset gets a flow and a connection to the upstream:
  a millisecond each, thousands in one read, while nobody else is served. Here it gets its row and
  nothing more.
* What was read at once is taken apart at once. Here it is left when there is too much of this.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from mitmproxy.connection import Client
from mitmproxy.proxy import commands
from mitmproxy.proxy.layers.http import _http2, _http_h2

from store.capture import HeaderList

_two: Final[Any] = _http2
_h2: Final[Any] = _two.h2
_buffered: Final[Any] = _http_h2.BufferedH2Connection
_first_receive: Final = _buffered.receive_data

MENDED: Final[tuple[tuple[str, Any], ...]] = (
    ("Http2Connection._handle_event", _two.Http2Connection._handle_event),
    ("Http2Connection.handle_h2_event", _two.Http2Connection.handle_h2_event),
    ("Http2Server.handle_h2_event", _two.Http2Server.handle_h2_event),
    ("H2Connection.receive_data", _h2.connection.H2Connection.receive_data),
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
_SLICE: Final = 16384
_ENOUGH: Final = 500
"""Resets in one read with which a client is over its budget, whatever was before."""
_USED: Final = "_wiretrail_trifles"
_STILLBORN: Final = "_wiretrail_stillborn"
_NONE: Final[set[int]] = set()


@dataclass
class ResetAtOnceHook(commands.StartHook):  # type: ignore[no-untyped-call]
    """A request was reset as soon as it was sent."""

    client: Client
    fields: HeaderList
    blocking = False


def apply() -> None:
    """Put it in place; calling it again changes nothing."""
    if _buffered.receive_data is _receive_data:
        return
    _buffered.receive_data = _receive_data
    _two.Http2Server.handle_h2_event = _calmed(_two.Http2Server.handle_h2_event)


def _receive_data(self: Any, data: bytes) -> list[Any]:
    """Notes which requests are reset in what was read with them."""
    if self.config.client_side:
        return list(_first_receive(self, data))
    found: list[Any] = []
    reset: set[int] = set()
    for at in range(0, len(data), _SLICE):
        events = _first_receive(self, data[at : at + _SLICE])
        found.extend(events)
        reset.update(event.stream_id for event in events if type(event) is _h2.events.StreamReset)
        if len(reset) > _ENOUGH:
            break
    if reset:
        begun = (e.stream_id for e in found if type(e) is _h2.events.RequestReceived)
        setattr(self, _STILLBORN, reset.intersection(begun))
    return found


type _Handle = Callable[[Any, Any], Any]


def _calmed(original: _Handle) -> _Handle:
    """`handle_h2_event` that leaves out what comes to nothing, and ends a client's connection
    when it sends little else."""

    def handle(self: Any, event: Any) -> Any:
        stillborn: set[int] = getattr(self.h2_conn, _STILLBORN, _NONE)
        idle = bool(stillborn) and getattr(event, "stream_id", None) in stillborn
        if isinstance(event, _TRIFLES) and _over_budget(self, event, idle):
            calm = _h2.errors.ErrorCodes.ENHANCE_YOUR_CALM
            yield from self.protocol_error("too many frames that carry nothing", calm)
            return True
        if idle:
            yield from _leave_out(self, event, stillborn)
            return False
        return (yield from original(self, event))

    return handle


def _over_budget(connection: Any, event: Any, stillborn: bool) -> bool:
    now = time.monotonic()
    used, since = getattr(connection, _USED, (0.0, now))
    used = max(0.0, used - (now - since) * _REFILL)
    if isinstance(event, _h2.events.StreamReset):
        used += _STILLBORN_COSTS if stillborn else _RESET_COSTS
    else:
        used += 1
    setattr(connection, _USED, (used, now))
    return used > _BUDGET


def _leave_out(connection: Any, event: Any, stillborn: set[int]) -> Iterator[commands.Command]:
    if isinstance(event, _h2.events.RequestReceived):
        yield ResetAtOnceHook(connection.context.client, event.headers)
    elif isinstance(event, _h2.events.DataReceived):
        connection.h2_conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
    elif isinstance(event, _h2.events.StreamReset):
        stillborn.discard(event.stream_id)
