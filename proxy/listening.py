"""Opens the listening sockets, once and for all processes."""

import errno
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxy.config import Address, BoundListener, Config, api_address, listeners
from proxy.control import BoundAddress

BACKLOG: Final = 4096
_WHY: Final = {
    errno.EADDRINUSE: "another program listens there already",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.EACCES: "ports below 1024 need a privilege",
}


class CannotListen(Exception):
    """An address cannot be listened on; the text names it, and the flag that changes it."""


@dataclass(frozen=True, slots=True)
class OpenSocket:
    """A listening socket with what it is for."""

    socket: socket.socket
    address: BoundAddress


def open_all(config: Config) -> tuple[OpenSocket, list[OpenSocket]]:
    """The API's socket and those of the listeners, in the order of `proxy.config.listeners`.

    Raises:
        CannotListen: one of them is taken or not possible; none is left open.
    """
    opened: list[OpenSocket] = []
    try:
        for bound in listeners(config):
            opened.append(_open_listener(bound))
        api = _open(api_address(config), "api", "api", "--api")
    except CannotListen:
        for one in opened:
            one.socket.close()
        raise
    return api, opened


def open_api(config: Config) -> OpenSocket:
    """The API's socket alone; raises like `open_all`."""
    return _open(api_address(config), "api", "api", "--api")


def _open_listener(bound: BoundListener) -> OpenSocket:
    direction = bound.listener.direction
    flag = "--listen" if direction == "outgoing" else "--incoming"
    return _open(bound.address, bound.listener.name, str(direction), flag)


def _open(address: Address, name: str, direction: str, flag: str) -> OpenSocket:
    """No `SO_REUSEPORT`: with it a second instance would share the port silently."""
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, _, _, _, where = found[0]
        # Named, because asyncio sets TCP_NODELAY only then; without it each answer takes 40 ms.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as error:
        raise CannotListen(f"cannot listen on {address} ({flag}): {error.strerror}") from None
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # "::" takes IPv4 clients too; any other address stands for itself.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, where[0] != "::")
        listener.bind(where)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        why = _WHY.get(error.errno or 0, error.strerror)
        raise CannotListen(
            f"cannot listen on {address}: {why}; choose another with {flag}"
        ) from None
    listener.setblocking(False)
    host, port = listener.getsockname()[:2]
    return OpenSocket(
        listener,
        BoundAddress(name=name, direction=direction, host=host, port=port, fd=listener.fileno()),
    )


def listen_unix(path: Path) -> socket.socket:
    """A listening unix socket at a path of our own folder."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(1024)
    listener.setblocking(False)
    return listener
