"""The index follows the store: it forgets what is gone, goes on after any end, and stays small."""

import os
import sqlite3
import stat
import time
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

import pytest

from store.activity import Activity, Status
from store.errors import StoreUnavailable
from store.identity import activity_id
from store.options import DAY_MS, StoreOptions
from store.replay import Rewrite
from store.sqlite.search import planes, search_file, segments
from store.sqlite.search.candidates import Wanted, _Segment
from store.sqlite.search.filling import Filling
from store.sqlite.search.grams import EVERYWHERE, needed
from store.sqlite.search.layout import PLANES, page_number, plane_number
from store.sqlite.search.texts import AFTER_SEQ, Texts
from store.sqlite.writer import SqliteWriter
from tests.store.sqlite.search.conftest import INDEXED, NOW, World
from tests.support.rows import row

MINUTE = 60_000


def knows(file: Path, word: str) -> int:
    """How many slots may hold a word, as the file says by itself."""
    database = sqlite3.connect(file)
    found = database.execute(
        "SELECT number, planes, sealed, low, high FROM segments WHERE planes > 0"
    ).fetchall()
    wanted = Wanted(sorted(needed([word], EVERYWHERE)), [])
    slots = sum(_Segment(*one).find(database, wanted).bit_count() for one in found)
    database.close()
    return slots


