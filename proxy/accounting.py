"""The counters of exchanges, in memory that outlives worker and keeper.

The law: `seen = stored + dropped{reason} + in flight`, at any moment. In flight is counted on
its own, up when an exchange opens and down when it settles, so that the law is a check and not
a definition.

Each worker process has a slot that it alone writes. The keeper writes beside it how many final
captures of that worker it has settled: when a worker is killed between a commit and its
acknowledgement, the supervisor still counts those rows as stored, folds the rest into
`dropped{worker_died}`, adds the slot to the totals and frees it.
"""

import time
from typing import Final

from proxy import shared_memory
from store.accounting import Accounting

REASONS: Final = (
    "queue_full",
    "too_large",
    "not_captured",
    "rejected",
    "poison",
    "worker_died",
    "shutdown",
    "other",
)
"""Why an exchange can leave no final row; the label values of `wiretrail_dropped_total`."""

# Words of a slot. The first is odd while the worker changes several words that belong together.
_VERSION: Final = 0
_SEEN: Final = 1
_IN_FLIGHT: Final = 2
_STORED: Final = 3
_GENERATION: Final = 4
_DRAINED: Final = 5
# The keeper's words: which of the two halves is valid, then two of (number, stored, dropped).
# A half is filled before it is made the valid one, so a kill in between loses nothing.
_KEEPER_HALF: Final = 6
_KEEPER: Final = 7
_HALF: Final = 3
_QUEUED: Final = 13
# One more than the client connections of a worker that accepts, else 0.
_ACCEPTING: Final = 14
_DROPPED: Final = 16
_WORDS: Final = _DROPPED + 16
_TRIES: Final = 200

_HEADER: Final = 8
TOTALS: Final = 0
"""The slot in which the supervisor keeps what ended workers have left."""
SLOTS: Final = 320

_INDEX: Final = {reason: _DROPPED + index for index, reason in enumerate(REASONS)}
_OTHER: Final = _INDEX["other"]


class WorkerCounters:
    """A worker's own slot. Two increments an exchange: cheap enough for the hot path."""

    def __init__(self, words: memoryview) -> None:
        self._words = words

    @property
    def generation(self) -> int:
        """Which use of this slot this is; told to the keeper."""
        return self._words[_GENERATION]

    def opened(self) -> None:
        """An exchange is seen and in flight."""
        words = self._words
        words[_VERSION] += 1
        words[_SEEN] += 1
        words[_IN_FLIGHT] += 1
        words[_VERSION] += 1

    def queued(self, size: int) -> None:
        """Captures of `size` bytes wait for the keeper."""
        self._words[_QUEUED] = size

    def stored(self, count: int) -> None:
        """`count` exchanges in flight have their final row committed."""
        words = self._words
        words[_VERSION] += 1
        words[_STORED] += count
        words[_IN_FLIGHT] -= count
        words[_VERSION] += 1

    def dropped(self, reason: str, count: int = 1) -> None:
        """`count` exchanges in flight leave no final row; an unknown reason counts as `other`."""
        words = self._words
        index = _INDEX.get(reason, _OTHER)
        words[_VERSION] += 1
        words[index] += count
        words[_IN_FLIGHT] -= count
        words[_VERSION] += 1


class SettledCounters:
    """The keeper's part of a worker's slot: what was committed, whatever became of the
    acknowledgement. Written before the acknowledgement is sent."""

    def __init__(self, words: memoryview) -> None:
        self._words = words

    @property
    def generation(self) -> int:
        """Which use of the slot this is now."""
        return self._words[_GENERATION]

    @property
    def number(self) -> int:
        """The highest frame number settled; frames up to it are repetitions."""
        return self._read()[0]

    def settle(self, number: int, stored: int, dropped: int) -> None:
        """Frames up to `number` are settled: `stored` and `dropped` final captures more."""
        words = self._words
        before = self._read()
        half = 1 - words[_KEEPER_HALF]
        start = _KEEPER + half * _HALF
        words[start] = number
        words[start + 1] = before[1] + stored
        words[start + 2] = before[2] + dropped
        words[_KEEPER_HALF] = half

    def drained(self) -> None:
        """The worker's connection has ended and everything it brought is settled."""
        self._words[_DRAINED] = 1

    def _read(self) -> tuple[int, int, int]:
        start = _KEEPER + self._words[_KEEPER_HALF] * _HALF
        number, stored, dropped = self._words[start : start + _HALF].tolist()
        return number, stored, dropped


