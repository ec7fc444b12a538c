"""Which index gives the rows of a filter in order, newest first, so that a page ends with the last
row that it shows. Where a column holds one of several values, the filter is taken as branches of
one value each: for several at once SQLite reads everything and sorts."""

import re
from collections.abc import Sequence
from typing import Final

from store.sqlite.narrowing import FAILURE, USER, Fragment

MOST: Final = 12
"""So many branches at most."""
_STATUS: Final = f"{FAILURE} AND a.status"
_COLUMNS: Final = (USER, "a.integration", _STATUS, "a.organization")
"""What branches are made of, that with the fewest rows first."""
_SEVERAL: Final = re.compile(r" IN \([?, ]+\)$")
_ONE_FAILURE: Final = f"{_STATUS} = ?"
_EXACT: Final = frozenset(
    frozenset(conditions)
    for conditions in (
        (),
        ("a.organization = ?",),
        ("a.integration = ?",),
        ("a.activity_type = ?", "a.status = ?"),
        ("a.activity_type = ?", _ONE_FAILURE),
        ("a.direction = ?", "a.status = ?"),
        ("a.direction = ?", _ONE_FAILURE),
        (_ONE_FAILURE,),
        (f"{USER} = ?",),
    )
)


def branches(rows: Sequence[Fragment]) -> list[tuple[Fragment, ...]]:
    """The conditions `rows` as alternatives that have no row in common."""
    for column in _COLUMNS:
        for place, row in enumerate(rows):
            if row.sql == f"{column} = ?":
                return [tuple(rows)]
            if row.sql.startswith(f"{column} IN ") and len(row.values) <= MOST:
                single = _SEVERAL.sub(" = ?", row.sql)
                return [
                    (*rows[:place], Fragment(single, (value,)), *rows[place + 1 :])
                    for value in row.values
                ]
    return [tuple(rows)]


def exact(rows: Sequence[Fragment]) -> bool:
    """Whether for each branch an index holds exactly its rows."""
    return frozenset(row.sql for row in branches(rows)[0]) in _EXACT


def index_of_failures(rows: Sequence[Fragment]) -> bool:
    """Whether the index of failures holds all of these rows."""
    return any(row.sql.startswith(FAILURE) for row in rows)


def index(rows: Sequence[Fragment]) -> str | None:
    """The index of one branch, where SQLite would rather take one that holds more rows."""
    if any(row.sql.startswith(f"{USER} ") for row in rows):
        return "activities_user_created"
    if index_of_failures(rows) and any(row.sql.startswith("a.integration ") for row in rows):
        return "activities_integration_failures"
    return None
