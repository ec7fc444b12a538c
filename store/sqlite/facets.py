"""Facets: the values of a column among matching activities, with their counts.

What rollups know is counted there, over all time. Other columns are counted among the newest
matching rows, as many as `SAMPLE` and the caller's patience allow, the same rows for all columns.
"""

import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

from store.filters import ActivityFilter
from store.sqlite.charts import COUNTS, is_rolled_up
from store.sqlite.hour_parts import FAR, summed
from store.sqlite.keys import ACTIVITY_TYPES, DIRECTIONS, HIGHEST_KEY, STATUSES
from store.sqlite.narrowing import Fragment, Narrowing
from store.sqlite.pool import Connection
from store.sqlite.schema import ENDPOINT
from store.sqlite.selecting import counted_rows
from store.sqlite.zones import extent, stretches

SAMPLE: Final = 10_000

_ROLLED_UP: Final = {
    "status": ("a.status", STATUSES),
    "direction": ("a.direction", DIRECTIONS),
    "activity_type": ("a.activity_type", ACTIVITY_TYPES),
}
_NAMED: Final = {
    "integration": ("a.integration", "SELECT number, name FROM integrations"),
    "organization": ("a.organization", "SELECT number, name FROM organizations"),
}
_ON_ROWS: Final = {
    "status": "a.status",
    "direction": "a.direction",
    "activity_type": "a.activity_type",
    "integration": "a.integration",
    "organization": "a.organization",
    "provider": "nullif(e.provider, '')",
    "method": "e.method",
    "host": "e.host",
    "endpoint": ENDPOINT,
    "response_status": "coalesce(a.response_status, 'none')",
    "error_code": "a.error_code",
    "user_id": "coalesce(a.user_id, CASE json_type(a.metadata, '$.user') WHEN 'text'"
    " THEN json_extract(a.metadata, '$.user') END)",
    "ip_address": "nullif(k.ip_address, '')",
    "user_agent": "nullif(k.user_agent, '')",
}


async def facets(
    connection: Connection,
    narrowing: Narrowing,
    where: ActivityFilter,
    names: Sequence[str],
    deadline: float,
) -> dict[str, Counter[str]]:
    """The counts of the values of columns; rows are looked for once for all of them, until a
    moment of the monotonic clock."""
    rolled_up = is_rolled_up(where)
    known = [name for name in names if rolled_up and (name in _ROLLED_UP or name in _NAMED)]
    found = {name: await _from_rollups(connection, narrowing, where, name) for name in known}
    rest = [name for name in names if name not in found]
    if rest:
        found |= await _from_rows(connection, narrowing, rest, deadline)
    return {name: await _with_names(connection, name, counts) for name, counts in found.items()}


async def _from_rollups(
    connection: Connection, narrowing: Narrowing, where: ActivityFilter, name: str
) -> Counter[str | int]:
    column = (_ROLLED_UP.get(name) or _NAMED[name])[0]
    end = FAR if where.until is None else where.until
    times = [(where.since or 0, end)]
    if name == "status":
        # Sums tell it by themselves, out of fewer rows.
        total = (await summed(connection, narrowing, times, measures=COUNTS)).get((0,))
        by_status = total.by_status if total else []
        return Counter({number: count for number, count in enumerate(by_status) if count})
    found = await summed(connection, narrowing, times, (column,), measures=COUNTS)
    return Counter({value: entry.total for (_, value), entry in found.items() if entry.total})


async def _from_rows(
    connection: Connection, narrowing: Narrowing, names: Sequence[str], deadline: float
) -> dict[str, Counter[str | int]]:
    counts: dict[str, Counter[str | int]] = {name: Counter() for name in names}
    columns = [_ON_ROWS[name] for name in names]
    left = SAMPLE
    low, high = await extent(connection, narrowing, HIGHEST_KEY)
    async for stretch, own in stretches(connection, narrowing, low, high):
        statement = counted_rows(columns, own, stretch, left)
        for *values, count in await connection.rows(statement):
            left -= count
            for name, value in zip(names, values, strict=True):
                if value is not None:
                    counts[name][value] += count
        if left <= 0 or time.monotonic() > deadline:
            break
    return counts


async def _with_names(
    connection: Connection, name: str, counts: Counter[str | int]
) -> Counter[str]:
    if name in _ROLLED_UP:
        names = _ROLLED_UP[name][1]
        return Counter({names[int(value)].value: count for value, count in counts.items()})
    if name in _NAMED:
        known = dict(await connection.rows(Fragment(_NAMED[name][1])))
        found: Counter[str] = Counter()
        for number, count in counts.items():
            # The same name in several organizations is one value, as in the filter.
            found[known[number]] += count
        return found
    return Counter({str(value): count for value, count in counts.items()})
