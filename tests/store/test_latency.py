import random

import pytest

from store.latency import BOUNDS_MS, BUCKETS, bucket_of, percentile


def histogram(times: list[float]) -> list[int]:
    counts = [0] * BUCKETS
    for time in times:
        counts[bucket_of(time)] += 1
    return counts


def test_bounds_are_inclusive() -> None:
    assert bucket_of(0) == bucket_of(1) == 0
    assert bucket_of(1.001) == 1
    assert bucket_of(BOUNDS_MS[-1]) == BUCKETS - 2
    assert bucket_of(10**9) == BUCKETS - 1


def test_no_data_has_no_percentile() -> None:
    assert percentile([0] * BUCKETS, 0.5, None) is None


@pytest.mark.parametrize("share", [0.01, 0.5, 0.95, 0.99, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_percentiles_lie_in_the_bucket_of_the_true_one(share: float, seed: int) -> None:
    choose = random.Random(seed)
    times = sorted(choose.lognormvariate(4, 1.5) for _ in range(choose.randrange(1, 3000)))
    true = times[max(0, -(-int(share * len(times) * 1000) // 1000) - 1)]
    found = percentile(histogram(times), share, times[-1])
    assert found is not None
    assert abs(bucket_of(found) - bucket_of(true)) <= 1
    assert found <= times[-1] + 0.001


def test_one_time_is_no_more_than_itself() -> None:
    assert percentile(histogram([70_000.0]), 0.5, 70_000.0) <= 70_000.0  # type: ignore[operator]
    assert percentile(histogram([12.0]), 0.99, 12.0) == pytest.approx(12.0, abs=0.1)
