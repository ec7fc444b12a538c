"""Percentiles of few response times are looked up; a histogram tells them only roughly."""

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Final

from store.sqlite.charts import Sum
from store.sqlite.narrowing import Fragment, Narrowing, any_of
from store.sqlite.pool import Connection
from store.sqlite.rollups import HOUR_MS
from store.sqlite.selecting import timed_rows

FEW: Final = 1_000
"""Up to how many response times are looked up for one set of percentiles."""
_TOGETHER: Final = 1_000
_SCANNED: Final = 50_000

type Key = tuple[int, ...]


async def look_up(
    connection: Connection,
    narrowing: Narrowing,
    ranges: Sequence[tuple[int, int]],
    sums: MutableMapping[Key, Sum],
    by: Sequence[str] = (),
) -> None:
    """Fill in `times` of sums of few activities, where that is cheap. The keys of `sums` are the
    number of a range (of milliseconds) and the values of `by`, columns of activities."""
    few = _few({key: entry.timed for key, entry in sums.items()})
    if not few:
        return
    numbers = sorted({key[0] for key in few})
    some = [ranges[number] for number in numbers]
    also = [any_of(column, sorted({key[i] for key in few})) for i, column in enumerate(by, 1)]
    indexed = "a.integration" in by or narrowing.numbers.integrations is not None
    if not indexed and await _rows(connection, some) > _SCANNED:
        return
    found: dict[Key, list[int]] = {key: [] for key in few}
    for number, *key, time in await connection.rows(timed_rows(by, narrowing, some, also)):
        times = found.get((numbers[number], *key))
        if times is not None:
            times.append(time)
    for key, times in found.items():
        # Rollups outlive rows.
        if len(times) >= few[key]:
            sums[key] = sums[key].looked_up(sorted(times))


def _few(timed: Mapping[Key, int]) -> dict[Key, int]:
    """What is to be looked up: the smallest first, as many as are cheap together."""
    found: dict[Key, int] = {}
    left = _TOGETHER
    for key, count in sorted(timed.items(), key=lambda item: item[1]):
        left -= count
        if count > FEW or left < 0:
            break
        if count:
            found[key] = count
    return found


async def _rows(connection: Connection, ranges: Sequence[tuple[int, int]]) -> int:
    """About how many rows lie in ranges of time."""
    first = min(begin for begin, _ in ranges) // HOUR_MS
    end = max(end for _, end in ranges) // HOUR_MS
    question = Fragment("SELECT total(count) FROM hours WHERE bucket BETWEEN ? AND ?", (first, end))
    ((count,),) = await connection.rows(question)
    return int(count)
