"""The writer against a hostile world: killed, locked out, without disk, without its file."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from store.activity import ActivityRow, Status
from store.errors import StoreLocked, StoreUnavailable
from store.filters import EVERYTHING
from store.options import StoreOptions
from store.scope import SERVICE
from store.sqlite.reader import SqliteReader
from store.sqlite.writer import SqliteWriter
from tests.support.rows import row

NOW = 1_795_424_000_000
ROOT = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "activity.db"


def count(path: Path, table: str = "integration_activity_log") -> int:
    database = sqlite3.connect(path)
    (found,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()
    database.close()
    return int(found)


def rows(number: int, size: int = 10) -> list[ActivityRow]:
    return [row(created_at=NOW + n, response_body=f'"{"x" * size}"') for n in range(number)]


WRITES_FOR_EVER = """
    import sys
    from pathlib import Path
    from store.sqlite.writer import SqliteWriter
    from tests.support.rows import row

    writer = SqliteWriter(Path(sys.argv[1]))
    number = int(sys.argv[2])
    while True:
        times = range(number * 100, number * 100 + 50)
        batch = [row(created_at=time, response_body='"' + "y" * 900 + '"') for time in times]
        print(writer.write(batch).last_seq, flush=True)
        writer.maintain(number * 100)
        number += 1
