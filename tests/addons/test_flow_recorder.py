"""What goes through mitmproxy's own layers: HTTP/2, gRPC, WebSocket. One correct row each."""

import asyncio
import ssl
from pathlib import Path

import httpx
import pytest
import websockets

from addons.settings import ConnectTo, Deadlines, Route
from store.activity import Direction, ErrorCode
from tests.addons.h2_partner import h2_partner
from tests.addons.relay_world import OK, World, read_request, upstream, world
from tests.support.certificates import Authority


def connect_to(host: str, port: int) -> ConnectTo:
    return ConnectTo(host=host, port=443, address="127.0.0.1", address_port=port)


def h2_client(w: World, *, both: bool = False) -> httpx.AsyncClient:
    context = ssl.create_default_context(cafile=str(w.ca))
    return httpx.AsyncClient(
        http2=True, http1=both, verify=context, proxy=f"http://127.0.0.1:{w.forward}"
    )


async def test_http2_both_sides(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with (
        h2_partner(authority.server_context("api.test", alpn=("h2",))) as partner,
        world(
            tmp_path, upstream_ca=authority.file, connect_to=(connect_to("api.test", partner.port),)
        ) as w,
    ):
        async with h2_client(w) as client:
            for number in range(2):
                answer = await client.post(
                    f"https://api.test/v2?n={number}",
                    content=b"hi",
                    headers={"X-Wiretrail-User": "bob", "X-Kept": "1"},
                )
                assert answer.http_version == "HTTP/2"
                assert answer.text == "hello"
        captures = await w.sink.wait(2)
    for number, capture in enumerate(captures):
        assert capture.direction is Direction.OUTGOING
        assert capture.http_version == "HTTP/2.0"
        assert (capture.scheme, capture.host, capture.port) == ("https", "api.test", 443)
        assert (capture.method, capture.target) == ("POST", f"/v2?n={number}")
        assert (capture.request_body, capture.response_body) == (b"hi", b"hello")
        assert (capture.response_status, capture.error_code) == (200, None)
        assert capture.claims is not None
        assert capture.claims.user == "bob"
    first, second = (capture.timing for capture in captures)
    assert None not in (first.connect, first.tls, first.send, first.wait, first.receive)
    assert (second.connect, second.tls) == (None, None)
    head = dict(partner.heads[0])
    assert head[b"x-kept"] == b"1"
    assert head[b":authority"] == b"api.test"
    assert not any(b"wiretrail" in name for name in head)


@pytest.mark.parametrize("alpn", ["h2", "http/1.1"])
async def test_a_deadline_ends_one_flow_and_not_its_connection(tmp_path: Path, alpn: str) -> None:
    authority = Authority(tmp_path)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await read_request(reader)
        if b"/fine" in head:
            writer.write(OK)
        elif b"/stops" in head:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok")
        await reader.read()

    tls = authority.server_context("api.test", alpn=(alpn,))
    partner = h2_partner(tls) if alpn == "h2" else upstream(silent, tls)
    deadlines = Deadlines(answer_head=0.5, idle=0.5)
    async with (
        partner as p,
        world(
            tmp_path,
            upstream_ca=authority.file,
            connect_to=(connect_to("api.test", p.port),),
            deadlines=deadlines,
        ) as w,
        h2_client(w) as client,
    ):
        late = await client.get("https://api.test/silent")
        assert (late.status_code, late.http_version) == (504, "HTTP/2")
        assert "mitm" not in late.text + str(late.headers)
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("https://api.test/stops")
        fine = await client.get("https://api.test/fine")
        assert fine.status_code == 200
        captures = await w.sink.wait(3)
        connections = w.relay.connections
    assert connections == 1
    assert [(c.error_code, c.response_status, c.proxy_status) for c in captures] == [
        (ErrorCode.UPSTREAM_TIMEOUT, None, 504),
        (ErrorCode.IDLE_TIMEOUT, 200, None),
        (None, 200, None),
    ]


async def test_client_that_offers_both_gets_http1(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with (
        h2_partner(authority.server_context("api.test", alpn=("h2", "http/1.1"))) as partner,
        world(
            tmp_path,
            upstream_ca=authority.file,
            connect_to=(connect_to("api.test", partner.port),),
            h2_hosts=("api.test",),
        ) as w,
    ):
        async with h2_client(w, both=True) as client:
            answer = await client.get("https://api.test/")
        await w.sink.only()
    assert answer.http_version == "HTTP/2", "the host is configured for it"


async def test_grpc_trailers_and_messages(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    message = b"\x00\x00\x00\x00\x03abc"
    async with (
        h2_partner(
            authority.server_context("grpc.test", alpn=("h2",)),
            message * 2,
            [("grpc-status", "5"), ("grpc-message", "gone")],
        ) as partner,
        world(
            tmp_path,
            upstream_ca=authority.file,
            connect_to=(connect_to("grpc.test", partner.port),),
        ) as w,
    ):
        async with h2_client(w) as client:
            await client.post(
                "https://grpc.test/pkg.Service/Call",
                content=message,
                headers={"Content-Type": "application/grpc", "TE": "trailers"},
            )
        capture = await w.sink.only()
    assert (b"grpc-status", b"5") in capture.response_trailers
    assert capture.stream is not None
    assert (capture.stream.kind, capture.stream.count) == ("grpc", 2)
    assert dict(partner.heads[0])[b"te"] == b"trailers"


async def test_http2_upstream_that_refuses(tmp_path: Path) -> None:
    async with world(tmp_path, connect_to=(connect_to("api.test", 1),)) as w:
        async with h2_client(w) as client:
            answer = await client.get("https://api.test/")
        capture = await w.sink.only()
    assert answer.status_code == 502
    assert "127.0.0.1" not in answer.text
    assert "mitm" not in answer.text
    assert capture.error_code == ErrorCode.CONNECT_REFUSED
    assert (capture.response_status, capture.proxy_status) == (None, 502)


async def test_websocket_through_a_tunnel(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    async def echo(socket: websockets.ServerConnection) -> None:
        async for message in socket:
            await socket.send(message)

    async with (
        websockets.serve(echo, "127.0.0.1", 0, ssl=authority.server_context("ws.test")) as server,
        world(
            tmp_path,
            upstream_ca=authority.file,
            connect_to=(connect_to("ws.test", next(iter(server.sockets)).getsockname()[1]),),
        ) as w,
    ):
        async with websockets.connect(
            "wss://ws.test/chat?room=1",
            ssl=ssl.create_default_context(cafile=str(w.ca)),
            proxy=f"http://127.0.0.1:{w.forward}",
            additional_headers={"X-Wiretrail-User": "bob"},
        ) as client:
            await client.send("text")
            assert await client.recv() == "text"
            await client.send(b"binary")
            assert await client.recv() == b"binary"
        capture = await w.sink.only()
    assert (capture.scheme, capture.host, capture.target) == ("https", "ws.test", "/chat?room=1")
    assert (capture.response_status, capture.error_code) == (101, None)
    assert capture.claims is not None
    assert capture.claims.user == "bob"
    stream = capture.stream
    assert stream is not None
    assert (stream.kind, stream.count, stream.close_code) == ("websocket", 4, 1000)
    assert [(m.from_client, m.text, m.content) for m in stream.kept] == [
        (True, True, b"text"),
        (False, True, b"text"),
        (True, False, b"binary"),
        (False, False, b"binary"),
    ]


async def test_websocket_into_a_service(tmp_path: Path) -> None:
    paths: list[str] = []

    async def echo(socket: websockets.ServerConnection) -> None:
        assert socket.request is not None
        paths.append(socket.request.path)
        assert socket.request.headers["X-Forwarded-For"] == "127.0.0.1"
        async for message in socket:
            await socket.send(message)

    async with websockets.serve(echo, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        route = Route(prefix="/ws", upstream=f"http://127.0.0.1:{port}/inner", organization="acme")
        async with world(tmp_path, route) as w:
            async with websockets.connect(
                f"ws://127.0.0.1:{w.incoming}/ws/a", proxy=None
            ) as client:
                await client.send("hi")
                assert await client.recv() == "hi"
            capture = await w.sink.only()
    assert paths == ["/inner/a"]
    assert capture.direction is Direction.INCOMING
    assert capture.organization == "acme"
    assert (capture.response_status, capture.target) == (101, "/ws/a")


@pytest.mark.parametrize("told_by", ["frames", "alert"])
async def test_an_upstream_of_http2_alone_is_learned(tmp_path: Path, told_by: str) -> None:
    authority = Authority(tmp_path)

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(9)
        writer.write(b"\x15\x03\x03\x00\x02\x02\x78")  # fatal alert: no_application_protocol
        await reader.read()

    # Python's server goes on without ALPN where none of its protocols is offered.
    tls = authority.server_context("api.test", alpn=("h2",))
    partner = h2_partner(tls) if told_by == "frames" else upstream(refuse)
    async with (
        partner as up,
        world(
            tmp_path, upstream_ca=authority.file, connect_to=(connect_to("api.test", up.port),)
        ) as w,
    ):
        async with h2_client(w, both=True) as client:
            first = await client.get("https://api.test/")
            second = await client.get("https://api.test/")
        (capture, *_) = await w.sink.wait(2)
    assert (first.status_code, first.http_version) == (502, "HTTP/1.1")
    assert "speaks HTTP/2" in first.text
    assert "`upstream.h2_hosts`" in (capture.error_message or "")
    frames = told_by == "frames"
    assert capture.error_code == (ErrorCode.PROTOCOL if frames else ErrorCode.TLS_UPSTREAM)
    assert (second.status_code, second.http_version) == (200 if frames else 502, "HTTP/2")
