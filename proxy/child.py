"""What every child process does first: no trace of captured content outside its memory, no end
by signals that are the supervisor's to handle, and the fastest event loop at hand."""

import asyncio
import contextlib
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import msgspec

from proxy.control import CONTROL_FD_OPTION, FromChild, ToChild, to_child
from proxy.private_log import configure_log

_LIMIT: Final = 64 << 20
_LOOKUPS: Final = 32


class ChildEnd:
    """A child's end: blocking for the first message, then in its event loop."""

    def __init__(self, fd: int) -> None:
        self._connection = socket.socket(fileno=fd)
        self._connection.setblocking(True)
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    def first(self) -> ToChild | None:
        """The first message; `None` when there is no supervisor any more."""
        line = b""
        while not line.endswith(b"\n"):
            # Looked at before it is taken: what follows the line is for the event loop.
            data = self._connection.recv(65536, socket.MSG_PEEK)
            if not data:
                return None
            line += self._connection.recv(data.find(b"\n") + 1 or len(data))
        return to_child.decode(line)

    async def next(self) -> ToChild | None:
        """The next message; `None` when there is no supervisor any more."""
        if self._reader is None:
            self._reader, self._writer = await asyncio.open_connection(
                sock=self._connection, limit=_LIMIT
            )
        try:
            line = await self._reader.readline()
        except OSError:
            return None
        return to_child.decode(line) if line.endswith(b"\n") else None

    def say(self, message: FromChild) -> None:
        """Tell the supervisor; when it is gone, `next` says so."""
        data = msgspec.json.encode(message) + b"\n"
        if self._writer is not None:
            self._writer.write(data)
        else:
            with contextlib.suppress(OSError):
                self._connection.sendall(data)

    async def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
        self._connection.close()


def begin(name: str) -> ChildEnd:
    """Prepare this process and give its end of the control connection."""
    # mitmproxy would write the keys of every TLS session to the file that this names.
    os.environ.pop("SSLKEYLOGFILE", None)
    _no_core_dumps()
    # These reach the whole group (Ctrl-C, a closed terminal, service managers). The supervisor
    # gets them too and ends its children in the right order.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    configure_log(name)
    return ChildEnd(int(sys.argv[sys.argv.index(CONTROL_FD_OPTION) + 1]))


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Makes the event loop: uvloop's where it is installed. Either looks up so many names at once
    that a few whose name servers are silent do not hold up the others: libuv, which gives half
    of its threads to lookups, would do two."""
    os.environ.setdefault("UV_THREADPOOL_SIZE", str(2 * _LOOKUPS))
    try:
        import uvloop
    except ImportError:
        return _asyncio_loop
    return uvloop.new_event_loop


def _asyncio_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(_LOOKUPS, thread_name_prefix="lookup"))
    return loop


def _no_core_dumps() -> None:
    """Captures live in memory; a dump would write them to a file."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A dump that is piped to a program ignores the limit; this leaves nothing in it (Linux).
    with contextlib.suppress(OSError):
        Path("/proc/self/coredump_filter").write_text("0")
