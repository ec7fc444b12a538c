"""Response times as histograms: the buckets that rollups keep, and percentiles out of them."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

BOUNDS_MS: Final = (
    1, 2, 3, 5, 7.5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750,
    1_000, 1_500, 2_000, 3_000, 5_000, 7_500, 10_000, 15_000, 30_000, 60_000,
)  # fmt: skip
"""Upper bounds (inclusive) of the buckets; one more bucket holds what is above the last."""

BUCKETS: Final = len(BOUNDS_MS) + 1


def bucket_of(milliseconds: float) -> int:
    """The index of the bucket that a response time falls into."""
    return bisect_left(BOUNDS_MS, milliseconds)


def rank(share: float, count: int) -> int:
    """Which of `count` ascending values is the percentile of `share` (0 to 1), from 1: the
    lowest that at least this share of them does not exceed (nearest rank)."""
    return max(1, math.ceil(share * count - 1e-9))


def percentile(counts: Sequence[int], share: float, longest_ms: float | None) -> float | None:
    """About the response time of `rank` in a histogram: those of a bucket are taken to lie evenly
    in it, `longest_ms` is the highest of all. `None` without data."""
    total = sum(counts)
    if not total:
        return None
    wanted, below = rank(share, total), 0
    if wanted == total and longest_ms is not None:
        return longest_ms
    for index, count in enumerate(counts):
        if below + count >= wanted:
            low = BOUNDS_MS[index - 1] if index else 0.0
            high = BOUNDS_MS[index] if index < len(BOUNDS_MS) else longest_ms or low
            if longest_ms is not None:
                high = max(low, min(high, longest_ms))
            return round(low + (high - low) * (wanted - below - 0.5) / count, 3)
        below += count
    raise AssertionError("a rank is never above the number of values")
