"""A client of HTTP/2 that shows everything: heads, bodies, trailers, resets, by stream."""

import asyncio
import ssl
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    InformationalResponseReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)

type Fields = list[tuple[str, str]]


@dataclass
class Ask:
    """One request."""

    path: str
    method: str = "GET"
    fields: Fields = field(default_factory=list)
    body: bytes | None = None
    trailers: Fields = field(default_factory=list)


@dataclass
class Got:
    """Its answer, so far."""

    heads: list[Fields] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    trailers: Fields = field(default_factory=list)
    end: str = ""
    reset: int | None = None
    """Code of the reset that ended it."""


def _fields(headers: object) -> Fields:
    hop = ("date", "connection", "keep-alive", "transfer-encoding")
    return [(n, v) for n, v in headers if n not in hop]  # type: ignore[attr-defined]


class H2Client:
    """On a connection that is open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.h2 = H2Connection(H2Configuration(header_encoding="latin-1"))
        self.h2.initiate_connection()
        self.h2.increment_flow_control_window(1 << 30)
        self.answers: dict[int, Got] = {}
        self.unread: dict[int, int] = {}
        """Streams that are not read: bytes that were not acknowledged."""
        self.before = 0
        """Bytes that came of such streams."""

    def start_unread(self, host: str, path: str) -> int:
        """Ask for something and do not read it; gives the stream."""
        stream = self.h2.get_next_available_stream_id()
        head = [(":method", "GET"), (":scheme", "https"), (":authority", host), (":path", path)]
        self.h2.send_headers(stream, head, end_stream=True)
        self.writer.write(self.h2.data_to_send())
        self.unread[stream] = 0
        return stream

    async def read(self, stream: int) -> Got:
        """Read one after all."""
        got = self.answers.setdefault(stream, Got())
        self.h2.acknowledge_received_data(self.unread.pop(stream), stream)
        while not got.end:
            self.writer.write(self.h2.data_to_send())
            self._take(await self.reader.read(1 << 18), {})
        return got

    async def ask(self, host: str, asks: list[Ask]) -> list[Got]:
        """All at once; returns when every stream has ended."""
        bodies: dict[int, tuple[bytes, Fields]] = {}
        for each in asks:
            stream = self.h2.get_next_available_stream_id()
            head = [(":method", each.method), (":scheme", "https"), (":authority", host)]
            bare = each.body is None and not each.trailers
            self.h2.send_headers(stream, [*head, (":path", each.path), *each.fields], bare)
            self.answers[stream] = Got()
            if not bare:
                bodies[stream] = (each.body or b"", each.trailers)
        while bodies or not all(got.end for got in self.answers.values()):
            for stream in list(bodies):
                self._send(stream, bodies)
            self.writer.write(self.h2.data_to_send())
            data = await self.reader.read(1 << 18)
            if not data:
                break
            self._take(data, bodies)
        return list(self.answers.values())

    def _send(self, stream: int, bodies: dict[int, tuple[bytes, Fields]]) -> None:
        body, trailers = bodies[stream]
        room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
        piece, rest = body[:room], body[room:]
        if rest and not room:
            return
        if piece or not trailers:
            self.h2.send_data(stream, piece, end_stream=not rest and not trailers)
        if rest:
            bodies[stream] = (rest, trailers)
            self.writer.write(self.h2.data_to_send())
            self._send(stream, bodies)
            return
        if trailers:
            self.h2.send_headers(stream, trailers, end_stream=True)
        del bodies[stream]

    def _take(self, data: bytes, bodies: dict[int, tuple[bytes, Fields]]) -> None:
        for event in self.h2.receive_data(data):
            number = getattr(event, "stream_id", 0) or 0
            got = self.answers.get(number, Got())
            if number in self.unread and isinstance(event, DataReceived):
                self.unread[number] += event.flow_controlled_length
                self.before += len(event.data)
                continue
            match event:
                case ResponseReceived() | InformationalResponseReceived():
                    got.heads.append(_fields(event.headers))
                case DataReceived():
                    got.body += event.data
                    length = event.flow_controlled_length
                    self.h2.acknowledge_received_data(length, event.stream_id)
                case TrailersReceived():
                    got.trailers = _fields(event.headers)
                case StreamEnded():
                    got.end = "whole"
                case StreamReset():
                    got.end = "reset"
                    got.reset = int(event.error_code)
                    bodies.pop(event.stream_id, None)
                case ConnectionTerminated():
                    bodies.clear()
                    for other in self.answers.values():
                        other.end = other.end or "connection ended"


async def connect(host: str, port: int, trust: ssl.SSLContext, *, proxied: bool) -> H2Client:
    """A connection with TLS; `proxied`: the port is a forward proxy's."""
    trust.set_alpn_protocols(["h2"])
    if not proxied:
        pair = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname=host)
        return H2Client(*pair)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    await writer.start_tls(trust, server_hostname=host)
    return H2Client(reader, writer)
