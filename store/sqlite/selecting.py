"""Statements that read activities, each built on a `Narrowing` and so within a scope."""

import json
from collections.abc import Sequence
from typing import Final

from store.latency import BOUNDS_MS
from store.sqlite.branches import branches, index, index_of_failures
from store.sqlite.keys import HIGHEST_KEY, LOWEST_KEY, TRACE_SHIFT, first_key
from store.sqlite.narrowing import USER, Fragment, Narrowing, Stretch, joined
from store.sqlite.schema import FROM_ACTIVITIES, FROM_CONTENTS


def select(
    columns: str,
    narrowing: Narrowing,
    stretch: Stretch,
    limit: int,
    *,
    full: bool = False,
    also: Fragment | None = None,
) -> Fragment:
    """The statement that reads `columns` of matching activities of a stretch, newest first.
    `also` is one more condition."""
    keys = _newest(narrowing, stretch, limit, also)
    return _reading(columns, keys, "a.key DESC", full)


def select_among(columns: str, narrowing: Narrowing, keys: Sequence[int], limit: int) -> Fragment:
    """The statement that reads `columns` of matching activities among those with some keys, newest
    first."""
    among = "json_each(?) s CROSS JOIN activities a ON a.key = s.value"
    found = _matching(Fragment(among, (json.dumps(keys),)), narrowing.rows, limit)
    return _reading(columns, found, "a.key DESC", False)


def select_changes(columns: str, narrowing: Narrowing, after: int, limit: int) -> Fragment:
    """The statement that reads `columns` of matching activities above a `seq`, in that order."""
    low = LOWEST_KEY if narrowing.since_key is None else narrowing.since_key
    high = HIGHEST_KEY if narrowing.until_key is None else narrowing.until_key
    source = Fragment("activities a INDEXED BY activities_seq")
    # The plus signs keep SQLite from walking along the keys instead.
    new = Fragment("a.seq > ? AND +a.key >= ? AND +a.key < ?", (after, low, high))
    return _reading(
        columns, _matching(source, [new, *narrowing.rows], limit, "a.seq"), "a.seq", False
    )


def select_keys(narrowing: Narrowing, stretch: Stretch, limit: int) -> Fragment:
    """The statement that reads the keys of matching activities of a stretch, the newest `limit`
    in any order, and how many bytes their bodies had on the way."""
    keys = _newest(narrowing, stretch, limit)
    return Fragment(
        f"SELECT a.key, a.request_size + a.response_size FROM ({keys.sql})"  # noqa: S608
        " CROSS JOIN activities a WHERE a.key = found",
        keys.values,
    )


def select_found(keys: Sequence[int], columns: str, full: bool) -> Fragment:
    """The statement that reads `columns` of activities that `select_keys` found, in any order."""
    return Fragment(
        f"SELECT {columns} FROM json_each(?) CROSS JOIN"  # noqa: S608
        f" {FROM_CONTENTS if full else FROM_ACTIVITIES} WHERE a.key = value",
        (json.dumps(keys),),
    )


def _reading(columns: str, keys: Fragment, order: str, full: bool) -> Fragment:
    return Fragment(
        f"SELECT {columns} FROM ({keys.sql}) CROSS JOIN"  # noqa: S608
        f" {FROM_CONTENTS if full else FROM_ACTIVITIES} WHERE a.key = found ORDER BY {order}",
        keys.values,
    )


def counted_rows(
    values: Sequence[str],
    narrowing: Narrowing,
    stretch: Stretch,
    limit: int,
    *,
    joined_with: str = FROM_ACTIVITIES,
) -> Fragment:
    """The statement that counts what expressions say together of the newest `limit` rows, which
    `joined_with` reads (the fewer tables, the faster)."""
    keys = _newest(narrowing, stretch, limit)
    return Fragment(
        f"SELECT {', '.join(values)}, count(*) FROM ({keys.sql})"  # noqa: S608
        f" CROSS JOIN {joined_with} WHERE a.key = found"
        f" GROUP BY {', '.join(str(number + 1) for number in range(len(values)))}",
        keys.values,
    )


def measured_rows(
    by: Sequence[str], narrowing: Narrowing, times: Sequence[tuple[int, int]]
) -> Fragment:
    """The statement that sums what rollups sum up, for ranges of milliseconds and filters that
    rollups know: the range's number, `by`, status, bucket of the histogram, then measures."""
    group = ("s.key", *by, "a.status", _BUCKET)
    return _within(
        f"{', '.join(group)}, count(*), count(a.response_us), coalesce(sum(a.response_us), 0),"
        " coalesce(max(a.response_us), 0), max(a.key)",
        narrowing,
        times,
        f" GROUP BY {', '.join(str(number + 1) for number in range(len(group)))}",
    )


