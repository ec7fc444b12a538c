"""Entries that this process made, and how many rows refer to them: so that one can go whose only
rows have left it. What it says may be a secret that came to light with the answer."""

import sqlite3
from typing import Final

_MOST: Final = 20_000


class Fresh:
    """Counts the uses of a table's new entries. Entries that are older than this object may be
    used by any number of rows, and are left alone."""

    def __init__(self, database: sqlite3.Connection, table: str) -> None:
        self._database = database
        self._table = table
        self._uses: dict[int, int] = {}
        self._start()

    def use(self, number: int) -> None:
        """One row more refers to an entry."""
        if number > self._before:
            self._uses[number] = self._uses.get(number, 0) + 1
            if len(self._uses) > _MOST:
                self._start()

    def leave(self, number: int) -> bool:
        """One row less does; true when there is none any more. The entry is deleted then."""
        uses = self._uses.get(number, 0)
        if uses != 1:
            if uses:
                self._uses[number] = uses - 1
            return False
        del self._uses[number]
        self._database.execute(f"DELETE FROM {self._table} WHERE number = ?", (number,))  # noqa: S608
        return True

    def _start(self) -> None:
        self._uses.clear()
        (self._before,) = self._database.execute(
            f"SELECT coalesce(max(number), 0) FROM {self._table}"  # noqa: S608
        ).fetchone()
