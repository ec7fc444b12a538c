"""Hostile clients against a real sidecar, and what they do to others:
`python -m tests.bench.floods --seconds 12 --connections 200`.

While each attack runs, well-behaved clients send webhooks; their latencies and failures are told
beside the memory of each process. At the end the accounts must be even.
"""

import argparse
import asyncio
import multiprocessing
import re
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.floods import ATTACKS, Force
from tests.support.ports import free_port
from tests.support.processes import cpu_seconds, descriptors, family, watched
from tests.support.sidecar import Sidecar


@dataclass
class Victims:
    """Well-behaved clients."""

    url: str
    took: list[float] = field(default_factory=list)
    """Seconds of each exchange."""
    failed: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self._stop.is_set():
            begun = time.perf_counter()
            try:
                with urllib.request.urlopen(self.url + "/hook", b"{}", timeout=10) as answer:
                    answer.read()
            except urllib.error.HTTPError as error:
                self.failed.append(str(error.code))
            except OSError as error:
                self.failed.append(type(error).__name__)
            self.took.append(time.perf_counter() - begun)
            time.sleep(0.01)

    @contextmanager
    def beside(self, count: int = 2) -> Iterator[None]:
        """They work while the block runs."""
        threads = [threading.Thread(target=self.run, daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(15)

    def percentile(self, part: float) -> float:
        """Milliseconds."""
        ordered = sorted(self.took)
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000


@dataclass(frozen=True)
class Harm:
    """What an attack did to others."""

    exchanges: int
    failed: list[str]
    p50_ms: float
    p99_ms: float
    worker_cpu: float
    """Part of one core."""
    keeper_cpu: float
    worker_mb: float
    keeper_mb: float


class _Service(asyncio.Protocol):
    """Answers at once and reads whatever comes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.answered = False

    def data_received(self, data: bytes) -> None:
        if not self.answered:
            assert isinstance(self.transport, asyncio.Transport)
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            self.answered = True


def _serve(port: int) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        await loop.create_server(_Service, "127.0.0.1", port, backlog=1024)
        await asyncio.Event().wait()

    asyncio.run(run())


def _strike(name: str, force: Force) -> None:
    async def run() -> None:
        await ATTACKS[name](force)

    asyncio.run(run())


def strike(sidecar: Sidecar, name: str, force: Force) -> Harm:
    """One attack, from a process of its own."""
    assert sidecar.process is not None
    victims = Victims(f"http://127.0.0.1:{force.port}")
    attacker = multiprocessing.get_context("spawn").Process(target=_strike, args=(name, force))
    processes = family(sidecar.process.pid)
    before = {name: cpu_seconds(pid) for name, pid in processes.items()}
    begun = time.monotonic()
    with watched(processes) as growth, victims.beside():
        attacker.start()
        attacker.join(force.seconds + 60)
        seconds = time.monotonic() - begun
    assert attacker.exitcode == 0, f"the attacker ended with {attacker.exitcode}"
    used = {name: (cpu_seconds(pid) - before[name]) / seconds for name, pid in processes.items()}
    return Harm(
        len(victims.took),
        victims.failed,
        victims.percentile(0.5),
        victims.percentile(0.99),
        used["worker"],
        used["keeper"],
        growth.of("worker"),
        growth.of("keeper"),
    )


def accounts(sidecar: Sidecar) -> dict[str, int]:
    """The counters that `/metrics` shows, drops by reason."""
    request = urllib.request.Request(
        sidecar.api + "/metrics", headers={"Authorization": f"Bearer {sidecar.admin_token}"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        text = answer.read().decode()
    found = {}
    for line in text.splitlines():
        match = re.fullmatch(
            r"wiretrail_exchanges_([a-z_]+?)(?:_total)?(\{.*\})? ([0-9.e+]+)", line
        )
        if match is not None:
            found[match[1] + (match[2] or "")] = int(float(match[3]))
    return found


@contextmanager
def attacked(folder: Path) -> Iterator[tuple[Sidecar, int]]:
    """A sidecar before a service with a route below `/hook`, and the port."""
    port, behind = free_port(), free_port()
    config = folder / "wiretrail.toml"
    config.write_text(
        f'[[incoming]]\nlisten = "127.0.0.1:{port}"\npath = "/hook"\n'
        f'upstream = "http://127.0.0.1:{behind}"\n'
    )
    service = multiprocessing.get_context("spawn").Process(target=_serve, args=(behind,))
    service.start()
    try:
        with Sidecar(folder / "data", f"--config={config}") as sidecar:
            yield sidecar, port
    finally:
        service.terminate()
        service.join()


def main(arguments: argparse.Namespace) -> None:
    print(
        "| attack | others' exchanges | failed | p50 ms | p99 ms "
        "| worker: CPU | + MB | keeper: CPU | + MB |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name, attacked(Path(name)) as (sidecar, port):
        assert sidecar.process is not None
        for attack in ATTACKS:
            if arguments.only not in attack:
                continue
            force = Force(port, arguments.seconds, arguments.connections)
            harm = strike(sidecar, attack, force)
            print(
                f"| {attack} | {harm.exchanges} | {len(harm.failed)} {set(harm.failed) or ''} | "
                f"{harm.p50_ms:.0f} | {harm.p99_ms:.0f} | {harm.worker_cpu:.0%} | "
                f"{harm.worker_mb:.1f} | {harm.keeper_cpu:.0%} | {harm.keeper_mb:.1f} |",
                flush=True,
            )
        time.sleep(5)
        print("accounts:", accounts(sidecar))
        worker = family(sidecar.process.pid)["worker"]
        print("descriptors of the worker:", descriptors(worker))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--only", default="")
    main(parser.parse_args())
