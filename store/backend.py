"""What a backend is: one writer, and readers whose every query goes through a scope.

`store/sqlite/` is one; siblings have the same file names and pass the same contract tests.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

import msgspec

from store.activity import Activity, ActivityRow
from store.filters import ActivityFilter
from store.scope import Scope


class Page(msgspec.Struct, kw_only=True):
    """One page of a list, newest first; `next` is the cursor of the page after it, or `None`."""

    items: list[Activity]
    next: str | None


class WriteResult(msgspec.Struct, kw_only=True):
    """What one committed batch did: new ids, completed ones, and ids that were already final."""

    inserted: int
    completed: int
    repeated: int
    last_seq: int


class Gone(msgspec.Struct, kw_only=True):
    """What retention has deleted: rows, and headers and bodies of rows that stay."""

    rows: int = 0
    bodies: int = 0


class Writer(Protocol):
    """The only writer of a store. Synchronous; used from one thread. Every method is one
    short transaction and raises `StoreUnavailable` when the database refuses it, with
    nothing of the batch kept."""

    def write(self, rows: Sequence[ActivityRow]) -> WriteResult:
        """Keep rows, idempotent by id: a row with status `started` is replaced by a later one
        of the same id; a final row is never changed by a repeated or `started` one."""
        ...

    def interrupt_started(self, before: int) -> int:
        """Turn rows that are `started` and older than `before` (Unix ms) into `error` with
        code `interrupted`; returns how many. Rows that services log themselves stay for a day
        longer: they may still complete them."""
        ...

    def end_started(self, identifiers: Sequence[bytes]) -> WriteResult:
        """Turn those of these rows that are `started` into `error` with code `not_recorded`: what
        was to complete them had to be dropped."""
        ...

    def record_gap(self, reason: str, count: int, since: int, until: int) -> None:
        """Keep that `count` exchanges were dropped for `reason` between two Unix ms times."""
        ...

    def maintain(self, now: int) -> bool:
        """One small step of retention, compression or space release (at most about 50 ms);
        True when more is to do."""
        ...

    def index(self, now: int) -> bool:
        """One small step of the optional search index (at most about 50 ms); True when more is
        to do. Nothing depends on it but how long a search for words takes."""
        ...

    def unindex(self, now: int) -> bool:
        """One small step of taking out of the search index what retention has deleted, which
        otherwise happens within about an hour; True when more is to do."""
        ...

    def gone(self) -> Gone:
        """What retention has deleted since this writer was opened."""
        ...

    def close(self) -> None:
        """Checkpoint and release the lock."""
        ...


class Reader(Protocol):
    """Reads a store. Every method takes a scope first; rows outside it do not exist for it."""

    async def page(
        self, scope: Scope, where: ActivityFilter, *, cursor: str | None, limit: int
    ) -> Page:
        """One page, newest first, without headers and bodies. Raises `FilterError` on a bad
        cursor."""
        ...

    async def one(self, scope: Scope, identifier: str) -> Activity | None:
        """One activity in full (bodies as the scope allows), or `None` where the scope sees
        none."""
        ...

    async def changes(
        self, scope: Scope, where: ActivityFilter, *, after: int, limit: int
    ) -> list[Activity]:
        """Rows inserted or updated with `seq` above `after`, in `seq` order, as in lists."""
        ...

    async def last_seq(self) -> int:
        """The highest `seq` given so far; 0 when there is none."""
        ...

    def export(self, scope: Scope, where: ActivityFilter) -> AsyncIterator[Activity]:
        """Every matching activity in full, newest first, in constant memory."""
        ...

    async def summary(self, scope: Scope, where: ActivityFilter) -> list[dict[str, Any]]:
        """Rows of `integration_activity_summary` in the scope."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...
