"""A partner that streams: events that tell when they were sent, idle streams that wake together,
large bodies. `python -m tests.bench.stream_peer PLAIN TLS GRPC LEAF`."""

import asyncio
import os
import ssl
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

BLOCK: Final = os.urandom(1 << 16)
TYPES: Final = {
    "sse": "text/event-stream",
    "ndjson": "application/x-ndjson",
    "chunked": "text/plain",
    "until-close": "text/plain",
}


def message(kind: str) -> bytes:
    """A message that tells its time."""
    now = time.monotonic_ns()
    if kind == "sse":
        return b"data: %d\n\n" % now
    return b'{"t": %d}\n' % now if kind == "ndjson" else b"%d\n" % now


class Peer:
    """Answers by path."""

    def __init__(self) -> None:
        self.wake = asyncio.Event()
        self.flooded = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._answer(head, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        target = urlsplit(head.split(b" ", 2)[1].decode())
        given = dict(parse_qsl(target.query))
        match target.path:
            case "/events":
                await self._events(writer, **given)
            case "/idle":
                writer.write(_head("Content-Type: text/event-stream", "Transfer-Encoding: chunked"))
                writer.write(_chunk(message("sse")))
                await self.wake.wait()
                writer.write(_chunk(message("sse")) + _chunk(b""))
            case "/wake":
                self.wake.set()
                self.wake = asyncio.Event()
                writer.write(_whole(b"woken"))
            case "/bytes" if head.startswith(b"POST"):
                length = int(head.lower().partition(b"content-length:")[2].split()[0])
                await _take(reader, length)
                writer.write(_whole(b"%d" % length))
            case "/bytes":
                await self._bytes(writer, int(given["n"]))
            case "/flooded":
                writer.write(_whole(b"%d" % self.flooded))
            case _:
                writer.write(_whole(b"ok"))
        await writer.drain()

    async def _events(self, writer: asyncio.StreamWriter, kind: str, n: str, every: str) -> None:
        framing = "Connection: close" if kind == "until-close" else "Transfer-Encoding: chunked"
        writer.write(_head(f"Content-Type: {TYPES[kind]}", framing))
        for _ in range(int(n)):
            await asyncio.sleep(int(every) / 1000)
            made = message(kind)
            writer.write(made if kind == "until-close" else _chunk(made))
            await writer.drain()
        if kind == "until-close":
            writer.close()
        else:
            writer.write(_chunk(b""))

    async def _bytes(self, writer: asyncio.StreamWriter, size: int) -> None:
        writer.write(_head(f"Content-Length: {size}"))
        self.flooded = 0
        while self.flooded < size:
            block = BLOCK[: size - self.flooded]
            writer.write(block)
            await writer.drain()
            self.flooded += len(block)


def _head(*fields: str) -> bytes:
    return ("HTTP/1.1 200 OK\r\n" + "".join(f"{f}\r\n" for f in fields) + "\r\n").encode()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _whole(data: bytes) -> bytes:
    return _head(f"Content-Length: {len(data)}") + data


async def _take(reader: asyncio.StreamReader, size: int) -> None:
    while size:
        data = await reader.read(min(size, 1 << 18))
        if not data:
            return
        size -= len(data)


async def grpc_server(port: int, pem: bytes) -> Any:
    """`/bench.Events/Stream`: as many messages as the request says, every 20 ms."""
    import grpc.aio

    async def stream(request: bytes, context: Any) -> AsyncIterator[bytes]:
        for _ in range(int(request)):
            await asyncio.sleep(0.02)
            yield b"%d" % time.monotonic_ns()

    handler = grpc.unary_stream_rpc_method_handler(stream)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("bench.Events", {"Stream": handler})]
    )
    key, _, chain = pem.partition(b"-----BEGIN CERTIFICATE-----")
    made = grpc.ssl_server_credentials([(key, b"-----BEGIN CERTIFICATE-----" + chain)])
    server.add_secure_port(f"127.0.0.1:{port}", made)
    await server.start()
    return server


async def main(plain: int, tls: int, grpc_port: int, leaf: Path, pem: bytes) -> None:
    peer = Peer()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf)
    await asyncio.start_server(peer.serve, "127.0.0.1", plain, backlog=1024)
    await asyncio.start_server(peer.serve, "127.0.0.1", tls, ssl=context, backlog=1024)
    running = await grpc_server(grpc_port, pem)
    print("ready", flush=True)
    await asyncio.Event().wait()
    await running.stop(None)


if __name__ == "__main__":
    ports = [int(port) for port in sys.argv[1:4]]
    certificate = Path(sys.argv[4])
    asyncio.run(main(*ports, certificate, certificate.read_bytes()))
