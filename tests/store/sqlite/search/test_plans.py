"""How the index reads the store: by index or key, never all of it."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.filters import parse_filter
from store.scope import SERVICE
from store.sqlite.keys import STARTED
from store.sqlite.narrowing import Fragment, Resolved, narrow
from store.sqlite.rows import LISTED
from store.sqlite.search import searching
from store.sqlite.search.texts import AFTER_SEQ, BEFORE_KEY, WITH_KEYS
from store.sqlite.selecting import select_among
from store.sqlite.writer import SqliteWriter
from tests.support.rows import row

NOW = 1_795_424_000_000
IN_ORDER = "USE TEMP B-TREE"
BY_KEY = "SEARCH a USING INTEGER PRIMARY KEY (rowid=?)"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    path = tmp_path / "activity.db"
    writer = SqliteWriter(path)
    writer.write([row(created_at=NOW)])
    writer.close()
    opened = sqlite3.connect(path)
    opened.create_function("plain_text", 2, lambda value, dictionary: value)
    yield opened
    opened.close()


def plan(database: sqlite3.Connection, sql: str, values: tuple[object, ...]) -> str:
    return "\n".join(detail for *_, detail in database.execute(f"EXPLAIN QUERY PLAN {sql}", values))


@pytest.mark.parametrize(
    ("sql", "values", "step"),
    [
        (AFTER_SEQ, (1, 9), "SEARCH a USING INDEX activities_seq (seq>?)"),
        (BEFORE_KEY, (1, 2, 9), "SEARCH a USING INTEGER PRIMARY KEY (rowid<?)"),
        (WITH_KEYS, (json.dumps([1]),), BY_KEY),
        (searching._FRESH, (1, 9), "USING COVERING INDEX activities_seq (seq>?)"),
        (
            searching._STARTED,
            (STARTED, 9),
            "USING COVERING INDEX activities_direction_status (direction=? AND status=?)",
        ),
    ],
)
def test_the_index_reads_few_rows(
    database: sqlite3.Connection, sql: str, values: tuple[object, ...], step: str
) -> None:
    steps = plan(database, sql, values)
    assert step in steps
    assert IN_ORDER not in steps


@pytest.mark.parametrize(
    "query",
    ["word", "word status:failed", "word integration:slack", "word host:*.example.com user_id:bob"],
)
def test_candidates_are_found_by_their_keys(database: sqlite3.Connection, query: str) -> None:
    """Whatever else is asked for, no other index is used."""
    numbers = Resolved(organizations=(1,), integrations=(1,))
    narrowing = narrow(SERVICE, parse_filter({"q": [query]}, NOW), numbers)
    statement: Fragment = select_among(LISTED, narrowing, [1, 2, 3], 51)
    steps = plan(database, statement.sql, statement.values)
    assert BY_KEY in steps
    assert "activities_" not in steps
