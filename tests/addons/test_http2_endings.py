"""How one stream or one upstream connection of HTTP/2 ends, and that nothing else ends with it."""

import asyncio
import gc
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import RequestReceived, StreamReset
from mitmproxy.proxy.layers.http import _http2

from addons.handover import FlowLayer
from addons.settings import ConnectTo, Deadlines
from store.activity import ErrorCode
from tests.addons.relay_world import OK, World, read_request, upstream, world
from tests.faults.h2_client import Ask, Got, H2Client, connect
from tests.support.certificates import Authority
from tests.support.ports import free_port

HOST = "api.test"


class Moody(asyncio.Protocol):
    """`/refused` is reset before the head; with `/leave` the connection takes no more streams,
    and the streams up to the one before are answered afterwards, as `/wait` is."""

    made: list["Moody"]

    def __init__(self) -> None:
        self.made.append(self)
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="latin-1"))
        self.waiting: list[int] = []
        self.resets: list[int] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.h2.initiate_connection()
        transport.write(self.h2.data_to_send())

    def data_received(self, data: bytes) -> None:
        for event in self.h2.receive_data(data):
            if isinstance(event, RequestReceived):
                self._take(event.stream_id, dict(event.headers)[":path"])
            elif isinstance(event, StreamReset):
                self.resets.append(int(event.error_code))
        self.transport.write(self.h2.data_to_send())

    def _take(self, stream: int, path: str) -> None:
        if path == "/wait":
            self.waiting.append(stream)
        elif path == "/refused":
            self.h2.reset_stream(stream, ErrorCodes.ENHANCE_YOUR_CALM)
        elif path == "/leave":
            self.transport.write(self.h2.data_to_send())
            last = (stream - 2).to_bytes(4)
            self.transport.write(b"\0\0\x08\x07\0\0\0\0\0" + last + bytes(4))
            for each in self.waiting:
                self._answer(each)
        else:
            self._answer(stream)

    def _answer(self, stream: int) -> None:
        self.h2.send_headers(stream, [(":status", "200")])
        self.h2.send_data(stream, b"hello", end_stream=True)


async def _ask(client: H2Client, *paths: str) -> list[Got]:
    async with asyncio.timeout(10):
        return (await client.ask(HOST, [Ask(path) for path in paths]))[-len(paths) :]


@asynccontextmanager
async def stage(
    folder: Path, port: int, authority: Authority, connect: float = 10.0
) -> AsyncIterator[World]:
    where = ConnectTo(host=HOST, port=443, address="127.0.0.1", address_port=port)
    deadlines = Deadlines(connect=connect, answer_head=None, idle=None)
    async with world(
        folder, upstream_ca=authority.file, connect_to=(where,), deadlines=deadlines
    ) as w:
        yield w


async def client_of(w: World) -> H2Client:
    trust = ssl.create_default_context(cafile=str(w.ca))
    return await connect(HOST, w.forward, trust, proxied=True)


@asynccontextmanager
async def listening(authority: Authority, port: int = 0) -> AsyncIterator[tuple[int, list[Moody]]]:
    made: list[Moody] = []
    kind = type("MoodyHere", (Moody,), {"made": made})
    tls = authority.server_context(HOST, alpn=("h2",))
    server = await asyncio.get_running_loop().create_server(kind, "127.0.0.1", port, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1], made
    finally:
        server.close()
        for each in made:
            each.transport.abort()


