"""Searches with the index find what the scan finds, neither more nor less, in the same order."""

import asyncio
import json
import random
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from store.activity import Status
from store.filters import parse_filter
from store.identity import activity_id, organization_id
from store.options import DAY_MS, StoreOptions
from store.scope import SERVICE, Scope
from store.sqlite import zones
from store.sqlite.narrowing import Fragment
from store.sqlite.pool import Connection
from store.sqlite.search import candidates, looking, planes, searching
from tests.store.sqlite.search.conftest import NOW, World
from tests.support.rows import row

MINUTE = 60_000
WORDS = (
    "invoice", "Invoices", "TEMPERATURE", "zürich", "漢字漢字", 'say "hello"', "back\\slash",
    "4711-0815", "a1b2c3d4e5f6", "ab", "timeout", "50%", "snake_case_name", "x" * 40,
)  # fmt: skip
QUERIES = (
    "invoice", "INVOICE", "voic", "nvoices", "temperature", "zürich", "ZüRI", "ÜRICH", "漢字",
    '"say \\"hel"', '"back\\slash"', "4711", "0815", "11-08", "b2c3", "ab", "snake_case",
    "e_case_n", "50%", "xxxxxxxx", "nowhere", "invoice zürich", "invoice -timeout", "things",
    "example.com/v1", "json", "accept", '"on: ap"', "request", "Name",
)  # fmt: skip


def body(choose: random.Random) -> str:
    return json.dumps({"note": choose.choices(WORDS, k=3), "id": f"{choose.getrandbits(64):x}"},
                      ensure_ascii=choose.random() < 0.3)  # fmt: skip


async def test_everything_is_found(world: World) -> None:
    choose = random.Random(1)
    world.write(*(row(created_at=NOW + n, request_body=body(choose)) for n in range(300)))
    world.index()
    answers = await world.same(*QUERIES)
    assert {len(found) > 0 for found in answers} == {True, False}
    assert sum(map(len, answers)) > 500


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_happens(world: World, seed: int) -> None:
    """Rows come in time and late, begin and end, go and lose their bodies; the index is somewhere
    on its way, is closed and opened, or lost."""
    choose = random.Random(seed)
    begun: list[bytes] = []
    clock = NOW
    for _ in range(60):
        clock += choose.choice((1, 50, 5_000, 10 * MINUTE))
        world.now = clock
        what = choose.random()
        if what < 0.5:
            late = choose.choice((0, 0, 0, 300, 20 * MINUTE))
            for n in range(choose.randrange(1, 25)):
                name = choose.choice(("acme", "globex", "initech"))
                world.write(row(name, created_at=clock + n - late, response_body=body(choose)))
        elif what < 0.65:
            begun.append(activity_id(clock))
            world.write(row(created_at=clock, id=begun[-1], status=Status.STARTED,
                            request_headers="{}", request_body=body(choose)))  # fmt: skip
        elif what < 0.75 and begun:
            ended = begun.pop(choose.randrange(len(begun)))
            world.write(row(created_at=clock, id=ended, request_body=body(choose)))
        elif what < 0.95:
            world.index(choose.choice((1, 2, 5, 1000)))
        elif what < 0.98:
            world.reopen()
        else:
            world.file.unlink(missing_ok=True)
        if choose.random() < 0.15:
            await world.same(*choose.sample(QUERIES, 3))
    await world.same(*QUERIES[::2])
    world.index()
    await world.same(*QUERIES)


async def test_nothing_is_scanned_once_all_is_indexed(world: World) -> None:
    world.write(*(row(created_at=NOW + n, request_body=f'"word{n:05d}"') for n in range(200)))
    world.index()
    wanted = [f"word{n:05d}" for n in (0, 7, 150)]
    assert await world.without_scanning([*wanted, "nowhere"]) == [1, 1, 1, 0]


async def test_rows_that_came_before_the_index_and_after_it(world: World) -> None:
    world.reopen(StoreOptions())
    world.write(*(row(created_at=NOW + n, request_body='"before"') for n in range(50)))
    world.reopen()
    for steps in (0, 1, 1, 1000):
        world.index(steps)
        world.write(row(created_at=NOW + 100, request_body='"after"'))
        await world.same("before", "after", "nowhere")


async def test_a_segment_is_sealed_and_the_next_one_begun(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planes, "_MOST_ROWS", 1)
    choose = random.Random(3)
    for start in range(0, 1_200, 100):
        several = range(start, start + 100)
        world.write(*(row(created_at=NOW + n, request_body=body(choose)) for n in several))
        world.index(choose.choice((1, 1000)))
    for steps in (1, 1, 1, 1000):
        world.index(steps)
        await world.same("invoice", "zürich", "b2c3d4e5", "nowhere")
    counted = ask(world.file, "SELECT count(*), max(sealed) FROM segments WHERE planes > 0")
    assert counted == [(3, 16)]  # what was there at first has one of its own
    assert await world.without_scanning(["nowhere", "xylophone"]) == [0, 0]


async def test_a_scope_cannot_be_left(world: World) -> None:
    for n in range(120):
        name = ("acme", "globex", "initech")[n % 3]
        word = "shared" if n % 2 else f"only-{name}"
        world.write(row(name, created_at=NOW + n, request_body=f'"{word} {n}"'))
    world.index()
    acme = Scope(organizations=frozenset({organization_id("acme")}), bodies=True)
    (shared, own, foreign) = await world.same("shared", "only-acme", "only-globex", scope=acme)
    assert (len(shared), len(own), len(foreign)) == (20, 20, 0)
    nobody = Scope(organizations=frozenset(), bodies=True)
    assert await world.same("shared", scope=nobody) == [[]]


