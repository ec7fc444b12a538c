"""What the keeper leaves in shared memory for the supervisor and for its own successor: signs of
life, and which captures it was working on.

A capture can kill the keeper (a crash in a pattern or a codec) or hold it up for ever. What it
was working on when it ended is suspect to its successor, which then takes each suspect alone.
Who ends the keeper twice by itself is poison. An end from outside (`kill -9`, the kernel's
memory killer) proves less, so it takes four of those.
"""

import struct
import time
from collections.abc import Iterable, Sequence
from typing import Final

from proxy import shared_memory

SURE: Final = 2
"""Weight of an end that the keeper itself or its stall caused."""
UNSURE: Final = 1
"""Weight of an end that may have come from outside."""
_POISON: Final = 4

_BEAT: Final = 0
_BUSY_SINCE: Final = 1
_READY: Final = 2
_WORKERS_READY: Final = 3
_WEIGHT: Final = 4
_AT_WORK: Final = 5
_SUSPECTS: Final = 6
_STARTS: Final = 7
_IDS: Final = 8
_CAPACITY: Final = 1024
_SUSPECT_IDS: Final = _IDS + 2 * _CAPACITY
_WORDS: Final = _SUSPECT_IDS + 3 * _CAPACITY


class Vitals:
    """The block; see the module. Times are monotonic and the same in every process."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._words = shared_memory.attach(descriptor)

    @classmethod
    def create(cls) -> "Vitals":
        """A new block of a keeper that has not begun."""
        return cls(shared_memory.create(_WORDS))

    def begun(self) -> None:
        """A keeper starts its work."""
        self._words[_STARTS] += 1

    @property
    def starts(self) -> int:
        """How many keepers there have been, this one included."""
        return self._words[_STARTS]

    def beat(self) -> None:
        """The keeper's event loop is alive."""
        self._words[_BEAT] = time.monotonic_ns()

    def busy(self, ids: Sequence[bytes]) -> None:
        """The writer thread begins to work on the captures with these ids; none: on a job."""
        words = self._words
        for index, identifier in enumerate(ids[:_CAPACITY]):
            _put(words, _IDS + 2 * index, identifier)
        words[_AT_WORK] = min(len(ids), _CAPACITY)
        words[_BUSY_SINCE] = time.monotonic_ns()

    def idle(self) -> None:
        """The writer thread is done."""
        self._words[_AT_WORK] = 0
        self._words[_BUSY_SINCE] = 0

    def silent_for(self) -> float:
        """Seconds since the keeper last made progress: its loop's last beat, or the begin of the
        writer's present work, whichever is longer ago; 0 before the first beat."""
        now = time.monotonic_ns()
        marks = [mark for mark in (self._words[_BEAT], self._words[_BUSY_SINCE]) if mark]
        return max(0, now - min(marks, default=now)) / 1e9

    def ended(self, weight: int) -> None:
        """The keeper has ended; called by the supervisor before it starts the next one."""
        self._words[_WEIGHT] = weight
        self._words[_BEAT] = self._words[_BUSY_SINCE] = 0
        self.ready = False

    @property
    def ready(self) -> bool:
        """Whether the keeper takes captures and serves the API. It stays so while the store cannot
        be written: captures wait then, and the traffic of a service is not to be turned away."""
        return bool(self._words[_READY])

    @ready.setter
    def ready(self, value: bool) -> None:
        self._words[_READY] = value

    @property
    def workers_ready(self) -> bool:
        """Whether every worker takes traffic; set by the supervisor."""
        return bool(self._words[_WORKERS_READY])

    @workers_ready.setter
    def workers_ready(self, value: bool) -> None:
        self._words[_WORKERS_READY] = value

    def suspects(self) -> dict[bytes, int]:
        """Captures under suspicion and the weight against each, with what the last keeper was
        working on when it ended."""
        words = self._words
        found = {
            _get(words, start): words[start + 2]
            for start in range(_SUSPECT_IDS, _SUSPECT_IDS + 3 * words[_SUSPECTS], 3)
        }
        weight = words[_WEIGHT]
        for start in range(_IDS, _IDS + 2 * words[_AT_WORK], 2):
            identifier = _get(words, start)
            found[identifier] = found.get(identifier, 0) + weight
        self._remember(found.items())
        self.idle()
        words[_WEIGHT] = 0
        return found

    def cleared(self, suspects: dict[bytes, int]) -> None:
        """These are the suspects that are left."""
        self._remember(suspects.items())

    def _remember(self, suspects: Iterable[tuple[bytes, int]]) -> None:
        words = self._words
        # The newest are kept: they were at work at the last end.
        kept = list(suspects)[-_CAPACITY:]
        for index, (identifier, weight) in enumerate(kept):
            _put(words, _SUSPECT_IDS + 3 * index, identifier)
            words[_SUSPECT_IDS + 3 * index + 2] = weight
        words[_SUSPECTS] = len(kept)


_PAIR: Final = struct.Struct(">QQ")


def is_poison(weight: int) -> bool:
    """Whether so much speaks against a capture that it is not tried again."""
    return weight >= _POISON


def _put(words: memoryview, at: int, identifier: bytes) -> None:
    words[at], words[at + 1] = _PAIR.unpack(identifier[:16].ljust(16, b"\0"))


def _get(words: memoryview, at: int) -> bytes:
    return _PAIR.pack(words[at], words[at + 1])
