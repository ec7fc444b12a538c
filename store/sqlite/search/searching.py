"""One search in the index: which rows a page has to look at, from the newest on."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from store.filters import ActivityFilter
from store.sqlite.keys import STARTED
from store.sqlite.narrowing import Fragment, Narrowing, spellings
from store.sqlite.pool import Connection
from store.sqlite.search.candidates import Candidates, Wanted
from store.sqlite.search.grams import EVERYWHERE, IN_SMALL, needed, number_positions
from store.sqlite.search.history import belongs, questions
from store.sqlite.search.search_file import open_for_searching
from store.sqlite.search.segments import state

_FIRST: Final = 256
_MOST: Final = 4_096
"""How many candidates are asked about at once."""
_OTHERS: Final = 200_000
"""If more rows are not in the index, it is of no use."""
_NUMBERS: Final = 8
"""For more organizations or integrations at once the index is not asked about them."""
_FRESH: Final = "SELECT key FROM activities INDEXED BY activities_seq WHERE seq > ? LIMIT ?"
_STARTED: Final = "SELECT key FROM activities WHERE direction IN (0, 1) AND status = ? LIMIT ?"


class Search:
    """Candidates in turns, as far down as the index knows rows."""

    def __init__(self, candidates: Candidates, low: int) -> None:
        """The index knows all rows from the key `low` on."""
        self._candidates = candidates
        self._low = low
        self._size = _FIRST
        self.ended = False
        """Whether there is nothing more to find in it."""

    async def next(self, high: int) -> tuple[list[int], int]:
        """The next keys below `high`, newest first, and from where on there are no others.

        Raises:
            sqlite3.Error: the file cannot be read.
        """
        if high <= self._low:
            self.ended = True
            return [], high
        self._candidates.skip(high)
        keys, floor = await asyncio.to_thread(self._candidates.piece, self._size)
        self._size = min(self._size * 2, _MOST)
        self.ended = floor is None or floor <= self._low
        return keys, self._low if floor is None else max(self._low, min(floor, high))


def wanted(where: ActivityFilter, bodies: bool, narrowing: Narrowing) -> Wanted | None:
    """What slots must have, or `None` where words tell nothing about that."""
    texts = EVERYWHERE if bodies else IN_SMALL
    positions = {position for word in where.words for position in needed(spellings(word), texts)}
    if not positions:
        return None
    numbers = narrowing.numbers
    kind, among = 0, numbers.organizations
    if numbers.integrations is not None:
        kind, among = 1, numbers.integrations
    if among is None or len(among) > _NUMBERS:
        among = ()
    # Odd positions first: the other one of the same gram tells less.
    order = sorted(positions, key=lambda position: (not position & 1, position))
    return Wanted(order, [number_positions(kind, number) for number in among])


@asynccontextmanager
async def searching(
    connection: Connection, store: Path, what: Wanted, low: int, high: int
) -> AsyncIterator[Search | None]:
    """A search for rows from the key `low` to below `high`; `None` without an index that helps."""
    # Not in a thread: whoever is cancelled meanwhile would leave it open, and it waits for nothing.
    opened = _opened(store)
    if opened is None:
        yield None
        return
    index, kept = opened
    candidates = Candidates(index, what)
    try:
        others = await _others(connection, kept)
        past = max(low, min(high, kept.get("past_key", high)))
        if others is None or past == high:
            yield None
        else:
            candidates.limit(past, high, others)
            yield Search(candidates, past)
    finally:
        await asyncio.shield(asyncio.to_thread(candidates.close))


def _opened(store: Path) -> tuple[sqlite3.Connection, dict[str, int]] | None:
    """The index at one moment, with its state."""
    try:
        index = open_for_searching(store)
    except sqlite3.Error:
        return None
    if index is None:
        return None
    try:
        index.execute("BEGIN")
        return index, state(index)
    except sqlite3.Error:
        index.close()
        return None


async def _others(connection: Connection, kept: dict[str, int]) -> list[int] | None:
    """Rows beside the index: those after it, and those without an end. `None` when there are too
    many, or it is the index of another store."""
    answers = [await connection.rows(question) for question in questions(kept)]
    if not belongs(kept, [rows[0][0] if rows else None for rows in answers]):
        return None
    found: list[int] = []
    # In this order: one that ends between the two questions is fresh then.
    for sql, value in ((_STARTED, STARTED), (_FRESH, kept["until_seq"])):
        found += [key for (key,) in await connection.rows(Fragment(sql, (value, _OTHERS + 1)))]
    return found if len(found) <= _OTHERS else None
