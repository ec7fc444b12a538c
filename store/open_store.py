"""Opens a store by its address: a path, or a URL whose scheme names the backend."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from store.backend import Reader, Writer
from store.data_folder import DataFolder
from store.errors import StoreError
from store.options import StoreOptions


def open_writer(store: str | Path, options: StoreOptions | None = None) -> Writer:
    """The writer of a store; the only one, for as long as it is open.

    Raises:
        StoreLocked: another keeper owns the store.
        StoreUnavailable, SchemaTooNew, StoreError: it cannot be used.
    """
    # Imported here, so that a command line that only reads starts without the writer.
    from store.sqlite.writer import SqliteWriter

    return SqliteWriter(_sqlite_path(store), options)


def open_reader(store: str | Path, keeps: Callable[[], bool] = lambda: True) -> Reader:
    """A reader of a store. Nothing is opened before its first query. `keeps` tells whether what a
    query opened stays open for the next one.

    Raises:
        StoreError: no backend answers to this address.
    """
    from store.sqlite.reader import SqliteReader

    return SqliteReader(_sqlite_path(store), keeps=keeps)


def store_of(data: DataFolder) -> Path:
    """The store that a data folder holds when no other is configured."""
    return data.activity_db


def _sqlite_path(store: str | Path) -> Path:
    if isinstance(store, Path):
        return store
    parts = urlsplit(store)
    if parts.scheme == "":
        return Path(store).expanduser()
    if parts.scheme != "sqlite":
        raise StoreError(
            f"no store answers to {parts.scheme}:// addresses; expected sqlite:///PATH"
        )
    # As elsewhere, sqlite:///relative and sqlite:////absolute.
    if parts.netloc or len(parts.path) < 2:
        raise StoreError("a SQLite address is sqlite:///relative/path or sqlite:////absolute/path")
    return Path(unquote(parts.path[1:]))