def count(file: Path, table: str) -> int:
    database = sqlite3.connect(file)
    (found,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()
    database.close()
    return int(found)


def days(world: World, number: int, organization: str = "acme") -> None:
    """Forty rows, one word, a day."""
    for day in range(number):
        start = NOW + day * DAY_MS
        word = f'"{organization} day{day:04d}"'
        rows = [row(organization, created_at=start + n, request_body=word) for n in range(40)]
        world.write(*rows)


async def test_the_file_is_for_its_owner_alone(world: World) -> None:
    old = os.umask(0)
    try:
        world.write(row(created_at=NOW))
        world.index()
    finally:
        os.umask(old)
    assert stat.S_IMODE(world.file.stat().st_mode) == 0o600
    assert world.file.parent == world.path.parent
    for beside in world.file.parent.glob(world.file.name + "*"):
        assert stat.S_IMODE(beside.stat().st_mode) == 0o600


async def test_no_word_can_be_read_in_it(world: World) -> None:
    world.write(*(row(created_at=NOW + n, request_body='"legibleword"') for n in range(40)))
    world.index()
    world.writer.close()
    assert b"legible" in world.path.read_bytes()
    assert b"legible" not in world.file.read_bytes()
    world.writer = SqliteWriter(world.path, INDEXED)


async def test_what_retention_deletes_is_forgotten(world: World) -> None:
    days(world, 10)
    world.index()
    options = StoreOptions(search=True, keep=5 * DAY_MS)
    world.reopen(options)
    world.now = NOW + 10 * DAY_MS
    world.maintain()
    world.index()
    assert count(world.path, "activities") == 5 * 40 - 40 + 40
    assert [knows(world.file, f"day{day:04d}") > 0 for day in (0, 4, 5, 9)] == [
        False,
        False,
        True,
        True,
    ]
    assert len((await world.same("day0007"))[0]) == 40
    assert await world.without_scanning(["day0009", "nowhere"]) == [40, 0]
    world.now += 20 * DAY_MS
    world.maintain()
    world.index()
    assert (count(world.path, "activities"), count(world.file, "slots")) == (0, 0)
    assert count(world.file, "planes") == count(world.file, "slices") == 0


async def test_one_organization_goes_before_the_others(world: World) -> None:
    days(world, 4)
    days(world, 4, "globex")
    world.index()
    world.reopen(StoreOptions(search=True, organizations={"globex": DAY_MS}))
    world.now = NOW + 10 * DAY_MS
    world.maintain()
    world.index()
    assert (knows(world.file, "globex"), knows(world.file, "acme") > 0) == (0, True)
    assert [len(found) for found in await world.same("globex", "acme")] == [0, 160]


async def test_bodies_that_go_before_their_rows_are_forgotten(world: World) -> None:
    days(world, 4)
    world.index()
    world.reopen(StoreOptions(search=True, keep_bodies=2 * DAY_MS))
    world.now = NOW + 4 * DAY_MS
    world.maintain()
    world.index()
    told = [knows(world.file, f"day{day:04d}") > 0 for day in range(4)]
    assert told == [False, False, True, True]
    assert [len(found) for found in await world.same("day0001", "day0003")] == [0, 40]
    (found,) = await world.same("things")
    assert len(found) == 160
    steps = world.index()
    assert steps == 0, "what is forgotten is not made anew again"


async def test_what_goes_bit_by_bit_is_forgotten_once_an_hour(world: World) -> None:
    world.write(
        *(row(created_at=NOW + n * MINUTE, request_body=f'"word{n:04d}"') for n in range(160))
    )
    world.index()
    world.reopen(StoreOptions(search=True, keep=DAY_MS))
    known = []
    for minute in range(0, 200, 2):
        world.now = NOW + DAY_MS + minute * MINUTE
        world.maintain()
        world.index()
        old = max(0, minute - 62)
        assert all(knows(world.file, f"word{n:04d}") == 0 for n in range(0, min(old, 160), 9))
        known.append(count(world.file, "segments"))
    assert max(known) < 8
    world.now += 2 * MINUTE
    # At once where somebody asks for it.
    world.write(*(row(created_at=world.now + n, request_body='"later"') for n in range(32)))
    world.index()
    world.now += DAY_MS + 16
    while world.writer.unindex(world.now):
        pass
    assert count(world.file, "slots") <= 16


async def test_rows_redacted_anew_are_forgotten(world: World) -> None:
    days(world, 3)
    world.index()
    inode = world.file.stat().st_ino

    def change(activity: Activity) -> Rewrite | None:
        if activity.request_body is None or b"day0001" not in bytes(activity.request_body):
            return None
        return Rewrite(
            path="/v1/cut", query="", request_headers="{}", request_body='"cut"',
            response_headers="{}", response_body="null", error_message=None, user_agent=None,
            metadata=None, redactions=1, places="[]",
            scrub=lambda text: text.replace("things", "cut"),
        )  # fmt: skip

    after = None
    while True:
        step = world.writer.rewrite(change, 99, everything=True, after=after)
        if (after := step.last) is None:
            break
    assert not world.file.exists()
    await world.same("day0001", "cut", "things")
    world.index()
    assert world.file.stat().st_ino != inode or knows(world.file, "day0001") == 0
    assert (knows(world.file, "day0001"), knows(world.file, "day0002") > 0) == (0, True)
    assert [len(found) for found in await world.same("day0001", "/cut", "day0002")] == [0, 40, 40]


async def test_rows_without_an_end_are_not_kept_in_it(world: World) -> None:
    """What their answer shows to be a secret is cut out of them then."""
    begun = [activity_id(NOW + n) for n in range(40)]
    world.write(*(
        row(created_at=NOW + n, id=one, status=Status.STARTED, request_headers="{}",
            request_body='"secretly"') for n, one in enumerate(begun)
    ))  # fmt: skip
    world.write(*(row(created_at=NOW + 100 + n) for n in range(40)))
    world.index()
    assert knows(world.file, "secretly") == 0
    assert [len(found) for found in await world.same("secretly")] == [40]
    world.write(
        *(row(created_at=NOW + n, id=one, request_body='"cut"') for n, one in enumerate(begun))
    )
    world.index()
    assert [len(found) for found in await world.same("secretly", "cut", "/things")] == [0, 40, 80]


async def test_switched_off_it_is_deleted(world: World) -> None:
    days(world, 1)
    world.index()
    world.reopen(StoreOptions())
    assert not list(world.file.parent.glob(world.file.name + "*"))
    assert not world.writer.index(world.now)
    assert not world.writer.unindex(world.now)
    assert len((await world.same("day0000"))[0]) == 40


async def test_deleted_under_way_it_is_made_anew(world: World) -> None:
    days(world, 2)
    world.index(2)
    world.file.unlink()
    assert [len(found) for found in await world.same("day0000", "day0001")] == [40, 40]
    world.index()
    assert await world.without_scanning(["day0000", "nowhere"]) == [40, 0]


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 5, 8, 13])
async def test_an_end_at_any_moment(world: World, tmp_path: Path, steps: int) -> None:
    """The files as they are after some steps, as if the power went off: the index may then be
    some steps behind the store."""
    days(world, 6)
    world.index(3)
    world.reopen(StoreOptions(search=True, keep=3 * DAY_MS))
    world.now = NOW + 6 * DAY_MS
    world.maintain()
    world.index(steps)
    copies = {
        file: file.read_bytes()
        for file in world.file.parent.glob(world.file.name + "*")
        if not file.name.endswith("-shm")
    }
    days(world, 7)
    world.maintain()
    world.index()
    world.writer.close()
    await world.reader.close()
    for file in world.file.parent.glob(world.file.name + "*"):
        file.unlink()
    for file, content in copies.items():
        file.write_bytes(content)
    world.writer = SqliteWriter(world.path, StoreOptions(search=True, keep=3 * DAY_MS))
    queries = [f"day{day:04d}" for day in range(7)]
    await world.same(*queries, "nowhere")
    world.index()
    await world.same(*queries, "nowhere")
    assert await world.without_scanning(["nowhere"]) == [0]
    database = sqlite3.connect(world.file)
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert database.execute("SELECT count(*) FROM segments WHERE dead OR replaces").fetchone() == (
        0,
    )
    database.close()


