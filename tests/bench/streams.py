"""Streams through a real sidecar beside the same directly: `python -m tests.bench.streams`.

How much later each event comes, 500 idle streams that wake at once, 200 MB each way with the
memory of each process, a reader that stops. The clocks of all processes are one.
"""

import argparse
import asyncio
import contextlib
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.certificates import Authority
from tests.support.ports import free_port
from tests.support.processes import family, watched
from tests.support.sidecar import ROOT, Sidecar

HOST: Final = "stream.test"
KINDS: Final = ("sse", "ndjson", "chunked", "until-close")
WAYS: Final = ("direct", "reverse", "forward", "TLS direct", "TLS")


@dataclass
class Stage:
    """Where everything listens."""

    plain: int
    tls: int
    grpc: int
    reverse: int
    sidecar: Sidecar
    authority: Authority

    async def connect(self, way: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the peer."""
        port = {
            "direct": self.plain,
            "reverse": self.reverse,
            "TLS direct": self.tls,
        }.get(way, self.sidecar.forward_port)
        trust = self.authority.file if way == "TLS direct" else self.sidecar.ca
        secure = ssl.create_default_context(cafile=str(trust)) if "TLS" in way else None
        if way != "TLS":
            return await asyncio.open_connection(
                "127.0.0.1", port, ssl=secure, server_hostname=HOST if secure else None
            )
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        assert secure is not None
        await writer.start_tls(secure, server_hostname=HOST)
        return reader, writer

    async def ask(
        self, way: str, target: str, more: str = "", method: str = "GET"
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A request on a connection of its own; the reader stands behind the answer's head."""
        reader, writer = await self.connect(way)
        where = f"http://127.0.0.1:{self.plain}{target}" if way == "forward" else target
        writer.write(f"{method} {where} HTTP/1.1\r\nHost: {HOST}\r\n{more}\r\n".encode())
        if not more:
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head[:40]
        return reader, writer


@contextlib.contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """A sidecar and a peer."""
    authority = Authority(folder)
    plain, tls, grpc, reverse = (free_port() for _ in range(4))
    command = [sys.executable, "-m", "tests.bench.stream_peer"]
    with (
        subprocess.Popen(
            [*command, str(plain), str(tls), str(grpc), str(authority.leaf(HOST))],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        ) as peer,
        Sidecar(
            folder / "data",
            f"--incoming=127.0.0.1:{reverse}=http://127.0.0.1:{plain}",
            f"--upstream-ca={authority.file}",
            f"--connect-to={HOST}:443=127.0.0.1:{tls}",
            f"--connect-to={HOST}:444=127.0.0.1:{grpc}",
        ) as sidecar,
    ):
        assert peer.stdout is not None
        peer.stdout.readline()
        try:
            yield Stage(plain, tls, grpc, reverse, sidecar, authority)
        finally:
            peer.terminate()


def told(line: bytes) -> int | None:
    """The time that a line of a stream tells."""
    digits = line.strip().removeprefix(b"data: ").removeprefix(b'{"t": ').rstrip(b"}")
    return int(digits) if digits.isdigit() and len(digits) > 8 else None


async def delays(running: Stage, way: str, kind: str, count: int) -> list[float]:
    """Milliseconds from sending to reading of each event."""
    reader, writer = await running.ask(way, f"/events?kind={kind}&n={count}&every=20")
    found = []
    while len(found) < count and (line := await reader.readline()):
        now = time.monotonic_ns()
        sent = told(line)
        if sent is not None:
            found.append((now - sent) / 1e6)
    writer.close()
    assert len(found) == count, f"{len(found)} of {count} events"
    return found


async def grpc_delays(running: Stage, way: str, count: int) -> list[float]:
    """The same for a gRPC stream."""
    import grpc.aio

    proxied = way == "TLS"
    trust = running.sidecar.ca if proxied else running.authority.file
    made = grpc.ssl_channel_credentials(trust.read_bytes())
    options = [("grpc.ssl_target_name_override", HOST)]
    if proxied:
        options = [("grpc.http_proxy", running.sidecar.proxy)]
    where = f"{HOST}:444" if proxied else f"127.0.0.1:{running.grpc}"
    async with grpc.aio.secure_channel(where, made, options) as channel:
        call = channel.unary_stream("/bench.Events/Stream")(b"%d" % count)
        return [(time.monotonic_ns() - int(sent)) / 1e6 async for sent in call]


async def idle(running: Stage, way: str, count: int, seconds: float) -> tuple[list[float], float]:
    """Open idle streams, wake all; delays of their second event, and the slowest answer that
    somebody else got meanwhile, in ms."""
    opened = [await running.ask(way, "/idle") for _ in range(count)]
    for reader, _ in opened:
        await reader.readuntil(b"\n\n")
    slowest = 0.0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        slowest = max(slowest, await answer_ms(running, way))
        await asyncio.sleep(0.02)

    async def second(reader: asyncio.StreamReader) -> float:
        while (sent := told(await reader.readline())) is None:
            pass
        return (time.monotonic_ns() - sent) / 1e6

    waiting = [asyncio.create_task(second(reader)) for reader, _ in opened]
    await running.ask("direct", "/wake")
    found = await asyncio.gather(*waiting)
    for _, writer in opened:
        writer.close()
    return found, slowest


async def answer_ms(running: Stage, way: str) -> float:
    """How long a short exchange takes, on a new connection."""
    begun = time.perf_counter()
    reader, writer = await running.ask(way, "/")
    await reader.readexactly(2)
    writer.close()
    return (time.perf_counter() - begun) * 1000


async def download(running: Stage, way: str, size: int) -> float:
    """Seconds for a body of this size."""
    begun = time.perf_counter()
    reader, writer = await running.ask(way, f"/bytes?n={size}")
    got = 0
    while got < size and (data := await reader.read(1 << 18)):
        got += len(data)
    writer.close()
    assert got == size, f"{got} of {size} bytes"
    return time.perf_counter() - begun


async def upload(running: Stage, way: str, size: int) -> float:
    """Seconds for a request's body of this size."""
    begun = time.perf_counter()
    more = f"Content-Length: {size}\r\n"
    reader, writer = await running.ask(way, "/bytes", more, "POST")
    block = b"0" * (1 << 16)
    for _ in range(size // len(block)):
        writer.write(block)
        await writer.drain()
    answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200"), answer[:40]
    assert int(await reader.readexactly(len(str(size)))) == size
    writer.close()
    return time.perf_counter() - begun


@contextlib.asynccontextmanager
async def stalled_reader(running: Stage, way: str, size: int) -> AsyncIterator[None]:
    """A client that asks for a large body and reads nothing of it."""
    _, writer = await running.ask(way, f"/bytes?n={size}")
    writer.transport.pause_reading()
    await asyncio.sleep(2)
    yield
    writer.transport.abort()


async def flooded(running: Stage) -> int:
    """How much of the latest large body the peer could write."""
    reader, writer = await running.ask("direct", "/flooded")
    data = await reader.read(20)
    writer.close()
    return int(data)


async def measure(running: Stage, arguments: argparse.Namespace) -> None:
    assert running.sidecar.process is not None
    processes = family(running.sidecar.process.pid)
    parts = {"delays": events, "idle": wakes, "bodies": bodies, "stalled": stalls}
    for name in arguments.only.split(","):
        await parts[name](running, arguments, processes)
        print(flush=True)


type Processes = dict[str, int]


async def events(running: Stage, arguments: argparse.Namespace, _: Processes) -> None:
    print("| stream | way | p50 ms | p99 ms | slowest ms |\n| --- | --- | --- | --- | --- |")
    for kind in KINDS:
        for way in WAYS:
            show(kind, way, await delays(running, way, kind, arguments.events))
    for way in ("TLS direct", "TLS"):
        show("gRPC", way, await grpc_delays(running, way, arguments.events))


async def wakes(running: Stage, arguments: argparse.Namespace, processes: Processes) -> None:
    """The ways in turn, several times; the medians."""
    rows: dict[str, list[tuple[float, float, float, float]]] = {way: [] for way in WAYS}
    for _ in range(arguments.rounds):
        for way in WAYS:
            with watched(processes) as growth:
                found, slowest = await idle(running, way, arguments.idle, 1)
            middle, last = statistics.median(found), max(found)
            rows[way].append((middle, last, slowest, growth.of("worker")))
    print("| idle streams | way | wake: p50 ms | slowest | others' slowest answer | worker + MB |")
    print("| --- | --- | --- | --- | --- | --- |")
    for way, seen in rows.items():
        middle, last, slowest, _ = (statistics.median(column) for column in zip(*seen, strict=True))
        grown = max(row[3] for row in seen)
        cells = f"{middle:.1f} | {last:.1f} | {slowest:.1f} | {grown:.1f}"
        print(f"| {arguments.idle} | {way} | {cells} |")


async def bodies(running: Stage, arguments: argparse.Namespace, processes: Processes) -> None:
    print("| body | way | seconds | worker + MB | keeper + MB |\n| --- | --- | --- | --- | --- |")
    size = arguments.megabytes << 20
    for name, move in (("down", download), ("up", upload)):
        for way in WAYS:
            with watched(processes) as growth:
                seconds = await move(running, way, size)
            grown = f"{growth.of('worker'):.1f} | {growth.of('keeper'):.1f}"
            print(f"| {arguments.megabytes} MB {name} | {way} | {seconds:.2f} | {grown} |")


async def stalls(running: Stage, arguments: argparse.Namespace, processes: Processes) -> None:
    print("| a reader that stops | upstream could write MB | others' slowest ms | worker + MB |")
    print("| --- | --- | --- | --- |")
    for way in WAYS:
        with watched(processes) as growth:
            async with stalled_reader(running, way, arguments.megabytes << 20):
                slowest = max([await answer_ms(running, way) for _ in range(50)])
                wrote = await flooded(running) / 1e6
        print(f"| {way} | {wrote:.1f} | {slowest:.1f} | {growth.of('worker'):.1f} |")


def show(kind: str, way: str, found: list[float]) -> None:
    ordered = sorted(found)
    middle, most = ordered[len(ordered) // 2], ordered[-1]
    print(
        f"| {kind} | {way} | {middle:.2f} | {ordered[int(len(ordered) * 0.99)]:.2f} | {most:.2f} |"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100)
    parser.add_argument("--idle", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--only", default="delays,idle,bodies,stalled")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, stage(Path(name)) as ready:
        asyncio.run(measure(ready, given))
