"""A sidecar in processes of its own, with a webhook listener before a service on loopback."""

import os
import re
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.partner import Partner
from tests.support.ports import free_port
from tests.support.sidecar import Sidecar


class World(Sidecar):
    """A sidecar, its service, and what a test does to its processes."""

    def __init__(
        self, data: Path, service: Partner, *arguments: str, env: dict[str, str] | None = None
    ) -> None:
        self.service = service
        self.webhook = f"http://127.0.0.1:{free_port()}"
        incoming = self.webhook.removeprefix("http://")
        super().__init__(data, f"--incoming={incoming}={service.url}", *arguments, env=env)

    def child(self, module: str) -> int:
        """The process that runs `proxy.<module>`; waits for it a while."""
        assert self.process is not None
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            for pid in (
                Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
                .read_text()
                .split()
            ):
                command = Path(f"/proc/{pid}/cmdline")
                if command.exists() and f"proxy.{module}\0".encode() in command.read_bytes():
                    return int(pid)
            time.sleep(0.02)
        raise AssertionError(f"no {module}: {self.log.read_text()}")

    def kill(self, module: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to a child; returns its process id."""
        pid = self.child(module)
        os.kill(pid, number)
        return pid

    def accepted(self, port: int) -> list[int]:
        """For each open client connection of a port, the process that holds it."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        # Columns of proc(5), net/tcp: local address, remote address, state, ..., inode.
        table = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        open_here = {
            f"socket:[{row[9]}]"
            for row in table
            if row[1].endswith(f":{port:04X}") and row[3] == "01"
        }
        return [
            int(pid)
            for pid in children.split()
            for descriptor in Path(f"/proc/{pid}/fd").iterdir()
            if _target(descriptor) in open_here
        ]

    def replaced(self, module: str, pid: int) -> None:
        """Wait until another process does the work of `pid`."""
        wait_until(lambda: self.child(module) != pid, f"{module} starts again")

    def counters(self) -> dict[str, float]:
        """The accounting that `/metrics` shows: seen, stored, in_flight, and drops by reason."""
        with urllib.request.urlopen(self.api + "/metrics", timeout=10) as answer:
            text = answer.read().decode()
        pattern = re.compile(
            r'^wiretrail_exchanges_(\w+?)(?:_total)?(?:\{reason="(\w+)"\})? (\S+)$', re.MULTILINE
        )
        return {reason or name: float(value) for name, reason, value in pattern.findall(text)}

    def settled(self) -> dict[str, float]:
        """The counters once nothing is in flight; the law is checked on the way."""

        def check() -> bool:
            found = self.counters()
            drops = sum(v for k, v in found.items() if k not in ("seen", "stored", "in_flight"))
            assert found["seen"] == found["stored"] + drops + found["in_flight"], found
            return found["in_flight"] == 0

        wait_until(check, "nothing is in flight")
        return self.counters()

    def post(self, path: str = "/hook", body: bytes = b"{}", timeout: float = 10.0) -> int:
        """Send one webhook; returns the status."""
        request = urllib.request.Request(self.webhook + path, body, method="POST")
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            status: int = answer.status
            answer.read()  # who closes without reading has left before the end
        return status


def _target(descriptor: Path) -> str:
    """What a link in /proc/PID/fd points to; empty when it was closed meanwhile."""
    try:
        return os.readlink(descriptor)
    except FileNotFoundError:
        return ""


def wait_until(true: Callable[[], bool], what: str, seconds: float = 40.0) -> None:
    """Fails when it does not become true in time; tells connection errors on the way apart."""
    deadline = time.monotonic() + seconds
    last: Any = None
    while True:
        try:
            if true():
                return
        except OSError as error:
            last = error
        assert time.monotonic() < deadline, f"not in {seconds} s: {what} ({last})"
        time.sleep(0.02)


@pytest.fixture
def service() -> Iterator[Partner]:
    with Partner() as partner:
        yield partner


@pytest.fixture
def world(tmp_path: Path, service: Partner) -> Iterator[World]:
    with World(tmp_path / "data", service) as world:
        yield world
