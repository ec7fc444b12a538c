"""What an exchange costs the keeper: a real keeper process, fed over the real link.

    python -m tests.bench.keeper [--seconds 10] [--rounds 3] [--rate N] [--against TREE]

Captures of 1 KB + 1 KB JSON come as fast as the keeper acknowledges them (or `--rate` a
second), the table grows, and everything is kept: redaction, indexes, rollups, `synchronous=FULL`.
CPU is what the kernel counts for the keeper's process, all threads. With `--against` the keeper
of another checkout takes turns with ours, so that only the code differs.

Prints Markdown. Fails when rows are missing.
"""

import argparse
import asyncio
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from proxy.accounting import CounterBlock
from proxy.config import Config
from proxy.control import BoundAddress, KeeperStart, ParentEnd, Ready, Stop
from proxy.keeper.vitals import Vitals
from proxy.link.sender import LinkSender
from proxy.listening import listen_unix
from store.capture import Capture
from store.identity import activity_id
from tests.bench.captures import WORKLOADS, Workload

ROOT: Final = Path(__file__).parents[2]
_IN_FLIGHT: Final = 3_000
_TICK: Final = os.sysconf("SC_CLK_TCK")


class Keeper:
    """A keeper process of the source tree `tree`, over a data folder of its own."""

    def __init__(self, tree: Path, data: Path) -> None:
        self.link = data / "link"
        self.link.unlink(missing_ok=True)
        data.mkdir(exist_ok=True)
        self._listener = listen_unix(self.link)
        self.counters = CounterBlock.create()
        self._vitals = Vitals.create()
        self._api = socket.create_server(("127.0.0.1", 0))
        self.address = "{}:{}".format(*self._api.getsockname())
        self.database = data / "activity.db"
        ours, theirs = socket.socketpair()
        descriptors = (
            self._listener.fileno(),
            self.counters.descriptor,
            self._vitals.descriptor,
            self._api.fileno(),
        )
        with theirs:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", "proxy.keeper"),
                    *("--control", str(theirs.fileno())),
                ],
                pass_fds=[theirs.fileno(), *descriptors],
                env=os.environ | {"PYTHONPATH": str(tree)},
                cwd=tree,
                stdin=subprocess.DEVNULL,
            )
        self._control = ParentEnd(ours)
        self._control.send(self._start(data, descriptors))

    def _start(self, data: Path, descriptors: tuple[int, ...]) -> KeeperStart:
        host, port = self._api.getsockname()
        return KeeperStart(
            config=Config(data=str(data)),
            link_fd=descriptors[0],
            counters_fd=descriptors[1],
            vitals_fd=descriptors[2],
            api=BoundAddress(name="api", direction="api", host=host, port=port, fd=descriptors[3]),
            listeners=(),
            runtime=str(data),
            run_started=0,
            first=True,
        )

    async def ready(self) -> None:
        """Wait until it takes captures."""
        while True:
            heard = self._control.receive()
            if heard is None or self._process.poll() is not None:
                raise SystemExit("the keeper did not start")
            if any(isinstance(message, Ready) for message in heard):
                return
            await asyncio.sleep(0.05)

    def cpu(self) -> float:
        """Seconds of CPU so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def resident(self) -> float:
        """Megabytes in memory."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def stop(self) -> None:
        """Let it write what it has and end."""
        self._control.send(Stop(grace=0.0))
        self._process.wait(60)
        self._control.close()
        self._listener.close()
        self._api.close()

    def rows(self) -> int:
        """Final rows of the stopped keeper's store."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as database:
            (count,) = database.execute(
                "SELECT count(*) FROM integration_activity_log WHERE status <> 'started'"
            ).fetchone()
        database.close()
        return int(count)


class Exchange(NamedTuple):
    """An exchange as the sender wants it."""

    id: bytes

    def started(self) -> Capture:
        """Exchanges of this benchmark end at once."""
        raise NotImplementedError


class Round(NamedTuple):
    """What one keeper did."""

    exchanges: int
    seconds: float
    cpu_us: float
    resident_mb: float

    @property
    def rate(self) -> float:
        """Exchanges a second."""
        return self.exchanges / self.seconds


async def feed(keeper: Keeper, workload: Workload, seconds: float, rate: float | None) -> Round:
    """Hand captures over for so long, and wait until all are settled."""
    slot = keeper.counters.assign(set())
    sender = LinkSender(str(keeper.link), slot, keeper.counters.worker(slot))
    await sender.start()
    await keeper.ready()
    source = captures(workload)
    await hand_over(sender, source, 500)
    await settled(keeper)
    begun, cpu, sent, flown = time.monotonic(), keeper.cpu(), 0, 0
    while (passed := time.monotonic() - begun) < seconds:
        room = _IN_FLIGHT - flown
        if rate is not None:
            room = min(room, int(rate * passed) - sent)
        if room > 50:
            await hand_over(sender, source, room)
            sent += room
        await asyncio.sleep(0.002)
        flown = keeper.counters.read().in_flight if sent else 0
    await settled(keeper)
    took = time.monotonic() - begun
    done = Round(sent, took, (keeper.cpu() - cpu) / sent * 1e6, keeper.resident())
    await sender.close()
    keeper.stop()
    if keeper.counters.read().stored != sent + 500 or keeper.rows() != sent + 500:
        raise SystemExit(f"{keeper.rows()} rows of {sent + 500}: {keeper.counters.read()}")
    return done


async def settled(keeper: Keeper) -> None:
    """Wait until nothing is in flight."""
    while keeper.counters.read().in_flight:  # noqa: ASYNC110 - another process counts
        await asyncio.sleep(0.002)


async def hand_over(sender: LinkSender, source: Iterator[Capture], count: int) -> None:
    """Open and close so many exchanges."""
    for _ in range(count):
        capture = next(source)
        exchange = Exchange(capture.id)
        sender.opened(exchange)
        sender.closed(exchange, capture)


def captures(workload: Workload) -> Iterator[Capture]:
    """Copies of a workload's captures, with ids and times of now. The workload is made at once:
    a quarter of a second, in which nothing would be sent."""
    return _copies(list(workload()))


def _copies(kept: Sequence[Capture]) -> Iterator[Capture]:
    while True:
        for capture in kept:
            now = time.time_ns() // 1_000_000
            yield msgspec.structs.replace(
                capture, id=activity_id(now), created_at=now, completed_at=now + 2
            )


def main() -> None:
    """Command line."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--seconds", type=float, default=10.0)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--rate", type=float, help="exchanges a second; default: all it takes")
    arguments.add_argument("--against", type=Path, help="another checkout to take turns with")
    arguments.add_argument("--workload", choices=sorted(WORKLOADS), action="append")
    given = arguments.parse_args()
    trees = {"this tree": ROOT}
    if given.against is not None:
        trees[str(given.against)] = given.against.resolve()
    print("| keeper | workload | CPU µs an exchange | exchanges/s | resident MB |")
    print("| --- | --- | --- | --- | --- |")
    for name in given.workload or sorted(WORKLOADS):
        rounds: dict[str, list[Round]] = {tree: [] for tree in trees}
        for _ in range(given.rounds):
            for tree, path in trees.items():
                with tempfile.TemporaryDirectory() as folder:
                    keeper = Keeper(path, Path(folder) / "data")
                    done = asyncio.run(feed(keeper, WORKLOADS[name], given.seconds, given.rate))
                rounds[tree].append(done)
        for tree, results in rounds.items():
            cpu = statistics.median(one.cpu_us for one in results)
            rate = statistics.median(one.rate for one in results)
            memory = max(one.resident_mb for one in results)
            print(f"| {tree} | {name} | {cpu:.1f} | {rate:,.0f} | {memory:.0f} |")


if __name__ == "__main__":
    main()
