"""What can happen to the store and its keeper while traffic flows, and what it costs the traffic:
`python -m tests.faults.store_faults --seconds 60`.

One sidecar lives through all of them, one after the other. Its data folder is a small file system
of its own where that can be mounted (root), so that the disk can be full or read-only.
"""

import argparse
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.proxy.conftest import World, wait_until
from tests.support.load import Load
from tests.support.partner import Partner

_CLIENTS: Final = 3
_PAUSE_SECONDS: Final = 0.004


class ImpatientWorld(World):
    """A world whose supervisor gives a silent keeper two seconds."""

    command = ("tests.support.impatient", "up")


@dataclass(frozen=True)
class Fault:
    """One fault: `during` begins it and ends it around its block."""

    during: Callable[[World], object]
    says: str
    """What the log must tell."""
    drops: frozenset[str] = frozenset()
    """Reasons for which it may drop captures."""
    cuts: bool = False
    """Exchanges in flight are cut when it begins: the process that relays them is killed."""
    needs_mount: bool = False
    keeps_rows: bool = True
    """The rows of before are still there afterwards."""


@dataclass
class Seen:
    """What a fault did."""

    name: str
    requests: int = 0
    failed: list[str] = field(default_factory=list)
    p99_before: float = 0.0
    p99_during: float = 0.0
    worst: float = 0.0
    """Milliseconds, as the two before it."""
    told: bool = False
    dropped: dict[str, int] = field(default_factory=dict)
    without_gap: int = 0
    """Dropped exchanges that no gap record tells."""
    unaccounted: int = 0
    """Exchanges that the clients saw and the counters did not, or the other way round."""
    missing_rows: int = 0
    recovered: float = 0.0
    """Seconds from the fault's end until everything was stored."""
    health: str = ""
    """What `/healthz` and `/readyz` answered while it lasted, and the gauge of the store."""


# The faults


@contextmanager
def locked(world: World) -> Iterator[None]:
    """Another process holds the write lock."""
    with closing(sqlite3.connect(world.database, isolation_level=None, timeout=30)) as database:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("ROLLBACK")


@contextmanager
def full(world: World) -> Iterator[None]:
    """Something else fills the disk."""
    ballast = world.data / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(65536))
    yield
    ballast.unlink()


@contextmanager
def read_only(world: World) -> Iterator[None]:
    """The file system is made read-only, which it can only be while no file is open for writing:
    the keeper is killed until that is so."""
    for _ in range(100):
        world.kill("keeper")
        if _mount("-o", "remount,ro", str(world.data)):
            break
    else:
        raise AssertionError("the file system could not be made read-only")
    yield
    assert _mount("-o", "remount,rw", str(world.data))


@contextmanager
def deleted(world: World) -> Iterator[None]:
    """Somebody deletes the database and what belongs to it."""
    for suffix in ("", "-wal", "-shm"):
        world.database.with_name(world.database.name + suffix).unlink(missing_ok=True)
    yield


@contextmanager
def newer(world: World) -> Iterator[None]:
    """The next keeper finds a schema of the future."""
    with closing(sqlite3.connect(world.database, timeout=30)) as database:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        database.execute("PRAGMA user_version = 9999")
        world.kill("keeper")
        yield
        database.execute(f"PRAGMA user_version = {version}")


@contextmanager
def corrupt(world: World) -> Iterator[None]:
    """The next keeper finds something else where the database was; later it is put back."""
    aside = world.data / "aside"
    _stopped_keeper(world, lambda: _swap(world, aside))
    yield
    _stopped_keeper(world, lambda: aside.rename(world.database))


@contextmanager
def killed(world: World) -> Iterator[None]:
    """`kill -9` of the keeper."""
    world.kill("keeper")
    yield


@contextmanager
def stalled(world: World) -> Iterator[None]:
    """The keeper is stopped and does not go on by itself."""
    world.kill("keeper", signal.SIGSTOP)
    yield


@contextmanager
def crash_loop(world: World) -> Iterator[None]:
    """Every keeper is killed as soon as it is seen, five times at least."""
    for _ in range(5):
        world.kill("keeper")
        time.sleep(0.2)
    yield
    world.kill("keeper")


