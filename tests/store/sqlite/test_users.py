"""Users are found by one index, also in files that an earlier version began."""

import sqlite3
from pathlib import Path

import pytest

from store.activity import Activity
from store.filters import parse_filter
from store.replay import Rewrite
from store.scope import SERVICE
from store.sqlite.reader import SqliteReader
from store.sqlite.users import kept_user, shown_user
from store.sqlite.writer import SqliteWriter
from store.times import uuid_text
from tests.store.contract.conftest import NOW
from tests.store.contract.past import matches, past
from tests.support.rows import row

UUID = "0190163d-8694-739b-aea5-966c26f8ad91"
BOB = '{"user":"bob"}'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "activity.db"


@pytest.mark.parametrize(
    ("user_id", "metadata", "kept"),
    [
        (None, None, None),
        (None, '{"event":"user"}', None),
        (None, BOB, "bob"),
        (UUID, BOB, UUID),
        (UUID, None, UUID),
        (None, '{"user":""}', None),
        (None, '{"user":17}', None),
        (None, '{"user":null,"note":{"user":"bob"}}', None),
        (None, f'{{"user":"{UUID}"}}', None),
    ],
)
def test_what_the_column_holds(user_id: str | None, metadata: str | None, kept: str | None) -> None:
    assert kept_user(user_id, metadata) == kept


def test_names_are_shown_in_the_metadata_alone() -> None:
    assert shown_user("bob", "bob") is None
    assert shown_user("u-1", "bob") == "u-1"
    assert shown_user(UUID, UUID) == UUID
    assert shown_user(None, None) is None


async def test_readers_and_the_view_show_what_was_written(path: Path) -> None:
    rows = [
        row(created_at=NOW, metadata=BOB),
        row(created_at=NOW + 1, user_id=UUID, metadata=BOB),
        row(created_at=NOW + 2, user_id=UUID, metadata=f'{{"user":"{UUID}"}}'),
        row(created_at=NOW + 3),
    ]
    writer = SqliteWriter(path)
    writer.write(rows)
    writer.close()
    wanted = [None, UUID, UUID, None]
    reader = SqliteReader(path)
    assert [(await _one(reader, one.id)).user_id for one in rows] == wanted
    await reader.close()
    database = sqlite3.connect(path)
    found = database.execute("SELECT user_id FROM integration_activity_log ORDER BY created_at")
    assert [user for (user,) in found] == wanted
    database.close()


async def test_a_file_of_an_earlier_version_is_brought_over_step_by_step(path: Path) -> None:
    rows = past(3_000, hours=40 * 24)
    writer = SqliteWriter(path)
    writer.write(rows)
    writer.close()
    _as_before(path)
    reader = SqliteReader(path)
    writer = SqliteWriter(path)
    marks = [_mark(path)]
    assert marks[0] is not None
    while True:
        for params in ({"user_id": ["bob"]}, {"user_id": ["bob", "u-1"], "status": ["failed"]}):
            where = parse_filter(params, NOW)
            page = await reader.page(SERVICE, where, cursor=None, limit=1_000)
            wanted = {uuid_text(one.id) for one in rows if matches(where, one, SERVICE)}
            assert {one.id for one in page.items} == wanted
        if marks[-1] is None:
            break
        writer.maintain(NOW)
        marks.append(_mark(path))
    assert len(marks) > 3
    assert marks[:-1] == sorted(marks[:-1], reverse=True)
    writer.close()
    await reader.close()
    assert _users(path) == {one.id: kept_user(one.user_id, one.metadata) for one in rows}


def test_a_damaged_row_does_not_stop_it(path: Path) -> None:
    writer = SqliteWriter(path)
    writer.write([row(created_at=NOW + n, metadata=BOB) for n in range(3)])
    writer.close()
    _as_before(path)
    for number, text in enumerate(('{"user":"bo', '["user"]')):
        database = sqlite3.connect(path)
        database.execute(
            "UPDATE activities SET metadata = ? WHERE key IN"
            " (SELECT key FROM activities ORDER BY key LIMIT 1 OFFSET ?)",
            (text, number),
        )
        database.commit()
        database.close()
    writer = SqliteWriter(path)
    while writer.maintain(NOW):
        pass
    writer.close()
    assert _mark(path) is None
    assert sorted(_users(path).values(), key=str) == [None, None, "bob"]


def test_a_new_file_has_nothing_to_bring_over(path: Path) -> None:
    writer = SqliteWriter(path)
    writer.write([row(created_at=NOW, metadata=BOB)])
    writer.close()
    assert _mark(path) is None


def test_a_name_that_is_redacted_leaves_the_column(path: Path) -> None:
    writer = SqliteWriter(path)
    writer.write([row(created_at=NOW, metadata=BOB), row(created_at=NOW + 1, user_id=UUID)])

    def change(activity: object) -> Rewrite:
        return Rewrite(
            path="/",
            query="",
            user_agent=None,
            error_message=None,
            metadata='{"user":"[REDACTED:0]"}',
            request_headers=None,
            response_headers=None,
            request_body=None,
            response_body=None,
            redactions=1,
            places=None,
            scrub=str,
        )

    writer.rewrite(change, 9, everything=True, after=None)
    writer.close()
    assert sorted(filter(None, _users(path).values())) == [UUID, "[REDACTED:0]"]


def _as_before(path: Path) -> None:
    """The file as version 2 wrote it."""
    database = sqlite3.connect(path)
    database.execute(
        "UPDATE activities SET user_id = NULL WHERE user_id = json_extract(metadata, '$.user')"
    )
    database.execute("PRAGMA user_version = 2")
    database.commit()
    database.close()


def _mark(path: Path) -> int | None:
    database = sqlite3.connect(path)
    found = database.execute("SELECT value FROM state WHERE name = 'users_below'").fetchone()
    database.close()
    return found[0] if found else None


def _users(path: Path) -> dict[bytes, str | None]:
    database = sqlite3.connect(path)
    found = dict(database.execute("SELECT id, user_id FROM activities"))
    database.close()
    return found


async def _one(reader: SqliteReader, identifier: bytes) -> Activity:
    found = await reader.one(SERVICE, uuid_text(identifier))
    assert found is not None
    return found
