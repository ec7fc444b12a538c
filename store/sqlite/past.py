"""The past: rollups of hours that are over hardly ever change, so that readers may keep what they
added up there.

`past_until` in the table `state` is an hour, the beginning of a UTC day. Whoever changes rollups of
an hour before it also changes `past_version`, in the same transaction. What a reader found about
hours before `past_until` thus holds as long as it sees the same `past_version`.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sized
from typing import Any, Final

from store.sqlite.narrowing import Fragment

_DAY: Final = 24
_LATE: Final = 6
"""So many hours after the end of a day rows of it are nothing unusual."""
_MOST: Final = 50_000
"""How many entries of answers are kept, some 25 MB."""

STATE: Final = Fragment(
    "SELECT name, value FROM state WHERE name IN ('past_until', 'past_version')"
)
_SET: Final = "INSERT OR REPLACE INTO state VALUES (?, ?)"
# By chance, so that no two histories of a file ever share a version.
_ANEW: Final = "INSERT OR REPLACE INTO state VALUES ('past_version', random())"


def note_change(database: sqlite3.Connection, hour: int) -> None:
    """Rollups of `hour` and perhaps later ones are changed by this transaction."""
    until = dict(database.execute(STATE.sql)).get("past_until")
    settled = (hour - _LATE) // _DAY * _DAY
    if until is None or hour < until:
        # Lower than before, perhaps: it also comes back from rows of the future.
        database.execute(_ANEW)
        database.execute(_SET, ("past_until", settled))
    elif settled > until:
        database.execute(_SET, ("past_until", settled))


def note_deletion(database: sqlite3.Connection) -> None:
    """Rollups of the past are deleted by this transaction."""
    database.execute(_ANEW)


class Kept:
    """Answers about the past, those used last, shared by the connections of a reader."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._size = 0
        self._answers: OrderedDict[Hashable, Sized] = OrderedDict()

    def get(self, key: Hashable) -> Any:
        """What was kept, or `None`. Not to be changed."""
        found = self._answers.get(key)
        if found is not None:
            self._answers.move_to_end(key)
        return found

    def put(self, key: Hashable, answer: Sized) -> None:
        """Keep an answer for a while; one that is too large for that is not kept."""
        self._drop(key)
        if len(answer) >= self._most:
            return
        self._answers[key] = answer
        self._size += len(answer) + 1
        while self._size > self._most:
            self._drop(next(iter(self._answers)))

    def _drop(self, key: Hashable) -> None:
        gone = self._answers.pop(key, None)
        if gone is not None:
            self._size -= len(gone) + 1


class Past:
    """The past as one snapshot of the store has it."""

    def __init__(self, kept: Kept, file: Hashable, state: Iterable[tuple[str, int]]) -> None:
        """`state` are the rows of `STATE`."""
        found: dict[str, int] = {}
        found.update(state)
        self._kept = kept
        self._of = (file, found.get("past_version"))
        self.until: int = found.get("past_until", 0) if "past_version" in found else 0
        """The hour at which it ends; 0 when nothing may be kept."""

    def get(self, key: Hashable) -> Any:
        """What was kept of this past, or `None`. Not to be changed."""
        return self._kept.get((self._of, key))

    def put(self, key: Hashable, answer: Sized) -> None:
        """Keep what concerns nothing but hours before `until`."""
        self._kept.put((self._of, key), answer)
