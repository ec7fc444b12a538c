"""The server around the relay: options, reload, a fault inside a layer, shared
sockets, more clients than allowed.
"""

import asyncio
import logging
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from addons import courtesy, http1_relay
from addons.relay_server import RelayServer, relay_options
from addons.settings import Limits, Listener, Route
from store.activity import Direction, ErrorCode
from tests.addons.relay_world import OK, ListSink, answering, listening, to, upstream, world


def test_every_option_that_the_layers_read_is_declared() -> None:
    """Names as mitmproxy's own addon declares them, read from its source: importing it would
    import all the others."""
    import mitmproxy

    source = Path(mitmproxy.__file__).with_name("addons") / "proxyserver.py"
    text = source.read_text()
    declared = {part.split('"')[1] for part in text.split("loader.add_option(")[1:]} - {
        "connect_addr"
    }
    options = relay_options()
    assert declared <= set(options.keys())
    assert options.connection_strategy == "lazy"


def test_the_relay_does_not_load_mitmproxys_addons() -> None:
    assert "mitmproxy.addons.proxyserver" not in sys.modules or "addons.record" in sys.modules


async def test_reload_reaches_kept_connections(tmp_path: Path) -> None:
    async with (
        upstream(answering(OK)) as one,
        upstream(answering(OK)) as two,
        world(tmp_path, to(one)) as w,
    ):
        reader, writer = await w.connect()
        request = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
        writer.write(request)
        await reader.readexactly(len(OK))
        fresh = Listener(
            name="reverse", direction=Direction.INCOMING, routes=(to(two, organization="new"),)
        )
        w.relay.reload(w.settings, [fresh])
        writer.write(request)
        await reader.readexactly(len(OK))
        captures = await w.sink.wait(2)
    assert [len(one.received), len(two.received)] == [1, 1]
    assert [c.organization for c in captures] == [None, "new"]


async def test_a_fault_in_a_layer_stays_in_its_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "sk_" + "live_0123456789"
    real = http1_relay.Http1Relay._answer_bytes

    def faulty(self: Any, link: Any, data: bytes) -> None:
        if self._path == b"/fault":
            raise AssertionError(f"unexpected {secret}")
        real(self, link, data)

    monkeypatch.setattr(http1_relay.Http1Relay, "_answer_bytes", faulty)
    async with upstream(answering(OK)) as server, world(tmp_path, to(server)) as w:
        other, writer = await w.connect()
        with caplog.at_level(logging.ERROR):
            assert await w.exchange(b"GET /fault HTTP/1.1\r\nHost: h\r\n\r\n") == b""
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert await other.readexactly(len(OK)) == OK
        captures = await w.sink.wait(2)
    assert captures[0].error_code == ErrorCode.INTERNAL
    assert secret not in caplog.text
    assert "AssertionError" in caplog.text


