"""Users: in `activities` the column `user_id` holds the user of a row however it was named, so that
one index finds them all. A name that is no UUID is told in `metadata.user` and shown there alone.

Rows of earlier versions bear only UUIDs in that column. `users_below` in the table `state` is the
key below which some may be left; a step of maintenance at a time brings the names of the others
over, newest first. An index over all rows of a large file would hold the writer for minutes.
"""

import sqlite3
from typing import Any, Final

import msgspec

from store.sqlite.steps import Pace
from store.times import uuid_bytes

MARK: Final = "SELECT value FROM state WHERE name = 'users_below'"
_SET_MARK: Final = "UPDATE state SET value = ? WHERE name = 'users_below'"
_DONE: Final = "DELETE FROM state WHERE name = 'users_below'"
_OLD: Final = (
    "SELECT key, CASE WHEN user_id IS NULL AND instr(metadata, '\"user\"') THEN metadata END"
    " FROM activities WHERE key < ? ORDER BY key DESC LIMIT ?"
)
_SET: Final = "UPDATE activities SET user_id = ? WHERE key = ?"


class _Named(msgspec.Struct):
    user: Any = None


_named: Final = msgspec.json.Decoder(_Named)


def kept_user(user_id: str | None, metadata: str | None) -> str | None:
    """What the column holds: the UUID, else the name in the metadata."""
    # Most metadata is told by its text to name nobody.
    if user_id is not None or metadata is None or '"user"' not in metadata:
        return user_id
    name = _named.decode(metadata).user
    return name if isinstance(name, str) and name and uuid_bytes(name) is None else None


def shown_user(kept: str | None, name: Any) -> str | None:
    """What readers see in the column; `name` is that in the metadata."""
    return None if kept == name and kept is not None and uuid_bytes(kept) is None else kept


def _told(metadata: str) -> str | None:
    try:
        return kept_user(None, metadata)
    except msgspec.MsgspecError:
        return None  # damaged: it must not end the keeper, each time anew


class UserNaming:
    """Brings the names of users in rows of earlier versions into their column."""

    def __init__(self) -> None:
        self._pace = Pace(1_000, highest=50_000)
        self._done = False

    def step(self, database: sqlite3.Connection) -> bool:
        """Look at a few rows; False when there are no more."""
        mark = None if self._done else database.execute(MARK).fetchone()
        if mark is None:
            self._done = True
            return False
        with self._pace.step(database):
            found = database.execute(_OLD, (mark[0], self._pace.size)).fetchall()
            named = [(_told(told), key) for key, told in found if told is not None]
            database.executemany(_SET, [one for one in named if one[0] is not None])
            if found:
                database.execute(_SET_MARK, (found[-1][0],))
            else:
                database.execute(_DONE)
        return bool(found)
