"""What the sidecar adds to a request at a steady rate, while it is asked for a lot.

    python -m tests.bench.latency DIR [--rows 1000000] [--rate 200] [--seconds 15]

A sidecar over a store of so many rows (seeded into DIR, used again), an upstream, and requests
that go to it alternately direct and through the sidecar, each at `--rate`, on kept connections.
Phases: nothing else; an export of every row, again and again; a query that finds nothing among
all rows, again and again. Prints medians and 99th percentiles, and what the sidecar adds.
"""

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from store.data_folder import DataFolder
from tests.bench.load import request
from tests.bench.relay import leaf, process, wait_for
from tests.bench.seed import Past, seed
from tests.support.ports import free_port
from tests.support.sidecar import Sidecar

_CONNECTIONS: Final = 8
_PHASES: Final = {
    "alone": "",
    "export of all rows": "/api/v1/activities/export?format=ndjson&since=3650d",
    "a word that is nowhere": "/api/v1/activities?q=zyzzyva&since=3650d",
    "a trace that does not exist": f"/api/v1/activities?trace_id={'ab' * 16}",
}


class Kept(asyncio.Protocol):
    """A kept connection; `ask` gives the seconds that one answer took."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answered: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._answered is not None and self._buffer.endswith(b"]}"):
            self._answered.set_result(None)
            self._answered = None

    async def ask(self, message: bytes) -> float:
        """Send a request, wait for the end of its answer."""
        self._buffer = b""
        self._answered = answered = asyncio.get_running_loop().create_future()
        begun = time.perf_counter()
        self._transport.write(message)  # type: ignore[attr-defined]
        await answered
        took = time.perf_counter() - begun
        if not self._buffer.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"an answer that is not 200: {self._buffer[:60]!r}")
        return took


class Pool:
    """Kept connections to one port, and how long each answer took."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: asyncio.Queue[Kept] = asyncio.Queue()
        self._message = request(f"127.0.0.1:{port}", close=False)
        self.times: list[float] = []

    async def connect(self) -> None:
        """Open the connections."""
        for _ in range(_CONNECTIONS):
            loop = asyncio.get_running_loop()
            _, kept = await loop.create_connection(Kept, "127.0.0.1", self._port)
            self._idle.put_nowait(kept)

    async def ask(self) -> None:
        """One request; waiting for an idle connection counts."""
        begun = time.perf_counter()
        kept = await self._idle.get()
        waited = time.perf_counter() - begun
        self.times.append(waited + await kept.ask(self._message))
        self._idle.put_nowait(kept)


async def steady(ports: tuple[int, int], rate: float, seconds: float) -> list[list[float]]:
    """Requests at a steady rate to both ports in turn; the times of each, sorted."""
    pools = [Pool(port) for port in ports]
    for pool in pools:
        await pool.connect()
        await pool.ask()
        pool.times.clear()
    step = 1.0 / rate / len(pools)
    due = time.perf_counter()
    asked: set[asyncio.Task[None]] = set()
    for number in range(round(rate * seconds) * len(pools)):
        due += step
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(pools[number % len(pools)].ask())
        asked.add(task)
        task.add_done_callback(asked.discard)
    async with asyncio.timeout(30):
        await asyncio.gather(*asked)
    return [sorted(pool.times) for pool in pools]


# In a process of its own: what it costs to read must not show in the times.
_ASK: Final = """
import os, sys, urllib.error, urllib.request
wanted = urllib.request.Request(sys.argv[1], headers={"Authorization": os.environ["ASK"]})
while True:
    try:
        with urllib.request.urlopen(wanted, timeout=600) as answer:
            while answer.read(1 << 20):
                pass
    except urllib.error.HTTPError as error:
        if error.code not in (429, 503, 504):
            raise
"""


@contextlib.contextmanager
def asking(sidecar: Sidecar, path: str) -> Iterator[None]:
    """Ask the API for `path` again and again meanwhile."""
    if not path:
        yield
        return
    environment = os.environ | {"ASK": f"Bearer {sidecar.admin_token}"}
    started = subprocess.Popen([sys.executable, "-c", _ASK, sidecar.api + path], env=environment)
    try:
        yield
        if started.poll() is not None:
            raise SystemExit(f"{path} cannot be asked")
    finally:
        started.kill()
        started.wait()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--seconds", type=float, default=15.0)
    given = parser.parse_args()
    data = DataFolder(given.folder / f"rows-{given.rows}").ensure()
    if not data.activity_db.exists():
        now = int(time.time() * 1000)
        seed(data.activity_db, Past(given.rows, 90, now, 1, 3, light=True), 5_000)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        plain, tls, reverse = free_port(), free_port(), free_port()
        script = str(Path(__file__).with_name("upstream.py"))
        certificate = str(leaf(folder / "upstream"))
        stack.enter_context(process(sys.executable, script, str(plain), str(tls), certificate))
        wait_for(plain)
        incoming = f"127.0.0.1:{reverse}=http://127.0.0.1:{plain}"
        sidecar = stack.enter_context(Sidecar(data.path, "--incoming", incoming))
        print("| meanwhile | direct p50 / p99 ms | through p50 / p99 ms | added p50 / p99 ms |")
        print("| --- | --- | --- | --- |")
        asyncio.run(steady((plain, reverse), given.rate, 2.0))
        for name, path in _PHASES.items():
            with asking(sidecar, path):
                times = asyncio.run(steady((plain, reverse), given.rate, given.seconds))
            report(name, times)


def report(name: str, times: list[list[float]]) -> None:
    """One line of the table."""
    (direct50, direct99), (through50, through99) = (
        (each[len(each) // 2] * 1e3, each[int(len(each) * 0.99)] * 1e3) for each in times
    )
    print(
        f"| {name} | {direct50:.2f} / {direct99:.2f} | {through50:.2f} / {through99:.2f} "
        f"| {through50 - direct50:.2f} / {through99 - direct99:.2f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