@contextmanager
def worker_killed(world: World) -> Iterator[None]:
    """`kill -9` of the worker: the supervisor keeps the listening sockets."""
    pid = world.kill("worker")
    world.replaced("worker", pid)
    yield


def _swap(world: World, aside: Path) -> None:
    for suffix in ("-wal", "-shm"):
        with closing(sqlite3.connect(world.database)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        world.database.with_name(world.database.name + suffix).unlink(missing_ok=True)
    world.database.rename(aside)
    world.database.write_bytes(b"no database" * 1000)


def _stopped_keeper(world: World, change: Callable[[], object]) -> None:
    """Change files while no keeper has them open: the supervisor, stopped, starts none."""
    assert world.process is not None
    os.kill(world.process.pid, signal.SIGSTOP)
    try:
        pid = world.kill("keeper")
        wait_until(lambda: _is_zombie(pid), "the keeper ends")
        change()
    finally:
        os.kill(world.process.pid, signal.SIGCONT)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def _mount(*arguments: str) -> bool:
    ended = subprocess.run(["mount", *arguments], capture_output=True, check=False)
    return ended.returncode == 0


NOT_NOW: Final = "cannot be written now"
NOT_OPEN: Final = "cannot be opened"
FAULTS: Final[dict[str, Fault]] = {
    "database locked by another process": Fault(locked, NOT_NOW),
    "disk full": Fault(full, NOT_NOW, needs_mount=True),
    "data folder read-only": Fault(read_only, NOT_OPEN, needs_mount=True),
    "schema of the future": Fault(newer, NOT_OPEN),
    "database corrupt": Fault(corrupt, NOT_OPEN),
    "keeper killed": Fault(killed, "keeper ended by SIGKILL"),
    "keeper stopped (SIGSTOP)": Fault(stalled, "made no progress"),
    "keeper crash-loops": Fault(crash_loop, "keeper ended by SIGKILL"),
    "worker killed": Fault(
        worker_killed, "worker 1 ended by SIGKILL", drops=frozenset({"worker_died"}), cuts=True
    ),
    "database deleted": Fault(deleted, "", keeps_rows=False),
}


# The run


def run(folder: Path, seconds: float, names: list[str] | None = None) -> list[Seen]:
    """Let the faults happen, each for so many seconds."""
    data = folder / "data"
    data.mkdir()
    # Room for all of the rows: about 500 KB a second.
    size = f"size={64 + round(2 * seconds * len(FAULTS))}m,mode=0700"
    mounted = _mount("-t", "tmpfs", "-o", size, "wiretrail-test", str(data))
    try:
        with Partner() as service, ImpatientWorld(data, service) as world:
            return [
                _suffer(world, name, fault, seconds)
                for name, fault in FAULTS.items()
                if (mounted or not fault.needs_mount) and (names is None or name in names)
            ]
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(data)], check=False)