class CounterBlock:
    """The whole block. The supervisor makes it, assigns slots and folds them; the others attach
    to its descriptor."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._words = shared_memory.attach(descriptor)
        self._next = TOTALS

    @classmethod
    def create(cls) -> "CounterBlock":
        """A new block with all counters at zero."""
        return cls(shared_memory.create(_HEADER + SLOTS * _WORDS))

    def worker(self, slot: int) -> WorkerCounters:
        """The slot as its worker sees it."""
        return WorkerCounters(self._slot(slot))

    def settled(self, slot: int) -> SettledCounters:
        """The slot as the keeper sees it.

        Raises:
            IndexError: there is no such slot.
        """
        if not TOTALS < slot < SLOTS:
            raise IndexError(f"slot {slot}, expected 1 to {SLOTS - 1}")
        return SettledCounters(self._slot(slot))

    def assign(self, in_use: set[int]) -> int:
        """A free slot for a new worker, the longest unused one first."""
        for _ in range(SLOTS):
            self._next = self._next % (SLOTS - 1) + 1
            if self._next not in in_use:
                self._slot(self._next)[_GENERATION] += 1
                return self._next
        raise IndexError(f"all {SLOTS - 1} slots are in use")

    def accepting(self) -> memoryview:
        """A word for each slot: how busy its worker is, see `proxy.crowd`."""
        return self._words[_HEADER + _ACCEPTING :: _WORDS]

    def ended(self, slot: int) -> None:
        """The worker of this slot has ended and accepts nothing more."""
        self.accepting()[slot] = 0

    def is_drained(self, slot: int) -> bool:
        """Whether nothing of this slot's worker is on its way any more: the keeper said so, or
        the worker itself had settled everything."""
        words = self._slot(slot)
        return bool(words[_DRAINED]) or _remainder(words) == 0

    def fold(self, slot: int) -> int:
        """Add an ended worker's slot to the totals and free it; returns how many of its
        exchanges are lost, counted as `worker_died`."""
        words, totals = self._slot(slot), self._slot(TOTALS)
        _, stored, dropped = SettledCounters(words)._read()
        by_keeper = words[_INDEX["rejected"]] + words[_INDEX["poison"]]
        late_stored = max(0, stored - words[_STORED])
        late_dropped = max(0, dropped - by_keeper)
        lost = max(0, _remainder(words) - late_stored - late_dropped)
        self._words[0] += 1
        totals[_SEEN] += words[_STORED] + late_stored + late_dropped + lost + sum(words[_DROPPED:])
        totals[_STORED] += words[_STORED] + late_stored
        for index in range(_DROPPED, _WORDS):
            totals[index] += words[index]
        totals[_INDEX["rejected"]] += late_dropped
        totals[_INDEX["worker_died"]] += lost
        generation = words[_GENERATION]
        for index in range(_WORDS):
            words[index] = 0
        words[_GENERATION] = generation
        self._words[0] += 1
        return lost

    def read(self) -> Accounting:
        """The sum of all slots. Each slot is read at one moment of its own; the law holds for
        each, so it holds for the sum."""
        for _ in range(_TRIES):
            before = self._words[0]
            slots = [_consistent(self._slot(slot)) for slot in range(SLOTS)]
            if before % 2 == 0 and before == self._words[0]:
                break
        dropped = {
            reason: count
            for reason, index in _INDEX.items()
            if (count := sum(words[index] for words in slots))
        }
        return Accounting(
            seen=sum(words[_SEEN] for words in slots),
            stored=sum(words[_STORED] for words in slots),
            dropped=dropped,
            in_flight=sum(words[_IN_FLIGHT] for words in slots),
        )

    def queued(self) -> int:
        """Bytes of captures that wait for the keeper, in all workers."""
        return sum(self._slot(slot)[_QUEUED] for slot in range(SLOTS))

    def _slot(self, slot: int) -> memoryview:
        start = _HEADER + slot * _WORDS
        return self._words[start : start + _WORDS]


def _remainder(words: memoryview) -> int:
    """What has been seen and is neither stored nor dropped. Not the counter of exchanges in
    flight: a worker may have been killed between two of its increments."""
    return max(0, words[_SEEN] - words[_STORED] - sum(words[_DROPPED:]))


def _consistent(words: memoryview) -> list[int]:
    """A copy of a slot from between two changes. A worker that was stopped in the middle of one
    leaves its version odd; after some tries the copy is taken as it is."""
    if words[_SEEN] == 0:
        return [0] * _WORDS if words[_VERSION] == 0 else words.tolist()
    for attempt in range(_TRIES):
        copy = words.tolist()
        if copy[_VERSION] % 2 == 0 and copy[_VERSION] == words[_VERSION]:
            return copy
        if attempt > _TRIES // 2:
            time.sleep(0.0001)
    return words.tolist()
