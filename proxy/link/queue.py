"""The worker's frames that the keeper has not settled yet, bounded in bytes."""

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

# What the Python objects around a frame's bytes take, so that many small frames count fully.
OVERHEAD: Final = 200


class Entry(NamedTuple):
    """One numbered frame."""

    number: int
    frame: bytes
    final: bool
    """It holds an exchange's final capture."""
    committed: asyncio.Future[bool] | None
    """Who waits for it: the request of a durable route."""


class FrameQueue:
    """Frames in order of their numbers: some sent, the rest waiting. A new connection starts
    again with the oldest."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bytes = 0
        self._sent: deque[Entry] = deque()
        self._waiting: deque[Entry] = deque()

    @property
    def size(self) -> int:
        """Bytes that the frames take."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._sent) + len(self._waiting)

    def has_room(self, size: int, reserve: int = 0) -> bool:
        """Whether a frame of `size` bytes fits, with `reserve` bytes beyond the limit."""
        return self._bytes + size + OVERHEAD <= self._limit + reserve

    def append(self, entry: Entry) -> None:
        """Queue a frame; its number is higher than all before."""
        self._bytes += len(entry.frame) + OVERHEAD
        self._waiting.append(entry)

    def take(self, size: int) -> list[bytes]:
        """Frames to send now, at most about `size` bytes; they count as sent."""
        frames = []
        while self._waiting and size > 0:
            entry = self._waiting.popleft()
            self._sent.append(entry)
            frames.append(entry.frame)
            size -= len(entry.frame)
        return frames

    def has_waiting(self) -> bool:
        """Whether there is something to send."""
        return bool(self._waiting)

    def settle(self, number: int) -> Iterator[Entry]:
        """Forget the frames up to `number`; gives them back one by one."""
        for queue in (self._sent, self._waiting):
            while queue and queue[0].number <= number:
                entry = queue.popleft()
                self._bytes -= len(entry.frame) + OVERHEAD
                yield entry

    def send_again(self) -> None:
        """The connection is gone: what was sent on it waits again."""
        self._waiting.extendleft(reversed(self._sent))
        self._sent.clear()
