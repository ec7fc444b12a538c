"""What the supervisor and its children tell each other, over a socket pair of their own.

One JSON object a line. The end of the stream tells that the other one is gone: a child whose
supervisor was killed ends by itself.
"""

import socket
from typing import Final

import msgspec

from proxy.config import Config

CONTROL_FD_OPTION: Final = "--control"


class BoundAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A listening socket that the supervisor opened."""

    name: str
    direction: str
    """`outgoing`, `incoming`, or `api`."""
    host: str
    port: int
    fd: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class KeeperStart(msgspec.Struct, tag="keeper", frozen=True, kw_only=True):
    """First message to a keeper."""

    config: Config
    link_fd: int
    counters_fd: int
    vitals_fd: int
    api: BoundAddress
    listeners: tuple[BoundAddress, ...]
    runtime: str
    """Folder of the link's socket."""
    run_started: int
    """Unix milliseconds; what was started before has no living worker any more."""
    first: bool
    """Nothing relies on this keeper yet: a store that cannot be opened is a reason to end."""


class WorkerStart(msgspec.Struct, tag="worker", frozen=True, kw_only=True):
    """First message to a worker."""

    config: Config
    link_path: str
    counters_fd: int
    slot: int
    listeners: tuple[BoundAddress, ...]
    own_addresses: tuple[tuple[str, int], ...]
    upstream_ca: str | None
    """The merged bundle; `None`: the built-in one."""


class Reload(msgspec.Struct, tag="reload", frozen=True, kw_only=True):
    """Go on with this config."""

    config: Config
    upstream_ca: str | None


class Stop(msgspec.Struct, tag="stop", frozen=True, kw_only=True):
    """Finish what runs for at most so many seconds, then end."""

    grace: float


class Lost(msgspec.Struct, tag="lost", frozen=True, kw_only=True):
    """A worker died with exchanges that left no row; the keeper records the gap."""

    count: int
    since: int
    until: int


class Ready(msgspec.Struct, tag="ready", frozen=True):
    """The child does its work."""


class Failed(msgspec.Struct, tag="failed", frozen=True):
    """The child cannot start, and trying again will not help."""

    message: str


type ToChild = KeeperStart | WorkerStart | Reload | Stop | Lost
type FromChild = Ready | Failed

to_child: Final[msgspec.json.Decoder[ToChild]] = msgspec.json.Decoder(
    KeeperStart | WorkerStart | Reload | Stop | Lost
)
"""Reads a line from the supervisor."""
_from_child: Final[msgspec.json.Decoder[FromChild]] = msgspec.json.Decoder(Ready | Failed)


class ParentEnd:
    """The supervisor's end. Reads do not block; a write waits a moment for a slow child."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        connection.setblocking(False)
        self._buffer = bytearray()

    def send(self, message: ToChild) -> bool:
        """Tell the child; False when it is gone or does not listen."""
        try:
            self.connection.settimeout(2.0)
            self.connection.sendall(msgspec.json.encode(message) + b"\n")
        except OSError:
            return False
        finally:
            self.connection.settimeout(0.0)
        return True

    def receive(self) -> list[FromChild] | None:
        """What the child has said since; `None` at its end."""
        try:
            data = self.connection.recv(65536)
        except (BlockingIOError, InterruptedError):
            return []
        except OSError:
            return None
        if not data:
            return None
        self._buffer += data
        *lines, rest = bytes(self._buffer).split(b"\n")
        self._buffer[:] = rest
        return [_from_child.decode(line) for line in lines]

    def close(self) -> None:
        """Hang up."""
        self.connection.close()
