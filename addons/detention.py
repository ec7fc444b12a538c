"""Clients that were thrown out for flooding, left with a connection that nobody reads.

Closed at once, they come again at once, and a new connection costs 0.1 to 0.5 ms. Left alone, who
floods waits with it for what it has sent to be taken. Others see an end of stream, as always.
"""

import asyncio
from collections.abc import Callable
from typing import Final

_SECONDS: Final = 2.0
_MOST: Final = 1000
"""Beyond, connections are closed at once: each is an open file."""


class Detention:
    """The detained connections of a worker."""

    def __init__(self) -> None:
        self._held: dict[Callable[[], None], asyncio.TimerHandle] = {}

    def take(self, let_go: Callable[[], None]) -> bool:
        """Call what closes a connection in a while; false when there are too many."""
        if len(self._held) >= _MOST:
            return False
        loop = asyncio.get_running_loop()
        self._held[let_go] = loop.call_later(_SECONDS, self._let_go, let_go)
        return True

    def close(self) -> None:
        """Let all of them go."""
        for let_go, timer in list(self._held.items()):
            timer.cancel()
            self._let_go(let_go)

    def _let_go(self, let_go: Callable[[], None]) -> None:
        self._held.pop(let_go, None)
        let_go()
