"""One batch of rows: finds out what is new, repeated or completed, and writes it."""

import sqlite3
from collections.abc import Sequence
from itertools import batched
from typing import Any, Final, NamedTuple

import msgspec

from store.activity import ActivityRow, Status, Timing
from store.backend import WriteResult
from store.errors import StoreUnavailable
from store.sqlite.interning import Names
from store.sqlite.keys import (
    DIRECTION_NUMBER,
    PROBES,
    STARTED,
    STATUS_NUMBER,
    TYPE_NUMBER,
    created_at,
    key_of,
    trace_value,
)
from store.sqlite.rollups import HOUR_MS, Place, Tally
from store.sqlite.users import kept_user

_KNOWN: Final = (
    "SELECT a.key, a.id, a.status, a.client, a.path, a.query, a.metadata, c.request_headers,"
    " c.request_body, a.organization, a.integration, a.endpoint, a.activity_type, a.direction"
    " FROM activities a LEFT JOIN contents c ON c.key = a.key WHERE a.key IN ({})"
)
_HIGHEST: Final = "SELECT max(key) FROM activities"
# Plain where the row is new: to look for what would be replaced costs an eighth of a row more.
_INTO_ACTIVITIES: Final = f"INTO activities VALUES ({', '.join('?' * 32)})"
_INTO_CONTENTS: Final = "INTO contents VALUES (?, ?, ?, ?, ?, ?)"
_NO_CONTENTS: Final = (None,) * 5


class _Known(NamedTuple):
    """A row that is there already, as far as its completion needs it."""

    id: bytes
    status: int
    place: Place
    client: int
    told: tuple[str | None, ...]
    """Path, query, metadata, request headers, request body."""

    @property
    def endpoint(self) -> int:
        return self.place[3]

    def stays_in(self, row: ActivityRow) -> bool:
        """Whether all that is told here already may still be told."""
        path, query, metadata, headers, body = self.told
        return (
            path in (None, row.path)
            and query in (None, row.query)
            and headers in (None, row.request_headers)
            and body in (None, row.request_body)
            and _stays(metadata, row.metadata)
        )


def _stays(before: str | None, now: str | None) -> bool:
    earlier: dict[str, Any] = msgspec.json.decode(before or "{}")
    later: dict[str, Any] = msgspec.json.decode(now or "{}")
    return all(later.get(name) == value for name, value in earlier.items())


def write_batch(
    database: sqlite3.Connection, names: Names, seq: int, rows: Sequence[ActivityRow]
) -> tuple[WriteResult, bool]:
    """Write rows inside the caller's transaction, numbering them from `seq` + 1. Tells also
    whether something was replaced that earlier versions of their rows said, as it is when an
    answer gives away that it was a secret."""
    batch = _Batch(database, rows)
    for row in rows:
        batch.take(row)
    return batch.write(names, seq)


class _Lines:
    """Rows of the tables that are written by one kind of statement."""

    def __init__(self, verb: str) -> None:
        self._verb = verb
        self.activities: list[tuple[object, ...]] = []
        self.contents: list[tuple[object, ...]] = []

    def write(self, database: sqlite3.Connection) -> None:
        """Write them all."""
        database.executemany(f"{self._verb} {_INTO_ACTIVITIES}", self.activities)
        database.executemany(f"{self._verb} {_INTO_CONTENTS}", self.contents)