async def test_who_may_not_see_bodies_learns_nothing_of_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even by the time that it takes: what only bodies hold gives no candidates."""
    for n in range(100):
        path = "/v1/invoices" if n % 10 == 0 else "/v1/things"
        world.write(row(created_at=NOW + n, path=path, path_template=path,
                        request_body='"invoices and secretly"'))  # fmt: skip
    world.index()
    without = Scope(organizations=None, bodies=False)
    looked_at: list[int] = []
    piece = candidates.Candidates.piece

    def counting(self: candidates.Candidates, size: int) -> candidates.Piece:
        found = piece(self, size)
        looked_at.extend(found.keys)
        return found

    monkeypatch.setattr(candidates.Candidates, "piece", counting)
    (found,) = await world.same("secretly", scope=without)
    assert (found, looked_at) == ([], [])
    (found,) = await world.same("invoices", scope=without)
    assert len(found) == 10
    assert len(set(looked_at)) < 40


async def test_other_filters_narrow_too(world: World) -> None:
    choose = random.Random(5)
    for n in range(400):
        world.write(
            row(
                choose.choice(("acme", "globex")),
                choose.choice(("slack", "stripe")),
                created_at=NOW + n * 30 * MINUTE,
                status=choose.choice((Status.SUCCESS, Status.SUCCESS, Status.FAILED)),
                host=choose.choice(("api.example.com", "hooks.example.com")),
                request_body=body(choose),
            )
        )
    world.index()
    world.now = NOW + 400 * 30 * MINUTE
    queries = (
        "invoice status:failed",
        "invoice integration:stripe",
        "invoice organization:globex host:hooks.example.com",
        "temperature host:nowhere.example.com",
        "zürich since:3d until:1d",
        "invoice -status:failed -timeout",
        "invoice min_ms:13",
    )
    answers = await world.same(*queries)
    assert [len(found) > 0 for found in answers] == [True, True, True, False, True, True, False]


@pytest.mark.parametrize("seed", range(3))
async def test_index_and_stretches_in_turns_find_each_row_once(
    world: World, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """What one of them has passed, the other one has in hand already."""
    choose = random.Random(seed)
    hours = [NOW + n * 20 * MINUTE for n in range(200)]
    for some in (hours[:150], hours[150:190], hours[190:]):
        world.index()  # all but the last rows
        world.write(*(row(created_at=at, request_body=body(choose),
                          status=choose.choice((Status.SUCCESS, Status.FAILED)))
                      for at in some))  # fmt: skip
    monkeypatch.setattr(searching, "_FIRST", 4)
    monkeypatch.setattr(searching, "_MOST", 8)
    monkeypatch.setattr(zones, "STRETCH", 4)
    monkeypatch.setattr(zones, "_LONGEST", 8)

    def either(race: looking._Race) -> bool:
        return race._search is not None and not race._search.ended and choose.random() < 0.5

    monkeypatch.setattr(looking._Race, "_choose", either)
    answers = await world.same("invoice status:failed", "invoice -status:failed", "json min_ms:1")
    assert all(len(found) > 20 for found in answers)


async def test_a_row_that_ends_meanwhile_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is one without an end to the one question, or a new one to the other."""
    begun = activity_id(NOW)
    world.write(row(created_at=NOW, id=begun, status=Status.STARTED, request_headers="{}"))
    world.write(*(row(created_at=NOW + 1 + n) for n in range(40)))
    world.index()
    rows = Connection.rows
    asked: list[str] = []

    async def ending(self: Connection, statement: Fragment) -> list[object]:
        found = await rows(self, statement)
        if statement.sql in (searching._FRESH, searching._STARTED):
            if not asked:
                world.write(row(created_at=NOW, id=begun, request_body='"late"'))
            asked.append(statement.sql)
        return found

    monkeypatch.setattr(Connection, "rows", ending)
    assert len(await world.find("late")) == 1
    assert len(asked) == 2


async def test_compressed_bodies_are_indexed(world: World) -> None:
    choose = random.Random(6)
    world.write(
        *(row(created_at=NOW + n, request_body=body(choose) + " " * 60) for n in range(400))
    )
    world.now += 2 * DAY_MS
    world.maintain()
    assert ask(world.path, "SELECT count(*) FROM contents") == [(0,)]
    world.index()
    answers = await world.same("invoice", "zürich", "nowhere")
    assert len(answers[0]) > 50


async def test_a_search_that_takes_long_ends_with_a_cursor(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write(*(row(created_at=NOW + n, request_body=f'"same {n}"') for n in range(200)))
    world.index()
    monkeypatch.setattr(world.reader, "_patience", -1.0)
    monkeypatch.setattr(searching, "_FIRST", 4)
    monkeypatch.setattr(searching, "_MOST", 4)
    where = parse_filter({"q": ["same -x1"]}, world.now)
    page = await world.reader.page(SERVICE, where, cursor=None, limit=100)
    assert len(page.items) < 100
    assert page.next is not None
    assert len(await world.find("same")) == 200


async def test_a_search_can_be_cancelled(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write(*(row(created_at=NOW + n, request_body=f'"same {n}"') for n in range(200)))
    world.index()
    piece = candidates.Candidates.piece
    begun = threading.Event()

    def slow(self: candidates.Candidates, size: int) -> candidates.Piece:
        begun.set()
        time.sleep(0.1)
        return piece(self, 1)

    monkeypatch.setattr(candidates.Candidates, "piece", slow)
    searching = asyncio.create_task(world.find("same"))
    await asyncio.to_thread(begun.wait)
    searching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await searching
    monkeypatch.undo()
    assert len(await world.find("same")) == 200


def ask(path: Path, query: str) -> list[tuple[object, ...]]:
    database = sqlite3.connect(path)
    found = database.execute(query).fetchall()
    database.close()
    return found
