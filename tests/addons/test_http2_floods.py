"""Clients of HTTP/2 that send what carries nothing, beside requests that are meant."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, PingReceived, StreamReset
from mitmproxy.proxy.layers.http._http_h2 import BufferedH2Connection

from addons import http2_allowance, http2_floods, mitmproxy_fixes
from addons.http2_floods import trifles
from store.activity import ErrorCode
from tests.addons.h2_partner import h2_partner
from tests.addons.relay_world import Upstream as Where
from tests.addons.relay_world import World, to, world
from tests.faults.h2_client import H2Client


async def connect(w: World) -> H2Client:
    """A client that knows beforehand that HTTP/2 is spoken."""
    return H2Client(*await w.connect())


def head(path: str, method: str = "GET") -> list[tuple[str, str]]:
    return [(":method", method), (":scheme", "http"), (":authority", "h"), (":path", path)]


def send_and_reset(client: H2Client, path: str, body: bytes = b"") -> None:
    stream = client.h2.get_next_available_stream_id()
    client.h2.send_headers(stream, head(path, "POST" if body else "GET"))
    if body:
        client.h2.send_data(stream, body)
    client.h2.reset_stream(stream, ErrorCodes.CANCEL)


@pytest.mark.parametrize("body", [b"", b"abc"])
async def test_a_request_that_comes_with_its_reset_is_a_row_only(
    tmp_path: Path, body: bytes
) -> None:
    async with h2_partner(None) as partner, world(tmp_path, to(Where(partner.port))) as w:
        client = await connect(w)
        for number in range(20):
            send_and_reset(client, f"/reset/{number}", body)
        stream = client.h2.get_next_available_stream_id()
        client.h2.send_headers(stream, head("/meant"), end_stream=True)
        client.unread[stream] = 0
        client.writer.write(client.h2.data_to_send())
        async with asyncio.timeout(10):
            got = await client.read(stream)
        captures = await w.sink.wait(21)
        client.writer.close()
    assert bytes(got.body) == b"hello"
    assert [dict(fields)[b":path"] for fields in partner.heads] == [b"/meant"]
    reset = [c for c in captures if c.target.startswith("/reset/")]
    assert len(reset) == 20
    assert {(c.method, c.error_code, c.http_version) for c in reset} == {
        ("POST" if body else "GET", ErrorCode.CLIENT_CLOSED, "HTTP/2.0")
    }


@pytest.fixture
def used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood is on: what all clients share is used up."""
    monkeypatch.setattr(http2_allowance._shared, "_left", 0.0)
    monkeypatch.setattr(http2_allowance, "_REFILL", 0)


async def ask(client: H2Client, path: str) -> bytes:
    stream = client.h2.get_next_available_stream_id()
    client.h2.send_headers(stream, head(path), end_stream=True)
    client.unread[stream] = 0
    client.writer.write(client.h2.data_to_send())
    async with asyncio.timeout(10):
        return bytes((await client.read(stream)).body)


@pytest.mark.usefixtures("used_up")
async def test_who_has_sent_proper_requests_may_cancel_during_a_flood(tmp_path: Path) -> None:
    async with h2_partner(None) as partner, world(tmp_path, to(Where(partner.port))) as w:
        client = await connect(w)
        for number in range(20):
            assert await ask(client, f"/{number}") == b"hello"
        for number in range(20):
            send_and_reset(client, f"/reset/{number}")
        assert await ask(client, "/meant") == b"hello"
        await w.sink.wait(41)
        client.writer.close()


@pytest.mark.usefixtures("used_up")
@pytest.mark.parametrize("preface", ["apart", "together"])
async def test_who_only_cancels_is_thrown_out_during_a_flood(tmp_path: Path, preface: str) -> None:
    async with h2_partner(None) as partner, world(tmp_path, to(Where(partner.port))) as w:
        client = await connect(w)
        if preface == "apart":
            client.writer.write(client.h2.data_to_send())
            await client.reader.readexactly(9)
        send_and_reset(client, "/a")
        send_and_reset(client, "/b")
        client.writer.write(client.h2.data_to_send())
        async with asyncio.timeout(1):
            data = await client.reader.read()
        capture = await w.sink.only()
        assert w.relay.connections == 0
        other = await connect(w)
        assert await ask(other, "/meant") == b"hello"
        client.writer.close()
        other.writer.close()
    assert ErrorCodes.ENHANCE_YOUR_CALM.to_bytes(4) + b"too many frames" in data
    assert (capture.error_code, capture.http_version) == (ErrorCode.CLIENT_CLOSED, "HTTP/2.0")
    assert capture.error_message is not None
    assert capture.error_message.endswith("as too many others")


@pytest.mark.usefixtures("used_up")
async def test_frames_in_pieces_are_seen_as_one(tmp_path: Path) -> None:
    async with h2_partner(None) as partner, world(tmp_path, to(Where(partner.port))) as w:
        client = await connect(w)
        assert await ask(client, "/1") == b"hello"
        for number in range(2):  # one was earned
            send_and_reset(client, f"/{number}")
        data = client.h2.data_to_send()
        client.writer.write(data[:3])
        await asyncio.sleep(0.05)
        client.writer.write(data[3:])
        async with asyncio.timeout(10):
            assert b"too many frames" in await client.reader.read()
        client.writer.close()


