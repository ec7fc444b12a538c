"""How the search file is laid out.

state      until_seq: rows up to there, if they have an end, are known; so are those that were
           there at the beginning (up to from_seq) from past_key on
segments   which rows' organizations and keys, how far it is sealed, what was forgotten
slots      the keys of the rows of each slot
planes     bits as they are made: 8 slots, a byte for each position
slices     bits as they are read: one position, a bit for each slot; `planes` become these
"""

from array import array
from typing import Final

from store.sqlite.search.grams import WIDTH

APPLICATION_ID: Final = 0x57525331
"""`WRS1` in SQLite's header."""
VERSION: Final = 1
"""A file of another version is made anew."""

PLANE_SLOTS: Final = 8
PLANES: Final = 127
"""In a segment: 64 of its slices then fill a page of SQLite to 32 bytes."""
SLOTS: Final = PLANE_SLOTS * PLANES
PARTS: Final = 16
"""Planes are kept in so many parts, which are sealed one by one."""
PART: Final = WIDTH // PARTS
PAGE: Final = 64
"""Slices in one row of `slices`."""
_PLANES_ROUND: Final = 128
_SLOTS_ROUND: Final = 1024

SCHEMA: Final = f"""
CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
-- Alive are those with dead = 0; `replaces` is the one that goes when this one is complete.
CREATE TABLE segments (
    number INTEGER PRIMARY KEY, planes INTEGER NOT NULL, sealed INTEGER NOT NULL,
    low INTEGER NOT NULL, high INTEGER NOT NULL, organizations TEXT NOT NULL,
    forgotten TEXT NOT NULL, renewed_at INTEGER NOT NULL, replaces INTEGER,
    dead INTEGER NOT NULL DEFAULT 0);
CREATE INDEX segments_dead ON segments (number) WHERE dead = 1;
CREATE INDEX segments_closed ON segments (number) WHERE sealed BETWEEN 0 AND {PARTS - 1};
CREATE TABLE slots (
    number INTEGER PRIMARY KEY, low INTEGER NOT NULL, high INTEGER NOT NULL, keys BLOB NOT NULL);
CREATE TABLE planes (number INTEGER PRIMARY KEY, bits BLOB NOT NULL);
CREATE TABLE slices (number INTEGER PRIMARY KEY, bits BLOB NOT NULL);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
"""


def slot_number(segment: int, slot: int) -> int:
    """The number of a slot in `slots`."""
    return segment * _SLOTS_ROUND + slot


def plane_number(segment: int, part: int, plane: int) -> int:
    """The number of a part of a plane in `planes`."""
    return (segment * PARTS + part) * _PLANES_ROUND + plane


def page_number(segment: int, position: int) -> int:
    """The number of the row of `slices` that has a position's slice."""
    return segment * (WIDTH // PAGE) + position // PAGE


def packed(keys: list[int]) -> bytes:
    """Keys of rows as they are kept."""
    return array("q", keys).tobytes()


def unpacked(keys: bytes) -> list[int]:
    """The keys that were packed."""
    return array("q", keys).tolist()
