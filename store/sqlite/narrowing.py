"""Narrowing: a scope and a filter as conditions in SQL. No statement on activities is built
without one, so none can see rows outside a scope.

The same conditions narrow `activities` and, where rollups know the column, `rollups`, whose
columns bear the same names; that is how readers find the hours worth looking at.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from store.filters import WILDCARD_COLUMNS, ActivityFilter, Condition
from store.scope import Scope
from store.sqlite.keys import (
    ACTIVITY_TYPES,
    DIRECTIONS,
    STATUSES,
    first_key,
    trace_value,
)
from store.sqlite.schema import ENDPOINT, PATH
from store.times import uuid_bytes

type Value = str | int | float | bytes
type Stretch = list[tuple[int, int]]
"""Ranges of keys, newest first, each from its first number to below its second."""

_NAMES: Final = {
    "organization": "o.name",
    "organization_id": "o.id",
    "integration": "i.name",
    "integration_id": "i.id",
}
_ENDPOINT_COLUMNS: Final = {"method": "e.method", "provider": "e.provider", "host": "e.host"}
_CLIENT_COLUMNS: Final = {"ip_address": "ip_address", "user_agent": "user_agent"}
_NUMBERED: Final[Mapping[str, Sequence[str]]] = {
    "direction": DIRECTIONS,
    "activity_type": ACTIVITY_TYPES,
    "status": STATUSES,
}
_AS_TEXT: Final = (
    "CASE WHEN m.type IN ('true', 'false', 'null') THEN m.type ELSE CAST(m.value AS TEXT) END"
)
FAILURE: Final = "a.status > 1"
"""In these words SQLite sees that the index of failures will do."""
USER: Final = "a.user_id"

_SMALL_TEXTS: Final = (ENDPOINT, "a.error_code", "a.error_message")
# Only packed bodies go through Python, which would slow down traffic if all texts did.
_LARGE_TEXTS: Final = (
    "CASE WHEN c.key IS NULL THEN z.request_headers ELSE c.request_headers END",
    "CASE WHEN c.key IS NULL THEN z.response_headers ELSE c.response_headers END",
    *(
        f"CASE WHEN c.key IS NOT NULL THEN c.{name} WHEN typeof(z.{name}) = 'blob'"
        f" THEN plain_text(z.{name}, z.dictionary) ELSE z.{name} END"
        for name in ("request_body", "response_body")
    ),
)


class Fragment(msgspec.Struct, frozen=True):
    """A condition with its values, one for each `?`."""

    sql: str
    values: tuple[Value, ...] = ()


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers that names and ids in a scope and filter stand for; `None`: all."""

    organizations: tuple[int, ...] | None
    integrations: tuple[int, ...] | None


class Narrowing(msgspec.Struct, frozen=True, kw_only=True):
    """A scope and a filter, compiled."""

    numbers: Resolved
    rows: tuple[Fragment, ...]
    """Conditions on `activities a` joined with `endpoints e` and, for words, contents."""
    hours: tuple[Fragment, ...]
    """Weaker conditions on `rollups`: hours without a match cannot have a matching row."""
    endpoints: tuple[Fragment, ...]
    """Conditions on `endpoints`, which `endpoint_rollups` can answer by the hour."""
    since_key: int | None
    until_key: int | None
    traced: bool
    """Whether the index of trace ids finds few rows to look at."""
    slow: bool
    """Whether a row takes long to look at."""
    empty: bool
    """Whether nothing can match."""


def resolving(scope: Scope, where: ActivityFilter) -> Fragment | None:
    """The statement that finds `Resolved` (rows of organization and integration numbers), or
    `None` when neither scope nor filter name any."""
    parts: list[str] = []
    values: list[Value] = []
    if scope.organizations is not None:
        ids = [organization.bytes for organization in scope.organizations]
        parts.append(f"o.id IN ({_marks(ids)})")
        values += ids
    for condition in where.conditions:
        column = _NAMES.get(condition.column)
        if column is None:
            continue
        given: list[Value] = []
        for value in condition.values:
            raw = uuid_bytes(value) if column.endswith("id") else None
            given.append(value if raw is None else raw)
        parts.append(f"{column} {'NOT ' * condition.negated}IN ({_marks(given)})")
        values += given
    if not parts:
        return None
    sql = (
        "SELECT o.number, i.number FROM organizations o"  # noqa: S608
        f" JOIN integrations i ON i.organization = o.number WHERE {' AND '.join(parts)}"
    )
    return Fragment(sql, tuple(values))


