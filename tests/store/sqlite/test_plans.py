"""The query plans: which index answers what, and that nothing is sorted or scanned in vain."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.filters import EVERYTHING, ActivityFilter, parse_filter
from store.scope import SERVICE, Scope
from store.sqlite.branches import exact
from store.sqlite.charts import sums
from store.sqlite.keys import HIGHEST_KEY, LOWEST_KEY
from store.sqlite.narrowing import Fragment, Resolved, narrow
from store.sqlite.rows import FULL_COLUMNS, LISTED
from store.sqlite.selecting import select, select_changes
from store.sqlite.writer import SqliteWriter
from tests.support.rows import row

NOW = 1_795_424_000_000
ALL = Resolved(organizations=None, integrations=None)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    path = tmp_path / "activity.db"
    writer = SqliteWriter(path)
    writer.write([row(created_at=NOW)])
    writer.close()
    opened = sqlite3.connect(path)
    yield opened
    opened.close()


def plan(database: sqlite3.Connection, statement: Fragment) -> str:
    rows = database.execute(f"EXPLAIN QUERY PLAN {statement.sql}", statement.values)
    return "\n".join(detail for *_, detail in rows)


def listing(where: ActivityFilter, numbers: Resolved = ALL, **more: bool) -> Fragment:
    within = [(LOWEST_KEY, HIGHEST_KEY)]
    return select(LISTED, narrow(SERVICE, where, numbers), within, 51, **more)


def asked(**params: str) -> ActivityFilter:
    return parse_filter({name: [value] for name, value in params.items()}, NOW)


@pytest.mark.parametrize(
    ("index", "where", "numbers"),
    [
        (
            "activities_organization_created (organization=? AND rowid>? AND rowid<?)",
            EVERYTHING,
            Resolved(organizations=(1,), integrations=None),
        ),
        (
            "activities_integration_created (integration=? AND rowid>? AND rowid<?)",
            EVERYTHING,
            Resolved(organizations=(1,), integrations=(1,)),
        ),
        (
            "activities_type_status (activity_type=? AND status=? AND rowid>? AND rowid<?)",
            asked(activity_type="api_call", status="success"),
            ALL,
        ),
        (
            "activities_direction_status (direction=? AND status=? AND rowid>? AND rowid<?)",
            asked(direction="outgoing", status="success"),
            ALL,
        ),
        (
            "activities_failures_created (status=? AND rowid>? AND rowid<?)",
            asked(status="failed"),
            ALL,
        ),
        (
            "activities_user_created (user_id=? AND rowid>? AND rowid<?)",
            asked(user_id="0190163d-8694-739b-aea5-966c26f8ad91"),
            ALL,
        ),
        (
            "activities_user_created (user_id=? AND rowid>? AND rowid<?)",
            asked(user_id="bob"),
            ALL,
        ),
    ],
    ids=lambda value: str(value).partition(" ")[0],
)
def test_the_six_indexes_give_rows_in_order(
    database: sqlite3.Connection, index: str, where: ActivityFilter, numbers: Resolved
) -> None:
    assert exact(narrow(SERVICE, where, numbers).rows)
    steps = plan(database, listing(where, numbers))
    assert index in steps.replace("COVERING ", "")
    assert steps.count("TEMP B-TREE") <= 1  # the page itself, at most


def test_failures_of_an_integration_have_an_index(database: sqlite3.Connection) -> None:
    numbers = Resolved(organizations=(1,), integrations=(1,))
    steps = plan(database, listing(asked(integration="stripe", status="failed"), numbers))
    index = "activities_integration_failures (integration=? AND rowid>? AND rowid<?)"
    assert f"SEARCH a USING INDEX {index}" in steps


def test_a_user_is_read_by_his_index_whatever_else_is_asked(database: sqlite3.Connection) -> None:
    numbers = Resolved(organizations=(1,), integrations=(1,))
    steps = plan(database, listing(asked(user_id="bob", status="success", host="a.b"), numbers))
    index = "activities_user_created (user_id=? AND rowid>? AND rowid<?)"
    assert f"SEARCH a USING INDEX {index}" in steps


def test_failures_of_a_user_are_found_without_reading_his_rows(
    database: sqlite3.Connection,
) -> None:
    steps = plan(database, listing(asked(user_id="bob", status="failed")))
    index = "activities_user_created (user_id=? AND rowid>? AND rowid<?)"
    assert f"SEARCH u USING COVERING INDEX {index}" in steps
    index = "activities_failures_created (status=? AND rowid=?)"
    assert f"SEARCH a USING INDEX {index}" in steps


def test_a_list_without_conditions_walks_down_the_keys(database: sqlite3.Connection) -> None:
    steps = plan(database, listing(EVERYTHING))
    assert "SEARCH a USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)" in steps


def test_lists_and_their_filters_never_read_bodies(database: sqlite3.Connection) -> None:
    for where in (EVERYTHING, asked(host="a.b", path="/x", min_ms="5", user_agent="c*")):
        steps = plan(database, listing(where))
        assert " c " not in steps
        assert " z " not in steps


def test_a_search_without_the_right_never_reads_bodies(database: sqlite3.Connection) -> None:
    scope = Scope(organizations=None, bodies=False)
    within = [(LOWEST_KEY, HIGHEST_KEY)]
    steps = plan(database, select(LISTED, narrow(scope, asked(q="word"), ALL), within, 51))
    assert " c " not in steps


def test_changes_follow_the_sequence(database: sqlite3.Connection) -> None:
    narrowing = narrow(
        SERVICE, asked(status="failed"), Resolved(organizations=(1,), integrations=None)
    )
    steps = plan(database, select_changes(LISTED, narrowing, 5, 9))
    assert "SEARCH a USING INDEX activities_seq (seq>?)" in steps


def test_one_activity_is_found_by_its_key(database: sqlite3.Connection) -> None:
    own = Fragment("a.id = ?", (b"x" * 16,))
    narrowing = narrow(SERVICE, EVERYTHING, ALL)
    statement = select(FULL_COLUMNS, narrowing, [(1, 17)], 1, full=True, also=own)
    steps = plan(database, statement)
    assert "SCAN" not in steps.replace("SCAN (subquery", "").replace("SCAN found", "")


@pytest.mark.parametrize("table", ["rollups", "endpoint_rollups"])
def test_charts_read_only_their_hours(database: sqlite3.Connection, table: str) -> None:
    steps = plan(database, sums(table, ("e.number",), [], [(10, 100)]))
    assert "SEARCH a USING PRIMARY KEY (span=? AND bucket>? AND bucket<?)" in steps


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("direction_totals", "organization"),
        ("integration_totals", "integration"),
    ],
)
def test_charts_find_buckets_by_their_keys(
    database: sqlite3.Connection, table: str, column: str
) -> None:
    steps = plan(database, sums(table, ("e.number",), [], [(10, 100)]))
    assert "SEARCH a USING PRIMARY KEY (span=? AND bucket=?)" in steps
    condition = Fragment(f"a.{column} = ?", (1,))
    steps = plan(database, sums(table, ("e.number",), [condition], [(10, 100)]))
    assert f"SEARCH a USING PRIMARY KEY (span=? AND bucket=? AND {column}=?)" in steps
    # Of all time there are too many.
    steps = plan(database, sums(table, ("e.number",), [], [(0, 1 << 40)]))
    assert "SEARCH a USING PRIMARY KEY (span=? AND bucket>? AND bucket<?)" in steps


def test_charts_of_one_integration_read_only_its_rollups(database: sqlite3.Connection) -> None:
    condition = Fragment("a.integration = ?", (1,))
    steps = plan(database, sums("rollups", ("e.number",), [condition], [(10, 100)]))
    assert "rollups_integration (integration=? AND span=? AND bucket>? AND bucket<?)" in steps


@pytest.mark.parametrize(
    ("index", "where", "numbers"),
    [
        (
            "activities_failures_created (status=? AND rowid>? AND rowid<?)",
            parse_filter({"status": ["failed", "timeout"]}, NOW),
            ALL,
        ),
        (
            "activities_integration_created (integration=? AND rowid>? AND rowid<?)",
            EVERYTHING,
            Resolved(organizations=(1, 2), integrations=(1, 2)),
        ),
        (
            "activities_organization_created (organization=? AND rowid>? AND rowid<?)",
            EVERYTHING,
            Resolved(organizations=(1, 2), integrations=None),
        ),
        (
            "activities_user_created (user_id=? AND rowid>? AND rowid<?)",
            parse_filter({"user_id": ["bob", "eve"]}, NOW),
            ALL,
        ),
    ],
    ids=["failures", "integrations", "organizations", "users"],
)
def test_several_values_are_read_in_order_each(
    database: sqlite3.Connection, index: str, where: ActivityFilter, numbers: Resolved
) -> None:
    assert exact(narrow(SERVICE, where, numbers).rows)
    steps = plan(database, listing(where, numbers))
    assert steps.replace("COVERING ", "").count(f"SEARCH a USING INDEX {index}") == 2
    assert "USE TEMP B-TREE FOR ORDER BY" in steps  # of the page, and of what the two found
