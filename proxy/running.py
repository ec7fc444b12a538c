"""The note that a running sidecar leaves in its data folder, so that other commands find it."""

import os
from pathlib import Path
from typing import Final

import msgspec

from store.data_folder import DataFolder
from store.private_file import read_private, write_private

_NAME: Final = "running.json"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One listening socket."""

    name: str
    direction: str
    """`outgoing`, `incoming` or `api`."""
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def reachable(self) -> str:
        """`host:port` as a client on this machine dials it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The same as a URL."""
        return f"http://{self.reachable}"


class RunningSidecar(msgspec.Struct, frozen=True, kw_only=True):
    """Who records into the data folder now."""

    pid: int
    version: str
    api: Place
    listeners: tuple[Place, ...]
    folder: str | None = None
    """Device and inode of the data folder that the note was made for: a copy has others."""

    @property
    def forward(self) -> Place | None:
        """The forward proxy, if there is one."""
        return next((one for one in self.listeners if one.direction == "outgoing"), None)


def announce(folder: DataFolder, sidecar: RunningSidecar) -> None:
    """Leave the note."""
    note = msgspec.structs.replace(sidecar, folder=_identity(folder))
    write_private(_file(folder), msgspec.json.encode(note))


def withdraw(folder: DataFolder) -> None:
    """Take the note of this process away."""
    found = _read(folder)
    if found is not None and found.pid == os.getpid():
        _file(folder).unlink(missing_ok=True)


def running(folder: DataFolder) -> RunningSidecar | None:
    """The sidecar that records into this folder; a note that a dead one left does not count, nor
    one that came with the copy of another folder."""
    found = _read(folder)
    if found is None or found.folder not in (None, _identity(folder)):
        return None
    return found if _lives(found.pid) else None


def _file(folder: DataFolder) -> Path:
    return folder.path / _NAME


def _identity(folder: DataFolder) -> str:
    found = folder.path.stat()
    return f"{found.st_dev}:{found.st_ino}"


def _read(folder: DataFolder) -> RunningSidecar | None:
    try:
        return msgspec.json.decode(read_private(_file(folder)), type=RunningSidecar)
    except (OSError, msgspec.MsgspecError):
        return None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's, as the data folder's owner may be for root
    return True
