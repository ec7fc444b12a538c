"""Small private files of the data folder: readable by their owner only, replaced at once."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that goes with `path` (`<path>.lock`) against other processes and threads."""
    lock = os.open(
        path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
    )
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def read_private(path: Path) -> bytes:
    """The file's content; empty when there is no such file."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def write_private(path: Path, content: bytes) -> None:
    """Replace the file at once, mode 0600, on disk before it takes the old one's place: a reader
    sees the old content or the new, also after a power cut."""
    # mkstemp makes its file with mode 0600, whatever the umask is.
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(draft)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
