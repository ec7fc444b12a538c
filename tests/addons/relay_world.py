"""A relay with real sockets around it: scripted upstreams, raw clients, a sink that collects."""

import asyncio
import socket
import ssl
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from addons.relay_server import RelayServer
from addons.settings import ConnectTo, Deadlines, Limits, Listener, RelaySettings, Route
from addons.sink import OpenExchange
from store.activity import Direction
from store.capture import Capture
from tests.support.certificates import Authority

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

type Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class ListSink:
    """Collects captures; `commit` answers what it was told to."""

    def __init__(self) -> None:
        self.seen = 0
        self.captures: list[Capture] = []
        self.committed: list[Capture] = []
        self.dropped: list[str] = []
        self.commits = True
        self.commit_gate: asyncio.Event | None = None
        self._open: set[bytes] = set()
        self._changed = asyncio.Event()

    @property
    def in_flight(self) -> int:
        return len(self._open)

    def opened(self, exchange: OpenExchange) -> None:
        self.seen += 1
        self._open.add(exchange.id)

    def closed(self, exchange: OpenExchange, capture: Capture | None, reason: str = "") -> None:
        self._changed.set()
        # Raises when an exchange is closed twice or was never opened.
        self._open.remove(exchange.id)
        if capture is None:
            self.dropped.append(reason)
        else:
            self.captures.append(capture)

    async def commit(self, capture: Capture) -> bool:
        if self.commit_gate is not None:
            await self.commit_gate.wait()
        self.committed.append(capture)
        return self.commits

    async def wait(self, count: int) -> list[Capture]:
        """The captures, once there are `count` of them and none is in flight."""
        await self.settled(count)
        assert len(self.captures) == count
        assert not self.dropped
        return self.captures

    async def settled(self, count: int = 0) -> None:
        """Until there are so many captures, at least, and nothing is in flight."""
        async with asyncio.timeout(10):
            while len(self.captures) < count or self._open:
                self._changed.clear()
                await self._changed.wait()

    async def only(self) -> Capture:
        """The one capture."""
        return (await self.wait(1))[0]


@dataclass
class Upstream:
    """A scripted server and the bytes that each of its connections received."""

    port: int
    received: list[bytearray] = field(default_factory=list)

    @property
    def text(self) -> bytes:
        return b"".join(self.received)


class TeeReader(asyncio.StreamReader):
    """Keeps what it was fed."""

    def __init__(self, kept: bytearray) -> None:
        super().__init__(limit=1 << 22)
        self._kept = kept

    def feed_data(self, data: bytes) -> None:  # type: ignore[override]
        self._kept += data
        super().feed_data(data)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """One request with Content-Length or chunked framing; empty at the end of the stream."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    lower = head.lower()
    if b"transfer-encoding: chunked" in lower:
        body = b""
        while not body.endswith(b"0\r\n\r\n"):
            body += await reader.readuntil(b"\r\n")
            if body.endswith(b"\r\n0\r\n") or body == b"0\r\n":
                while not body.endswith(b"\r\n\r\n"):
                    body += await reader.readuntil(b"\r\n")
                break
        return head + body
    if b"content-length:" in lower:
        size = int(lower.partition(b"content-length:")[2].partition(b"\r\n")[0])
        return head + await reader.readexactly(size)
    return head


def answering(*answers: bytes) -> Script:
    """A script that gives the answers in turn, the last one again and again."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        at = 0
        while await read_request(reader):
            writer.write(answers[min(at, len(answers) - 1)])
            await writer.drain()
            at += 1

    return script


