"""Clients that were thrown out for flooding, left with a connection that nobody reads.

Closed at once, they come again at once, and a new connection costs 0.3 ms. Left alone, who floods
waits with it for what it has sent to be taken. Others see an end of stream, as always.
"""

import asyncio
from typing import Final

from addons.wire import Wire

_SECONDS: Final = 2.0
_MOST: Final = 1000
"""Beyond, connections are closed at once: each is an open file."""


class Detention:
    """The detained connections of a worker."""

    def __init__(self) -> None:
        self._held: dict[Wire, asyncio.TimerHandle] = {}

    def take(self, wire: Wire) -> bool:
        """Send what waits and an end of stream, read no more, close in a while; false when there
        are too many."""
        if len(self._held) >= _MOST or wire.transport.is_closing():
            return False
        wire.transport.pause_reading()
        try:
            wire.transport.write_eof()
        except OSError:  # it was reset a moment ago
            return False
        timer = asyncio.get_running_loop().call_later(_SECONDS, self._let_go, wire)
        self._held[wire] = timer
        return True

    def close(self) -> None:
        """Let all of them go."""
        for wire, timer in list(self._held.items()):
            timer.cancel()
            self._let_go(wire)

    def _let_go(self, wire: Wire) -> None:
        self._held.pop(wire, None)
        wire.transport.abort()
