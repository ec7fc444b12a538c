"""A file that is read again when it changes."""

import os
import time
from typing import Final

_CHECK_SECONDS: Final = 2.0


class WatchedFile:
    """Tells when the file differs from what was read last. Editors replace files: for a moment
    there may be none, which is no change."""

    def __init__(self, path: str | None) -> None:
        """`None`: there is nothing to watch."""
        self._path = path
        self._check_at = 0.0
        self.read()

    def read(self) -> None:
        """The file is read now."""
        self._stamp = self._look()
        self._check_at = time.monotonic() + _CHECK_SECONDS

    def has_changed(self) -> bool:
        """Whether the file has changed; looks every two seconds at most."""
        if self._path is None or time.monotonic() < self._check_at:
            return False
        self._check_at = time.monotonic() + _CHECK_SECONDS
        return self._look() not in (self._stamp, None)

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = os.stat(self._path) if self._path is not None else None
        except OSError:
            return None
        return None if found is None else (found.st_mtime_ns, found.st_ino, found.st_size)
