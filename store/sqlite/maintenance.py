"""Maintenance: what a store does in the background, one small step at a time."""

import sqlite3

from store.backend import Gone
from store.options import StoreOptions
from store.sqlite.compression import Compression
from store.sqlite.retention import BodyRetention, RollupRetention, RowRetention, SpaceRelease
from store.sqlite.users import UserNaming


class Maintenance:
    """Retention first, so that nothing is looked at or compressed that is about to go; then what
    an earlier version left to do; then compression; space last."""

    def __init__(self, options: StoreOptions) -> None:
        self._rows = RowRetention(options)
        self._bodies = BodyRetention(options)
        self._users = UserNaming()
        self._compression = Compression(options)
        self._rollups = RollupRetention(options)
        self._space = SpaceRelease(options)

    def step(self, database: sqlite3.Connection, now: int) -> bool:
        """One step of whatever is due; True when more is to do."""
        return (
            self._rows.step(database, now)
            or self._bodies.step(database, now)
            or self._users.step(database)
            or self._compression.step(database, now)
            or self._rollups.step(database, now)
            or self._space.step(database)
        )

    def gone(self) -> Gone:
        """What retention has deleted so far."""
        return Gone(rows=self._rows.deleted, bodies=self._bodies.deleted)

    def close(self) -> None:
        """Wait for what is under way."""
        self._compression.close()
