"""The lock that makes a store's writer the only one.

SQLite before 3.51.3 can corrupt a WAL that two connections write and checkpoint at the same
moment, so a second writer is refused instead of taking turns.
"""

import fcntl
import os
from pathlib import Path

from store.errors import StoreLocked, StoreUnavailable


class WriterLock:
    """An advisory lock on `<database>.lock`. The kernel drops it with the process, however
    that ends; the file itself stays, because removing it would let two owners in."""

    def __init__(self, database: Path) -> None:
        """Take the lock.

        Raises:
            StoreLocked: another writer, in this process or another, has it.
            StoreUnavailable: the lock file cannot be made.
        """
        path = database.with_name(database.name + ".lock")
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(f"cannot open {path}: {error.strerror}") from None
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(self._descriptor, 32).decode(errors="replace").strip() or "unknown"
            os.close(self._descriptor)
            raise StoreLocked(f"{database} is in use by another keeper (process {owner})") from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let the next writer in."""
        os.close(self._descriptor)
