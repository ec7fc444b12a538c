"""Identifiers: UUIDv7 for activities, name-based UUIDs for organizations and integrations."""

import os
import time
from uuid import NAMESPACE_URL, UUID, uuid5

_last_ms = 0
_counter = 0

# Asked of the kernel for many ids at once: a system call and half of the time an id less.
_entropy: list[int] = []
_BITS_EACH = 72
_AT_ONCE = 256
os.register_at_fork(after_in_child=_entropy.clear)


def _random_bits() -> int:
    """72 random bits that nobody else gets."""
    try:
        return _entropy.pop()
    except IndexError:
        size = _BITS_EACH // 8
        data = os.urandom(size * _AT_ONCE)
        drawn = [int.from_bytes(data[at : at + size]) for at in range(0, len(data), size)]
        _entropy.extend(drawn[1:])
        return drawn[0]


def activity_id(created_at: int | None = None) -> bytes:
    """A new UUIDv7 (RFC 9562, 5.7) of 16 bytes, time stamped `created_at` (Unix milliseconds,
    default now). Ids that one process makes within one millisecond ascend: the 12 bits after
    the version are a counter (method 1 of RFC 9562, 6.2), restarted at a random low value."""
    global _last_ms, _counter
    milliseconds = time.time_ns() // 1_000_000 if created_at is None else created_at
    entropy = _random_bits()
    if milliseconds == _last_ms and _counter < 0xFFF:
        _counter += 1
    else:
        _last_ms = milliseconds
        _counter = (entropy >> 62) & 0xFF
    value = milliseconds << 80 | 0x7 << 76 | _counter << 64 | 0b10 << 62 | entropy & (1 << 62) - 1
    return value.to_bytes(16)


def created_at_of(identifier: bytes) -> int:
    """The Unix milliseconds that a UUIDv7 bears."""
    return int.from_bytes(identifier[:6])


def organization_id(name_or_id: str) -> UUID:
    """The UUID of an organization: `name_or_id` itself when it is a UUID, else derived from it."""
    return _as_uuid(name_or_id) or uuid5(NAMESPACE_URL, f"wiretrail:organization:{name_or_id}")


def integration_id(organization: UUID, name_or_id: str) -> UUID:
    """The UUID of an integration: itself, or derived from its name below its organization's."""
    return _as_uuid(name_or_id) or uuid5(organization, f"wiretrail:integration:{name_or_id}")


def _as_uuid(text: str) -> UUID | None:
    if len(text) not in (32, 36):
        return None
    try:
        return UUID(text)
    except ValueError:
        return None
