import pytest

from store.analytics import Counts
from store.verdict import verdict


@pytest.mark.parametrize(
    ("counts", "word", "why"),
    [
        (Counts(), "silent", "no activity in this time"),
        (Counts(started=2), "silent", "2 unanswered so far"),
        (Counts(success=1), "healthy", "the only one succeeded"),
        (Counts(success=40), "healthy", "all 40 succeeded"),
        (Counts(success=999, failed=1), "healthy", "1 of 1000 failed (under 1%)"),
        (Counts(success=94, timeout=6), "degraded", "6 of 100 failed (6%)"),
        (Counts(success=1, error=1), "failing", "1 of 2 failed (50%)"),
        (Counts(success=1, failed=999), "failing", "999 of 1000 failed (99%)"),
        (Counts(failed=3, error=1, started=9), "failing", "4 of 4 failed (100%)"),
    ],
)
def test_counts_in_one_word_and_one_sentence(counts: Counts, word: str, why: str) -> None:
    assert verdict(counts) == (word, why)