async def test_too_many_of_them_end_the_connection(tmp_path: Path) -> None:
    async with h2_partner(None) as partner, world(tmp_path, to(Where(partner.port))) as w:
        client = await connect(w)
        for number in range(2000):
            send_and_reset(client, f"/{number}")
        client.writer.write(client.h2.data_to_send())
        async with asyncio.timeout(10):
            data = await client.reader.read()
        capture = await w.sink.only()
        client.writer.close()
    # GOAWAY, its last bytes the code and our words.
    assert ErrorCodes.ENHANCE_YOUR_CALM.to_bytes(4) + b"too many frames" in data
    assert not partner.heads
    assert capture.error_code == ErrorCode.CLIENT_CLOSED


async def test_a_few_at_a_time_end_it_too(tmp_path: Path) -> None:
    async with h2_partner(None) as partner, world(tmp_path, to(Where(partner.port))) as w:
        client = await connect(w)
        with contextlib.suppress(ConnectionResetError):
            for number in range(2000):
                send_and_reset(client, f"/{number}")
                if number % 10 == 9:
                    client.writer.write(client.h2.data_to_send())
                    await client.writer.drain()
                    await asyncio.sleep(0)
            async with asyncio.timeout(10):
                while await client.reader.read(1 << 16):
                    pass
        await w.sink.settled(1)
        client.writer.close()
    assert not partner.heads
    assert 100 < len(w.sink.captures) < 1000


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little is forgiven, and not again."""
    monkeypatch.setattr(http2_floods, "_BUDGET", 20)
    monkeypatch.setattr(http2_floods, "_REFILL", 0)


async def test_a_page_may_be_left_as_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http2_floods, "_REFILL", 0)
    monkeypatch.setattr(http2_allowance._shared, "_left", 500.0)
    async with h2_partner(None) as partner, world(tmp_path, to(Where(partner.port))) as w:
        client = await connect(w)
        for number in range(5):
            client.h2.prioritize(1001 + 2 * number, weight=201)
        for number in range(http2_allowance.AT_ONCE):
            send_and_reset(client, f"/reset/{number}")
        assert await ask(client, "/meant") == b"hello"
        await w.sink.wait(http2_allowance.AT_ONCE + 1)
        client.writer.close()


@pytest.mark.usefixtures("little")
async def test_resets_among_answers_are_not_too_many(tmp_path: Path) -> None:
    async with h2_partner(None) as partner, world(tmp_path, to(Where(partner.port))) as w:
        client = await connect(w)
        for number in range(30):
            stream = client.h2.get_next_available_stream_id()
            client.h2.send_headers(stream, head("/silent"), end_stream=True)
            assert await ask(client, f"/{number}") == b"hello"
            client.h2.reset_stream(stream, ErrorCodes.CANCEL)
        assert await ask(client, "/last") == b"hello"
        captures = await w.sink.wait(61)
        client.writer.close()
    assert sum(capture.error_code == ErrorCode.CLIENT_CLOSED for capture in captures) == 30


@pytest.mark.usefixtures("little")
async def test_resets_alone_are_too_many(tmp_path: Path) -> None:
    async with h2_partner(None) as partner, world(tmp_path, to(Where(partner.port))) as w:
        client = await connect(w)
        streams = []
        for _ in range(15):
            streams.append(client.h2.get_next_available_stream_id())
            client.h2.send_headers(streams[-1], head("/silent"), end_stream=True)
        client.writer.write(client.h2.data_to_send())
        await asyncio.sleep(0.1)
        for stream in streams:
            client.h2.reset_stream(stream, ErrorCodes.CANCEL)
        client.writer.write(client.h2.data_to_send())
        async with asyncio.timeout(10):
            assert b"too many frames" in await client.reader.read()
        await w.sink.settled(15)
        client.writer.close()


@pytest.mark.usefixtures("little")
def test_answers_before_are_worth_as_much_as_is_forgiven() -> None:
    reset = StreamReset(stream_id=1)
    sent = http2_floods._Trifles()
    for _ in range(1000):
        sent.answered()
    found = [sent.are_too_many(reset) for _ in range(21)]
    assert found == [False] * 20 + [True]


@pytest.mark.usefixtures("little")
def test_a_ping_for_data_is_free() -> None:
    sent = http2_floods._Trifles()
    for _ in range(100):
        sent.fed = True
        assert not sent.are_too_many(PingReceived(ping_data=b"measured"))
    found = [sent.are_too_many(PingReceived(ping_data=b"measured")) for _ in range(21)]
    assert found == [False] * 20 + [True]


def test_data_counts_when_it_is_sent_and_when_windows_open() -> None:
    mitmproxy_fixes.apply()
    client = H2Connection(H2Configuration(client_side=True))
    client.initiate_connection()
    client.send_headers(1, head("/"), end_stream=True)
    server: Any = BufferedH2Connection(H2Configuration(client_side=False))
    server.initiate_connection()
    server.receive_data(client.data_to_send())
    server.send_headers(1, [(":status", "200")])
    assert not trifles(server).fed
    server.send_data(1, bytes(100_000))
    assert trifles(server).fed
    trifles(server).fed = False
    for event in client.receive_data(server.data_to_send()):
        if isinstance(event, DataReceived):
            client.acknowledge_received_data(event.flow_controlled_length, 1)
    server.receive_data(client.data_to_send())
    assert trifles(server).fed
