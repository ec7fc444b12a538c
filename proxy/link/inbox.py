"""Frames on their way from the keeper's event loop to its writer thread."""

import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

# A batch ends at whichever comes first. While the writer is busy the next batch gathers by
# itself, so the age matters for light traffic only: it bounds the commits a second.
BATCH_COUNT: Final = 1000
BATCH_BYTES: Final = 4 << 20
BATCH_SECONDS: Final = 0.02


class Origin(Protocol):
    """Where a frame came from, as the writer thread sees it."""

    def settled(self, number: int, dropped: dict[int, str]) -> None:
        """Acknowledge the frames up to `number`. May be called from any thread."""
        ...


class Received[O: Origin](NamedTuple):
    """One numbered frame. Number 0: the connection has ended, nothing follows."""

    origin: O
    number: int
    payload: bytes


class Inbox[O: Origin]:
    """Gathers frames into batches. One thread puts, another takes."""

    def __init__(self, *, on_room: Callable[[], None], limit: int = 4 * BATCH_BYTES) -> None:
        """`on_room` is called by the taking thread when an inbox that was full has room again."""
        self._on_room = on_room
        self._limit = limit
        self._changed = threading.Condition()
        self._items: list[Received[O]] = []
        self._bytes = 0
        self._since = 0.0
        self._hurry = False
        self._full = False

    def put(self, items: list[Received[O]]) -> bool:
        """Add frames; False when it is full now: read no more until `on_room`. What is put is
        kept in any case."""
        size = sum([len(item.payload) for item in items])
        with self._changed:
            if not self._items:
                self._since = time.monotonic()
            waits = not self._items
            self._items += items
            self._bytes += size
            self._full = self._bytes > self._limit
            if waits or len(self._items) >= BATCH_COUNT or self._bytes >= BATCH_BYTES:
                self._changed.notify()
            return not self._full

    def hurry(self) -> None:
        """End the batch that is gathering, or just wake the taker."""
        with self._changed:
            self._hurry = True
            self._changed.notify()

    def take(self, seconds: float) -> list[Received[O]]:
        """The next batch; empty when nothing came for so long, or on `hurry`."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not self._hurry and not self._items:
                if (rest := deadline - time.monotonic()) <= 0:
                    return []
                self._changed.wait(rest)
            while not self._hurry and len(self._items) < BATCH_COUNT:
                rest = self._since + BATCH_SECONDS - time.monotonic()
                if rest <= 0 or self._bytes >= BATCH_BYTES:
                    break
                self._changed.wait(rest)
            self._hurry = False
            batch = self._items[:BATCH_COUNT]
            del self._items[:BATCH_COUNT]
            self._bytes -= sum([len(item.payload) for item in batch])
            relieved = self._full and self._bytes <= self._limit // 2
            if relieved:
                self._full = False
        if relieved:
            self._on_room()
        return batch
