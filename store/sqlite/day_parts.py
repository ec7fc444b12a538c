"""Answers for a range of hours in three parts, so that the long one, whole days of the past, can
be kept from one question to the next."""

from collections.abc import Awaitable, Callable, Hashable
from itertools import pairwise
from typing import Any, Final

from store.sqlite.past import Past
from store.sqlite.rollups import HOURS_A_DAY

_MOST_BLOCKS: Final = 100

type Ask = Callable[[int, int], Awaitable[list[Any]]]
"""Rows for the hours from one to before another."""


async def in_parts(
    past: Past, hours: tuple[int, int], question: Hashable, ask: Ask, block: int | None = None
) -> list[Any]:
    """The rows of each part, one after the other, the newest hours first. Those of the past are
    kept by `question`: they are the same objects in later answers, and not to be changed. They
    are asked for and kept by `block`s of so many hours where there is a lot to tell."""
    low, high = hours
    # Of the first day there may be a part only, which is another one each hour.
    begin = -(-low // HOURS_A_DAY) * HOURS_A_DAY
    end = min(past.until, high // HOURS_A_DAY * HOURS_A_DAY)
    if begin >= end:
        return await ask(low, high)
    found = await ask(end, high) if end < high else []
    for first, until in _blocks(begin, end, block):
        kept: list[Any] | None = past.get(first, until, question)
        if kept is None:
            kept = await ask(first, until)
            past.put(first, until, question, kept)
        found += kept
    return found + (await ask(low, begin) if low < begin else [])


def _blocks(begin: int, end: int, size: int | None) -> list[tuple[int, int]]:
    """Aligned blocks, the newest first; the first and the last may be shorter."""
    if size is None or (end - begin) // size > _MOST_BLOCKS:
        return [(begin, end)]
    edges = [begin, *range((begin // size + 1) * size, end, size), end]
    return list(pairwise(edges))[::-1]
