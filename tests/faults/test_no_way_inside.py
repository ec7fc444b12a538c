"""Promise 11: every refusal leaves a `blocked` row and no packet where the client wanted to go. A
canary listens there and counts."""

import asyncio
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from addons.settings import Credential, password_digest
from store.activity import ErrorCode
from tests.addons.relay_world import OK, World, read_request, tls_world, tunnel, world
from tests.faults.h2_client import Ask, connect
from tests.faults.verdicts import Verdicts

LOOPBACK = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "localhost",
    "LOCALHOST.",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[2002:7f00:1::]",
    "rebinding.test",
]
METADATA = [
    *("169.254.169.254", "0xa9fea9fe", "2852039166", "[::ffff:169.254.169.254]"),
    *("[64:ff9b::169.254.169.254]", "[64:ff9b:1::169.254.169.254]", "[2002:a9fe:a9fe::]"),
    *("[fd00:ec2::254]", "[fd00:ec2::23]", "[fd20:ce::254]", "168.63.129.16"),
]
UPGRADE = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


@dataclass
class Canary:
    """Listens on every address of this machine; whoever connects is counted."""

    port: int = 0
    visits: int = 0
    server: asyncio.Server | None = field(default=None, repr=False)

    async def __aenter__(self) -> "Canary":
        self.server = await asyncio.start_server(self._visited, "0.0.0.0", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.server is not None
        self.server.close()

    def _visited(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        writer.close()


def plain(authority: bytes) -> bytes:
    return b"GET http://%b/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % authority


def websocket(authority: bytes) -> bytes:
    return b"GET http://%b/ HTTP/1.1\r\nHost: x\r\n%b\r\n" % (authority, UPGRADE)


def tunnelled(authority: bytes) -> bytes:
    inner = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    return b"CONNECT %b HTTP/1.1\r\nHost: x\r\n\r\n%b" % (authority, inner)


REQUESTS = {"absolute target": plain, "tunnel": tunnelled, "WebSocket": websocket}


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """`rebinding.test` is a public address the first time and loopback from then on; a name that
    is asked twice for one request would slip through."""
    real = asyncio.BaseEventLoop.getaddrinfo
    asked = []

    async def resolve(self: asyncio.AbstractEventLoop, host: str, port: int, **more: int) -> object:
        if host != "rebinding.test":
            return await real(self, host, port, **more)  # type: ignore[arg-type]
        asked.append(host)
        address = "127.0.0.1" if len(asked) > 1 else "192.0.2.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", resolve)


async def refused(w: World, request: bytes, count: int, *, eof: bool = False) -> ErrorCode | None:
    """Send it; the code of the row that it left."""
    await w.exchange(request, port=w.forward, eof=eof)
    captures = await w.sink.wait(count)
    return captures[-1].error_code


@pytest.mark.parametrize("kind", REQUESTS)
async def test_private_addresses_where_they_are_denied(
    tmp_path: Path, verdicts: Verdicts, kind: str
) -> None:
    async with Canary() as canary, world(tmp_path, forward={"allow_private": False}) as w:
        for count, host in enumerate(LOOPBACK, 1):
            authority = f"{host}:{canary.port}".encode()
            code = await refused(w, REQUESTS[kind](authority), count)
            # What is no name and no address anywhere is not found instead.
            allowed = {ErrorCode.BLOCKED, ErrorCode.DNS, ErrorCode.MALFORMED_REQUEST}
            verdicts.check(11, f"{host} ({kind}): refused", True, code in allowed)
        verdicts.check(11, f"loopback, denied ({kind}): visits", 0, canary.visits)


@pytest.mark.parametrize("kind", REQUESTS)
async def test_who_may_not_use_the_proxy_reaches_nothing(
    tmp_path: Path, verdicts: Verdicts, kind: str
) -> None:
    credential = Credential(user="bob", password_digest=password_digest(b"right", "s"))
    wrong = b"\r\nProxy-Authorization: Basic Ym9iOndyb25n\r\n"
    async with Canary() as canary:
        whole = REQUESTS[kind](b"127.0.0.1:%d" % canary.port)
        request = whole.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        async with world(tmp_path / "a", forward={"credentials": (credential,)}) as w:
            verdicts.check(
                11, f"no credentials ({kind})", "blocked", await refused(w, request, 1, eof=True)
            )
            other = request.replace(b"\r\n", wrong, 1)
            verdicts.check(
                11, f"wrong credentials ({kind})", "blocked", await refused(w, other, 2, eof=True)
            )
        async with world(tmp_path / "b", forward={"allowed_clients": ("10.0.0.0/8",)}) as w:
            verdicts.check(
                11, f"another network ({kind})", "blocked", await refused(w, request, 1, eof=True)
            )
        verdicts.check(11, f"clients that are refused ({kind}): visits", 0, canary.visits)


async def test_raw_tunnels_reach_nothing(tmp_path: Path, verdicts: Verdicts) -> None:
    async with Canary() as canary, world(tmp_path) as w:
        head = b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: x\r\n\r\n" % canary.port
        for count, data in enumerate((b"SSH-2.0-x\r\n", b"EHLO x\r\n", b"\x00\x00\x00\x01"), 1):
            code = await refused(w, head + data, count)
            # What looks like a method is read as HTTP/1.1, which it is not.
            expected = {ErrorCode.BLOCKED, ErrorCode.MALFORMED_REQUEST}
            verdicts.check(11, f"raw tunnel, {data[:3]!r}", True, code in expected)
        verdicts.check(11, "raw tunnels: visits", 0, canary.visits)


@pytest.mark.parametrize("way", ["CONNECT", "another server's absolute target"])
async def test_an_incoming_listener_is_no_proxy(
    tmp_path: Path, verdicts: Verdicts, way: str
) -> None:
    async with Canary() as canary, world(tmp_path) as w:
        authority = b"127.0.0.1:%d" % canary.port
        connect = b"CONNECT %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % authority
        await w.exchange(connect if way == "CONNECT" else plain(authority))
        captures = await w.sink.wait(1)
        code = captures[0].error_code
        expected = {"blocked", "malformed_request"}
        verdicts.check(11, f"{way} at an incoming listener", True, code in expected)
        verdicts.check(11, f"{way} at an incoming listener: visits", 0, canary.visits)


@pytest.fixture
def metadata_address() -> Iterator[str]:
    """The address of the clouds' metadata services, on this machine for the time of a test."""
    address = "169.254.169.254"
    change = ("ip", "addr", "add", f"{address}/32", "dev", "lo")
    if shutil.which("ip") is None or subprocess.run(change, capture_output=True).returncode:
        pytest.skip("no address can be added to this machine")
    yield address
    subprocess.run(("ip", "addr", "del", f"{address}/32", "dev", "lo"), check=True)


@pytest.mark.parametrize("private", [True, False])
async def test_metadata_services_are_not_reached(
    tmp_path: Path, verdicts: Verdicts, metadata_address: str, private: bool
) -> None:
    async with Canary() as canary, world(tmp_path, forward={"allow_private": private}) as w:
        reader, writer = await asyncio.open_connection(metadata_address, canary.port)
        await reader.read()
        writer.close()
        assert canary.visits == 1, "the canary is where it should be"
        for count, host in enumerate(METADATA, 1):
            code = await refused(w, plain(f"{host}:{canary.port}".encode()), count)
            allowed = {ErrorCode.BLOCKED, ErrorCode.DNS}
            verdicts.check(11, f"{host}, private addresses {private}", True, code in allowed)
        verdicts.check(11, f"metadata, private addresses {private}: visits", 1, canary.visits)


@pytest.mark.parametrize("alpn", ["h2", "http/1.1"])
async def test_what_is_for_the_proxy_stays_with_it(
    tmp_path: Path, verdicts: Verdicts, alpn: str
) -> None:
    """In heads, trailers and inside of a tunnel; over HTTP/2 towards HTTP/1.1 too."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await read_request(reader):
            writer.write(OK)

    for_us = [("proxy-authorization", "Basic Ym9iOg=="), ("x-wiretrail-user", "canary")]
    async with tls_world(tmp_path, script) as (w, server):
        context = ssl.create_default_context(cafile=str(w.ca))
        if alpn == "h2":
            client = await connect("api.test", w.forward, context, proxied=True)
            ask = Ask("/", "POST", for_us, b"abc", [*for_us, ("x-sum", "1")])
            async with asyncio.timeout(10):
                [got] = await client.ask("api.test", [ask])
            assert dict(got.heads[0])[":status"] == "200"
            client.writer.close()
        else:
            fields = "".join(f"{name}: {value}\r\n" for name, value in for_us).encode()
            reader, writer = await tunnel(w, "api.test", extra=fields)
            for _ in range(2):
                writer.write(b"GET / HTTP/1.1\r\nHost: api.test\r\n%b\r\n" % fields)
                await reader.readexactly(len(OK))
            writer.close()
        await w.sink.wait(1 if alpn == "h2" else 2)
    text = server.text.lower()
    assert b"host: api.test" in text
    assert alpn != "h2" or b"x-sum: 1" in text
    for secret in (b"ym9iog==", b"proxy-authorization", b"wiretrail", b"canary"):
        verdicts.check(11, f"{secret.decode()} inside {alpn} goes up", False, secret in text)
