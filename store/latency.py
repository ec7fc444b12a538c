"""Response times as histograms: the buckets that rollups keep, and percentiles out of them."""

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


def percentile(counts: Sequence[int], share: float, longest_ms: float | None) -> float | None:
    """The response time below which `share` (0 to 1) of a histogram lies, linear within the
    bucket; `longest_ms` closes the highest bucket that is in use. `None` without data."""
    total = sum(counts)
    if not total:
        return None
    rank, below = share * total, 0
    for index, count in enumerate(counts):
        if count and below + count >= rank:
            low = BOUNDS_MS[index - 1] if index else 0.0
            high = BOUNDS_MS[index] if index < len(BOUNDS_MS) else low
            if longest_ms is not None:
                high = max(low, min(high, longest_ms)) if index < len(BOUNDS_MS) else longest_ms
            return round(low + (high - low) * max(0.0, rank - below) / count, 3)
        below += count
    return longest_ms
