"""The search file beside a store: where it is, how it is opened, and how it goes."""

import os
import sqlite3
from pathlib import Path
from typing import Final

from store.errors import StoreUnavailable
from store.sqlite.connection import set_up
from store.sqlite.search.layout import APPLICATION_ID, SCHEMA, VERSION

_CHECKPOINT_PAGES: Final = 1_000
_WAL_KEPT: Final = 16 * 1024 * 1024


def search_path(store: Path) -> Path:
    """The search file of a store."""
    return store.with_name(f"{store.stem}-search{store.suffix}")


def discard(store: Path) -> None:
    """Delete the search file of a store, if there is one. Readers that have it open see it to the
    end of their search.

    Raises:
        StoreUnavailable: it cannot be deleted.
    """
    path = search_path(store)
    for suffix in ("", "-wal", "-shm"):
        file = path.with_name(path.name + suffix)
        try:
            os.unlink(file)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise StoreUnavailable(f"cannot delete {file}: {error.strerror}") from None


def open_for_indexing(store: Path) -> sqlite3.Connection | None:
    """The file for its only writer; `None` when there is none, or it is of another version.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    path = search_path(store)
    if not path.exists():
        return None
    return _if_known(_connected(path))


def make(store: Path) -> sqlite3.Connection:
    """A new, empty file in the place of any other, for its owner's eyes only.

    Raises:
        OSError, sqlite3.Error, StoreUnavailable: it cannot be made.
    """
    discard(store)
    path = search_path(store)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    database = _connected(path)
    try:
        database.executescript(f"BEGIN;{SCHEMA}COMMIT;")
    except BaseException:
        database.close()
        raise
    return database


def open_for_searching(store: Path) -> sqlite3.Connection | None:
    """The file for one search; `None` when there is none that this program knows.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    path = search_path(store)
    if not path.exists():
        return None
    database = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        timeout=0,
        isolation_level=None,
        check_same_thread=False,
    )
    return _if_known(database)


def _connected(path: Path) -> sqlite3.Connection:
    # The store's writer waits for nobody here.
    database = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        set_up(
            database,
            # What a power cut takes from it is made again. The order of writes is kept.
            synchronous="NORMAL",
            cache_kib=4_096,
            checkpoint_pages=_CHECKPOINT_PAGES,
            wal_kept=_WAL_KEPT,
        )
    except BaseException:
        database.close()
        raise
    return database


def _if_known(database: sqlite3.Connection) -> sqlite3.Connection | None:
    """The same, unless it is of a version that this program does not know."""
    try:
        questions = ("PRAGMA application_id", "PRAGMA user_version")
        found = [database.execute(question).fetchone()[0] for question in questions]
        if found == [APPLICATION_ID, VERSION]:
            database.execute("PRAGMA mmap_size = 0")
            return database
    except BaseException:
        database.close()
        raise
    database.close()
    return None
