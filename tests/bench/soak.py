"""Many mixed exchanges with random faults through a real sidecar:
`python -m tests.bench.soak --exchanges 1000000`.

What the clients asked for must be what was seen, and rows = seen - dropped. Memory, descriptors
and threads of each process are told after the warm-up, at most, and at the end.
"""

import argparse
import asyncio
import contextlib
import multiprocessing
import random
import sqlite3
import ssl
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import websockets

from tests.bench.floods import accounts
from tests.bench.soak_peer import serve
from tests.support.certificates import Authority
from tests.support.ports import free_port
from tests.support.processes import descriptors, family, resident, threads
from tests.support.sidecar import Sidecar

HOST: Final = "soak.test"
KINDS: Final = {
    "reverse": 55, "forward": 12, "TLS": 14, "fresh TLS": 1, "events": 3, "large": 2,
    "WebSocket": 1, "refused": 3, "silent": 2, "half": 2, "garbage": 1, "lengths": 1,
    "nobody listens": 1, "malformed": 1, "leaves": 1,
}  # fmt: skip
JSON: Final = b'{"event":"ping","device":"dev_0001","reading":12345}'


@dataclass(frozen=True)
class Places:
    """Where the clients go."""

    reverse: int
    forward: int
    plain: int
    nobody: int
    ca: Path


