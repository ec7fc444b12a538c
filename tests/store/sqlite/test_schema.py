"""The file: readable by anyone with `sqlite3`, brought up to date, refused when from the future."""

import json
import re
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from store.activity import ActivityType, Direction, Status, endpoint_of
from store.errors import SchemaTooNew, StoreError, StoreUnavailable
from store.filters import EVERYTHING
from store.identity import activity_id
from store.options import DAY_MS, StoreOptions
from store.scope import SERVICE
from store.sqlite import schema
from store.sqlite.reader import SqliteReader
from store.sqlite.rollups import MEASURES, ROLLUP_TABLES
from store.sqlite.writer import SqliteWriter
from store.times import rfc3339, uuid_text
from tests.store.contract.past import past
from tests.support.rows import row

NOW = 1_795_424_000_123
# The columns of the original table, in its order.
ORIGINAL = [
    "id",
    "organization_id",
    "integration_id",
    "direction",
    "activity_type",
    "method",
    "endpoint",
    "request_headers",
    "request_body",
    "response_status",
    "response_body",
    "response_time_ms",
    "status",
    "error_message",
    "error_code",
    "user_id",
    "ip_address",
    "user_agent",
    "metadata",
    "created_at",
    "completed_at",
]
ADDED = [
    "response_headers",
    "host",
    "path",
    "request_size",
    "response_size",
    "request_truncated",
    "response_truncated",
    "timing",
    "trace_id",
    "provider_request_id",
    "replay_of",
    "redactions",
]
SUMMARY = [
    "organization_id",
    "integration_id",
    "activity_type",
    "direction",
    "status",
    "activity_date",
    "activity_count",
    "failure_count",
    "avg_response_time",
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "activity.db"


def write(path: Path, *rows: object, options: StoreOptions | None = None) -> None:
    writer = SqliteWriter(path, options)
    writer.write(rows)  # type: ignore[arg-type]
    while writer.maintain(NOW):
        pass
    writer.close()


def view(path: Path, name: str = "integration_activity_log") -> list[dict[str, object]]:
    database = sqlite3.connect(path)
    database.row_factory = sqlite3.Row
    rows = [dict(found) for found in database.execute(f"SELECT * FROM {name} ORDER BY 1")]
    database.close()
    return rows


def test_the_readable_columns(path: Path) -> None:
    write(path, row(created_at=NOW))
    (found,) = view(path)
    assert list(found)[: len(ORIGINAL)] == ORIGINAL
    assert set(ADDED) <= set(found)
    (summed,) = view(path, "integration_activity_summary")
    assert list(summed)[: len(SUMMARY)] == SUMMARY


def test_values_are_readable(path: Path) -> None:
    written = row(
        created_at=NOW,
        query="?a=1",
        user_agent="curl/8",
        metadata='{"event":"x"}',
        replay_of=activity_id(NOW),
        response_truncated=True,
    )
    write(path, written)
    (found,) = view(path)
    assert found["id"] == uuid_text(written.id)
    assert found["organization_id"] == uuid_text(written.organization_id)
    assert found["created_at"] == rfc3339(NOW) == "2026-11-23T08:53:20.123Z"
    assert found["completed_at"] == rfc3339(NOW + 12)
    assert found["endpoint"] == "https://api.example.com/v1/things/7?a=1"
    assert (found["direction"], found["status"]) == ("outgoing", "success")
    assert json.loads(str(found["request_body"])) == {"name": "request"}
    assert json.loads(str(found["response_headers"])) == {"Content-Type": "application/json"}
    assert found["response_time_ms"] == 12.5
    assert (found["request_truncated"], found["response_truncated"]) == (0, 1)
    assert found["replay_of"] == uuid_text(written.replay_of or b"")
    assert found["ip_address"] is None
    assert found["timing"] is None


def test_every_word_of_the_closed_lists_is_readable(path: Path) -> None:
    rows = [row(created_at=NOW + n, activity_type=kind) for n, kind in enumerate(ActivityType)]
    rows += [row(created_at=NOW + 50 + n, status=status) for n, status in enumerate(Status)]
    rows += [row(created_at=NOW + 90 + n, direction=way) for n, way in enumerate(Direction)]
    write(path, *rows)
    found = {uuid_text(r.id): r for r in rows}
    for line in view(path):
        written = found[str(line["id"])]
        for name in ("activity_type", "status", "direction"):
            assert line[name] == getattr(written, name).value


ENDPOINTS = {
    "/a": "https://api.example.com/a?b=1",
    "*": "https://api.example.com?b=1",
    "": "https://api.example.com?b=1",
    "api.example.com:443": "https://api.example.com?b=1",
    "http://other.test/a": "http://other.test/a?b=1",
    "//other.test/a": "https://api.example.com//other.test/a?b=1",
    "1://x": "https://api.example.com?b=1",
}


def test_the_endpoint_is_a_url_whatever_the_target_was(path: Path) -> None:
    targets = list(ENDPOINTS)
    rows = [row(created_at=NOW, path=p, path_template=p, query="?b=1") for p in targets]
    write(path, *rows)
    assert {found["path"]: found["endpoint"] for found in view(path)} == ENDPOINTS
    assert {p: endpoint_of("https://api.example.com", p, "?b=1") for p in targets} == ENDPOINTS


def test_times_are_exact_to_the_millisecond(path: Path) -> None:
    times = [NOW + n for n in range(1000)]
    write(path, *(row(created_at=time) for time in times))
    assert [line["created_at"] for line in view(path)] == [rfc3339(time) for time in times]


def test_compressed_bodies_are_null_and_say_so(path: Path) -> None:
    body = json.dumps({"text": "word " * 50})
    old = row(created_at=NOW - 2 * DAY_MS, request_body=body, response_body=None)
    write(path, old, row(created_at=NOW, request_body=body))
    packed, plain = view(path)
    assert (packed["request_body"], packed["request_body_encoding"]) == (None, "zstd")
    assert (packed["response_body"], packed["response_body_encoding"]) == (None, None)
    assert packed["request_headers"] == '{"Accept": "*/*"}'
    assert (plain["request_body"], plain["request_body_encoding"]) == (body, None)


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="needs the sqlite3 shell")
def test_the_plain_shell_reads_it_while_the_writer_has_it_open(path: Path) -> None:
    writer = SqliteWriter(path)
    writer.write([row(created_at=NOW)])
    try:
        query = "SELECT method, endpoint, status, request_body FROM integration_activity_log"
        shell = ["sqlite3", "-readonly", "-json", str(path), query]
        answer = subprocess.run(shell, check=True, capture_output=True, timeout=20).stdout
    finally:
        writer.close()
    assert json.loads(answer) == [
        {
            "method": "POST",
            "endpoint": "https://api.example.com/v1/things/7",
            "status": "success",
            "request_body": '{"name": "request"}',
        }
    ]


