"""An integration's health in one word and one sentence."""

from enum import StrEnum
from typing import Final

from store.analytics import Counts

FAILING_SHARE: Final = 0.5
DEGRADED_SHARE: Final = 0.05


class Verdict(StrEnum):
    """From best to worst, and apart from it: nothing to judge by."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    FAILING = "failing"
    SILENT = "silent"


def verdict(counts: Counts) -> tuple[Verdict, str]:
    """What counts of a time range say, and why in plain words."""
    bad = counts.failed + counts.error + counts.timeout
    finished = counts.success + bad
    if not finished:
        if counts.started:
            return Verdict.SILENT, f"{counts.started} unanswered so far"
        return Verdict.SILENT, "no activity in this time"
    if not bad:
        return (
            Verdict.HEALTHY,
            f"all {finished} succeeded" if finished > 1 else "the only one succeeded",
        )
    share = bad / finished
    why = f"{bad} of {finished} failed ({_percent(share)})"
    if share >= FAILING_SHARE:
        return Verdict.FAILING, why
    return (Verdict.DEGRADED if share >= DEGRADED_SHARE else Verdict.HEALTHY), why


def _percent(share: float) -> str:
    percent = share * 100
    # Never rounded to a plain 0 or 100, which would deny what was counted.
    if percent < 1:
        return "under 1%"
    return f"{min(percent, 99):.0f}%" if share < 1 else "100%"