def resolved(where: ActivityFilter, found: Iterable[tuple[int, int]]) -> Resolved:
    """What the rows of `resolving` mean."""
    pairs = list(found)
    named = any(c.column.startswith("integration") for c in where.conditions)
    organizations = tuple(sorted({organization for organization, _ in pairs}))
    return Resolved(
        organizations=organizations,
        integrations=tuple(sorted({number for _, number in pairs})) if named else None,
    )


def narrow(
    scope: Scope, where: ActivityFilter, numbers: Resolved, users_below: int | None = None
) -> Narrowing:
    """Compile a scope and a filter. Rows below `users_below` may name their user in the metadata
    alone."""
    both = _numbers(numbers)
    rows, hours, endpoints = list(both), list(both), []
    for condition in where.conditions:
        column = condition.column
        if column in _NAMES:
            continue
        row = _negated(condition, _ways(condition, scope.bodies, users_below))
        if column in _ENDPOINT_COLUMNS:
            endpoints.append(row)
            continue
        rows.append(row)
        if column in _NUMBERED:
            hours.append(row)
        elif not condition.negated:
            hours += _weaker_on_hours(condition)
            endpoints += _weaker_on_endpoints(condition)
    if endpoints:
        wanted = joined(endpoints)
        rows.append(
            Fragment(
                f"a.endpoint IN (SELECT e.number FROM endpoints e WHERE {wanted.sql})",  # noqa: S608
                wanted.values,
            )
        )
    if where.min_ms is not None:
        rows.append(Fragment("a.response_us >= ?", (where.min_ms * 1000,)))
        hours.append(Fragment("a.max_us >= ?", (int(where.min_ms * 1000),)))
    if where.max_ms is not None:
        rows.append(Fragment("a.response_us <= ?", (where.max_ms * 1000,)))
    for words, negated in ((where.words, False), (where.without, True)):
        rows += [_word(word, scope.bodies, negated) for word in words]
    return Narrowing(
        numbers=numbers,
        rows=tuple(rows),
        hours=tuple(hours),
        endpoints=tuple(endpoints),
        since_key=None if where.since is None else first_key(where.since),
        until_key=None if where.until is None else first_key(where.until),
        traced=any(c.column == "trace_id" and not c.negated for c in where.conditions),
        slow=bool(where.words or where.without),
        empty=numbers.organizations == () or numbers.integrations == (),
    )


def joined(conditions: Iterable[Fragment]) -> Fragment:
    """Conditions that all hold, as one."""
    given = tuple(conditions)
    return Fragment(" AND ".join(fragment.sql for fragment in given) or "1", _values(given))


def any_of(column: str, values: Iterable[Value]) -> Fragment:
    """The column holds one of the values."""
    return Fragment(*_in(column, values))


def spellings(word: str) -> list[str]:
    """How a word may stand in a text. A body is JSON text: what JSON escapes is looked for as it
    stands there, too."""
    return sorted({word, _quoted(word)[1:-1]})


def _numbers(numbers: Resolved) -> list[Fragment]:
    # An integration belongs to one organization, so its number implies the scope.
    if numbers.integrations is not None:
        return [any_of("a.integration", numbers.integrations)]
    if numbers.organizations is not None:
        return [any_of("a.organization", numbers.organizations)]
    return []


def _ways(condition: Condition, bodies: bool, users_below: int | None) -> list[Fragment]:
    """One fragment for each way in which a condition can hold."""
    column, values = condition.column, condition.values
    if names := _NUMBERED.get(column):
        numbers = [list(names).index(value) for value in values]
        found = any_of(f"a.{column}", numbers)
        if column == "status" and min(numbers) > 1:
            found = Fragment(f"{FAILURE} AND {found.sql}", found.values)
        return [found]
    if column == "response_status":
        return [_response_status(value) for value in values]
    if column in _CLIENT_COLUMNS:
        texts = [_text(column, value) for value in values]
        sql = " OR ".join(text.sql for text in texts)
        return [
            Fragment(f"a.client IN (SELECT number FROM clients WHERE {sql})", _values(texts))  # noqa: S608
        ]
    if column == "path":
        return [_text(PATH, value) for value in values]
    if column == "endpoint":
        return [_text(ENDPOINT, value) for value in values]
    if column == "metadata":
        return [_metadata(value, bodies) for value in values]
    if column == "user_id":
        found = any_of(USER, values)
        names = [value for value in values if uuid_bytes(value) is None]
        if users_below is None:
            return [found]
        return [found, *(_old_user(name, users_below) for name in names)]
    if column == "trace_id":
        return [any_of("a.trace_id", map(trace_value, values))]
    if column in _ENDPOINT_COLUMNS:
        wild = column in WILDCARD_COLUMNS
        return [_text(_ENDPOINT_COLUMNS[column], value, wild=wild) for value in values]
    return [any_of(f"a.{column}", values)]


