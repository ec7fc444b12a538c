"""The server around the relay: options, reload, a fault inside a layer, shared sockets."""

import asyncio
import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from addons import http1_relay
from addons.relay_server import RelayServer, relay_options
from addons.settings import Listener, Route
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
        assert w.sink.dropped == ["capture_failed"]
        assert w.sink.seen == 1
    assert got.startswith(b"HTTP/1.1 200 OK")


async def test_two_relays_share_a_socket(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path) as w:
        shared = listening()
        listener = Listener(
            name="shared",
            direction=Direction.INCOMING,
            routes=(Route(upstream=f"http://127.0.0.1:{server.port}"),),
        )
        sinks = ListSink(), ListSink()
        relays = [RelayServer(w.settings, sink) for sink in sinks]
        # One loop watches a descriptor once; two workers have a descriptor each.
        descriptors = shared, shared.dup()
        for relay, descriptor in zip(relays, descriptors, strict=True):
            await relay.start([(descriptor, listener)])
        port = shared.getsockname()[1]
        request = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(w.exchange(request, port=port))
        for relay in relays:
            await relay.stop(1.0)
        for descriptor in descriptors:
            descriptor.close()
    assert sum(sink.seen for sink in sinks) == 20
    assert all(sink.seen for sink in sinks)
