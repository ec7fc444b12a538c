"""Entries of this process go with the last row that refers to them; older ones stay."""

import sqlite3
from collections.abc import Iterator

import pytest

from store.sqlite.fresh import Fresh


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE names (number INTEGER PRIMARY KEY)")
    connection.executemany("INSERT INTO names VALUES (?)", [(1,), (2,)])
    yield connection
    connection.close()


def numbers(database: sqlite3.Connection) -> list[int]:
    return [number for (number,) in database.execute("SELECT number FROM names ORDER BY number")]


def test_a_new_entry_goes_with_its_last_row(database: sqlite3.Connection) -> None:
    fresh = Fresh(database, "names")
    database.execute("INSERT INTO names VALUES (3)")
    fresh.use(3)
    fresh.use(3)
    assert not fresh.leave(3)
    assert fresh.leave(3)
    assert not fresh.leave(3)
    assert numbers(database) == [1, 2]


def test_entries_of_before_stay(database: sqlite3.Connection) -> None:
    fresh = Fresh(database, "names")
    fresh.use(2)
    assert not fresh.leave(2)
    assert not fresh.leave(1)
    assert numbers(database) == [1, 2]
