"""What the kernel tells of running processes."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


def family(pid: int) -> dict[str, int]:
    """A sidecar's processes: `supervisor`, `keeper`, `worker` (the first one) and their ids."""
    found = {"supervisor": pid}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        command = Path(f"/proc/{child}/cmdline").read_bytes()
        for name in ("keeper", "worker"):
            if f"proxy.{name}\0".encode() in command:
                found.setdefault(name, int(child))
    return found


def resident(pid: int) -> int:
    """Resident memory in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


def cpu_seconds(pid: int) -> float:
    """User and system time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def descriptors(pid: int) -> int:
    """Open file descriptors."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def threads(pid: int) -> int:
    """Running threads."""
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


@dataclass
class Growth:
    """Resident memory of processes before a block and at most in it, in bytes."""

    before: dict[str, int]
    most: dict[str, int] = field(default_factory=dict)

    def of(self, name: str) -> float:
        """How much a process grew, in MB."""
        return (self.most[name] - self.before[name]) / 1e6


@contextmanager
def watched(processes: dict[str, int]) -> Iterator[Growth]:
    """Looks at the memory of processes 50 times a second while the block runs."""
    growth = Growth({name: resident(pid) for name, pid in processes.items()})
    growth.most = dict(growth.before)
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            for name, pid in processes.items():
                growth.most[name] = max(growth.most[name], resident(pid))
            time.sleep(0.02)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield growth
    finally:
        done.set()
        thread.join()
