"""Segments: made of planes, sealed into slices, and deleted, a little at a time."""

import json
import sqlite3
from collections.abc import Mapping
from typing import Final

from store.sqlite.keys import HIGHEST_KEY, LOWEST_KEY
from store.sqlite.search.layout import (
    PAGE,
    PART,
    PARTS,
    PLANES,
    packed,
    page_number,
    plane_number,
    slot_number,
)
from store.sqlite.search.planes import Plane

_DELETED: Final = 32
"""How many pages of a segment are deleted at once."""
_TABLES: Final = (
    ("slots", slot_number(1, 0)),
    ("planes", plane_number(1, 0, 0)),
    ("slices", page_number(1, 0)),
)
"""With how many numbers each segment has in them."""
_OPEN: Final = -1
"""In the place of how many parts are sealed: planes may still come."""
_UNSEALED: Final = (
    f"SELECT number, sealed FROM segments WHERE sealed BETWEEN 0 AND {PARTS - 1} AND dead = 0"  # noqa: S608
    " ORDER BY number LIMIT 1"
)


def state(database: sqlite3.Connection) -> dict[str, int]:
    """All that is kept by name."""
    return dict(database.execute("SELECT name, value FROM state"))


def set_state(database: sqlite3.Connection, values: Mapping[str, int]) -> None:
    """Keep values by name."""
    database.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", values.items())


def begin_segment(database: sqlite3.Connection, replaces: int | None = None) -> int:
    """A new segment, still without planes; its number."""
    # It is no candidate for any search while its keys lie nowhere.
    (number,) = database.execute(
        "INSERT INTO segments (planes, sealed, low, high, organizations, forgotten, renewed_at,"
        " replaces) VALUES (0, ?, ?, ?, '[]', '{}', 0, ?) RETURNING number",
        (_OPEN, HIGHEST_KEY, LOWEST_KEY, replaces),
    ).fetchone()
    return int(number)


def add_plane(database: sqlite3.Connection, segment: int, plane: Plane) -> bool:
    """Add a plane to a segment; True when that is full with it."""
    planes, low, high, organizations = database.execute(
        "SELECT planes, low, high, organizations FROM segments WHERE number = ?", (segment,)
    ).fetchone()
    first = slot_number(segment, planes * 8)
    database.executemany(
        "INSERT INTO slots VALUES (?, ?, ?, ?)",
        [
            (first + number, min(keys), max(keys), packed(keys))
            for number, keys in enumerate(plane.keys)
        ],
    )
    database.executemany(
        "INSERT INTO planes VALUES (?, ?)",
        [
            (plane_number(segment, part, planes), plane.bits[part * PART : (part + 1) * PART])
            for part in range(PARTS)
        ],
    )
    known = plane.organizations.union(json.loads(organizations))
    database.execute(
        "UPDATE segments SET planes = ?, low = ?, high = ?, organizations = ? WHERE number = ?",
        (
            planes + 1,
            min(low, *map(min, plane.keys)),
            max(high, *map(max, plane.keys)),
            json.dumps(sorted(known)),
            segment,
        ),
    )
    return bool(planes + 1 == PLANES)


def close_segment(database: sqlite3.Connection, segment: int) -> None:
    """No more planes come: it is to be sealed, or to go when it has none."""
    database.execute(
        "UPDATE segments SET sealed = 0, dead = planes = 0 WHERE number = ?", (segment,)
    )


def unsealed(database: sqlite3.Connection) -> tuple[int, int] | None:
    """A segment that is closed and not sealed, and how many of its parts are."""
    found = database.execute(_UNSEALED).fetchone()
    return None if found is None else (found[0], found[1])


def seal_part(database: sqlite3.Connection, segment: int, part: int) -> None:
    """Turn one part of a closed segment's planes into slices."""
    span = plane_number(segment, part, 0), plane_number(segment, part, PLANES - 1)
    slices = bytearray(PART * PLANES)
    found = database.execute(
        "SELECT bits FROM planes WHERE number BETWEEN ? AND ? ORDER BY number", span
    )
    for plane, (bits,) in enumerate(found):
        slices[plane::PLANES] = bits
    size = PAGE * PLANES
    first = page_number(segment, part * PART)
    database.executemany(
        "INSERT INTO slices VALUES (?, ?)",
        [
            (first + page, bytes(slices[page * size : (page + 1) * size]))
            for page in range(PART // PAGE)
        ],
    )
    database.execute("DELETE FROM planes WHERE number BETWEEN ? AND ?", span)
    database.execute("UPDATE segments SET sealed = ? WHERE number = ?", (part + 1, segment))


def dead(database: sqlite3.Connection) -> int | None:
    """A segment that is dead, if there is one."""
    found = database.execute("SELECT number FROM segments WHERE dead = 1 LIMIT 1").fetchone()
    return None if found is None else int(found[0])


def delete_piece(database: sqlite3.Connection, segment: int) -> None:
    """Delete a piece of a segment, and at last the segment."""
    for table, numbers in _TABLES:
        span = segment * numbers, (segment + 1) * numbers - 1, _DELETED
        deleted = database.execute(
            f"DELETE FROM {table} WHERE number IN"  # noqa: S608
            f" (SELECT number FROM {table} WHERE number BETWEEN ? AND ? LIMIT ?)",
            span,
        )
        if deleted.rowcount == _DELETED:
            return
    database.execute("DELETE FROM segments WHERE number = ?", (segment,))
