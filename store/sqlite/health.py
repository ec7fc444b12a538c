"""How integrations do: of many only those that are shown are looked at closely."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import msgspec

from store.analytics import Counts, HealthPage
from store.sqlite.answers import health as told
from store.sqlite.charts import COUNTS, SUMS, Sum
from store.sqlite.few import look_up
from store.sqlite.hour_parts import summed
from store.sqlite.integrations import integrations, places
from store.sqlite.narrowing import Narrowing, any_of
from store.sqlite.pool import Connection
from store.verdict import Verdict, verdict

_BY: Final = ("a.integration",)
_WORST_FIRST: Final = (Verdict.FAILING, Verdict.DEGRADED, Verdict.HEALTHY, Verdict.SILENT)
_NOTHING: Final = Counts()
_NO_SUM: Final = Sum()

FEW: Final = 300
"""So many integrations are all looked at, however few of them are shown."""

type Row = Sequence[Any]


async def health(
    connection: Connection,
    narrowing: Narrowing,
    edges: Sequence[int],
    order: str,
    limit: int | None,
) -> HealthPage:
    """The first integrations by `order`, with what they did between the edges, and how many there
    are of each verdict. For use within a snapshot: its questions must agree."""
    ranges = list(pairwise(edges))
    whole = [(edges[0], edges[-1])] if ranges else []
    found = await connection.rows(integrations(narrowing))
    total = len(found)
    # What is kept of the past holds all of a few.
    some = limit is not None and limit < total and total > FEW
    # Response times of all of them would be most of what there is to read.
    measures = COUNTS if some else SUMS
    sums = await summed(connection, narrowing, whole, _BY, measures=measures)
    verdicts = {row[0]: verdict(_of(sums, row).counts())[0] for row in found}
    found.sort(key=lambda row: (-_of(sums, row).total, row[2].lower()))
    if order == "verdict":
        found.sort(key=lambda row: _WORST_FIRST.index(verdicts[row[0]]))
    found = found[:limit]
    if some:
        narrowing = _narrowed(narrowing, sorted(row[0] for row in found))
        sums = await summed(connection, narrowing, whole, _BY)
    await look_up(connection, narrowing, whole, sums, _BY)
    numbers = [row[0] for row in found]
    count = Counter(verdicts.values())
    trends = await _trends(connection, narrowing, ranges, numbers)
    providers = await _providers(connection, numbers if some else None)
    return HealthPage(
        items=[told(row, providers.get(row[0]), _of(sums, row), trends[row[0]]) for row in found],
        total=total,
        verdicts={word: count[word] for word in Verdict},
    )


def _of(sums: Mapping[tuple[int, ...], Sum], row: Row) -> Sum:
    return sums.get((0, row[0]), _NO_SUM)


def _narrowed(narrowing: Narrowing, numbers: Sequence[int]) -> Narrowing:
    """The same, of some integrations only."""
    own = any_of("a.integration", numbers)
    return msgspec.structs.replace(
        narrowing, rows=(*narrowing.rows, own), hours=(*narrowing.hours, own)
    )


async def _providers(connection: Connection, numbers: Sequence[int] | None) -> dict[int, str]:
    found = await connection.rows(places(numbers))
    return {number: provider for number, provider, _ in reversed(found) if provider}


async def _trends(
    connection: Connection,
    narrowing: Narrowing,
    ranges: Sequence[tuple[int, int]],
    numbers: Sequence[int],
) -> dict[int, list[Counts]]:
    lines = {number: [_NOTHING] * len(ranges) for number in numbers}
    trend = await summed(connection, narrowing, ranges, _BY, measures=COUNTS)
    for (bucket, number), entry in trend.items():
        if number in lines:  # not one beyond the limit
            lines[number][bucket] = entry.counts()
    return lines
