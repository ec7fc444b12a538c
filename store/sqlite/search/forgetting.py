"""What the index has to forget: which segments hold bits of rows or bodies that retention has
deleted.

Nothing is handed over by retention; ages and time tell what is gone, or about to go. So nothing
can get lost between the two, however either of them ends.
"""

import json
import sqlite3
from collections.abc import Mapping
from typing import Final, NamedTuple

from store.options import StoreOptions
from store.sqlite.keys import LOWEST_KEY, first_key
from store.sqlite.search.texts import RowTexts
from store.times import uuid_bytes

_HOUR_MS: Final = 3_600_000
_BODIES: Final = "bodies"
_OTHERS: Final = "others"


class Due(NamedTuple):
    """A segment that holds what is gone."""

    number: int
    wholly: bool
    """Whether all of its rows are."""
    forgotten: str
    """What will be forgotten when it has been made anew."""


class Ages:
    """Since when rows of each organization, and bodies, are there, at one time."""

    def __init__(self, store: sqlite3.Connection, options: StoreOptions, now: int) -> None:
        own = {uuid_bytes(name) or name: age for name, age in options.organizations.items()}
        self._since = _since(options.keep, now)
        self._bodies_since = _since(options.keep_bodies, now)
        self._own: dict[int, int] = {}
        if own:
            for number, identifier, name in store.execute(
                "SELECT number, id, name FROM organizations"
            ):
                if identifier in own or name in own:
                    age = own[identifier] if identifier in own else own[name]
                    self._own[number] = _since(age, now)
        self._now = now

    def due(self, index: sqlite3.Connection, *, at_once: bool) -> Due | None:
        """A segment to make anew or to delete. One that loses a little all the time is made anew
        once an hour, or `at_once`."""
        for number, low, high, organizations, forgotten, renewed_at in index.execute(
            "SELECT number, low, high, organizations, forgotten, renewed_at FROM segments"
            " WHERE dead = 0 AND replaces IS NULL AND planes > 0 AND low < ? ORDER BY number",
            (max(self._since, self._bodies_since, *self._own.values()),),
        ):
            marks = self._marks(low, high + 1, organizations)
            known: dict[str, int] = json.loads(forgotten)
            fresh = {name: mark for name, mark in marks.items() if mark > known.get(name, low)}
            patient = not at_once and 0 <= self._now - renewed_at < _HOUR_MS
            if not fresh or (patient and max(fresh.values()) <= high):
                continue
            rows = [mark for name, mark in marks.items() if name != _BODIES]
            return Due(number, min(rows) > high, json.dumps(marks))
        return None

    def left(self, row: RowTexts) -> RowTexts | None:
        """What the index may know of a row. Retention may be behind with what is too old."""
        if row.key < self._own.get(row.organization, self._since):
            return None
        return row._replace(large=b"") if row.key < self._bodies_since else row

    def _marks(self, low: int, end: int, organizations: str) -> Mapping[str, int]:
        """Up to which key everything of a segment is gone."""
        marks = {_BODIES: self._bodies_since}
        if self._own:
            numbers: list[int] = json.loads(organizations)
            marks |= {str(n): self._own[n] for n in numbers if n in self._own}
            if any(number not in self._own for number in numbers):
                marks[_OTHERS] = self._since
        else:
            marks[_OTHERS] = self._since
        return {name: min(max(mark, low), end) for name, mark in marks.items()}


def _since(age: int | None, now: int) -> int:
    return LOWEST_KEY if age is None else first_key(now - age)