@dataclass
class Client:
    """One client with a kept connection for each way."""

    places: Places
    trust: ssl.SSLContext
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)
    _kept: dict[str, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(
        default_factory=dict
    )

    async def run(self, count: int) -> None:
        kinds = self.chance.choices(list(KINDS), list(KINDS.values()), k=count)
        for kind in kinds:
            async with asyncio.timeout(60):
                with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                    await self._one(kind)
            self.done[kind] += 1
        for way in list(self._kept):
            self._drop(way)

    async def _one(self, kind: str) -> None:
        match kind:
            case "reverse" | "events" | "large" | "refused":
                path = {"reverse": "ok"}.get(kind, kind)
                await self._ask("reverse", f"/{path}")
            case "silent" | "half" | "garbage" | "lengths":
                self._drop("fault")
                await self._ask("fault", f"/{kind}")
            case "forward":
                await self._ask("forward", f"http://127.0.0.1:{self.places.plain}/ok")
            case "nobody listens":
                await self._ask("forward", f"http://127.0.0.1:{self.places.nobody}/ok")
            case "TLS":
                await self._ask("TLS", "/ok")
            case "fresh TLS":
                self._drop("TLS")
                await self._ask("TLS", "/ok")
            case "malformed":
                await self._raw(b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n")
            case "leaves":
                await self._raw(b"POST /ok HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab")
            case "WebSocket":
                url = f"ws://127.0.0.1:{self.places.reverse}/ws"
                async with websockets.connect(url, proxy=None) as socket:
                    for _ in range(3):
                        await socket.send("hello")
                        await socket.recv()

    async def _raw(self, data: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.places.reverse)
        writer.write(data)
        if data.endswith(b"\r\n\r\n"):
            await reader.read(-1)
        else:
            await writer.drain()
            await asyncio.sleep(0.05)
        writer.transport.abort()

    async def _connect(self, way: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        port = self.places.reverse if way in ("reverse", "fault") else self.places.forward
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        if way == "TLS":
            writer.write(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
            await writer.start_tls(self.trust, server_hostname=HOST)
        return reader, writer

    async def _ask(self, way: str, target: str) -> None:
        if way not in self._kept:
            self._kept[way] = await self._connect(way)
        reader, writer = self._kept[way]
        try:
            writer.write(
                f"POST {target} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(JSON)}\r\n\r\n".encode()
                + JSON
            )
            head = await reader.readuntil(b"\r\n\r\n")
            await _read_body(reader, head.lower())
            if b"connection: close" in head.lower():
                self._drop(way)
        except (ConnectionError, asyncio.IncompleteReadError):
            self._drop(way)

    def _drop(self, way: str) -> None:
        kept = self._kept.pop(way, None)
        if kept is not None:
            kept[1].transport.abort()


async def _read_body(reader: asyncio.StreamReader, head: bytes) -> None:
    if b"transfer-encoding: chunked" in head:
        while (await reader.readuntil(b"\r\n")) != b"0\r\n":
            pass
        await reader.readuntil(b"\r\n")
    elif b"content-length:" in head:
        await reader.readexactly(int(head.partition(b"content-length:")[2].split()[0]))


def work(places: Places, count: int, clients: int, seed: int, told: Any) -> None:
    """A process of clients; puts what they did into the queue `told`."""

    async def run() -> Counter[str]:
        trust = ssl.create_default_context(cafile=str(places.ca))
        made = [Client(places, trust, random.Random(seed * 1000 + n)) for n in range(clients)]
        await asyncio.gather(*(client.run(count // clients) for client in made))
        return sum((client.done for client in made), Counter())

    told.put(asyncio.run(run()))


@dataclass(frozen=True)
class Reading:
    """One look at a process."""

    megabytes: float
    descriptors: int
    threads: int


def look(processes: dict[str, int]) -> dict[str, Reading]:
    return {
        name: Reading(resident(pid) / 1e6, descriptors(pid), threads(pid))
        for name, pid in processes.items()
    }


@contextlib.contextmanager
def stage(folder: Path, keep: str) -> Iterator[tuple[Sidecar, Places]]:
    """A sidecar and a partner."""
    authority = Authority(folder)
    plain, tls, sockets, reverse, nobody = (free_port() for _ in range(5))
    leaf = authority.leaf(HOST)
    partner = multiprocessing.get_context("spawn").Process(
        target=serve, args=(plain, tls, sockets, leaf)
    )
    partner.start()
    config = folder / "wiretrail.toml"
    config.write_text(
        f'[[incoming]]\nlisten = "127.0.0.1:{reverse}"\nupstream = "http://127.0.0.1:{plain}"\n'
        f'[[incoming]]\nlisten = "127.0.0.1:{reverse}"\npath = "/ws"\n'
        f'upstream = "http://127.0.0.1:{sockets}"\n'
        f'[retention]\nkeep = "{keep}"\n'
    )
    try:
        with Sidecar(
            folder / "data",
            f"--config={config}",
            f"--upstream-ca={authority.file}",
            f"--connect-to={HOST}:443=127.0.0.1:{tls}",
        ) as sidecar:
            yield sidecar, Places(reverse, sidecar.forward_port, plain, nobody, sidecar.ca)
    finally:
        partner.terminate()
        partner.join()


def soak(sidecar: Sidecar, places: Places, arguments: argparse.Namespace) -> Counter[str]:
    """The load, with looks at the processes; returns what the clients did."""
    assert sidecar.process is not None
    processes = family(sidecar.process.pid)
    context = multiprocessing.get_context("spawn")
    told: Any = context.Queue()
    share = arguments.exchanges // arguments.processes
    workers = [
        context.Process(target=work, args=(places, share, arguments.clients, seed, told))
        for seed in range(arguments.processes)
    ]
    for worker in workers:
        worker.start()
    seen: list[tuple[int, dict[str, Reading]]] = []
    while any(worker.is_alive() for worker in workers):
        time.sleep(arguments.every)
        seen.append((accounts(sidecar)["seen"], look(processes)))
        worker_mb, keeper_mb = (seen[-1][1][n].megabytes for n in ("worker", "keeper"))
        file, wal = _sizes(sidecar)
        print(
            f"# {seen[-1][0]} worker {worker_mb:.1f} keeper {keeper_mb:.1f}"
            f" file {file:.0f} WAL {wal:.0f}",
            flush=True,
        )
        if told.qsize() == len(workers):
            break
    done: Counter[str] = sum((told.get() for _ in workers), Counter())
    time.sleep(5)
    seen.append((accounts(sidecar)["seen"], look(processes)))
    report(seen)
    return done


def _sizes(sidecar: Sidecar) -> tuple[float, float]:
    """Megabytes of the database and of its log."""
    names = (sidecar.database, sidecar.database.with_name(sidecar.database.name + "-wal"))
    file, wal = (name.stat().st_size / 1e6 if name.exists() else 0.0 for name in names)
    return file, wal


def report(seen: list[tuple[int, dict[str, Reading]]]) -> None:
    """The table; the first fifth is the warm-up."""
    warm = next(at for at, (count, _) in enumerate(seen) if count * 5 >= seen[-1][0])
    first, last = seen[warm], seen[-1]
    print("\n| process | MB: start | most | end | per 100,000 | descriptors | threads |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in last[1]:
        one, two = first[1][name], last[1][name]
        most = max(reading[name].megabytes for _, reading in seen)
        slope = (two.megabytes - one.megabytes) / max(1, last[0] - first[0]) * 100_000
        print(
            f"| {name} | {one.megabytes:.1f} | {most:.1f} | {two.megabytes:.1f} | {slope:+.2f} | "
            f"{one.descriptors} to {two.descriptors} | {one.threads} to {two.threads} |"
        )


def main(arguments: argparse.Namespace) -> int:
    with (
        tempfile.TemporaryDirectory() as name,
        stage(Path(name), arguments.keep) as (sidecar, places),
    ):
        begun = time.monotonic()
        done = soak(sidecar, places, arguments)
        seconds = time.monotonic() - begun
        counted = accounts(sidecar)
        dropped = sum(value for key, value in counted.items() if key.startswith("dropped"))
        with contextlib.closing(
            sqlite3.connect(f"file:{sidecar.database}?mode=ro", uri=True)
        ) as db:
            found = db.execute(
                "SELECT status, count(*) FROM integration_activity_log GROUP BY 1"
            ).fetchall()
    rows = sum(count for _, count in found)
    asked = sum(done.values())
    print(f"\n{asked} exchanges in {seconds:.0f} s: {dict(done.most_common())}")
    print(f"accounts: {counted}; rows: {rows}, {dict(found)}")
    even = asked == counted["seen"] == counted["stored"] + dropped
    if arguments.keep == "never":
        even = even and rows == counted["stored"]
    print("even" if even else "NOT EVEN")
    return 0 if even else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exchanges", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--keep", default="never", help="how long rows stay, e.g. 60s")
    parser.add_argument("--every", type=float, default=5.0)
    raise SystemExit(main(parser.parse_args()))
