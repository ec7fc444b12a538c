"""Clients of HTTP/2 that send what carries nothing, beside requests that are meant."""

import asyncio
import contextlib
from pathlib import Path

import pytest
from h2.errors import ErrorCodes

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
