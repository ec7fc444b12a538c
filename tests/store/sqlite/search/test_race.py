"""Index or stretches: whichever gets further in the same time."""

import sqlite3

import pytest

from store.filters import EVERYTHING
from store.scope import SERVICE
from store.sqlite.narrowing import Narrowing, Resolved, narrow
from store.sqlite.search.looking import Look, _Race

NARROWING: Narrowing = narrow(SERVICE, EVERYTHING, Resolved(organizations=None, integrations=None))


class Steps:
    """Stands for both sides: each look goes `width` keys further, down to 0."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.looks = 0
        self.ended = False
        self.broken = False

    async def next(self, high: int) -> tuple[list[int], int]:
        self.looks += 1
        if self.broken:
            raise sqlite3.DatabaseError
        floor = max(0, high - self.width)
        self.ended = floor == 0
        return [], floor


class Stretches(Steps):
    async def next(self, high: int) -> Look | None:  # type: ignore[override]
        _, floor = await super().next(high)
        return Look(NARROWING, None, [(floor, high)], floor) if high else None


async def run(index: Steps | None, zones: Stretches, *, narrowed: bool) -> int:
    """Race from 1,000 down; how low it got."""
    race = _Race(index, narrowed=narrowed)  # type: ignore[arg-type]
    floor = 1_000
    while floor and (look := await race.next(NARROWING, zones, floor)):  # type: ignore[arg-type]
        assert look.floor < floor
        race._took = 1.0  # both take equally long
        race.got_to(floor - look.floor, 0.0)
        floor = look.floor
    return floor


@pytest.mark.parametrize(
    ("index", "zones", "looks"),
    [(100, 1, (10, 1)), (1, 100, (1, 10)), (1_000, 1, (1, 0)), (10, 10, (93, 7))],
)
async def test_the_faster_one_goes_on(index: int, zones: int, looks: tuple[int, int]) -> None:
    sides = Steps(index), Stretches(zones)
    assert await run(*sides, narrowed=True) == 0
    assert (sides[0].looks, sides[1].looks) == looks


async def test_for_words_alone_the_index_is_asked() -> None:
    sides = Steps(1), Stretches(100)
    assert await run(*sides, narrowed=False) == 0
    assert (sides[0].looks, sides[1].looks) == (1_000, 0)


async def test_without_an_index_and_after_its_end() -> None:
    zones = Stretches(100)
    assert await run(None, zones, narrowed=True) == 0
    broken, zones = Steps(100), Stretches(100)
    broken.broken = True
    assert await run(broken, zones, narrowed=False) == 0
    assert (broken.looks, zones.looks) == (1, 10)
