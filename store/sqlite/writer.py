"""The only writer of a SQLite store."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from store.activity import ActivityRow, ErrorCode
from store.backend import Gone, WriteResult
from store.log_entry import LISTENER
from store.options import StoreOptions
from store.replay import RewriteStep
from store.sqlite.batch import write_batch
from store.sqlite.connection import BUSY_MS, open_for_writing, store_errors
from store.sqlite.interning import Names
from store.sqlite.keys import ERROR, PROBES, STARTED, created_at, first_key, key_of
from store.sqlite.lock import WriterLock
from store.sqlite.maintenance import Maintenance
from store.sqlite.rewrite import Change, rewrite_batch, unpack_batch
from store.sqlite.rollups import HOUR_MS, Tally
from store.sqlite.search.indexer import SearchIndexer
from store.sqlite.search.search_file import discard

_DAY_MS: Final = 86_400_000
_CLEAR_SECONDS: Final = 5.0
"""Least time between two attempts to empty the write-ahead log."""
_INTERRUPTED: Final = "the proxy stopped before the exchange ended"
_NOT_RECORDED: Final = "the exchange has ended, but its record had to be dropped"
_STARTED_ROWS: Final = (
    "SELECT key, organization, integration, endpoint, activity_type, direction"
    " FROM activities WHERE "
)


class SqliteWriter:
    """`store.backend.Writer` on one SQLite file; see there for what the methods promise."""

    def __init__(
        self,
        path: Path,
        options: StoreOptions | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open or make the file and bring its schema up to date.

        Raises:
            StoreLocked: another writer has it.
            StoreUnavailable, SchemaTooNew, StoreError: it cannot be used.
        """
        self._path = path
        self._clock = clock
        self._seq = 0
        self._stale = True
        """The write-ahead log may hold what rows no longer tell."""
        self._cleared_at = 0.0
        self._lock = WriterLock(path)
        try:
            options = options or StoreOptions()
            self._maintenance = Maintenance(options)
            self._search = SearchIndexer(path, options) if options.search else None
            if self._search is None:
                discard(path)
            self._open()
        except BaseException:
            self._lock.release()
            raise

    def write(self, rows: Sequence[ActivityRow]) -> WriteResult:
        """Keep rows in one transaction, idempotent by id."""
        with self._transaction("write activities") as database:
            result, replaced = write_batch(database, self._names, self._seq, rows)
            self._keep_seq(result.last_seq)
        self._seq = result.last_seq
        self._stale = self._stale or replaced
        self._clear_log()
        return result

    def interrupt_started(self, before: int) -> int:
        """Turn `started` rows older than `before` (Unix ms) into `error` / `interrupted`. What
        services log themselves goes on without us: for a day they may still complete it."""
        with self._transaction("interrupt started activities") as database:
            found = database.execute(
                _STARTED_ROWS + "direction IN (0, 1) AND status = ? AND key < ?"
                " AND (key < ? OR json_extract(metadata, '$.listener') IS NOT ?)",
                (STARTED, first_key(before), first_key(before - _DAY_MS), LISTENER),
            ).fetchall()
            seq = self._end(found, ErrorCode.INTERRUPTED, _INTERRUPTED)
        self._seq = seq
        return len(found)

    def end_started(self, identifiers: Sequence[bytes]) -> WriteResult:
        """Turn those of these rows that are `started` into `error` / `not_recorded`."""
        with self._transaction("end activities") as database:
            found: list[Any] = []
            for identifier in identifiers:
                key = key_of(identifier)
                found += database.execute(
                    _STARTED_ROWS + "key >= ? AND key < ? AND id = ? AND status = ?",
                    (key, key + PROBES, identifier, STARTED),
                ).fetchall()
            seq = self._end(found, ErrorCode.NOT_RECORDED, _NOT_RECORDED)
        self._seq = seq
        return WriteResult(inserted=0, completed=len(found), repeated=0, last_seq=seq)

    def record_gap(self, reason: str, count: int, since: int, until: int) -> None:
        """Keep that `count` exchanges were dropped for `reason` between two Unix ms times."""
        with self._transaction("record a gap") as database:
            database.execute(
                "INSERT INTO gaps (reason, count, since, until) VALUES (?, ?, ?, ?)",
                (reason, count, since, until),
            )

    def maintain(self, now: int) -> bool:
        """One small step of retention, compression or space release."""
        self._reopen_if_replaced()
        self._clear_log()
        with store_errors("maintain the store"):
            return self._maintenance.step(self._database, now)

    def index(self, now: int) -> bool:
        """One small step of the search index; False, too, when there is to be none."""
        self._reopen_if_replaced()
        return self._search is not None and self._search.step(self._database, now)

    def unindex(self, now: int) -> bool:
        """One small step of taking out of the search index what retention has deleted."""
        return self._search is not None and self._search.forget(self._database, now)

    def gone(self) -> Gone:
        """What retention has deleted since this writer was opened."""
        return self._maintenance.gone()

    def rewrite(
        self, change: Change, version: int, *, everything: bool, after: int | None
    ) -> RewriteStep:
        """See `store.replay.Rewriter`."""
        with self._transaction("redact rows anew") as database:
            step, seq = rewrite_batch(
                database, change, version, everything=everything, after=after, seq=self._seq
            )
            self._keep_seq(seq)
            if step.changed:
                self._forget_words()
        self._seq = seq
        if step.changed:
            self._stale = True
            # Renamed entries are known by their old names.
            self._names.forget()
        return step

    def forget_dictionaries(self) -> bool:
        """See `store.replay.Rewriter`."""
        with self._transaction("unpack bodies") as database:
            return unpack_batch(database)

    def close(self) -> None:
        """Checkpoint and release the lock."""
        try:
            with store_errors("checkpoint"):
                self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            if self._search is not None:
                self._search.close()
            self._database.close()
            self._maintenance.close()
            self._lock.release()

    def _forget_words(self) -> None:
        """The search index knows what rows said before they were redacted anew."""
        if self._search is not None:
            self._search.close()
        discard(self._path)

    def _end(self, rows: Sequence[Any], code: ErrorCode, message: str) -> int:
        """Give `started` rows an end, inside a transaction; the last `seq` given."""
        tally, seq = Tally(), self._seq
        for key, *where in rows:
            created = created_at(key)
            hour = created // HOUR_MS
            tally.take_back((hour, *where, STARTED, ""))
            tally.add((hour, *where, ERROR, code.value), created, None)
            seq += 1
            self._database.execute(
                "UPDATE activities SET status = ?, error_code = ?, error_message = ?, seq = ?"
                " WHERE key = ?",
                (ERROR, code.value, message, seq, key),
            )
        tally.write(self._database)
        self._keep_seq(seq)
        return seq

    def _clear_log(self) -> None:
        """Empty the write-ahead log when it holds earlier versions of rows that told more: in the
        file itself `secure_delete` has overwritten them. Tried again while somebody reads."""
        now = self._clock()
        if not self._stale or 0 <= now - self._cleared_at < _CLEAR_SECONDS:
            return
        self._cleared_at = now
        try:
            self._database.execute("PRAGMA busy_timeout = 0")
            (busy, _, _) = self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._stale = bool(busy)
        except sqlite3.Error:
            pass  # what was written is kept all the same
        finally:
            self._database.execute(f"PRAGMA busy_timeout = {BUSY_MS}")

    def _open(self) -> None:
        self._database = open_for_writing(self._path)
        self._names = Names(self._database)
        with store_errors("read the last sequence number"):
            found = self._database.execute(
                "SELECT value FROM state WHERE name = 'last_seq'"
            ).fetchone()
        self._seq = int(found[0]) if found else 0
        if self._search is not None:
            self._search.opened(self._database)
        self._identity = _identity(self._path)

    def _reopen_if_replaced(self) -> None:
        """Somebody may remove or replace the file under us; writing on into a file without a
        name would lose every row silently."""
        found = _identity(self._path)
        if found != self._identity or found == _NO_FILE:
            self._database.close()
            self._identity = _NO_FILE  # so that opening is tried again until it works
            self._open()

    @contextmanager
    def _transaction(self, action: str) -> Iterator[sqlite3.Connection]:
        self._reopen_if_replaced()
        database = self._database
        try:
            with store_errors(action):
                database.execute("BEGIN IMMEDIATE")
                self._names.begin(int(self._clock() * 1000) // _DAY_MS)
                yield database
                database.execute("COMMIT")
        except BaseException:
            self._names.forget()
            # A full disk may already have rolled back.
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise

    def _keep_seq(self, seq: int) -> None:
        self._database.execute("INSERT OR REPLACE INTO state VALUES ('last_seq', ?)", (seq,))


_NO_FILE: Final = (-1, -1)


def _identity(path: Path) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return _NO_FILE
    return found.st_dev, found.st_ino