def _suffer(world: World, name: str, fault: Fault, seconds: float) -> Seen:
    seen = Seen(name)
    before = world.settled()
    log_before = len(world.log.read_text())
    gaps_before = _gaps(world)
    rows_before = len(world.rows())
    with Load(world.webhook, clients=_CLIENTS, pause=_PAUSE_SECONDS) as load:
        load.wait_for(50)
        time.sleep(seconds)
        begun = time.monotonic()
        with fault.during(world):  # type: ignore[attr-defined]
            time.sleep(seconds / 2)
            seen.health = _health(world)
            time.sleep(seconds / 2)
            seen.told = _is_told(world, fault, log_before)
        ended = time.monotonic()
        load.wait_for(50, seconds=30)
    wait_until(lambda: _is_settled(world) and writable(world), "it recovers", seconds=120)
    seen.recovered = time.monotonic() - ended
    after = world.settled()
    seen.requests, seen.failed = load.succeeded + len(load.failed), load.failed
    seen.p99_before = _percentile([took for at, took in load.times if at < begun], 0.99)
    during = [took for at, took in load.times if begun <= at <= ended]
    seen.p99_during, seen.worst = _percentile(during, 0.99), max(during, default=0.0) * 1000
    changed = {key: int(after.get(key, 0) - before.get(key, 0)) for key in after}
    seen.dropped = {
        key: count
        for key, count in changed.items()
        if count and key not in ("seen", "stored", "in_flight")
    }
    lost = sum(seen.dropped.values())
    if fault.keeps_rows:
        with suppress(AssertionError):
            wait_until(lambda: _gaps(world) - gaps_before == lost, "gaps are told", seconds=10)
        seen.without_gap = lost - (_gaps(world) - gaps_before)
    # A client whose connection was cut cannot know whether its request was seen.
    seen.unaccounted = max(0, abs(changed["seen"] - load.succeeded) - len(load.failed))
    rows = len(world.rows())
    # Where the file was deleted: those of the last batches are in the new one.
    least = rows_before + changed["stored"] if fault.keeps_rows else 50
    seen.missing_rows = max(0, least - rows)
    return seen


def _is_told(world: World, fault: Fault, log_before: int) -> bool:
    """Whether the log tells it; waits for that, because a keeper takes its time to start."""
    with suppress(AssertionError):
        wait_until(lambda: fault.says in world.log.read_text()[log_before:], fault.says)
        return True
    return False


def _gaps(world: World) -> int:
    """Exchanges that gap records tell of."""
    with closing(sqlite3.connect(f"file:{world.database}?mode=ro", uri=True)) as database:
        (count,) = database.execute("SELECT coalesce(sum(count), 0) FROM gaps").fetchone()
    return int(count)


def _is_settled(world: World) -> bool:
    """Whether nothing is in flight; the accounts must add up at any time."""
    found = world.counters()
    drops = sum(v for k, v in found.items() if k not in ("seen", "stored", "in_flight"))
    assert found["seen"] == found["stored"] + drops + found["in_flight"], found
    return found["in_flight"] == 0


def writable(world: World) -> bool:
    """Whether the last batch could be written, as `/metrics` tells."""
    return "wiretrail_store_writable 1.0" in _get(world, "/metrics")[1]


def _health(world: World) -> str:
    found = {path: _get(world, path) for path in ("/healthz", "/readyz", "/metrics")}
    gauge = "wiretrail_store_writable "
    state = found["/metrics"][1].partition(f"\n{gauge}")[2].partition("\n")[0] or "?"
    return f"{found['/healthz'][0]}, {found['/readyz'][0]}, writable {state}"


def _get(world: World, path: str) -> tuple[str, str]:
    try:
        with urllib.request.urlopen(world.api + path, timeout=0.5) as answer:
            return str(answer.status), answer.read().decode()
    except urllib.error.HTTPError as error:
        return str(error.code), ""
    except OSError:
        return "none", ""


def _percentile(times: list[float], share: float) -> float:
    """In milliseconds."""
    if not times:
        return 0.0
    return sorted(times)[min(len(times) - 1, int(len(times) * share))] * 1000


def table(found: list[Seen]) -> str:
    """The outcome as Markdown."""
    lines = [
        "| fault | requests | failed | p99 before, during, added (ms) | longest | dropped"
        " | missing rows | recovers in | healthz, readyz, gauge |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in found:
        added = one.p99_during - one.p99_before
        dropped = ", ".join(f"{count} {reason}" for reason, count in one.dropped.items()) or "0"
        lines.append(
            f"| {one.name} | {one.requests} | {len(one.failed)}"
            f" | {one.p99_before:.1f}, {one.p99_during:.1f}, {added:+.1f} | {one.worst:.0f}"
            f" | {dropped} | {one.missing_rows} | {one.recovered:.1f} s | {one.health} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each fault lasts")
    parser.add_argument("--only", action="append", choices=list(FAULTS))
    arguments = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="wiretrail-faults-"))
    try:
        print(table(run(place, arguments.seconds, arguments.only)))
    finally:
        shutil.rmtree(place, ignore_errors=True)
