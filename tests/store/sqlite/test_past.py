"""What a reader keeps of the past is what the store says, whatever is written meanwhile."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from store.activity import Status
from store.filters import EVERYTHING, parse_filter
from store.options import StoreOptions
from store.scope import SERVICE
from store.sqlite.day_parts import BLOCK
from store.sqlite.past import STATE, Kept, Past, note_change, note_deletion
from store.sqlite.reader import SqliteReader
from store.sqlite.rollups import ROLLUP_TABLES
from store.sqlite.writer import SqliteWriter
from tests.store.contract.conftest import DAY, HOUR, NOW
from tests.store.contract.past import past
from tests.support.rows import row

END = NOW // HOUR * HOUR + HOUR
# Local days, and an hour that is cut at both ends of the whole range.
EDGES = [END // DAY * DAY + 5 * HOUR - n * DAY for n in range(12, 0, -1)]
EDGES = [EDGES[0] - HOUR // 2, *EDGES, END - HOUR // 2]
SLACK = parse_filter({"integration": ["slack"], "since": ["9d"]}, NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "activity.db"


@pytest.fixture
def writer(path: Path) -> Iterator[SqliteWriter]:
    """A writer that has written twelve days."""
    opened = SqliteWriter(path, StoreOptions(keep_rollups=100 * DAY))
    opened.write(past(600, hours=12 * 24))
    opened.write([row(created_at=NOW)])
    yield opened
    opened.close()


async def answers(reader: SqliteReader) -> list[Any]:
    """Everything that a dashboard shows."""
    return [
        (await reader.health(SERVICE, EVERYTHING, EDGES)).items,
        await reader.series(SERVICE, EVERYTHING, EDGES),
        await reader.series(SERVICE, SLACK, EDGES),
        await reader.heatmap(SERVICE, EVERYTHING, EDGES[:-2]),
        await reader.summary(SERVICE, EVERYTHING),
        await reader.summary(SERVICE, SLACK),
        await reader.failures(SERVICE, EVERYTHING, 1_000),
        await reader.failures(SERVICE, SLACK, 1_000),
        await reader.facets(SERVICE, EVERYTHING, ["status", "integration"]),
        await reader.timeline(SERVICE, EVERYTHING, EDGES),
    ]


async def anew(path: Path) -> list[Any]:
    """The answers of a reader that keeps nothing yet."""
    reader = SqliteReader(path)
    found = await answers(reader)
    await reader.close()
    return found


async def test_kept_answers_follow_every_change(path: Path, writer: SqliteWriter) -> None:
    reader = SqliteReader(path)
    before = await answers(reader)
    assert await answers(reader) == before == await anew(path)
    begun = row(created_at=NOW - 5 * DAY, status=Status.STARTED)
    ended = msgspec.structs.replace(begun, status=Status.SUCCESS, response_time_ms=4_000.0)
    left = row(created_at=NOW - 6 * DAY, status=Status.STARTED)
    late = row("globex", "stripe", created_at=NOW - 9 * DAY, response_time_ms=70_000.0)
    renamed = msgspec.structs.replace(row(created_at=NOW), integration="another name")
    changes = [
        lambda: writer.write([begun, left]),
        lambda: writer.write([ended]),
        lambda: writer.end_started([left.id]),
        lambda: writer.write([late]),
        lambda: writer.write([row(created_at=NOW + 40 * DAY)]),
        lambda: writer.write([row("initech", created_at=NOW + 1)]),
        lambda: writer.write([row(created_at=NOW - 3 * DAY)]),
        lambda: writer.write([renamed]),
    ]
    for number, change in enumerate(changes):
        change()
        found = await answers(reader)
        assert found == await anew(path), number
        assert found != before, number
        before = found
    await reader.close()


async def test_kept_answers_follow_deleted_rollups(path: Path, writer: SqliteWriter) -> None:
    reader = SqliteReader(path)
    before = await answers(reader)
    steps = 0
    while writer.maintain(NOW + 95 * DAY):
        steps += 1
        assert steps < 10_000
    found = await answers(reader)
    assert found == await anew(path)
    assert found != before
    assert found[4], "only some days are too old"
    await reader.close()


async def test_the_past_is_not_read_again(path: Path, writer: SqliteWriter) -> None:
    reader = SqliteReader(path)
    before = await answers(reader)
    with sqlite3.connect(path) as database:
        for table in ROLLUP_TABLES:
            database.execute(f"DELETE FROM {table} WHERE bucket < ?", ((NOW - 3 * DAY) // DAY,))
    database.close()
    assert await answers(reader) == before
    # Two people look at what was asked once: rows of today change nothing of it.
    writer.write([row(created_at=NOW)])
    (kept, *_), (told, *_) = await answers(reader), await anew(path)
    assert sum(one.counts.success for one in kept) > sum(one.counts.success for one in told)
    # Those of days before do, in the block of days that such a day is a part of.
    blocks = range((NOW - 20 * DAY) // HOUR, NOW // HOUR, BLOCK)
    writer.write([row(created_at=hour * HOUR) for hour in blocks])
    (kept, *_), (told, *_) = await answers(reader), await anew(path)
    assert [one.counts for one in kept] == [one.counts for one in told]
    await reader.close()


async def test_answers_are_not_shared_by_who_gets_them(path: Path, writer: SqliteWriter) -> None:
    reader = SqliteReader(path)
    before = await anew(path)
    for found in await answers(reader), await answers(reader):
        for column in found[3]:
            column.counts.clear()
        for one in found[0]:
            one.trend.clear()
        found[4].clear()
    assert await answers(reader) == before
    await reader.close()


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(":memory:")
    opened.execute("CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL)")
    yield opened
    opened.close()


def state(database: sqlite3.Connection) -> tuple[int, int]:
    found = dict(database.execute(STATE.sql))
    return found["past_until"] // 24, found["past_version"]


def seen(database: sqlite3.Connection, kept: Kept) -> Past:
    return Past(kept, "file", database.execute(STATE.sql))


def test_the_past_ends_with_a_day_that_is_over_for_hours(database: sqlite3.Connection) -> None:
    note_change(database, [100 * 24 + 5])
    until, version = state(database)
    assert until == 99
    note_change(database, [100 * 24 + 6])
    assert state(database) == (100, version)
    note_change(database, [100 * 24])
    assert state(database) == (100, version)


def test_what_is_written_before_its_end_changes_its_day(database: sqlite3.Connection) -> None:
    kept = Kept()
    note_change(database, [100 * 24 + 6])
    days = {day: (day * 24, day * 24 + 24) for day in range(96, 100)}
    for hours in (*days.values(), (96 * 24, 100 * 24)):
        seen(database, kept).put(*hours, "question", ["answer"])
    note_change(database, [98 * 24, 99 * 24 - 1, 100 * 24 + 6])
    assert state(database)[0] == 100
    past = seen(database, kept)
    answers = {day: past.get(*hours, "question") for day, hours in days.items()}
    assert answers == {96: ["answer"], 97: ["answer"], 98: None, 99: ["answer"]}
    assert past.get(96 * 24, 100 * 24, "question") is None
    past.put(*days[98], "question", ["later"])
    assert seen(database, kept).get(*days[98], "question") == ["later"]
    note_change(database, [98 * 24])
    assert seen(database, kept).get(*days[98], "question") is None


def test_what_is_deleted_is_gone_from_the_past(database: sqlite3.Connection) -> None:
    kept = Kept()
    note_change(database, [100 * 24 + 6])
    for begin in (0, 50 * 24, 60 * 24):
        seen(database, kept).put(begin, 70 * 24, "question", ["answer"])
    note_deletion(database, 60 * 24)
    past = seen(database, kept)
    told = [past.get(begin, 70 * 24, "question") for begin in (0, 50 * 24, 60 * 24)]
    assert told == [None, None, ["answer"]]
    past.put(0, 70 * 24, "question", ["less"])
    # Of buckets of another length that end earlier.
    note_deletion(database, 59 * 24)
    assert seen(database, kept).get(0, 70 * 24, "question") is None


def test_changes_of_many_days_are_one(database: sqlite3.Connection) -> None:
    note_change(database, [100 * 24 + 6])
    _, version = state(database)
    today = 100 * 24 + 6
    note_change(database, [*(day * 24 for day in range(30, 90)), today])
    assert state(database) == (100, version)
    note_change(database, [*(day * 24 for day in range(90, 100)), today])
    assert state(database)[1] != version
    assert len(database.execute(STATE.sql).fetchall()) == 2


def test_rows_of_the_future_do_not_keep_it_there(database: sqlite3.Connection) -> None:
    note_change(database, [5_000 * 24])
    _, before = state(database)
    note_change(database, [100 * 24 + 6])
    until, version = state(database)
    assert until == 100
    assert version != before
    note_change(database, [100 * 24 + 7])
    assert state(database) == (100, version)


def test_what_was_used_last_is_kept() -> None:
    kept = Kept(most=6)
    for name in ("one", "two"):
        kept.put(name, [1, 2])
    assert kept.get("one") == [1, 2]
    kept.put("three", [3])
    assert kept.get("one") == [1, 2]
    assert kept.get("two") is None
    assert kept.get("three") == [3]
    kept.put("large", [0] * 6)
    assert kept.get("large") is None
    assert kept.get("three") == [3]


def test_a_past_without_a_version_keeps_nothing() -> None:
    assert Past(Kept(), "file", []).until == 0
    assert Past(Kept(), "file", [("past_until", 48)]).until == 0
    assert Past(Kept(), "file", [("past_until", 48), ("past_version", 1)]).until == 48


def test_pasts_with_other_versions_and_of_other_files_are_apart() -> None:
    kept = Kept()
    first = [("past_until", 48), ("past_version", 1)]
    Past(kept, "file", first).put(0, 48, "question", ["answer"])
    assert Past(kept, "file", first).get(0, 48, "question") == ["answer"]
    assert Past(kept, "other", first).get(0, 48, "question") is None
    later = [("past_until", 48), ("past_version", 2)]
    assert Past(kept, "file", later).get(0, 48, "question") is None
