"""Times and ids as the readable table and the API show them."""

from datetime import UTC, datetime
from functools import lru_cache
from uuid import UUID


class Instant(int):
    """A time in Unix milliseconds. It counts as a number; the API writes it as `rfc3339`."""


def rfc3339(milliseconds: int) -> str:
    """Unix milliseconds as RFC 3339 UTC with milliseconds, e.g. `2026-01-31T09:30:00.250Z`."""
    seconds, rest = divmod(milliseconds, 1000)
    day, seconds = divmod(seconds, 86_400)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{_date(day)}T{hours:02d}:{minutes:02d}:{seconds:02d}.{rest:03d}Z"


@lru_cache(512)
def _date(day: int) -> str:
    """The date of a day since 1970."""
    return datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%d")


def uuid_text(identifier: bytes) -> str:
    """The canonical text of a UUID of 16 bytes."""
    digits = identifier.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def uuid_bytes(text: str) -> bytes | None:
    """The 16 bytes of a UUID's text in any common spelling, or `None`."""
    if len(text) not in (32, 36):
        return None
    try:
        return UUID(text).bytes
    except ValueError:
        return None


shared_uuid = lru_cache(4096)(uuid_text)
"""`uuid_text` for ids that many rows share, such as those of organizations."""