def test_the_summary_view_counts(path: Path) -> None:
    write(
        path,
        *(row(created_at=NOW + n, response_time_ms=10.0 * n) for n in (1, 2, 3)),
        row(created_at=NOW, status=Status.ERROR, error_code="dns", response_time_ms=None),
    )
    found = {line["status"]: line for line in view(path, "integration_activity_summary")}
    assert found["success"]["activity_count"] == 3
    assert found["success"]["avg_response_time"] == 20.0
    assert found["success"]["failure_count"] == 0
    assert found["error"]["failure_count"] == 1
    assert found["error"]["avg_response_time"] is None
    assert found["error"]["activity_date"] == "2026-11-23"


async def test_a_schema_from_the_future_is_refused_and_left_alone(path: Path) -> None:
    write(path, row(created_at=NOW))
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    database.close()
    with pytest.raises(SchemaTooNew, match="newer Wiretrail"):
        SqliteWriter(path)
    reader = SqliteReader(path)
    with pytest.raises(SchemaTooNew):
        await reader.last_seq()
    await reader.close()
    assert len(view(path)) == 1
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS)}")
    database.close()
    SqliteWriter(path).close()


def test_migrations_run_once_and_in_order(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(path, row(created_at=NOW))
    later = ("ALTER TABLE gaps ADD COLUMN note TEXT", "UPDATE gaps SET note = 'x'")
    monkeypatch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS + later)
    for _ in range(2):
        writer = SqliteWriter(path)
        writer.record_gap("poison", 1, NOW, NOW)
        writer.close()
    database = sqlite3.connect(path)
    assert database.execute("SELECT note FROM gaps").fetchall() == [(None,), (None,)]
    (version,) = database.execute("PRAGMA user_version").fetchone()
    assert version == len(schema.MIGRATIONS)
    database.close()
    assert len(view(path)) == 1


