"""How the writer opens the file, and what SQLite's errors mean to the store."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from store.errors import StoreError, StoreUnavailable
from store.sqlite import schema

BUSY_MS: Final = 1_000
"""How long a write waits for somebody else's lock (`sqlite3` in a shell, a backup)."""

PAGE_SIZE: Final = 8192
CHECKPOINT_PAGES: Final = 2_000
WAL_KEPT: Final = 64 * 1024 * 1024


@contextmanager
def store_errors(action: str) -> Iterator[None]:
    """Turn SQLite's errors into the store's; texts of SQLite name no values.

    Raises:
        StoreUnavailable: whatever SQLite could not do.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorname", type(error).__name__)
        raise StoreUnavailable(f"cannot {action}: {error} ({code})") from error


def open_for_writing(path: Path) -> sqlite3.Connection:
    """A connection with the newest schema, write-ahead log and full durability.

    Raises:
        StoreUnavailable: the file cannot be opened or made.
        SchemaTooNew: a newer program wrote it.
    """
    with store_errors(f"open {path}"):
        _make_private(path)
        database = sqlite3.connect(
            path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
        )
        try:
            schema.check(database)
            mode = set_up(
                database,
                synchronous="FULL",
                cache_kib=16_384,
                checkpoint_pages=CHECKPOINT_PAGES,
                wal_kept=WAL_KEPT,
            )
            if mode != "wal":
                raise StoreError(f"{path} lies where SQLite cannot use a write-ahead log")
            schema.migrate(database)
        except BaseException:
            database.close()
            raise
    return database


def set_up(
    database: sqlite3.Connection,
    *,
    synchronous: str,
    cache_kib: int,
    checkpoint_pages: int,
    wal_kept: int,
) -> str:
    """Prepare a connection that writes a file of ours; returns its journal mode. What is deleted
    is overwritten, and nothing is kept in files of SQLite's own choice. The log is emptied after
    `checkpoint_pages` and cut to `wal_kept` bytes."""
    database.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    database.execute("PRAGMA auto_vacuum = INCREMENTAL")
    (mode,) = database.execute("PRAGMA journal_mode = WAL").fetchone()
    database.executescript(f"""
        PRAGMA synchronous = {synchronous};
        PRAGMA secure_delete = ON;
        PRAGMA mmap_size = 0;
        PRAGMA temp_store = MEMORY;
        PRAGMA cache_size = -{cache_kib};
        PRAGMA wal_autocheckpoint = {checkpoint_pages};
        PRAGMA journal_size_limit = {wal_kept};""")
    return str(mode)


def _make_private(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreUnavailable(f"cannot open {path}: {error.strerror}") from None
