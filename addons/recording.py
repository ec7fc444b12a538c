"""Hands ended exchanges to the sink: the guard between recording and traffic."""

import logging

from addons.exchange import Exchange, clock
from addons.sink import CaptureSink
from store.capture import Capture

logger = logging.getLogger(__name__)


def finish_exchange(sink: CaptureSink, exchange: Exchange) -> None:
    """Give the final capture to the sink; whatever goes wrong with it stays here."""
    capture: Capture | None
    try:
        capture = exchange.final(clock())
    except Exception as error:  # noqa: BLE001  the capture guard: traffic must not notice
        logger.error("a capture could not be taken: %s", type(error).__name__)
        capture = None
    sink.closed(exchange, capture, "" if capture is not None else "capture_failed")
