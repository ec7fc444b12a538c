"""Ranges of hours are put together from few buckets, each hour counted once."""

import random
from collections import Counter

import pytest

from store.sqlite.charts import pieces, signed_pieces
from store.sqlite.day_parts import BLOCK, blocks_of
from store.sqlite.rollups import SPANS

WIDTH = dict(SPANS)
CHANCE = random.Random(3)
RANGES = [
    (low, low + length)
    for low in (0, 24, 5_000, 5_023)
    for length in (*range(60), *CHANCE.sample(range(60, 3_000), 40))
]


def hours(parts: list[tuple[int, int, int]]) -> Counter[int]:
    """How often each hour is counted."""
    found: Counter[int] = Counter()
    for span, first, end in parts:
        width, sign = (WIDTH[span], 1) if span >= 0 else (WIDTH[~span], -1)
        for hour in range(first * width, end * width):
            found[hour] += sign
    return Counter({hour: times for hour, times in found.items() if times})


@pytest.mark.parametrize(("low", "high"), RANGES)
def test_every_hour_once(low: int, high: int) -> None:
    wanted = Counter(range(low, high))
    plain, signed = pieces(low, high), signed_pieces(low, high, 0)
    assert hours(plain) == hours(signed) == wanted
    assert sum(e - f for _, f, e in signed) <= sum(e - f for _, f, e in plain)


def test_a_day_elsewhere_takes_five_buckets() -> None:
    assert sum(end - first for _, first, end in signed_pieces(31, 55, 0)) == 5


def test_nothing_is_taken_off_days_of_which_hours_are_deleted() -> None:
    assert min(signed_pieces(31, 55, 24))[0] < 0
    assert signed_pieces(31, 55, 25) == pieces(31, 55)


@pytest.mark.parametrize(("begin", "end"), [(0, 24), (24, 5_000), (BLOCK, 3 * BLOCK), (5, 500_000)])
def test_blocks_are_aligned_and_few(begin: int, end: int) -> None:
    found = blocks_of(begin, end)
    assert [found[0][0], *(until for _, until in found)] == [
        *(first for first, _ in found),
        found[-1][1],
    ]
    assert (found[0][0], found[-1][1]) == (begin, end)
    assert all(first % BLOCK == 0 for first, _ in found[1:])
    assert len(found) <= 52
