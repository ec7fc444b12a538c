"""Row keys, and the small numbers that stand for the closed lists.

A row's key is the leading bits of its UUIDv7 as one signed 64-bit integer: 41 bits of
milliseconds since 2020, the 12 bits after the version (a counter), 10 bits of randomness. As
SQLite's rowid it makes the table and every index time-ordered without a column for it, makes
time ranges key ranges, and spares an index on the id. Two ids may share a key (same
millisecond, counter and 10 bits); the later one takes the next free key of `PROBES`.
"""

from typing import Final

from store.activity import ActivityType, Direction, Status

EPOCH_MS: Final = 1_577_836_800_000
PROBES: Final = 16
LOWEST_KEY: Final = -(1 << 63)
HIGHEST_KEY: Final = (1 << 63) - 1
_EARLIEST: Final = -(1 << 40)
_LATEST: Final = (1 << 41) - 2
"""One below what fits, so that the probes of the highest key stay within 64 bits."""


def key_of(identifier: bytes) -> int:
    """The key at which a UUIDv7 is looked for first."""
    value = int.from_bytes(identifier[:10])
    # Layout of the 80 bits: time 48, version 4, counter 12, variant 2, random 14.
    milliseconds = min(max((value >> 32) - EPOCH_MS, _EARLIEST), _LATEST)
    return milliseconds << 22 | (value >> 16 & 0xFFF) << 10 | value >> 4 & 0x3FF


def first_key(milliseconds: int) -> int:
    """The lowest key of a Unix millisecond; keys at or above it are no older."""
    return min(max(milliseconds - EPOCH_MS, _EARLIEST), _LATEST) << 22


def created_at(key: int) -> int:
    """The Unix milliseconds of a key."""
    return (key >> 22) + EPOCH_MS


STATUSES: Final = (
    Status.STARTED,
    Status.SUCCESS,
    Status.FAILED,
    Status.ERROR,
    Status.TIMEOUT,
)
"""By number; everything above 1 is a failure, which the index of failures relies on."""

DIRECTIONS: Final = (Direction.OUTGOING, Direction.INCOMING)

ACTIVITY_TYPES: Final = (
    ActivityType.TEST_CONNECTION,
    ActivityType.SYNC_IMPORT,
    ActivityType.SYNC_EXPORT,
    ActivityType.SYNC_BIDIRECTIONAL,
    ActivityType.WEBHOOK_RECEIVED,
    ActivityType.NOTIFICATION_EMAIL,
    ActivityType.NOTIFICATION_SLACK,
    ActivityType.NOTIFICATION_WEBHOOK,
    ActivityType.API_CALL,
    ActivityType.DEVICE_CREATE,
    ActivityType.DEVICE_UPDATE,
    ActivityType.DEVICE_DELETE,
    ActivityType.OTHER,
)

STATUS_NUMBER: Final = {status: number for number, status in enumerate(STATUSES)}
DIRECTION_NUMBER: Final = {direction: number for number, direction in enumerate(DIRECTIONS)}
TYPE_NUMBER: Final = {kind: number for number, kind in enumerate(ACTIVITY_TYPES)}

STARTED: Final = STATUS_NUMBER[Status.STARTED]
SUCCESS: Final = STATUS_NUMBER[Status.SUCCESS]
ERROR: Final = STATUS_NUMBER[Status.ERROR]
FAILURES: Final = range(2, len(STATUSES))
"""The numbers of statuses that are failures."""


def trace_value(trace_id: str) -> bytes | str:
    """A trace id as it is stored: 16 bytes where it is one of W3C's, else its text."""
    if len(trace_id) == 32:
        try:
            raw = bytes.fromhex(trace_id)
        except ValueError:
            return trace_id
        if raw.hex() == trace_id:
            return raw
    return trace_id


TRACE_SHIFT: Final = 44
"""How many bits of a key are left out in the index of trace ids."""
