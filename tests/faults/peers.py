"""Real HTTP servers of others behind the relay, each in a process of its own that logs what it
was asked."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection
from typing import Final

from tests.support.ports import free_port

SERVERS: Final = Path(__file__).parent / "servers"
_PYTHON: Final = (sys.executable, "-m")

type Command = Callable[[int, Path], list[str]]


def _uvicorn(parser: str) -> Command:
    return lambda port, _: [
        *_PYTHON, "uvicorn", "asgi:app", "--http", parser, "--port", str(port), "--log-level",
        "critical", "--lifespan", "off", "--loop", "asyncio",
    ]  # fmt: skip


def _nginx(port: int, folder: Path) -> list[str]:
    text = (SERVERS / "nginx.conf").read_text()
    for name, value in (("PORT", port), ("BACK", free_port()), ("FOLDER", folder)):
        text = text.replace(name, str(value))
    (folder / "nginx.conf").write_text(text)
    return ["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "nginx-start.log")]


COMMANDS: Final[dict[str, Command]] = {
    "uvicorn-h11": _uvicorn("h11"),
    "uvicorn-httptools": _uvicorn("httptools"),
    "gunicorn": lambda port, _: [
        *_PYTHON, "gunicorn", "wsgi:app", "-b", f"127.0.0.1:{port}", "-k", "gthread",
        "--threads", "4", "--log-level", "critical", "--keep-alive", "30",
    ],
    "waitress": lambda port, _: [
        *_PYTHON, "waitress", "--listen", f"127.0.0.1:{port}", "wsgi:app",
    ],
    "aiohttp": lambda port, _: [sys.executable, str(SERVERS / "aio.py"), str(port)],
    "node": lambda port, _: ["node", str(SERVERS / "node.js"), str(port)],
    "nginx": _nginx,
}  # fmt: skip


@dataclass
class Peer:
    """A running server."""

    port: int
    log: Path
    _read: int = 0

    def seen(self) -> list[tuple[str, str, bytes]]:
        """Method, target and body of the requests since the last call."""
        lines = self.log.read_text().splitlines()[self._read :] if self.log.exists() else []
        self._read += len(lines)
        found = []
        for line in lines:
            method, target, body, *status = json.loads(line)
            if not status:
                found.append((method, target, bytes.fromhex(body)))
            elif status == [200]:
                # nginx writes bytes of a body as text.
                found.append((method, target, body.encode("latin-1")))
        return found


def missing(name: str) -> bool:
    """Whether the server is a program that this machine does not have."""
    return name in ("node", "nginx") and shutil.which(name) is None


@contextlib.contextmanager
def peer(name: str, folder: Path) -> Iterator[Peer]:
    """The server, for as long as the block runs."""
    running = Peer(free_port(), folder / "seen")
    process = subprocess.Popen(
        COMMANDS[name](running.port, folder),
        cwd=SERVERS,
        env=os.environ | {"SEEN": str(running.log), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(running.port, process)
        yield running
    finally:
        process.terminate()
        process.wait(20)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until the process listens on the port."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert process.poll() is None, f"ended with {process.returncode}"
        with contextlib.suppress(OSError), create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("the server does not listen")
