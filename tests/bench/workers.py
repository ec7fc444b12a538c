"""Two workers beside one: throughput, who gets which connections, and what a lost one costs.

    python -m tests.bench.workers [--seconds 3] [--rounds 3] [--workers 1,2]

Load generator, upstream and keeper want cores too: with two cores, two workers share what one
has nearly to itself. So the second table leaves the cores to the workers, as far as it goes: wrk
and nginx, which need little, exchanges with forty header fields, which cost a worker much, and a
keeper that is held meanwhile (its rows are counted afterwards). What a core for each worker would
give is told beside it: the CPU of one worker for an exchange, to that of the busier one of two.
"""

import argparse
import contextlib
import os
import resource
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.floods import accounts
from tests.bench.peers.ground import cpu_seconds, processes
from tests.bench.relay import SCRIPT, leaf, process, wait_for, wrk
from tests.support.load import Load
from tests.support.ports import free_port
from tests.support.processes import family
from tests.support.sidecar import Sidecar

_CLIENTS: Final = (2, 4, 16)
_ESTABLISHED: Final = "01"
_FIELDS: Final = 40


def workers_of(sidecar: Sidecar) -> list[int]:
    """Process ids of a sidecar's workers."""
    assert sidecar.process is not None
    return [
        pid
        for pid in processes(sidecar.process.pid)
        if "proxy.worker" in Path(f"/proc/{pid}/cmdline").read_text()
    ]


def connections(pid: int, port: int) -> int:
    """How many client connections to a local port a process holds."""
    inodes = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[1].rpartition(":")[2], 16) == port and fields[3] == _ESTABLISHED:
            inodes.add(f"socket:[{fields[9]}]")
    held = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            held += os.readlink(entry) in inodes
    return held


@dataclass(frozen=True)
class Seen:
    """What a run of wrk showed; CPU in seconds."""

    requests: int
    rate: float
    all_cpu: float
    workers_cpu: list[float]
    wrk_cpu: float
    shares: list[int]
    """Client connections of each worker in the middle of the run."""

    @property
    def each(self) -> float:
        """Microseconds of all processes for a request."""
        return self.all_cpu / self.requests * 1e6

    @property
    def busiest(self) -> float:
        """Microseconds of the busiest worker for a request to any of them."""
        return max(self.workers_cpu) / self.requests * 1e6


def measure(sidecar: Sidecar, port: int, clients: int, seconds: float, script: Path) -> Seen:
    """One run of wrk."""
    assert sidecar.process is not None
    pids, workers = processes(sidecar.process.pid), workers_of(sidecar)
    shares: list[int] = []

    def look() -> None:
        time.sleep(seconds / 2)
        shares.extend(connections(pid, port) for pid in workers)

    looking = threading.Thread(target=look)
    before, each = cpu_seconds(pids), [cpu_seconds([pid]) for pid in workers]
    ours = resource.getrusage(resource.RUSAGE_CHILDREN)
    looking.start()
    got = wrk(port, seconds, clients, script)
    looking.join()
    theirs = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Seen(
        int(got["requests"]),
        got["rate"],
        cpu_seconds(pids) - before,
        [cpu_seconds([pid]) - was for pid, was in zip(workers, each, strict=True)],
        theirs.ru_utime + theirs.ru_stime - ours.ru_utime - ours.ru_stime,
        sorted(shares),
    )


