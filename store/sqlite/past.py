"""The past: rollups of hours that are over hardly ever change, so that readers may keep what they
added up there.

`past_until` in the table `state` is an hour, the beginning of a UTC day. Whoever changes rollups
of an hour before it gives its day a new `past_day_N` in the same transaction, or a new
`past_version` to all days at once; rollups before the hour `past_since` are deleted. What a reader
found about hours before `past_until` thus holds as long as it sees the same of these.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterable, Sized
from typing import Any, Final

from store.sqlite.narrowing import Fragment

_DAY: Final = 24
_LATE: Final = 6
"""So many hours after the end of a day rows of it are nothing unusual."""
_FUTURE: Final = 40 * _DAY
"""So far behind the past's end are rows that came after a clock was wrong."""
_DAYS: Final = 64
"""For so many days changes are told apart."""
_MOST: Final = 50_000
"""How many entries of answers are kept, some 25 MB."""

_OF_DAY: Final = "past_day_"
STATE: Final = Fragment("SELECT name, value FROM state WHERE name >= 'past_' AND name < 'past`'")
_SET: Final = "INSERT OR REPLACE INTO state VALUES (?, ?)"
# By chance, so that no two histories of a file ever share a version.
_ANEW: Final = "INSERT OR REPLACE INTO state VALUES (?, random())"
_FORGET_DAYS: Final = "DELETE FROM state WHERE name >= 'past_day_' AND name < 'past_day`'"


def note_change(database: sqlite3.Connection, hours: Collection[int]) -> None:
    """Rollups of `hours` are changed by this transaction."""
    state = dict(database.execute(STATE.sql))
    until = state.get("past_until")
    newest = max(hours)
    settled = (newest - _LATE) // _DAY * _DAY
    if until is None or newest < until - _FUTURE:
        _change_all(database)
        database.execute(_SET, ("past_until", settled))
        return
    late = {hour // _DAY for hour in hours if hour < until}
    if late:
        known = sum(name.startswith(_OF_DAY) for name in state)
        if known + len(late) > _DAYS:
            _change_all(database)
        else:
            database.executemany(_ANEW, [(f"{_OF_DAY}{day}",) for day in late])
    if settled > until:
        database.execute(_SET, ("past_until", settled))


def note_deletion(database: sqlite3.Connection, hour: int) -> None:
    """Rollups before `hour` are deleted by this transaction, some or all of them."""
    since = dict(database.execute(STATE.sql)).get("past_since", 0)
    if hour > since:
        database.execute(_SET, ("past_since", hour))
    else:
        _change_all(database)


def _change_all(database: sqlite3.Connection) -> None:
    database.execute(_FORGET_DAYS)
    database.execute(_ANEW, ("past_version",))


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
        self.since: int = found.get("past_since", 0)
        """Of the hours before it rollups may be deleted."""
        self._days = sorted(
            (int(name.removeprefix(_OF_DAY)), version)
            for name, version in found.items()
            if name.startswith(_OF_DAY)
        )
        self.until: int = found.get("past_until", 0) if "past_version" in found else 0
        """The hour at which it ends; 0 when nothing may be kept."""

    def get(self, begin: int, end: int, question: Hashable) -> Any:
        """What was kept of the hours from `begin` to before `end`, or `None`. Not to be
        changed."""
        return self._kept.get(self._key(begin, end, question))

    def put(self, begin: int, end: int, question: Hashable, answer: Sized) -> None:
        """Keep what concerns nothing but these hours, all before `until`."""
        self._kept.put(self._key(begin, end, question), answer)

    def _key(self, begin: int, end: int, question: Hashable) -> Hashable:
        """Answers are kept by all that they depend on."""
        changed = tuple(one for one in self._days if begin // _DAY <= one[0] <= (end - 1) // _DAY)
        since = self.since if begin < self.since else None
        return (self._of, changed, since, begin, end, question)