class _Batch:
    def __init__(self, database: sqlite3.Connection, rows: Sequence[ActivityRow]) -> None:
        self._database = database
        self._pending: dict[int, ActivityRow] = {}
        self._known: dict[int, _Known] = {}
        self._inserted = self._completed = self._repeated = 0
        ((self._highest,),) = database.execute(_HIGHEST)
        for keys in batched((key_of(row.id) for row in rows), 500):
            self._look_up(keys)

    def take(self, row: ActivityRow) -> None:
        """Decide what becomes of one row."""
        key = self._key(row.id)
        earlier = self._pending.get(key)
        if earlier is not None:
            started = earlier.status is Status.STARTED
        elif key in self._known:
            started = self._known[key].status == STARTED
        else:
            self._inserted += 1
            self._pending[key] = row
            return
        # A bare `started` row must not wipe the request that a durable route committed.
        if not started or (row.status is Status.STARTED and row.request_headers is None):
            self._repeated += 1
            return
        self._completed += row.status is not Status.STARTED
        self._pending[key] = row

    def write(self, names: Names, seq: int) -> tuple[WriteResult, bool]:
        """Write rows, contents and rollups."""
        tally = Tally()
        new, completed = _Lines("INSERT"), _Lines("INSERT OR REPLACE")
        for key, row in self._pending.items():
            seq += 1
            lines = new
            if known := self._known.get(key):
                lines = completed
                tally.take_back(known.place)
            lines.activities.append(_small_columns(key, seq, row, names, tally))
            large = (
                row.request_headers,
                row.response_headers,
                row.request_body,
                row.response_body,
                row.redaction_places,
            )
            if large != _NO_CONTENTS:
                lines.contents.append((key, *large))
        new.write(self._database)
        completed.write(self._database)
        tally.write(self._database)
        result = WriteResult(
            inserted=self._inserted,
            completed=self._completed,
            repeated=self._repeated,
            last_seq=seq,
        )
        return result, self._replaced(names)

    def _replaced(self, names: Names) -> bool:
        """Remove what only replaced versions of rows told; whether there was anything."""
        found = False
        for key, row in self._pending.items():
            if known := self._known.get(key):
                gone = names.leave(known.endpoint, known.client)
                found = found or gone or not known.stays_in(row)
                # Its content may be old enough to be packed already.
                self._database.execute("DELETE FROM archive WHERE key = ?", (key,))
        return found

    def _key(self, identifier: bytes) -> int:
        first = key_of(identifier)
        for key in range(first, first + PROBES):
            if key != first and key not in self._known:
                self._look_up((key,))
            pending, known = self._pending.get(key), self._known.get(key)
            holder = pending.id if pending is not None else known.id if known else None
            if holder is None or holder == identifier:
                return key
        raise StoreUnavailable(f"{PROBES} activities share the time stamp of one id")

    def _look_up(self, keys: Sequence[int]) -> None:
        """Remember which of `keys` are there. Most are higher than any, and need no question."""
        keys = [key for key in keys if self._highest is not None and key <= self._highest]
        if not keys:
            return
        statement = _KNOWN.format(", ".join("?" * len(keys)))
        for key, identifier, status, client, *rest in self._database.execute(statement, keys):
            told = tuple(rest[:5])
            organization, integration, endpoint, kind, direction = rest[5:]
            hour = created_at(key) // HOUR_MS
            place = (hour, organization, integration, endpoint, kind, direction, status, "")
            self._known[key] = _Known(identifier, status, place, client, told)


def _small_columns(
    key: int, seq: int, row: ActivityRow, names: Names, tally: Tally
) -> tuple[object, ...]:
    organization, integration = names.integration(row)
    endpoint = names.endpoint(integration, row)
    direction = DIRECTION_NUMBER[row.direction]
    kind = TYPE_NUMBER[row.activity_type]
    status = STATUS_NUMBER[row.status]
    duration = row.response_time_ms
    response_us = None if duration is None else round(duration * 1000)
    created = created_at(key)
    answer = row.response_status or 0
    code = row.error_code or (str(answer) if answer >= 400 or (answer and status > 1) else "")
    if status == STARTED:
        code = ""  # and nothing else, or its replacement could not take it back
    tally.add(
        (created // HOUR_MS, organization, integration, endpoint, kind, direction, status, code),
        created,
        response_us,
    )
    return (
        key,
        row.id,
        seq,
        organization,
        integration,
        endpoint,
        names.client(row),
        direction,
        kind,
        status,
        row.response_status,
        response_us,
        None if row.completed_at is None else row.completed_at - created,
        row.request_size,
        row.response_size,
        row.request_truncated | row.response_truncated << 1,
        row.redactions,
        row.rule_version,
        *_timing_us(row.timing),
        None if row.path == row.path_template else row.path,
        row.query or None,
        row.error_code,
        row.error_message,
        kept_user(row.user_id, row.metadata),
        row.metadata,
        None if row.trace_id is None else trace_value(row.trace_id),
        row.provider_request_id,
        row.replay_of,
    )


def _microseconds(milliseconds: float | None) -> int | None:
    return None if milliseconds is None else round(milliseconds * 1000)


def _timing_us(timing: Timing | None) -> tuple[int | None, ...]:
    if timing is None:
        return (None, None, None, None, None)
    return (
        _microseconds(timing.connect),
        _microseconds(timing.tls),
        _microseconds(timing.send),
        _microseconds(timing.wait),
        _microseconds(timing.receive),
    )
