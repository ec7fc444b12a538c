"""A small HTTP/2 server on h2, enough for one answer a stream with trailers. `/silent` is never
answered, the answer of `/stops` never ends."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded


@dataclass
class H2Partner:
    """Where it listens, and the request heads and bodies that it read, by stream."""

    port: int = 0
    heads: list[list[tuple[bytes, bytes]]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


class _Connection(asyncio.Protocol):
    def __init__(self, partner: H2Partner, answer: bytes, trailers: list[tuple[str, str]]) -> None:
        self.partner = partner
        self.answer = answer
        self.trailers = trailers
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        self.streams: dict[int, bytearray] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.h2.initiate_connection()
        transport.write(self.h2.data_to_send())

    def data_received(self, data: bytes) -> None:
        for event in self.h2.receive_data(data):
            if isinstance(event, RequestReceived):
                self.partner.heads.append([(bytes(n), bytes(v)) for n, v in event.headers])
                self.streams[event.stream_id] = bytearray()
            elif isinstance(event, DataReceived):
                self.streams[event.stream_id] += event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, StreamEnded):
                self.partner.bodies.append(bytes(self.streams[event.stream_id]))
                self._answer(event.stream_id)
        self.transport.write(self.h2.data_to_send())

    def _answer(self, stream: int) -> None:
        path = dict(self.partner.heads[-1])[b":path"]
        if path == b"/silent":
            return
        kind = "application/grpc" if self.trailers else "text/plain"
        self.h2.send_headers(stream, [(":status", "200"), ("content-type", kind)])
        self.h2.send_data(stream, self.answer, end_stream=not self.trailers and path != b"/stops")
        if self.trailers and path != b"/stops":
            self.h2.send_headers(stream, self.trailers, end_stream=True)


@asynccontextmanager
async def h2_partner(
    tls: ssl.SSLContext | None,
    answer: bytes = b"hello",
    trailers: list[tuple[str, str]] | None = None,
) -> AsyncIterator[H2Partner]:
    """The server, for as long as the block runs."""
    partner = H2Partner()
    loop = asyncio.get_running_loop()
    made: list[_Connection] = []

    def connection() -> _Connection:
        made.append(_Connection(partner, answer, trailers or []))
        return made[-1]

    server = await loop.create_server(connection, "127.0.0.1", 0, ssl=tls)
    partner.port = server.sockets[0].getsockname()[1]
    try:
        yield partner
    finally:
        server.close()
        for each in made:
            if hasattr(each, "transport"):  # else its handshake was broken off
                each.transport.abort()
