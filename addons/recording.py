"""Takes ended exchanges to the sink, a moment later: the guard between recording and traffic."""

import asyncio
import logging
from typing import Final

from addons.exchange import Exchange, clock
from addons.sink import CaptureSink
from store.capture import Capture

logger = logging.getLogger(__name__)

_LATER: Final = 0.005
"""Seconds in which traffic has the processor to itself: when 500 streams end at once, their last
events cost 13 us each before the next is looked at, instead of 19 (with TLS 30 instead of 37)."""
_A_TURN: Final = 32
"""Captures taken before the loop looks at its sockets again: less than a millisecond."""
_WAITING: Final = 500
"""Ended exchanges that may wait; a turn takes all that are more."""


class Recording:
    """The way of all exchanges of a relay to its sink."""

    def __init__(self, sink: CaptureSink) -> None:
        self._sink = sink
        self.opened: Final = sink.opened
        self.commit: Final = sink.commit
        self._ended: list[Exchange] = []
        self._timer: asyncio.Handle | None = None

    def ended(self, exchange: Exchange) -> None:
        """The exchange has ended; nothing of it changes any more."""
        if not exchange.ended_at:
            exchange.ended_at = clock()
        self._ended.append(exchange)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_LATER, self._take_some)

    def flush(self) -> None:
        """Take what has ended, now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        ended, self._ended = self._ended, []
        for exchange in ended:
            self._take(exchange)

    def _take_some(self) -> None:
        count = max(_A_TURN, len(self._ended) - _WAITING)
        some, self._ended = self._ended[:count], self._ended[count:]
        loop = asyncio.get_running_loop()
        self._timer = loop.call_soon(self._take_some) if self._ended else None
        for exchange in some:
            self._take(exchange)

    def _take(self, exchange: Exchange) -> None:
        """Give the final capture to the sink; whatever goes wrong with it stays here."""
        capture: Capture | None = None
        try:
            capture = exchange.final(exchange.ended_at)
            self._sink.closed(exchange, capture, "")
        except Exception as error:  # noqa: BLE001  the capture guard: traffic must not notice
            logger.error("a capture could not be taken: %s", type(error).__name__)
            if capture is None:
                self._sink.closed(exchange, None, "capture_failed")