@asynccontextmanager
async def upstream(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[Upstream]:
    """A scripted server on loopback."""
    made = Upstream(0)
    tasks: set[asyncio.Task[None]] = set()
    writers: weakref.WeakSet[asyncio.StreamWriter] = weakref.WeakSet()
    loop = asyncio.get_running_loop()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def protocol() -> asyncio.StreamReaderProtocol:
        kept = bytearray()
        made.received.append(kept)

        async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            writers.add(writer)
            await serve(reader, writer)
            tasks.discard(task)

        return asyncio.StreamReaderProtocol(TeeReader(kept), run, loop=loop)

    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()  # closing in good order waits for the peer


def listening() -> socket.socket:
    """A listening socket on loopback."""
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    made.listen(128)
    return made


@dataclass
class World:
    """A running relay with one incoming and one forward listener."""

    relay: RelayServer
    sink: ListSink
    incoming: int
    forward: int
    ca: Path
    settings: RelaySettings
    clients: list[asyncio.StreamWriter] = field(default_factory=list)

    async def exchange(
        self, request: bytes, *, port: int | None = None, eof: bool = False
    ) -> bytes:
        """Send bytes to the incoming (or another) port, read until the relay closes."""
        reader, writer = await self.connect(port)
        try:
            writer.write(request)
            if eof:
                writer.write_eof()
            async with asyncio.timeout(10):
                return await reader.read(-1)
        except ConnectionResetError:
            return b""
        finally:
            writer.close()

    async def connect(
        self, port: int | None = None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A raw client connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port or self.incoming)
        self.clients.append(writer)
        return reader, writer


@asynccontextmanager
async def world(
    folder: Path,
    *routes: Route,
    incoming: dict[str, object] | None = None,
    forward: dict[str, object] | None = None,
    deadlines: Deadlines | None = None,
    limits: Limits | None = None,
    **settings: object,
) -> AsyncIterator[World]:
    """A relay in this event loop. `incoming` and `forward` are more settings of the listeners."""
    sink = ListSink()
    first, second = listening(), listening()
    both = deadlines or Deadlines(connect=5.0, request_head=5.0, answer_head=5.0, idle=5.0)
    made = RelaySettings(
        ca_dir=folder / "ca",
        own_addresses=(first.getsockname(), second.getsockname()),
        incoming_deadlines=both,
        outgoing_deadlines=both,
        limits=limits or Limits(),
        **settings,  # type: ignore[arg-type]
    )
    relay = RelayServer(made, sink)
    reverse = Listener(
        name="reverse",
        direction=Direction.INCOMING,
        routes=routes,
        **(incoming or {}),  # type: ignore[arg-type]
    )
    outgoing = Listener(name="forward", direction=Direction.OUTGOING, **(forward or {}))  # type: ignore[arg-type]
    await relay.start([(first, reverse), (second, outgoing)])
    running = World(
        relay,
        sink,
        first.getsockname()[1],
        second.getsockname()[1],
        folder / "ca" / "wiretrail-ca.pem",
        made,
    )
    try:
        yield running
        relay.recording.flush()
        assert not sink.in_flight, "an exchange was never closed"
    finally:
        await relay.stop(0.0)
        for writer in running.clients:
            writer.transport.abort()
        first.close()
        second.close()
        await asyncio.sleep(0)


def to(server: Upstream, **more: object) -> Route:
    """A route to a scripted upstream."""
    return Route(upstream=f"http://127.0.0.1:{server.port}", **more)  # type: ignore[arg-type]


def normal(wire: bytes) -> bytes:
    """Chunk borders may differ: pieces of a chunked body are joined."""
    head, _, body = wire.partition(b"\r\n\r\n")
    if b"chunked" not in head:
        return wire
    data = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        if int(size, 16) == 0:
            return head + b"|" + data + b"|" + body
        data, body = data + body[: int(size, 16)], body[int(size, 16) + 2 :]


def connect_to(host: str, port: int) -> ConnectTo:
    return ConnectTo(host=host, port=443, address="127.0.0.1", address_port=port)


async def tunnel(
    w: World, host: str, port: int = 443, *, trust: bool = True, extra: bytes = b""
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """CONNECT, then TLS with the relay, verified against its authority."""
    reader, writer = await w.connect(w.forward)
    writer.write(
        b"CONNECT %b:%d HTTP/1.1\r\nHost: %b\r\n%b\r\n"
        % (host.encode(), port, host.encode(), extra)
    )
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 200 Connection established\r\n\r\n"
    context = ssl.create_default_context(cafile=str(w.ca) if trust else None)
    await writer.start_tls(context, server_hostname=host)
    return reader, writer


@asynccontextmanager
async def tls_world(folder: Path, script: Script) -> AsyncIterator[tuple[World, Upstream]]:
    """A relay that reaches a scripted upstream with TLS as `api.test`, and that upstream."""
    authority = Authority(folder)
    async with (
        upstream(script, authority.server_context("api.test")) as server,
        world(
            folder, upstream_ca=authority.file, connect_to=(connect_to("api.test", server.port),)
        ) as w,
    ):
        yield w, server