def test_a_migration_that_fails_leaves_the_version_before(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path, row(created_at=NOW))
    before = len(schema.MIGRATIONS)
    broken = "CREATE TABLE half (x); CREATE TABLE activities (x)"
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, broken))
        with pytest.raises(StoreUnavailable):
            SqliteWriter(path)
    database = sqlite3.connect(path)
    (version,) = database.execute("PRAGMA user_version").fetchone()
    assert version == before
    names = "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"
    assert database.execute(names).fetchone() == (0,)
    database.close()
    assert len(view(path)) == 1


def test_the_second_migration_fills_its_tables(path: Path) -> None:
    writer = SqliteWriter(path)
    writer.write(past(400, hours=40 * 24))
    writer.close()
    database = sqlite3.connect(path)
    written = {table: rows_of(database, table) for table in ROLLUP_TABLES}
    assert all(written.values())
    for table in ("integration_totals", "direction_totals"):
        database.execute(f"DROP TABLE {table}")
    database.execute("DROP INDEX activities_integration_failures")
    # Made of rollups, which the first schema wrote to `totals` once more.
    measures = ", ".join(
        f"{'max' if name in ('max_us', 'last_at') else 'sum'}({name}) AS {name}"
        for name in MEASURES
    )
    database.execute(
        "CREATE TABLE totals AS SELECT span, bucket, organization, direction, status,"
        f" {measures} FROM rollups GROUP BY 1, 2, 3, 4, 5"
    )
    database.execute("PRAGMA user_version = 1")
    database.commit()
    SqliteWriter(path).close()
    assert {table: rows_of(database, table) for table in ROLLUP_TABLES} == written
    database.close()


def rows_of(database: sqlite3.Connection, table: str) -> list[Any]:
    return sorted(database.execute(f"SELECT * FROM {table}").fetchall())


async def test_a_reader_waits_for_the_migration(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path, row(created_at=NOW))
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, "SELECT 1"))
    reader = SqliteReader(path)
    with pytest.raises(StoreUnavailable, match="brought up to date"):
        await reader.page(SERVICE, EVERYTHING, cursor=None, limit=1)
    await reader.close()


@pytest.mark.parametrize("content", ["CREATE TABLE mine (x)", "PRAGMA application_id = 7"])
def test_a_database_of_another_program_is_left_alone(path: Path, content: str) -> None:
    database = sqlite3.connect(path)
    database.execute(content)
    database.commit()
    database.close()
    with pytest.raises(StoreError, match="another program"):
        SqliteWriter(path)


def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    path.write_bytes(b"Dear diary, " * 500)
    with pytest.raises(StoreUnavailable, match="not a database"):
        SqliteWriter(path)
    assert path.read_bytes() == b"Dear diary, " * 500


def test_the_file_is_private_durable_and_gives_space_back(path: Path) -> None:
    writer = SqliteWriter(path)
    pragmas = {
        name: writer._database.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "secure_delete", "auto_vacuum", "mmap_size")
    }
    writer.close()
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "secure_delete": 1,
        "auto_vacuum": 2,
        "mmap_size": 0,
    }
    assert path.stat().st_mode & 0o777 == 0o600
    assert not re.search(r"-(wal|shm)", " ".join(p.name for p in path.parent.iterdir()))


def test_deleted_rows_leave_no_trace_in_the_file(path: Path) -> None:
    planted = "canary-" + "in-a-body"
    write(path, row(created_at=NOW - 100 * DAY_MS, request_body=f'"{planted}"'))
    assert view(path) == []
    assert planted.encode() not in path.read_bytes()
