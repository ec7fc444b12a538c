"""The data folder: where everything that one installation keeps lies, for its owner's eyes only."""

import os
import secrets
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from store.errors import StoreError


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Names the files of one installation. Nothing is created before `ensure`."""

    path: Path

    @property
    def activity_db(self) -> Path:
        """The SQLite database of activities."""
        return self.path / "activity.db"

    @property
    def ca_dir(self) -> Path:
        """Folder of the certificate authority; its keys are private."""
        return self.path / "ca"

    @property
    def ca_certificate(self) -> Path:
        """The certificate that clients trust."""
        return self.ca_dir / "wiretrail-ca.pem"

    @property
    def admin_token(self) -> Path:
        """The token of the command line on this machine."""
        return self.path / "admin-token"

    @property
    def redaction_key(self) -> Path:
        """The key of this installation's fingerprints of redacted values."""
        return self.path / "redaction-key"

    @property
    def tokens(self) -> Path:
        """The digests of API tokens."""
        return self.path / "tokens.json"

    def ensure(self) -> "DataFolder":
        """Create the folder with mode 0700, or tighten an existing one of ours to it.

        Raises:
            StoreError: the path is no folder, belongs to someone else, or cannot be made.
        """
        for folder in (self.path, self.ca_dir):
            _private_folder(folder)
        return self

    def secret(self, path: Path, make: Callable[[], bytes]) -> bytes:
        """The content of a private file of this folder (mode 0600), made once by `make`.

        Two processes that start together agree: the file appears complete or not at all, and
        the first one wins.

        Raises:
            StoreError: the file cannot be read or made.
        """
        try:
            try:
                return path.read_bytes()
            except FileNotFoundError:
                _publish(path, make())
                return path.read_bytes()
        except OSError as error:
            raise StoreError(f"cannot read or make {path}: {error.strerror}") from None


def default_path() -> Path:
    """`$WIRETRAIL_DATA`, else `wiretrail` in the user's XDG data folder."""
    if chosen := os.environ.get("WIRETRAIL_DATA"):
        return named_path(chosen)
    xdg = os.environ.get("XDG_DATA_HOME", "")
    # The XDG specification: a relative path there is invalid and to be ignored.
    root = Path(xdg) if os.path.isabs(xdg) else Path.home() / ".local" / "share"
    return root / "wiretrail"


def named_path(text: str) -> Path:
    """A folder as a person names it. Absolute: what `wiretrail env` prints outlives a `cd`."""
    return Path(text).expanduser().absolute()


def _private_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
        if found.st_uid != os.geteuid() and os.geteuid() != 0:
            raise StoreError(f"{folder} belongs to another user; use a folder of your own")
        if found.st_mode & stat.S_ISVTX:
            # Closing it would shut everybody out, as root could do to /tmp.
            raise StoreError(f"{folder} is shared with others; use a folder of its own below it")
        if found.st_mode & 0o077:
            folder.chmod(0o700)
    except FileExistsError:
        raise StoreError(f"{folder} is not a folder") from None
    except OSError as error:
        raise StoreError(f"cannot use {folder} as data folder: {error.strerror}") from None


def _publish(path: Path, content: bytes) -> None:
    """Write a new file beside `path` and give it that name only if the name is free."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()
