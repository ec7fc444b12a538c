"""HTTP/2 clients take turns with everybody else.

A request of HTTP/2 costs 1 ms and more in mitmproxy's layers, and a client may send a hundred in
one read: two hundred such clients would have the loop for themselves for half a minute. So what was
read is taken a few requests at a time. When HTTP/2 has had its share of a turn of the loop, the
rest waits for the next ones, who waits longest first, and those connections are not read. Others
wait 0.3 s at most for 200 clients with 50 requests each, before 10 s and more.
"""

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from addons.active_relay import Continued
from addons.http2_allowance import HEADERS, begun_and_reset

if TYPE_CHECKING:
    from addons.conversation import Conversation

_SHARE: Final = 0.005
"""Seconds of a turn."""
_AT_ONCE: Final = 4
"""Requests."""


def one_go(h2_conn: Any, data: bytes) -> int:
    """How many bytes of what was read are taken in one go: up to the end of the first few
    requests' heads, and all where there are no more, or some of them are reset again."""
    buffer = h2_conn.incoming_buffer
    before = bytes(buffer._data)
    end = 0
    at: int = buffer._preamble_len
    whole = before + data if before else data
    begun, stillborn = begun_and_reset(whole, at, h2_conn.highest_inbound_stream_id)
    if stillborn or len(begun) <= _AT_ONCE:
        return len(data)
    heads = 0
    while heads <= _AT_ONCE:
        heads += whole[at + 3] == HEADERS
        end, at = at, at + 9 + int.from_bytes(whole[at : at + 3])
    return end - len(before)


class Turns:
    """The turns of one event loop."""

    def __init__(self) -> None:
        self._used = 0.0
        self._waiting: deque[Conversation] = deque()
        self._scheduled = False

    def free(self) -> bool:
        """Whether HTTP/2 may still work in this turn, with nobody before."""
        return self._used < _SHARE and not self._waiting

    def worked(self, began: float) -> None:
        """HTTP/2 has worked since `began`, a time of `time.perf_counter`."""
        self._used += time.perf_counter() - began
        self._schedule()

    def wait(self, conversation: "Conversation") -> None:
        """Have `Continued` dispatched when it is this one's turn."""
        self._waiting.append(conversation)
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        """Between two looks at the sockets."""
        self._scheduled = False
        self._used = 0.0
        waiting = self._waiting
        while waiting and self._used < _SHARE:
            conversation = waiting.popleft()
            if not conversation.gone:
                conversation.dispatch(Continued())
        if waiting:
            self._schedule()
