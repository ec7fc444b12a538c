"""Answers for a range of hours in three parts, so that the long one, whole days of the past, can
be kept from one question to the next."""

from collections.abc import Awaitable, Callable, Hashable
from typing import Any

from store.sqlite.past import Past
from store.sqlite.rollups import HOURS_A_DAY

type Ask = Callable[[int, int], Awaitable[list[Any]]]
"""Rows for the hours from one to before another."""


async def in_parts(past: Past, hours: tuple[int, int], question: Hashable, ask: Ask) -> list[Any]:
    """The rows of each part, one after the other, the newest hours first. Those of the past are
    kept by `question`: they are the same objects in later answers, and not to be changed."""
    low, high = hours
    # Of the first day there may be a part only, which is another one each hour.
    begin = -(-low // HOURS_A_DAY) * HOURS_A_DAY
    end = min(past.until, high // HOURS_A_DAY * HOURS_A_DAY)
    if begin >= end:
        return await ask(low, high)
    kept: list[Any] | None = past.get(begin, end, question)
    if kept is None:
        kept = await ask(begin, end)
        past.put(begin, end, question, kept)
    newest = await ask(end, high) if end < high else []
    return [*newest, *kept, *(await ask(low, begin) if low < begin else [])]
