"""Two workers beside one: throughput, who gets which connections, and what a lost one costs.

    python -m tests.bench.workers [--seconds 3] [--rounds 3] [--workers 1,2]

Load generator, upstream and keeper want cores too: with two cores, two workers share what one
has nearly to itself, and CPU a request says more than requests a second.
"""

import argparse
import contextlib
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

from tests.bench.peers.ground import cpu_seconds, processes
from tests.bench.relay import SCRIPT, leaf, process, wait_for, wrk
from tests.support.load import Load
from tests.support.ports import free_port
from tests.support.sidecar import Sidecar

_CLIENTS: Final = (2, 4, 16)
_ESTABLISHED: Final = "01"


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


def measure(sidecar: Sidecar, port: int, clients: int, seconds: float, script: Path) -> list[str]:
    """Rate, CPU a request of all processes, and each worker's connections under load."""
    assert sidecar.process is not None
    pids, workers = processes(sidecar.process.pid), workers_of(sidecar)
    shares: list[int] = []

    def look() -> None:
        time.sleep(seconds / 2)
        shares.extend(connections(pid, port) for pid in workers)

    looking = threading.Thread(target=look)
    before = cpu_seconds(pids)
    looking.start()
    got = wrk(port, seconds, clients, script)
    looking.join()
    used = (cpu_seconds(pids) - before) / got["requests"] * 1e6
    return [f"{got['rate']:.0f}", f"{used:.0f}", " + ".join(map(str, sorted(shares)))]


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
        made: dict[int, tuple[Sidecar, int]] = {}
        for count in map(int, given.workers.split(",")):
            port = free_port()
            incoming = f"127.0.0.1:{port}=http://127.0.0.1:{plain}"
            sidecar = Sidecar(
                folder / f"data{count}", "--incoming", incoming, "--workers", str(count)
            )
            made[count] = (stack.enter_context(sidecar), port)
        print("| workers | clients | requests/s | CPU us/request | connections of each |")
        print("| --- | --- | --- | --- | --- |")
        for clients in _CLIENTS:
            rounds: dict[int, list[list[str]]] = {}
            for _ in range(given.rounds):
                for count, (sidecar, port) in made.items():
                    got = measure(sidecar, port, clients, given.seconds, script)
                    rounds.setdefault(count, []).append(got)
            for count, rows in rounds.items():
                rate, used = (statistics.median(int(row[at]) for row in rows) for at in (0, 1))
                shares = ", ".join(row[2] for row in rows)
                print(f"| {count} | {clients} | {rate:,.0f} | {used:.0f} | {shares} |", flush=True)
        sidecar, port = made[max(made)]
        print(f"\nreload (SIGHUP): {lose(sidecar, port, signal.SIGHUP)}")
        print(f"a worker killed (SIGKILL): {lose(sidecar, port, signal.SIGKILL)}")


if __name__ == "__main__":
    main()
