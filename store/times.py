"""Times and ids as the readable table and the API show them."""

from datetime import UTC, datetime
from functools import lru_cache
from uuid import UUID


def rfc3339(milliseconds: int) -> str:
    """Unix milliseconds as RFC 3339 UTC with milliseconds, e.g. `2026-01-31T09:30:00.250Z`."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"


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