def _negated(condition: Condition, ways: Sequence[Fragment]) -> Fragment:
    if len(ways) == 1 and not condition.negated:
        return ways[0]
    either = " OR ".join(way.sql for way in ways)
    return Fragment(f"({either}){' IS NOT TRUE' * condition.negated}", _values(ways))


def _text(expression: str, value: str, *, wild: bool = True) -> Fragment:
    if not wild or "*" not in value:
        return Fragment(f"{expression} = ?", (value,))
    pattern = value.replace("[", "[[]").replace("?", "[?]")
    return Fragment(f"{expression} GLOB ?", (pattern,))


def _metadata(wanted: str, bodies: bool) -> Fragment:
    """A key at the top of the metadata is there, and holds a value where one is wanted. Messages
    of streams stand there too, and count only for who may see bodies."""
    key, colon, value = wanted.partition(":")
    told = "a.metadata" if bodies else "json_remove(a.metadata, '$.stream.messages')"
    test = _text(_AS_TEXT, value) if colon else Fragment("1")
    return Fragment(
        # Most rows are told by their text, which need not be parsed for that.
        f"(instr(a.metadata, ?) AND EXISTS (SELECT 1 FROM json_each({told}) m"  # noqa: S608
        f" WHERE m.key = ? AND {test.sql}))",
        (_quoted(key), key, *test.values),
    )


def _old_user(user: str, below: int) -> Fragment:
    return Fragment(
        "(a.key < ? AND a.user_id IS NULL AND instr(a.metadata, ?)"
        " AND json_extract(a.metadata, '$.user') = ?)",
        (below, _quoted(user), user),
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _response_status(value: str) -> Fragment:
    if value == "none":
        return Fragment("a.response_status IS NULL")
    if value.endswith("xx"):
        lowest = int(value[0]) * 100
        return Fragment("a.response_status BETWEEN ? AND ?", (lowest, lowest + 99))
    return Fragment("a.response_status = ?", (int(value),))


def _weaker_on_hours(condition: Condition) -> list[Fragment]:
    """What the code of a rollup tells about a condition on status or error code."""
    if condition.column == "error_code":
        return [any_of("a.code", condition.values)]
    if condition.column != "response_status" or any(v < "4" or v > "9" for v in condition.values):
        return []
    # A row with an error code is counted under that, whatever its HTTP status was.
    ways = [Fragment("a.code GLOB '[^0-9]*'")]
    ways += [_text("a.code", value.replace("xx", "*")) for value in condition.values]
    return [Fragment(f"({' OR '.join(way.sql for way in ways)})", _values(ways))]


def _weaker_on_endpoints(condition: Condition) -> list[Fragment]:
    """What endpoints tell about a whole path or URL, as long as it has no wildcard."""
    values = condition.values
    if condition.column not in ("path", "endpoint") or any("*" in value for value in values):
        return []
    if condition.column == "path":
        sql, known = _in("e.template", values)
        return [Fragment(f"({sql} OR instr(e.template, '{{'))", known)]
    ways = ["substr(?, 1, length(e.origin)) = e.origin"] * len(values)
    # A whole URL in the place of a path may name any other origin.
    ways.append("e.template NOT GLOB '/*'")
    return [Fragment(f"({' OR '.join(ways)})", values)]


def _word(word: str, bodies: bool, negated: bool) -> Fragment:
    """A word somewhere in the texts of a row; headers and bodies only for who may see them,
    or a search would tell what they hold."""
    patterns = [f"%{_LIKE_SPECIAL.sub(r'\\\g<0>', text)}%" for text in spellings(word)]
    texts = _SMALL_TEXTS + (_LARGE_TEXTS if bodies else ())
    ways = [f"{text} LIKE ? ESCAPE '\\'" for text in texts for _ in patterns]
    negation = " IS NOT TRUE" * negated
    return Fragment(f"({' OR '.join(ways)}){negation}", tuple(patterns) * len(texts))


def _in(column: str, values: Iterable[Value]) -> tuple[str, tuple[Value, ...]]:
    given = tuple(values)
    if len(given) == 1:
        return f"{column} = ?", given
    return f"{column} IN ({_marks(given)})", given


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _values(fragments: Iterable[Fragment]) -> tuple[Value, ...]:
    return tuple(value for fragment in fragments for value in fragment.values)


_LIKE_SPECIAL: Final = re.compile(r"[\\%_]")
