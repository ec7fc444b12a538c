"""Sums over any ranges of time. Rollups know whole hours; the hours that a range cuts are counted
from rows, as long as these are there and not too many."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from store.sqlite.charts import SUMS, AddUp, Sum, rolled_up
from store.sqlite.day_parts import blocks_of
from store.sqlite.keys import created_at
from store.sqlite.narrowing import Fragment, Narrowing
from store.sqlite.past import Past
from store.sqlite.pool import Connection
from store.sqlite.rollups import HOUR_MS
from store.sqlite.selecting import measured_rows

ROWS: Final = 250_000
"""How many rows one answer may look at for the hours that its ranges cut."""
FAR: Final = HOUR_MS << 40
"""The beginning of an hour beyond all others."""

type Key = tuple[int, ...]
type Hours = tuple[int, int]
"""From one to before another."""


class Piece(NamedTuple):
    """A part of one hour, within the range `number`."""

    begin: int
    end: int
    number: int

    @property
    def hour(self) -> int:
        """The hour that it is a part of."""
        return self.begin // HOUR_MS


def cut(ranges: Sequence[tuple[int, int]]) -> tuple[list[tuple[int, int]], list[Piece]]:
    """Ranges of milliseconds as ranges of whole hours, and the pieces of hours around them."""
    whole: list[tuple[int, int]] = []
    pieces: list[Piece] = []
    for number, (begin, end) in enumerate(ranges):
        first, last = -(-begin // HOUR_MS), end // HOUR_MS
        whole.append((first, max(first, last)))
        if first > last:
            parts = [(begin, end)]
        else:
            parts = [(begin, first * HOUR_MS), (last * HOUR_MS, end)]
        pieces += [Piece(low, high, number) for low, high in parts if low < high]
    return whole, pieces


async def countable(connection: Connection, pieces: Iterable[Piece]) -> set[int]:
    """The hours whose pieces can be counted from rows, newest first as far as `ROWS` reaches."""
    wanted = sorted(pieces, reverse=True)
    if not wanted:
        return set()
    ((oldest,),) = await connection.rows(Fragment("SELECT min(key) FROM activities"))
    if oldest is None:
        return set()
    span = (wanted[-1].hour, wanted[0].hour)
    known = Fragment("SELECT bucket, count FROM hours WHERE bucket BETWEEN ? AND ?", span)
    counts = dict(await connection.rows(known))
    found: set[int] = set()
    left: float = ROWS
    for piece in wanted:
        left -= counts.get(piece.hour, 0) * (piece.end - piece.begin) / HOUR_MS
        if left < 0 or (piece.hour + 1) * HOUR_MS <= created_at(oldest):
            # One hour is counted in all of its pieces or in none.
            found.discard(piece.hour)
            break
        found.add(piece.hour)
    return found


async def settled(connection: Connection, edges: Sequence[int]) -> list[int]:
    """The edges of a chart's buckets, back at the full hour where rows cannot tell what came
    before and after within the hour."""
    _, pieces = cut(list(pairwise(edges)))
    known = await countable(connection, pieces)
    return sorted(
        {edge if edge // HOUR_MS in known else edge // HOUR_MS * HOUR_MS for edge in edges}
    )


async def summed(
    connection: Connection,
    narrowing: Narrowing,
    ranges: Sequence[tuple[int, int]],
    by: Sequence[str] = (),
    *,
    measures: str = SUMS,
) -> dict[Key, Sum]:
    """What happened in each range of milliseconds, by the range's number and `by`, columns that
    rows and rollups share. An hour that rows cannot tell counts for its last range."""
    whole, pieces = cut(ranges)
    async with connection.snapshot():
        from_rows = await countable(connection, pieces)
        hours = sorted({piece.hour for piece in pieces})
        asked = [*whole, *((hour, hour + 1) for hour in hours)]
        rolled = await _rolled(connection, narrowing, asked, by, measures)
        if not pieces:
            return rolled
        counted = [piece for piece in pieces if piece.hour in from_rows]
        parts = await _measured(connection, narrowing, counted, by)
    found = {key: entry for key, entry in rolled.items() if key[0] < len(ranges)}
    of_hour: dict[int, dict[Key, Sum]] = {hour: {} for hour in hours}
    for key, entry in rolled.items():
        if key[0] >= len(ranges):
            of_hour[hours[key[0] - len(ranges)]][key[1:]] = entry
    for hour in hours:
        own = [piece for piece in counted if piece.hour == hour]
        if own and not _pruned(own, parts, of_hour[hour]):
            chosen = [((p.number, *key), one) for p in own for key, one in parts[p].items()]
        else:
            last = max(piece for piece in pieces if piece.hour == hour)
            chosen = [((last.number, *key), one) for key, one in of_hour[hour].items()]
        for key, one in chosen:
            _include(found, key, one)
    return found


async def _rolled(
    connection: Connection,
    narrowing: Narrowing,
    ranges: Sequence[Hours],
    by: Sequence[str],
    measures: str,
) -> dict[Key, Sum]:
    """What rollups tell about ranges of hours."""

    def statement(asked: Sequence[Hours], since: int) -> tuple[Fragment, AddUp]:
        return rolled_up(narrowing, by, asked, measures, since)

    question = (tuple(by), measures, narrowing.hours)
    return await kept_sums(connection, ranges, question, len(by), statement)


async def kept_sums(
    connection: Connection,
    ranges: Sequence[Hours],
    question: Hashable,
    size: int,
    statement: Callable[[Sequence[Hours], int], tuple[Fragment, AddUp]],
) -> dict[Key, Sum]:
    """What the rows of a `statement` for some hours (see `rolled_up`) come to in each of these
    ranges, by its number and `size` columns more. Their parts in the past are kept by `question`.
    For use within a snapshot."""
    past = await connection.past()
    parts = [(number, part) for number, one in enumerate(ranges) for part in _parts(past, one)]
    blocks: dict[Hours, list[Hours]] = {}
    answers: dict[Hours, Mapping[Key, Sum]] = {}
    for _, part in parts:
        if not _look_up(past, part, question, answers):
            some = blocks_of(*part) if part[1] <= past.until else [part]
            known = sum(_look_up(past, one, question, answers) for one in some)
            # To ask for the whole at once is cheaper than for all of its blocks.
            blocks[part] = some if known > len(some) // 2 else [part]
    asked = sorted({one for some in blocks.values() for one in some} - answers.keys())
    told, add_up = statement(asked, past.since)
    new: dict[Hours, dict[Key, Sum]] = {block: {} for block in asked}
    for key, one in add_up(await connection.rows(told), size + 1).items():
        new[asked[key[0]]][key[1:]] = one
    answers |= new
    for part, some in blocks.items():
        if len(some) > 1:
            new[part] = answers[part] = _together(answers[one] for one in some)
    for part, answer in new.items():
        if part[1] <= past.until:
            past.put(*part, question, answer)
    found: dict[Key, Sum] = {}
    for number, part in parts:
        for group, entry in answers[part].items():
            _include(found, (number, *group), entry)
    return found


def _parts(past: Past, hours: Hours) -> list[Hours]:
    """What of a range of hours is over, and what is not."""
    low, high = hours
    now = min(max(low, past.until), high)
    return [part for part in ((low, now), (now, high)) if part[0] < part[1]]


def _look_up(
    past: Past, hours: Hours, question: Hashable, answers: dict[Hours, Mapping[Key, Sum]]
) -> bool:
    if hours not in answers and hours[1] <= past.until:
        kept = past.get(*hours, question)
        if kept is not None:
            answers[hours] = kept
    return hours in answers


def _together(some: Iterable[Mapping[Key, Sum]]) -> dict[Key, Sum]:
    found: dict[Key, Sum] = {}
    for answer in some:
        for key, one in answer.items():
            _include(found, key, one)
    return found


def _include(found: dict[Key, Sum], key: Key, one: Sum) -> None:
    there = found.get(key)
    found[key] = one if there is None else there.plus(one)


def _pruned(
    own: Sequence[Piece], parts: dict[Piece, dict[Key, Sum]], rolled: dict[Key, Sum]
) -> bool:
    """Whether rows of an hour were deleted, as its rollups tell where all of it was counted."""
    if sum(piece.end - piece.begin for piece in own) < HOUR_MS:
        return False
    there = sum(entry.total for piece in own for entry in parts[piece].values())
    return there < sum(entry.total for entry in rolled.values())


async def _measured(
    connection: Connection, narrowing: Narrowing, pieces: Sequence[Piece], by: Sequence[str]
) -> dict[Piece, dict[Key, Sum]]:
    """What rows tell about pieces of hours."""
    found: dict[Piece, dict[Key, Sum]] = {piece: {} for piece in pieces}
    if not pieces:
        return found
    times = [(piece.begin, piece.end) for piece in pieces]
    for number, *row in await connection.rows(measured_rows(by, narrowing, times)):
        *key, status, bucket, count, timed, total_us, max_us, last_key = row
        measures = [count, timed, total_us, max_us, created_at(last_key)]
        entry = found[pieces[number]].setdefault(tuple(key), Sum())
        entry.add_row(status, measures, bucket)
    return found
