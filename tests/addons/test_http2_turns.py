"""HTTP/2 clients that send many requests at once, beside others."""

import asyncio
import ssl
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection

from addons import http2_turns
from addons.http2_turns import one_go
from store.activity import ErrorCode
from tests.addons.h2_partner import h2_partner
from tests.addons.relay_world import Upstream as Where
from tests.addons.relay_world import World, connect_to, to, world
from tests.faults.h2_client import Got, H2Client
from tests.support.certificates import Authority


def head(path: str) -> list[tuple[str, str]]:
    return [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", path)]


def server(before: bytes = b"", preface: int = 0, highest: int = 0) -> Any:
    """What is looked at of an `h2` connection."""
    buffer = SimpleNamespace(_data=bytearray(before), _preamble_len=preface)
    return SimpleNamespace(incoming_buffer=buffer, highest_inbound_stream_id=highest)


def requests(count: int, *, reset: int = 0) -> list[bytes]:
    """The frames of each request; behind the first one's settings."""
    h2 = H2Connection(H2Configuration(client_side=True))
    h2.initiate_connection()
    made = []
    for _ in range(count):
        stream = h2.get_next_available_stream_id()
        h2.send_headers(stream, head("/"))
        h2.send_data(stream, b"x" * 100, end_stream=True)
        if reset:
            h2.reset_stream(stream)
            reset -= 1
        made.append(h2.data_to_send())
    return made


def test_a_few_requests_are_taken_with_their_bodies() -> None:
    parts = requests(10)
    data = b"".join(parts)
    assert one_go(server(preface=24), data) == len(b"".join(parts[:4]))
    rest = data[len(b"".join(parts[:4])) :]
    assert one_go(server(highest=7), rest) == len(b"".join(parts[4:8]))
    assert one_go(server(highest=15), b"".join(parts[8:])) == len(b"".join(parts[8:]))


def test_a_frame_that_h2_has_begun_is_counted_with_its_rest() -> None:
    parts = requests(10)
    data = b"".join(parts)
    for size in range(24, len(parts[0])):
        taken = one_go(server(before=data[24:size]), data[size:])
        assert size + taken == len(b"".join(parts[:4]))


def test_what_is_reset_again_is_taken_at_once() -> None:
    data = b"".join(requests(10, reset=1))
    assert one_go(server(preface=24), data) == len(data)


def test_trailers_and_bodies_are_no_requests() -> None:
    data = b"".join(requests(10))[24:]
    assert one_go(server(highest=19), data) == len(data)


async def send_many(w: World, count: int) -> H2Client:
    """A client with so many requests in one write."""
    client = H2Client(*await w.connect())
    send(client, count)
    return client


def send(client: H2Client, count: int) -> None:
    for number in range(count):
        stream = client.h2.get_next_available_stream_id()
        client.h2.send_headers(stream, head(f"/{number}"), end_stream=True)
        client.answers[stream] = Got()
    client.writer.write(client.h2.data_to_send())


async def bodies(client: H2Client) -> list[bytes]:
    """The answers, when all are there."""
    answers = client.answers.values()
    async with asyncio.timeout(20):
        while not all(got.end for got in answers):
            client._take(await client.reader.read(1 << 18), {})
            client.writer.write(client.h2.data_to_send())
    return [bytes(got.body) for got in answers]


@pytest.mark.parametrize("share", [1e-9, 10.0])
async def test_all_are_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    monkeypatch.setattr(http2_turns, "_SHARE", share)
    async with h2_partner(None) as partner, world(tmp_path, to(Where(partner.port))) as w:
        clients = [await send_many(w, 50) for _ in range(3)]
        for client in clients:
            assert await bodies(client) == [b"hello"] * 50
        # They are read again.
        for client in clients:
            send(client, 50)
            assert await bodies(client) == [b"hello"] * 100
        captures = await w.sink.wait(300)
        for client in clients:
            client.writer.close()
    assert {capture.response_status for capture in captures} == {200}
    paths = [dict(fields)[b":path"] for fields in partner.heads]
    assert paths[-50:] == [b"/%d" % number for number in range(50)]


async def test_others_come_between(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http2_turns, "_SHARE", 1e-9)
    async with h2_partner(None) as partner, world(tmp_path, to(Where(partner.port))) as w:
        begun = [0]

        async def count() -> None:
            while True:
                begun.append(w.sink.seen)
                await asyncio.sleep(0)

        counting = asyncio.create_task(count())
        many = [await send_many(w, 80) for _ in range(5)]
        for client in many:
            assert await bodies(client) == [b"hello"] * 80
            client.writer.close()
        counting.cancel()
        await w.sink.wait(400)
    # In one turn of the loop.
    assert max(after - before for before, after in pairwise(begun)) <= 8


async def test_who_leaves_while_requests_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with h2_partner(None) as partner, world(tmp_path, to(Where(partner.port))) as w:
        turns = w.relay.turns
        monkeypatch.setattr(turns, "_scheduled", True)  # nobody's turn comes
        client = await send_many(w, 20)
        await asyncio.sleep(0.1)
        assert turns._waiting
        client.writer.transport.abort()
        turns._scheduled = False
        turns._schedule()
        other = await send_many(w, 20)
        assert await bodies(other) == [b"hello"] * 20
        other.writer.close()
        await w.sink.settled()
    assert not turns._waiting
    assert sum(capture.error_code is None for capture in w.sink.captures) >= 20
    assert {c.error_code for c in w.sink.captures} <= {None, ErrorCode.CLIENT_CLOSED}


async def shake_hands(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, authority: Path
) -> tuple[ssl.SSLObject, ssl.MemoryBIO]:
    """TLS whose records can be written as one; what is written comes out of the second."""
    context = ssl.create_default_context(cafile=str(authority))
    context.set_alpn_protocols(["h2"])
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    made = context.wrap_bio(inward, outward, server_hostname="api.test")
    while True:
        try:
            made.do_handshake()
        except ssl.SSLWantReadError:
            writer.write(outward.read())
            inward.write(await reader.read(1 << 16))
        else:
            return made, outward


async def test_who_closes_tls_behind_many_requests_has_a_row_for_each(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = authority.server_context("api.test")
    context.set_alpn_protocols(["h2"])
    async with (
        h2_partner(context) as partner,
        world(
            tmp_path,
            upstream_ca=authority.file,
            connect_to=(connect_to("api.test", partner.port),),
        ) as w,
    ):
        reader, writer = await w.connect(w.forward)
        writer.write(b"CONNECT api.test:443 HTTP/1.1\r\nHost: api.test\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        tls, out = await shake_hands(reader, writer, w.ca)
        writer.write(out.read())
        await asyncio.sleep(0.1)
        tls.write(b"".join(requests(20)))
        with pytest.raises(ssl.SSLWantReadError):
            tls.unwrap()
        writer.write(out.read())
        captures = await w.sink.wait(20)
        writer.close()
    assert {capture.error_code for capture in captures} == {ErrorCode.CLIENT_CLOSED}
