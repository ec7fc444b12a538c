"""Activities as lines of a table or of a live log."""

from collections.abc import Sequence
from typing import Final

from proxy.cli.table import Column, say_table
from proxy.cli.terminal import line_width, one_line, shortened, styled
from proxy.cli.words import (
    ARROWS,
    SHORT_ID,
    age,
    duration,
    outcome,
    outcome_style,
    status_style,
)
from store.activity import Activity

_COLUMNS: Final = (
    Column(title="AGE", right=True),
    Column(title="", style=lambda _: ("dim",)),
    Column(title="STATUS", style=status_style),
    Column(title="ANSWER", least=6, style=outcome_style),
    Column(title="TIME", right=True),
    Column(title="METHOD"),
    Column(title="ENDPOINT", least=24),
    Column(title="INTEGRATION", least=8),
    Column(title="TYPE", drop=1),
    Column(title="ORGANIZATION", least=8, drop=2),
    Column(title="ID", style=lambda _: ("dim",)),
)


def say_activities(activities: Sequence[Activity], *, now: int) -> None:
    """Print a table of activities; `now` in Unix milliseconds."""
    say_table(_COLUMNS, [_cells(activity, now) for activity in activities])


def _cells(activity: Activity, now: int) -> list[str]:
    return [
        age(activity.created_at, now),
        ARROWS[activity.direction],
        activity.status,
        outcome(activity),
        duration(activity.response_time_ms),
        activity.method,
        _where(activity),
        activity.integration,
        activity.activity_type,
        activity.organization,
        activity.id[:SHORT_ID],
    ]


def _where(activity: Activity) -> str:
    """The endpoint; that it is HTTPS goes without saying."""
    return activity.endpoint.removeprefix("https://")


def live_line(activity: Activity, *, now: int) -> str:
    """One activity as a line of `tail`."""
    parts = [
        f"{age(activity.created_at, now):>4}",
        styled(ARROWS[activity.direction], "dim"),
        styled(f"{activity.status:<7}", *status_style(activity.status)),
        _padded(outcome(activity), 15),
        f"{duration(activity.response_time_ms):>7}",
        f"{one_line(activity.method):<6}",
        one_line(activity.integration),
        one_line(_where(activity)),
    ]
    width = line_width()
    if width is not None:
        taken = 4 + 1 + 7 + 15 + 7 + 6 + len(parts[6]) + 7
        parts[7] = shortened(parts[7], max(width - taken - SHORT_ID - 1, 20))
    return " ".join([*parts, styled(activity.id[:SHORT_ID], "dim")])


def _padded(text: str, width: int) -> str:
    short = shortened(one_line(text), width)
    fill = " " * (width - len(short))
    return (styled(short, *outcome_style(short)) if short else "") + fill
