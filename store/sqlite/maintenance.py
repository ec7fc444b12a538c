"""Maintenance: what a store does in the background, one small step at a time."""

import sqlite3

import msgspec


class StoreOptions(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Maintenance:
    def __init__(self, options: StoreOptions) -> None: ...
    def step(self, database: sqlite3.Connection, now: int) -> bool:
        return False

    def close(self) -> None: ...