async def test_without_room_the_store_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    days(world, 2)
    world.index(1)

    def full(*_: object) -> bool:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Filling, "step", full)
    assert world.index() == 0
    days(world, 3)
    assert len((await world.same("day0002"))[0]) == 40
    monkeypatch.undo()
    assert world.index() == 0, "it rests for a minute"
    world.now += MINUTE
    assert world.index() > 0
    await world.same("day0001", "nowhere")


async def test_while_somebody_locks_the_file_it_rests_for_a_moment_only(world: World) -> None:
    days(world, 2)
    world.index(1)
    with closing(sqlite3.connect(world.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert world.index() == 0
    assert world.index() == 0
    world.now += 1_000
    assert world.index() > 0
    await world.same("day0001", "nowhere")


async def test_where_none_can_be_made_the_store_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path) -> sqlite3.Connection:
        raise PermissionError(13, "denied")

    monkeypatch.setattr("store.sqlite.search.indexer.make", refused)
    days(world, 1)
    assert world.index() == 0
    assert len((await world.same("day0000"))[0]) == 40


def test_what_cannot_be_deleted_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.index()
    world.writer.close()

    def denied(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(search_file.os, "unlink", denied)
    with pytest.raises(StoreUnavailable, match=r"cannot delete .*activity-search\.db"):
        SqliteWriter(world.path, StoreOptions())
    monkeypatch.undo()
    world.writer = SqliteWriter(world.path, StoreOptions())


async def test_huge_and_large_rows(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planes, "_MOST_ROWS", 64)
    monkeypatch.setattr(planes, "_LARGE", 2_000)
    monkeypatch.setattr(planes, "_HUGE", 20_000)
    for n in range(60):
        text = " ".join(f"w{n:03d}x{k:04d}" for k in range((5, 300, 3_000)[n % 3]))
        world.write(row(created_at=NOW + n, request_body=f'"{text}"'))
    world.index()
    answers = await world.same("w000x0004", "w001x0299", "w002x2999", "w002x3000", "w0", "x0001")
    assert [len(found) for found in answers] == [1, 1, 1, 0, 60, 60]


async def test_words_too_many_to_tell_anything_are_not_hashed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[int] = []
    positions = planes.positions

    def weighing(found: Collection[bytes], texts: int) -> memoryview:
        hashed.append(sum(map(len, found)))
        return positions(found, texts)

    monkeypatch.setattr(planes, "positions", weighing)
    for n, size in enumerate((20_000, 10)):
        text = " ".join(f"w{n:03d}x{k:05d}" for k in range(size))
        world.write(row(created_at=NOW + n, request_body=f'"{text}"'))
    world.write(*(row(created_at=NOW + 100 + n) for n in range(40)))
    world.index()
    assert 0 < max(hashed) < 10_000
    answers = await world.same("w000x19999", "w001x00009", "w001x00010")
    assert [len(found) for found in answers] == [1, 1, 0]


def test_large_rows_are_read_one_by_one(world: World) -> None:
    world.write(*(row(created_at=NOW + n, request_body=f'"{"x" * 600_000}"') for n in range(4)))
    world.write(*(row(created_at=NOW + 100 + n) for n in range(100)))
    texts = Texts()
    with closing(sqlite3.connect(world.path)) as store:
        seq, sizes = 0, []
        while found := texts.read(store, AFTER_SEQ, (seq, texts.at_once)):
            seq = found[-1].seq
            sizes.append(len(found))
    assert sizes == [1, 1, 1, 1, 1, 2, 4, 8, 16, 32, 32, 5]


def test_a_plane_becomes_slices(tmp_path: Path) -> None:
    """Every bit is where it was."""
    database = search_file.make(tmp_path / "activity.db")
    number = segments.begin_segment(database)
    bits = [
        bytes((plane * 7 + position) % 256 for position in range(1 << 15)) for plane in range(3)
    ]
    for one in bits:
        plane = planes.Plane([[1], [2]], one, frozenset({1}), None)  # type: ignore[arg-type]
        segments.add_plane(database, number, plane)
    assert segments.unsealed(database) is None
    segments.close_segment(database, number)
    while found := segments.unsealed(database):
        segments.seal_part(database, *found)
    for position in (0, 1, 63, 64, 2047, 2048, (1 << 15) - 1):
        (page,) = database.execute(
            "SELECT bits FROM slices WHERE number = ?", (page_number(number, position),)
        ).fetchone()
        found = page[position % 64 * PLANES :][:PLANES]
        assert found == bytes(one[position] for one in bits).ljust(PLANES, b"\0")
    assert plane_number(number, 0, PLANES) <= plane_number(number, 1, 0)
    assert database.execute("SELECT count(*) FROM planes").fetchone() == (0,)
    database.close()


async def test_what_retention_has_not_deleted_yet_is_forgotten(world: World) -> None:
    """It may be behind, and does not tell when it comes."""
    days(world, 3)
    days(world, 3, "globex")
    world.index()
    options = StoreOptions(search=True, organizations={"globex": DAY_MS}, keep_bodies=2 * DAY_MS)
    world.reopen(options)
    world.now = NOW + 4 * DAY_MS
    world.index()
    assert [knows(world.file, word) > 0 for word in ("globex", "day0001", "day0002")] == [
        False,
        False,
        True,
    ]
    assert world.index() == 0
    world.maintain()
    await world.same("globex", "acme", "day0001", "things")


async def test_the_writer_does_not_wait_for_a_search(world: World) -> None:
    days(world, 5)
    world.index()
    reading = search_file.open_for_searching(world.path)
    assert reading is not None
    reading.execute("BEGIN")
    reading.execute("SELECT * FROM slots").fetchone()
    world.reopen(StoreOptions(search=True, keep=2 * DAY_MS))
    world.now = NOW + 5 * DAY_MS
    begun = time.perf_counter()
    world.index()
    assert time.perf_counter() - begun < 1.0
    reading.close()
    world.index()
    assert world.file.with_name(world.file.name + "-wal").stat().st_size == 0