@contextlib.contextmanager
def held(pid: int) -> Iterator[None]:
    """The process does nothing while the block runs."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def settled(sidecar: Sidecar) -> dict[str, int]:
    """The accounts once nothing is in flight."""
    deadline = time.monotonic() + 120
    while (counted := accounts(sidecar))["in_flight"]:
        if time.monotonic() > deadline:
            raise SystemExit(f"not settled: {counted}")
        time.sleep(0.1)
    return counted


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[tuple[int, int]]:
    """An upstream that answers with 1 KB and forty header fields; its port and process."""
    port = free_port()
    fields = "".join(f"add_header X-Field-{n} value-of-field-{n};\n" for n in range(_FIELDS))
    config = folder / "nginx.conf"
    config.write_text(
        f"""daemon off; master_process off; pid {folder}/nginx.pid; error_log /dev/null crit;
        events {{ worker_connections 1024; }}
        http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {folder}/body;
        server {{ listen 127.0.0.1:{port}; {fields} default_type application/json;
        location / {{ return 200 '{{"items": "{"x" * 1000}"}}'; }} }} }}"""
    )
    with process("nginx", "-c", str(config), "-e", "/dev/null") as started:
        wait_for(port)
        yield port, started.pid


def alone(made: dict[int, tuple[Sidecar, int]], server: int, given: argparse.Namespace) -> None:
    """The second table."""
    folder = next(iter(made.values()))[0].data.parent
    script = folder / "fields.lua"
    script.write_text(
        SCRIPT
        + f"for n = 1, {_FIELDS} do "
        + 'wrk.headers["X-Field-" .. n] = "value-of-field-" .. n end\n'
    )
    print(f"\n{_FIELDS} header fields each way, keeper held:\n")
    print("| workers | clients | requests/s | worker us | busiest us | wrk, nginx us | of each |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for clients in _CLIENTS:
        rounds: dict[int, list[tuple[Seen, float]]] = {}
        for _ in range(given.rounds):
            for count, (sidecar, port) in made.items():
                assert sidecar.process is not None
                before = cpu_seconds([server])
                with held(family(sidecar.process.pid)["keeper"]):
                    got = measure(sidecar, port, clients, given.seconds, script)
                used = got.wrk_cpu + cpu_seconds([server]) - before
                rounds.setdefault(count, []).append((got, used / got.requests * 1e6))
                settled(sidecar)
        found: dict[int, tuple[float, float]] = {}
        for count, rows in rounds.items():
            rate = statistics.median(got.rate for got, _ in rows)
            # The least: whatever else runs on the machine makes it more.
            mine = min(sum(got.workers_cpu) / got.requests * 1e6 for got, _ in rows)
            busiest = min(got.busiest for got, _ in rows)
            others = min(used for _, used in rows)
            shares = ", ".join(" + ".join(map(str, got.shares)) for got, _ in rows)
            found[count] = rate, busiest
            print(
                f"| {count} | {clients} | {rate:,.0f} | {mine:.0f} | {busiest:.0f} | {others:.0f} "
                f"| {shares} |",
                flush=True,
            )
        one, most = found[min(found)], found[max(found)]
        print(
            f"{max(found)} workers to {min(found)}, {clients} clients: {most[0] / one[0]:.2f} "
            f"times the throughput here, {one[1] / most[1]:.2f} times with a core for each",
            flush=True,
        )
    for count, (sidecar, _) in made.items():
        counted = settled(sidecar)
        dropped = sum(value for name, value in counted.items() if name.startswith("dropped"))
        print(f"{count}: {counted['seen']} exchanges, {counted['stored']} rows, {dropped} dropped")


def lose(sidecar: Sidecar, port: int, number: int) -> str:
    """What clients see when a signal comes, on kept connections: to a worker when it is SIGKILL,
    else to the supervisor."""
    assert sidecar.process is not None
    load = Load(f"http://127.0.0.1:{port}/hook", clients=8)
    with load:
        load.wait_for(500)
        kill = number == signal.SIGKILL
        os.kill(workers_of(sidecar)[0] if kill else sidecar.process.pid, number)
        load.wait_for(3000, 60)
    return f"{load.succeeded} answered, {len(load.failed)} failed {sorted(set(load.failed))}"


def start(
    stack: contextlib.ExitStack, data: Path, count: int, upstream: int
) -> tuple[Sidecar, int]:
    """A sidecar with so many workers before an upstream, and its port."""
    port = free_port()
    incoming = f"127.0.0.1:{port}=http://127.0.0.1:{upstream}"
    sidecar = Sidecar(
        data,
        *("--incoming", incoming, "--workers", str(count)),
        env={"WIRETRAIL_LIMITS_QUEUE_BYTES": "512MB"},
    )
    return stack.enter_context(sidecar), port


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", default="1,2")
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        script = folder / "post.lua"
        script.write_text(SCRIPT)
        plain, tls = free_port(), free_port()
        upstream = str(Path(__file__).with_name("upstream.py"))
        certificate = str(leaf(folder / "upstream"))
        stack.enter_context(process(sys.executable, upstream, str(plain), str(tls), certificate))
        wait_for(plain)
        counts = [int(count) for count in given.workers.split(",")]
        made = {count: start(stack, folder / f"data{count}", count, plain) for count in counts}
        print("| workers | clients | requests/s | CPU us/request | connections of each |")
        print("| --- | --- | --- | --- | --- |")
        for clients in _CLIENTS:
            rounds: dict[int, list[Seen]] = {}
            for _ in range(given.rounds):
                for count, (sidecar, port) in made.items():
                    got = measure(sidecar, port, clients, given.seconds, script)
                    rounds.setdefault(count, []).append(got)
            for count, rows in rounds.items():
                rate = statistics.median(row.rate for row in rows)
                used = statistics.median(row.each for row in rows)
                shares = ", ".join(" + ".join(map(str, row.shares)) for row in rows)
                print(f"| {count} | {clients} | {rate:,.0f} | {used:.0f} | {shares} |", flush=True)
        if shutil.which("nginx") is None:
            print("\nnginx is not there: no second table")
        else:
            behind, server = stack.enter_context(nginx(folder))
            alone(
                {count: start(stack, folder / f"more{count}", count, behind) for count in counts},
                server,
                given,
            )
        sidecar, port = made[max(made)]
        print(f"\nreload (SIGHUP): {lose(sidecar, port, signal.SIGHUP)}")
        print(f"a worker killed (SIGKILL): {lose(sidecar, port, signal.SIGKILL)}")


if __name__ == "__main__":
    main()
