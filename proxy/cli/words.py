"""How values read in a table: ages, times, durations, sizes, statuses."""

from datetime import datetime
from typing import Final

from store.activity import Activity, Direction, Status

STATUS_STYLES: Final = {
    "started": ("cyan",),
    "success": ("green",),
    "failed": ("yellow",),
    "error": ("red",),
    "timeout": ("red",),
}

ARROWS: Final = {Direction.OUTGOING: "→", Direction.INCOMING: "←"}

# A UUIDv7's first 18 characters: its millisecond and the counter within it.
SHORT_ID: Final = 18


def milliseconds_of(time: str) -> int:
    """Unix milliseconds of an RFC 3339 time."""
    return round(datetime.fromisoformat(time).timestamp() * 1000)


def age(time: str, now: int) -> str:
    """How long ago an RFC 3339 time was, e.g. `12s`, `3m`, `5h`, `2d`."""
    seconds = max(0, (now - milliseconds_of(time)) // 1000)
    for limit, unit, size in ((60, "s", 1), (3600, "m", 60), (86_400, "h", 3600)):
        if seconds < limit:
            return f"{seconds // size}{unit}"
    return f"{seconds // 86_400}d"


def duration(milliseconds: float | None) -> str:
    """`0.8ms`, `312ms`, `4.20s`, `3m20s`; nothing where not measured."""
    if milliseconds is None:
        return ""
    if milliseconds < 10:
        return f"{milliseconds:.1f}ms"
    if milliseconds < 1000:
        return f"{milliseconds:.0f}ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.2f}s"
    return f"{int(milliseconds // 60_000)}m{int(milliseconds % 60_000 // 1000):02d}s"


def size(count: int) -> str:
    """Bytes in a form that people read: `812 B`, `1.5 KB`, `20.0 MB`."""
    number = float(count)
    for unit in ("B", "KB", "MB"):
        if number < 1024:
            return f"{count} B" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} GB"


def outcome(activity: Activity) -> str:
    """The HTTP status, or why there is none."""
    if activity.error_code is not None:
        return activity.error_code
    return "" if activity.response_status is None else str(activity.response_status)


def status_style(text: str) -> tuple[str, ...]:
    """Colours of a status word."""
    return STATUS_STYLES.get(text, ())


def outcome_style(text: str) -> tuple[str, ...]:
    """Colours of an HTTP status or error code."""
    if not text.isdecimal():
        return ("red",)
    return ("green",) if text < "4" else ("yellow",) if text < "5" else ("red",)


def is_final(activity: Activity) -> bool:
    """Whether the exchange has ended."""
    return activity.status is not Status.STARTED
