"""One connection of a worker to the keeper."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, cast

from proxy.link.messages import Acknowledged, decode_acknowledged
from proxy.link.queue import FrameQueue
from store.capture import FrameError, FrameSplitter

log = logging.getLogger("wiretrail.link")

# Bytes in the hands of the transport; the rest stays in the queue until the keeper takes it.
_CHUNK: Final = 512 * 1024


class KeeperConnection(asyncio.Protocol):
    """Writes frames as long as the keeper takes them, and reads its acknowledgements."""

    def __init__(
        self, acknowledged: Callable[[Acknowledged], None], may_send: Callable[[], None]
    ) -> None:
        self._acknowledged = acknowledged
        self._may_send = may_send
        self._splitter = FrameSplitter()
        self._transport: asyncio.Transport | None = None
        self._paused = False
        self.lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=_CHUNK)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.lost.set()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._may_send()

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def send_from(self, queue: FrameQueue) -> None:
        """Write what waits, as long as the keeper takes it."""
        while self._transport is not None and not self._paused and queue.has_waiting():
            self._transport.write(b"".join(queue.take(_CHUNK)))

    def data_received(self, data: bytes) -> None:
        try:
            for _, payload in self._splitter.feed(data):
                self._acknowledged(decode_acknowledged(payload))
        except FrameError as error:
            log.error("the keeper's acknowledgement cannot be read: %s", error)
            self.close()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()