async def test_goaway_ends_only_what_is_not_served(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with listening(authority) as (port, made), stage(tmp_path, port, authority) as w:
        client = await client_of(w)
        one, two, refused = await _ask(client, "/wait", "/wait", "/leave")
        (later,) = await _ask(client, "/")
        captures = await w.sink.wait(4)
        client.writer.close()
    assert [(got.end, bytes(got.body)) for got in (one, two, later)] == [("whole", b"hello")] * 3
    assert (refused.end, refused.reset, refused.heads) == ("reset", ErrorCodes.REFUSED_STREAM, [])
    assert len(made) == 2
    ends = sorted(str(capture.error_code) for capture in captures)
    assert ends == ["None", "None", "None", str(ErrorCode.RESET)]


async def test_resets_are_passed_on_with_their_codes(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with listening(authority) as (port, made), stage(tmp_path, port, authority) as w:
        client = await client_of(w)
        (refused,) = await _ask(client, "/refused")
        stream = client.start_unread(HOST, "/wait")
        await client.writer.drain()
        while not made[0].waiting:  # noqa: ASYNC110 - another server's state
            await asyncio.sleep(0.01)
        client.h2.reset_stream(stream, ErrorCodes.CANCEL)
        (later,) = await _ask(client, "/")
        captures = await w.sink.wait(3)
        client.writer.close()
    assert (refused.end, refused.reset) == ("reset", ErrorCodes.ENHANCE_YOUR_CALM)
    assert made[0].resets == [ErrorCodes.CANCEL]
    assert later.end == "whole"
    assert [(c.error_code, c.response_status, c.proxy_status) for c in captures] == [
        (ErrorCode.RESET, None, None),
        (ErrorCode.CLIENT_CLOSED, None, None),
        (None, 200, None),
    ]


async def test_an_upstream_that_comes_back_is_asked_again(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    port = free_port()
    async with stage(tmp_path, port, authority) as w:
        client = await client_of(w)
        (before,) = await _ask(client, "/")
        async with listening(authority, port):
            (after,) = await _ask(client, "/")
        client.writer.close()
    assert (dict(before.heads[0])[":status"], dict(after.heads[0])[":status"]) == ("502", "200")


async def test_a_wrong_certificate_is_told_as_such(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    tls = authority.server_context("other.test", alpn=("h2",))
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0, ssl=tls)
    async with server, stage(tmp_path, server.sockets[0].getsockname()[1], authority) as w:
        client = await client_of(w)
        (got,) = await _ask(client, "/")
        (capture,) = await w.sink.wait(1)
        client.writer.close()
    assert dict(got.heads[0])[":status"] == "502"
    assert capture.error_code == ErrorCode.TLS_UPSTREAM


async def test_a_handshake_that_stalls_ends_its_streams_in_time(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with upstream(silent) as server, stage(tmp_path, server.port, authority, 0.2) as w:
        client = await client_of(w)
        answers = await _ask(client, "/", "/")
        captures = await w.sink.wait(2)
        assert w.relay.connections == 1
        client.writer.close()
    assert [dict(got.heads[0])[":status"] for got in answers] == ["504", "504"]
    ends = [(capture.error_code, capture.proxy_status) for capture in captures]
    assert ends == [(ErrorCode.CONNECT_TIMEOUT, 504)] * 2


async def test_what_has_ended_is_forgotten(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)
        await reader.read()

    async with listening(authority) as (port, _), stage(tmp_path, port, authority) as w:
        client = await client_of(w)
        for _ in range(6):
            await _ask(client, *["/"] * 90)
        gc.collect()
        (upstream_side,) = (o for o in gc.get_objects() if isinstance(o, _http2.Http2Client))
        (client_side,) = (o for o in gc.get_objects() if isinstance(o, _http2.Http2Server))
        assert max(len(upstream_side.our_stream_id), len(client_side.streams)) < 400
        client.writer.close()
        del upstream_side, client_side
    folder = tmp_path / "second"
    folder.mkdir()
    plain = authority.server_context(HOST)
    async with upstream(script, plain) as server, stage(folder, server.port, authority) as w:
        client = await client_of(w)
        for _ in range(100):
            await _ask(client, "/")
        layers = [o for o in gc.get_objects() if isinstance(o, FlowLayer) and o.streams is not None]
        assert max(len(layer.connections) for layer in layers) < 70
        client.writer.close()
