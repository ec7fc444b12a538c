"""A search file that is damaged, or of another store, is not used and does no harm."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from store.activity import Status
from store.identity import activity_id
from store.options import DAY_MS, StoreOptions
from store.sqlite.writer import SqliteWriter
from tests.store.sqlite.search.conftest import INDEXED, NOW, World
from tests.support.rows import row

MINUTE = 60_000


@pytest.mark.parametrize("damage", ["garbage", "cut", "empty", "other", "gone", "unreadable"])
async def test_a_file_that_cannot_be_used_is_not_used(world: World, damage: str) -> None:
    world.write(*(row(created_at=NOW + n, request_body=f'"same {n}"') for n in range(200)))
    world.index()
    world.writer.close()
    content = world.file.read_bytes()
    if damage == "garbage":
        world.file.write_bytes(b"garbage" * 4000)
    elif damage == "cut":
        world.file.write_bytes(content[: len(content) // 2 // 8192 * 8192])
    elif damage == "empty":
        world.file.write_bytes(b"")
    elif damage == "other":
        world.file.write_bytes(world.path.read_bytes())
    elif damage == "gone":
        world.file.unlink()
    else:
        # Only a part in the middle: the beginning looks sound.
        broken = bytearray(content)
        broken[8192 * 2 :] = bytes(len(broken) - 8192 * 2)
        world.file.write_bytes(broken)
    (found,) = await world.same("same")
    assert len(found) == 200
    world.writer = SqliteWriter(world.path, INDEXED)
    for _ in range(3):  # damage may be found on the way
        world.index()
        world.now += 2 * MINUTE
    assert await world.without_scanning(["nowhere"]) == [0]
    await world.same("same", "nowhere")


async def test_the_index_of_another_past_is_not_believed(world: World) -> None:
    """A store that was put back from a copy gives its numbers to other rows."""
    world.write(*(row(created_at=NOW + n, request_body='"first"') for n in range(40)))
    world.index()
    world.writer.close()
    copy = world.path.read_bytes()
    world.writer = SqliteWriter(world.path, INDEXED)
    world.write(*(row(created_at=NOW + 100 + n, request_body='"second"') for n in range(60)))
    world.index()
    world.writer.close()
    await world.reader.close()
    # In the place of the one with the second rows; while no keeper runs, others may read it.
    world.path.unlink()
    world.path.write_bytes(copy)
    assert [len(found) for found in await world.same("first", "second")] == [40, 0]
    # A program that knows nothing of the index goes on with it.
    index = world.file.read_bytes()
    world.writer = SqliteWriter(world.path, StoreOptions())
    world.write(*(row(created_at=NOW + 200 + n, request_body='"third"') for n in range(100)))
    world.writer.close()
    world.file.write_bytes(index)
    assert [len(found) for found in await world.same("second", "third")] == [0, 100]
    world.writer = SqliteWriter(world.path, INDEXED)
    world.index()
    assert await world.without_scanning(["nowhere"]) == [0]
    assert [len(found) for found in await world.same("first", "third")] == [40, 100]


async def test_a_store_put_back_under_way_is_another_one(world: World) -> None:
    """Also when its numbers have come as far again, and the row with the last one that the index
    knows has changed since."""
    world.write(*(row(created_at=NOW + n, request_body='"first"') for n in range(40)))
    world.index()
    database = sqlite3.connect(world.path)
    copy = world.path.with_name("copy.db")
    database.execute("VACUUM INTO ?", (str(copy),))
    database.close()
    world.write(*(row(created_at=NOW + 100 + n, request_body='"second"') for n in range(40)))
    world.index()
    ((known,),) = ask(world.file, "SELECT value FROM state WHERE name = 'until_seq'")
    for suffix in ("-wal", "-shm"):
        world.path.with_name(world.path.name + suffix).unlink()
    copy.rename(world.path)
    ((last,),) = ask(world.path, "SELECT value FROM state WHERE name = 'last_seq'")
    third = [activity_id(NOW + 200 + n) for n in range(known - last)]
    world.write(*(row(created_at=NOW + 200 + n, id=one, status=Status.STARTED if one == third[-1]
                      else Status.SUCCESS, request_body='"third"')
                  for n, one in enumerate(third)))  # fmt: skip
    world.write(row(created_at=NOW + 200 + len(third), id=third[-1], request_body='"third"'))
    assert ask(world.path, f"SELECT count(*) FROM activities WHERE seq = {known}") == [(0,)]
    expected = [40, 0, len(third)]
    words = "first", "second", "third"
    assert [len(found) for found in await world.same(*words)] == expected
    world.index()
    assert [len(found) for found in await world.same(*words)] == expected
    assert await world.without_scanning(["first", "third", "nowhere"]) == [40, len(third), 0]


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM segments WHERE sealed = -1",
        "UPDATE segments SET organizations = 'x'",
        "UPDATE segments SET forgotten = '[]'",
        "UPDATE slots SET keys = x'01'",
        "UPDATE planes SET bits = x'00'",
    ],
)
async def test_what_only_the_index_can_make_sense_of_may_be_damaged(
    world: World, damage: str
) -> None:
    world.write(*(row(created_at=NOW + n, request_body=f'"same {n}"') for n in range(200)))
    world.index()
    world.writer.close()
    with closing(sqlite3.connect(world.file)) as database:
        database.execute(damage)
        database.commit()
    await world.same("same")
    world.writer = SqliteWriter(world.path, StoreOptions(search=True, keep_bodies=DAY_MS))
    world.write(*(row(created_at=NOW + 300 + n, request_body='"later"') for n in range(100)))
    for _ in range(3):
        world.index()
        world.now += 2 * MINUTE
    await world.same("same", "later")
    world.now += DAY_MS - MINUTE
    for _ in range(3):
        world.maintain()
        world.index()
        world.now += 2 * MINUTE
    world.write(row(created_at=world.now, request_body='"last"'))
    assert [len(found) for found in await world.same("same", "last")] == [0, 1]


def ask(path: Path, query: str) -> list[tuple[object, ...]]:
    database = sqlite3.connect(path)
    found = database.execute(query).fetchall()
    database.close()
    return found