async def test_a_capture_that_cannot_be_taken_is_dropped_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from addons.exchange import Exchange

    def broken(self: Exchange, ended_at: float) -> None:
        raise ValueError("no capture")

    monkeypatch.setattr(Exchange, "final", broken)
    async with upstream(answering(OK)) as server, world(tmp_path, to(server)) as w:
        got = await w.exchange(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        await w.sink.settled()
        assert w.sink.dropped == ["capture_failed"]
        assert w.sink.seen == 1
    assert got.startswith(b"HTTP/1.1 200 OK")


class CountedCrowd:
    """What shared memory tells the workers of one installation."""

    def __init__(self, counts: dict[int, int], place: int) -> None:
        self.counts = counts
        self.place = place
        counts[place] = 0

    def publish(self, connections: int) -> None:
        self.counts[self.place] = connections

    def leave(self) -> None:
        del self.counts[self.place]

    def least(self) -> int:
        return min(self.counts.values())


@pytest.mark.parametrize("connections", [2, 4, 16])
async def test_relays_that_share_a_socket_share_the_connections(
    tmp_path: Path, connections: int
) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path) as w:
        shared = listening()
        listener = Listener(
            name="shared",
            direction=Direction.INCOMING,
            routes=(Route(upstream=f"http://127.0.0.1:{server.port}"),),
        )
        sinks = ListSink(), ListSink()
        counts: dict[int, int] = {}
        # One loop watches a descriptor once; two workers have a descriptor each.
        descriptors = shared, shared.dup()
        relays = [
            RelayServer(w.settings, sink, CountedCrowd(counts, place))
            for place, sink in enumerate(sinks)
        ]
        for relay, descriptor in zip(relays, descriptors, strict=True):
            await relay.start([(descriptor, listener)])
        clients = [await w.connect(shared.getsockname()[1]) for _ in range(connections)]
        for reader, writer in clients:
            writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert await reader.readexactly(len(OK)) == OK
        assert [sink.seen for sink in sinks] == [connections // 2] * 2
        assert list(counts.values()) == [connections // 2] * 2
        for relay in relays:
            await relay.stop(1.0)
        assert counts == {}
        for descriptor in descriptors:
            descriptor.close()


async def test_a_busy_relay_accepts_when_the_other_does_not(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path) as w:
        shared = listening()
        listener = Listener(
            name="shared",
            direction=Direction.INCOMING,
            routes=(Route(upstream=f"http://127.0.0.1:{server.port}"),),
        )
        sink = ListSink()
        # The other worker hangs: it has no connection and takes none.
        relay = RelayServer(w.settings, sink, CountedCrowd({7: 0}, 0))
        await relay.start([(shared, listener)])
        request = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
        for _ in range(3):
            reader, writer = await w.connect(shared.getsockname()[1])
            writer.write(request)
            assert await reader.readexactly(len(OK)) == OK
        await relay.stop(1.0)
        shared.close()
    assert sink.seen == 3


async def test_a_relay_that_waits_for_a_processor_gets_its_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courtesy, "SECONDS", 0.05)
    async with upstream(answering(OK)) as server, world(tmp_path) as w:
        shared = listening()
        listener = Listener(
            name="shared",
            direction=Direction.INCOMING,
            routes=(Route(upstream=f"http://127.0.0.1:{server.port}"),),
        )
        relay = RelayServer(w.settings, ListSink(), CountedCrowd({7: 0}, 0))
        await relay.start([(shared, listener)])
        port = shared.getsockname()[1]
        await w.connect(port)
        await asyncio.sleep(0.02)
        assert relay.connections == 1
        await w.connect(port)
        await asyncio.sleep(0.2)
        # The other worker, at last.
        taken, _ = shared.accept()
        taken.close()
        assert relay.connections == 1
        await w.connect(port)
        await asyncio.sleep(0.8)
        assert relay.connections == 2
        # It never came, so the next one does not wait for it as long.
        await w.connect(port)
        await asyncio.sleep(0.2)
        assert relay.connections == 3
        await relay.stop(1.0)
        shared.close()


async def test_connections_beyond_the_limit_are_told_to_wait(tmp_path: Path) -> None:
    async with (
        upstream(answering(OK)) as server,
        world(tmp_path, to(server), limits=Limits(connections=1)) as w,
    ):
        _, first = await w.connect()
        first.write(b"GET / HT")
        await asyncio.sleep(0.05)
        got = await w.exchange(b"")
        capture = await w.sink.only()
        first.close()
    assert got.startswith(b"HTTP/1.1 503 ")
    assert (capture.error_code, capture.proxy_status) == (ErrorCode.OVERLOADED, 503)


async def test_idle_connections_make_room(tmp_path: Path) -> None:
    async with (
        upstream(answering(OK)) as server,
        world(tmp_path, to(server), limits=Limits(connections=2)) as w,
    ):
        oldest, _ = await w.connect()
        second, _ = await w.connect()
        await asyncio.sleep(0.05)
        for _ in range(2):
            got = await w.exchange(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            assert got.startswith(b"HTTP/1.1 200 ")
        assert await oldest.read() == b""
        assert not second.at_eof()
        await w.sink.wait(2)


@pytest.mark.parametrize("how", ["reset", "end"])
async def test_what_is_dead_when_it_is_accepted_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    conversed = []
    converse = RelayServer._converse

    async def counted(self: RelayServer, accepted: Any, port: Any) -> None:
        conversed.append(accepted)
        await converse(self, accepted, port)

    monkeypatch.setattr(RelayServer, "_converse", counted)
    async with upstream(answering(OK)) as server, world(tmp_path, to(server)) as w:
        for _ in range(100):  # without a turn of the loop, in which they could be accepted alive
            client = socket.create_connection(("127.0.0.1", w.incoming))
            if how == "reset":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.close()
        request = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        assert (await w.exchange(request)).startswith(b"HTTP/1.1 200")
    assert len(conversed) == 1