"""


def test_a_killed_writer_loses_nothing_that_it_committed(path: Path) -> None:
    program = textwrap.dedent(WRITES_FOR_EVER)
    committed = 0
    for round_number in range(4):
        writing = subprocess.Popen(
            [
                sys.executable,
                "-c",
                program,
                str(path),
                str(round_number * 10**6),
            ],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert writing.stdout is not None
        enough = committed + 50 * 5
        for line in writing.stdout:
            committed = int(line)
            if committed >= enough:
                break
        time.sleep(0.003 * round_number)  # at another moment of the batch each time
        writing.send_signal(signal.SIGKILL)
        told = [int(line) for line in writing.stdout]
        writing.wait()
        writing.stdout.close()
        committed = max([committed, *told])
        database = sqlite3.connect(path)
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        database.close()
        # The batch under way may be there too, but only whole.
        assert count(path) in (committed, committed + 50)
        assert count(path, "contents") == count(path)
        SqliteWriter(path).close()
        committed = count(path)


def test_a_second_writer_is_refused(path: Path) -> None:
    first = SqliteWriter(path)
    with pytest.raises(StoreLocked, match=f"process {os.getpid()}"):
        SqliteWriter(path)
    first.write(rows(1))
    first.close()
    SqliteWriter(path).close()


def test_a_full_disk_keeps_nothing_of_the_batch(path: Path) -> None:
    writer = SqliteWriter(path)
    first = writer.write(rows(10))
    (pages,) = writer._database.execute("PRAGMA page_count").fetchone()
    writer._database.execute(f"PRAGMA max_page_count = {pages + 4}")
    large = rows(200, size=5000)
    with pytest.raises(StoreUnavailable, match="full"):
        writer.write(large)
    assert count(path) == 10
    writer._database.execute("PRAGMA max_page_count = 1000000")
    again = writer.write(large)
    assert (again.inserted, again.last_seq) == (200, first.last_seq + 200)
    writer.close()
    assert count(path) == 210


def test_names_of_a_batch_that_failed_are_not_remembered(path: Path) -> None:
    writer = SqliteWriter(path)
    writer.write(rows(1))
    (pages,) = writer._database.execute("PRAGMA page_count").fetchone()
    writer._database.execute(f"PRAGMA max_page_count = {pages + 1}")
    batch = [
        row("new", "newer", created_at=NOW + n, user_agent="newest", request_body=f'"{"x" * 5000}"')
        for n in range(50)
    ]
    with pytest.raises(StoreUnavailable):
        writer.write(batch)
    writer._database.execute("PRAGMA max_page_count = 1000000")
    writer.write(batch)
    writer.close()
    database = sqlite3.connect(path)
    query = "SELECT DISTINCT organization, integration, user_agent FROM integration_activity_log"
    assert ("new", "newer", "newest") in database.execute(query).fetchall()
    database.close()
    assert count(path) == 51


def test_somebody_elses_lock_is_told_and_passes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.sqlite.connection.BUSY_MS", 10)
    writer = SqliteWriter(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        writer.write(rows(2))
    other.execute("ROLLBACK")
    other.close()
    assert writer.write(rows(2)).inserted == 2
    writer.close()


def test_a_deleted_file_is_made_anew(path: Path) -> None:
    writer = SqliteWriter(path)
    writer.write(rows(3))
    for file in path.parent.glob("activity.db*"):
        if not file.name.endswith(".lock"):
            file.unlink()
    assert writer.write(rows(2)).inserted == 2
    assert count(path) == 2
    writer.close()


def test_a_file_that_comes_back_is_used_again(path: Path) -> None:
    writer = SqliteWriter(path)
    writer.write(three := rows(3))
    os.rename(path, path.with_name("elsewhere"))
    path.mkdir()
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            writer.write(rows(5))
    path.rmdir()
    os.rename(path.with_name("elsewhere"), path)
    assert writer.write([*three, *rows(2)]).inserted == 2
    assert count(path) == 5
    writer.close()


def test_a_path_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot open"):
        SqliteWriter(tmp_path / "missing" / "activity.db")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreUnavailable, match="cannot open"):
        SqliteWriter(tmp_path / "folder")


async def test_a_reader_without_a_store_says_how_to_start_one(path: Path) -> None:
    reader = SqliteReader(path)
    with pytest.raises(StoreUnavailable, match="wiretrail up"):
        await reader.page(SERVICE, EVERYTHING, cursor=None, limit=1)
    SqliteWriter(path).close()
    assert (await reader.page(SERVICE, EVERYTHING, cursor=None, limit=1)).items == []
    await reader.close()


async def test_a_reader_follows_a_replaced_file(path: Path, tmp_path: Path) -> None:
    for number, name in ((1, path.name), (4, "other.db")):
        writer = SqliteWriter(tmp_path / name)
        writer.write(rows(number))
        writer.close()
    reader = SqliteReader(path)
    assert len((await reader.page(SERVICE, EVERYTHING, cursor=None, limit=9)).items) == 1
    os.replace(tmp_path / "other.db", path)
    assert len((await reader.page(SERVICE, EVERYTHING, cursor=None, limit=9)).items) == 4
    await reader.close()


async def test_readers_cannot_write(path: Path) -> None:
    writer = SqliteWriter(path)
    writer.write(rows(1))
    reader = SqliteReader(path)
    async with reader._pool.connection() as connection:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await connection._database.execute("DELETE FROM activities")
    await reader.close()
    writer.close()


SECRET = "FAKE" + "canary0123456789abcdef"


def test_nothing_stays_of_what_only_the_replaced_version_told(path: Path) -> None:
    """A durable request whose answer gives away that a value in it was a secret: no table, no
    free page and no old page of the write-ahead log holds it when the row has been replaced."""
    now = [NOW / 1000]
    writer = SqliteWriter(path, clock=lambda: now[0])
    told = {
        "host": f"{SECRET}.x.test",
        "origin": f"https://{SECRET}.x.test",
        "path": f"/of/{SECRET}",
        "path_template": f"/of/{SECRET}",
        "query": f"?a={SECRET}",
        "user_agent": f"svc/{SECRET}",
        "request_headers": f'{{"A": "{SECRET}"}}',
        "request_body": f'"{SECRET * 900}"',
        "metadata": f'{{"user": "{SECRET}"}}',
    }
    started = row(created_at=NOW, status=Status.STARTED, **told)
    writer.write([row(created_at=NOW + 1), started])
    assert SECRET.encode() in _bytes_of(path)
    now[0] += 60
    clean = {name: value.replace(SECRET, "[REDACTED:01234567]") for name, value in told.items()}
    writer.write([row(created_at=NOW, **clean | {"id": started.id})])
    assert SECRET.encode() not in _bytes_of(path)
    assert count(path) == 2
    assert count(path, "endpoints") == count(path, "clients") == 2
    writer.close()
    assert SECRET.encode() not in _bytes_of(path)


def test_names_that_other_rows_use_stay(path: Path) -> None:
    writer = SqliteWriter(path)
    started = [row(created_at=NOW + n, status=Status.STARTED) for n in range(2)]
    writer.write(started)
    writer.write([row(created_at=NOW, id=started[0].id, path="/x", path_template="/x")])
    assert count(path, "endpoints") == 2
    assert count(path) == 2
    writer.write([row(created_at=NOW + 1, id=started[1].id, path="/x", path_template="/x")])
    assert count(path, "endpoints") == 1
    # Its number may be given to another one now.
    writer.write([row(created_at=NOW + 2)])
    assert count(path, "endpoints") == 2
    assert count(path) == 3
    writer.close()


def test_the_packed_content_of_a_replaced_version_goes(path: Path) -> None:
    writer = SqliteWriter(path, StoreOptions(compress_after=1))
    started = row(created_at=NOW, status=Status.STARTED, request_headers="{}", request_body='"a"')
    writer.write([started])
    while writer.maintain(NOW + 10_000):
        pass
    assert count(path, "archive") == 1
    writer.write([row(created_at=NOW, id=started.id)])
    assert (count(path, "archive"), count(path, "contents")) == (0, 1)
    writer.close()


def _bytes_of(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.iterdir())
