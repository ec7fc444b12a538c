"""Answers for a range of hours in three parts, so that the long one, whole days of the past, can
be kept from one question to the next."""

from collections.abc import Awaitable, Callable, Hashable
from itertools import pairwise
from typing import Any, Final

from store.sqlite.past import Past
from store.sqlite.rollups import HOURS_A_DAY

BLOCK: Final = 8 * HOURS_A_DAY
_MOST_BLOCKS: Final = 50

type Ask = Callable[[int, int], Awaitable[list[Any]]]
"""Rows for the hours from one to before another."""


async def in_parts(
    past: Past, hours: tuple[int, int], question: Hashable, ask: Ask, *, much: bool = False
) -> list[Any]:
    """The rows of each part, one after the other, the newest hours first. Those of the past are
    kept by `question`: they are the same objects in later answers, and not to be changed. They
    are kept in blocks, which other ranges find again, and asked for in blocks too where most of
    these are known or there is `much` to tell."""
    low, high = hours
    # Of the first day there may be a part only, which is another one each hour.
    begin = -(-low // HOURS_A_DAY) * HOURS_A_DAY
    end = min(past.until, high // HOURS_A_DAY * HOURS_A_DAY)
    if begin >= end:
        return await ask(low, high)
    found = await ask(end, high) if end < high else []
    blocks = blocks_of(begin, end) if much else _blocks(past, begin, end, question)
    for first, until in reversed(blocks):
        kept: list[Any] | None = past.get(first, until, question)
        if kept is None:
            kept = await ask(first, until)
            past.put(first, until, question, kept)
        found += kept
    return found + (await ask(low, begin) if low < begin else [])


def _blocks(past: Past, begin: int, end: int, question: Hashable) -> list[tuple[int, int]]:
    """The whole, where most of its blocks are not known: to ask for it at once is cheaper."""
    blocks = blocks_of(begin, end)
    known = sum(past.get(*block, question) is not None for block in blocks)
    return blocks if known > len(blocks) // 2 else [(begin, end)]


def blocks_of(begin: int, end: int) -> list[tuple[int, int]]:
    """Hours in aligned blocks; the first and the last may be shorter, or the first longer than
    all others: only of the last year or so more than one is worth while."""
    first = max((begin // BLOCK + 1) * BLOCK, end - _MOST_BLOCKS * BLOCK)
    edges = [begin, *range(-(-first // BLOCK) * BLOCK, end, BLOCK), end]
    return list(pairwise(edges))