def timed_rows(
    by: Sequence[str],
    narrowing: Narrowing,
    times: Sequence[tuple[int, int]],
    also: Sequence[Fragment],
) -> Fragment:
    """The statement that reads every response time in ranges of milliseconds, for filters that
    rollups know: the range's number, `by`, microseconds. `also` are more conditions."""
    also = (Fragment("a.response_us IS NOT NULL"), *also)
    return _within(", ".join(("s.key", *by, "a.response_us")), narrowing, times, "", also)


def _within(
    columns: str,
    narrowing: Narrowing,
    times: Sequence[tuple[int, int]],
    end: str,
    also: Sequence[Fragment] = (),
) -> Fragment:
    wanted = joined((*narrowing.rows, *also))
    keys = [(first_key(begin), first_key(end)) for begin, end in times]
    return Fragment(
        f"SELECT {columns} FROM json_each(?) s"  # noqa: S608
        " CROSS JOIN activities a ON a.key >= json_extract(s.value, '$[0]')"
        f" AND a.key < json_extract(s.value, '$[1]') WHERE {wanted.sql}{end}",
        (json.dumps(keys), *wanted.values),
    )


_BUCKET: Final = (
    "CASE WHEN a.response_us IS NULL THEN 0 "
    + " ".join(
        f"WHEN a.response_us <= {round(bound * 1000)} THEN {number}"
        for number, bound in enumerate(BOUNDS_MS)
    )
    + f" ELSE {len(BOUNDS_MS)} END"
)


def _newest(
    narrowing: Narrowing, stretch: Stretch, limit: int, also: Fragment | None = None
) -> Fragment:
    """The keys (`found`) of the newest matching activities of a stretch."""
    found = []
    for rows in branches(narrowing.rows):
        source, *conditions = _source(narrowing, rows, stretch)
        found.append(_matching(source, [*conditions, *([also] if also else [])], limit))
    if len(found) == 1:
        return found[0]
    every = " UNION ALL ".join(f"SELECT found FROM ({one.sql})" for one in found)  # noqa: S608
    values = tuple(value for one in found for value in one.values)
    return Fragment(f"{every} ORDER BY found DESC LIMIT ?", (*values, limit))


def _matching(
    source: Fragment, conditions: Sequence[Fragment], limit: int, order: str = "a.key DESC"
) -> Fragment:
    """The keys of matching activities. The only place where these are looked for.

    Everything else is read for them only. SQLite leaves out the joins whose columns no
    condition names, so lists never read bodies.
    """
    wanted = joined(conditions)
    return Fragment(
        f"SELECT a.key AS found FROM {source.sql}"  # noqa: S608
        " LEFT JOIN endpoints e ON e.number = a.endpoint"
        " LEFT JOIN contents c ON c.key = a.key LEFT JOIN archive z ON z.key = a.key"
        f" WHERE {wanted.sql} ORDER BY {order} LIMIT ?",
        (*source.values, *wanted.values, limit),
    )


def _source(narrowing: Narrowing, rows: Sequence[Fragment], stretch: Stretch) -> list[Fragment]:
    """Activities of a stretch, for one branch: what to read, then all conditions."""
    user = next((row for row in rows if row.sql == f"{USER} = ?"), None)
    if user and index_of_failures(rows):
        return [_failures_of(user, stretch), *(row for row in rows if row is not user)]
    low, high = stretch[-1][0], stretch[0][1]
    if narrowing.traced:
        # By way of the index of trace ids.
        source = Fragment(
            "(WITH RECURSIVE numbers (n) AS (SELECT ? UNION ALL SELECT n + 1 FROM numbers"  # noqa: S608
            " WHERE n < ?) SELECT n FROM numbers) CROSS JOIN activities a INDEXED BY"
            f" activities_trace ON (a.key >> {TRACE_SHIFT}) = n",
            (low >> TRACE_SHIFT, high >> TRACE_SHIFT),
        )
        return [source, Fragment("a.key >= ? AND a.key < ?", (low, high)), *rows]
    table = "activities a"
    if name := index(rows):
        table += f" INDEXED BY {name}"
    if len(stretch) == 1:
        return [Fragment(table), Fragment("a.key >= ? AND a.key < ?", (low, high)), *rows]
    source = Fragment(
        f"json_each(?) s CROSS JOIN {table} ON a.key >= json_extract(s.value, '$[0]')"
        " AND a.key < json_extract(s.value, '$[1]')",
        (json.dumps(stretch),),
    )
    return [source, *rows]


def _failures_of(user: Fragment, stretch: Stretch) -> Fragment:
    """What two indexes hold both: rows of a user lie far apart, and to read each of them only to
    see that it was no failure took 40 times as long with 50 million rows."""
    return Fragment(
        "json_each(?) s CROSS JOIN activities u INDEXED BY activities_user_created"
        " ON u.key >= json_extract(s.value, '$[0]') AND u.key < json_extract(s.value, '$[1]')"
        f" AND {user.sql.replace('a.', 'u.')}"
        " CROSS JOIN activities a INDEXED BY activities_failures_created ON a.key = u.key",
        (json.dumps(stretch), *user.values),
    )
