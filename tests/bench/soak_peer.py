"""A partner that answers by path, well or badly, as fast as Python can."""

import asyncio
import contextlib
import ssl
from pathlib import Path
from typing import Any, Final

import websockets

BODY: Final = b'{"id":"dev_1","items":[' + b'{"k":"value"},' * 60 + b"{}]}"
OK: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: 3f0c9e1a\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
)
EVENTS: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"9\r\ndata: 1\n\n\r\n" * 3
    + b"0\r\n\r\n"
)
LARGE: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000
REFUSAL: Final = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno"
ANSWERS: Final = {b"/ok": OK, b"/events": EVENTS, b"/large": LARGE, b"/refused": REFUSAL}
BROKEN: Final = {
    b"/silent": b"",
    b"/half": OK[:-100],
    b"/garbage": b"\x00garbage\r\n\r\n",
    b"/lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
}


class Peer(asyncio.Protocol):
    """Requests end with their head, or with the bytes that Content-Length tells."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        buffer = self.buffer + data
        while (end := buffer.find(b"\r\n\r\n")) >= 0:
            size = end + 4
            at = buffer.lower().find(b"content-length:", 0, end)
            if at >= 0:
                size += int(buffer[at + 15 : buffer.index(b"\r\n", at)])
            if len(buffer) < size:
                break
            path = buffer.split(b" ", 2)[1]
            buffer = buffer[size:]
            if path in BROKEN:
                self.transport.write(BROKEN[path])
                self.transport.close()
                return
            self.transport.write(ANSWERS[path])
        self.buffer = buffer


async def _echo(socket: websockets.ServerConnection) -> None:
    with contextlib.suppress(websockets.ConnectionClosed):
        async for message in socket:
            await socket.send(message)


def serve(plain: int, tls: int, sockets: int, leaf: Path) -> None:
    """Run on these ports until the process ends."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(leaf)
        await loop.create_server(Peer, "127.0.0.1", plain, backlog=1024)
        await loop.create_server(Peer, "127.0.0.1", tls, ssl=context, backlog=1024)
        async with websockets.serve(_echo, "127.0.0.1", sockets):
            await asyncio.Event().wait()

    asyncio.run(run())
