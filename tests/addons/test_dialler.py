"""No loop and no way inside: own listeners are unreachable under every spelling, and addresses
are checked after names were resolved."""

import asyncio
import socket
from ipaddress import ip_address
from pathlib import Path

import pytest

from addons.dialler import AddressRules
from addons.forwarded import plain_address
from addons.settings import ConnectTo
from store.activity import ErrorCode
from tests.addons.relay_world import OK, answering, upstream, world

SPELLINGS = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "0.0.0.0",
    "0",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "localhost",
    "LOCALHOST",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
]


@pytest.mark.parametrize("host", SPELLINGS)
@pytest.mark.parametrize("listener", ["forward", "incoming"])
async def test_own_listeners_are_unreachable(tmp_path: Path, host: str, listener: str) -> None:
    async with world(tmp_path) as w:
        port = getattr(w, listener)
        authority = b"%b:%d" % (host.encode(), port)
        got = await w.exchange(
            b"GET http://%b/ HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n"
            % (authority, authority),
            port=w.forward,
        )
        # One row: nothing went round.
        capture = await w.sink.only()
    assert got.startswith((b"HTTP/1.1 403 ", b"HTTP/1.1 502 "))
    assert capture.error_code in (ErrorCode.BLOCKED, ErrorCode.CONNECT_REFUSED)
    if host != "localhost":
        assert capture.error_code == ErrorCode.BLOCKED or "LOCAL" in host


async def test_own_listener_behind_connect_to(tmp_path: Path) -> None:
    async with world(
        tmp_path, connect_to=(ConnectTo(host="*", port=0, address="127.0.0.1", address_port=1),)
    ) as w:
        got = await w.exchange(
            b"CONNECT x.test:80 HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n"
            b"Connection: close\r\n\r\n",
            port=w.forward,
        )
        capture = await w.sink.only()
    assert b"HTTP/1.1 502 " in got
    assert capture.error_code == ErrorCode.CONNECT_REFUSED


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "100.100.100.200"]
)
async def test_metadata_addresses(tmp_path: Path, host: str) -> None:
    async with world(tmp_path) as w:
        await w.exchange(
            b"GET http://%b/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % host.encode(),
            port=w.forward,
        )
        capture = await w.sink.only()
    assert capture.error_code == ErrorCode.BLOCKED


async def test_private_addresses_where_they_are_not_allowed(tmp_path: Path) -> None:
    async with (
        upstream(answering(OK)) as server,
        world(tmp_path, forward={"allow_private": False}) as w,
    ):
        for host in ("127.0.0.1", "localhost", "10.0.0.1", "192.168.1.1", "[::1]", "[fc00::1]"):
            await w.exchange(
                b"GET http://%b:%d/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                % (host.encode(), server.port),
                port=w.forward,
            )
        captures = await w.sink.wait(6)
        assert server.received == []
    assert {c.error_code for c in captures} == {ErrorCode.BLOCKED}


async def test_a_name_that_resolves_to_a_public_and_a_private_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rebinding: one bad address among the answers refuses the name."""

    async def resolve(self: object, host: str, port: int, **_: object) -> list[object]:
        stream = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*stream, ("93.184.216.34", port)), (*stream, ("169.254.169.254", port))]

    async with world(tmp_path) as w:
        monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", resolve)
        await w.exchange(
            b"GET http://rebind.test/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            port=w.forward,
        )
        capture = await w.sink.only()
    assert capture.error_code == ErrorCode.BLOCKED


async def test_name_that_does_not_resolve(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        got = await w.exchange(
            b"GET http://nowhere.invalid/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            port=w.forward,
        )
        capture = await w.sink.only()
    assert got.startswith(b"HTTP/1.1 502 ")
    assert capture.error_code == ErrorCode.DNS


@pytest.mark.parametrize("bound", ["0.0.0.0", "::"])
def test_listener_on_every_address_covers_those_of_this_machine(bound: str) -> None:
    rules = AddressRules([(bound, 8080)])
    for text in ("127.0.0.1", "127.8.8.8", "0.0.0.0"):
        address = plain_address(text)
        assert address is not None
        assert rules.refuse(address, 8080, allow_private=True, asked=False) is not None
        assert rules.refuse(address, 8081, allow_private=True, asked=False) is None
    elsewhere = plain_address("192.0.2.1")
    assert elsewhere is not None
    assert rules.refuse(elsewhere, 8080, allow_private=True, asked=False) is None


def test_own_listener_behind_a_translator() -> None:
    rules = AddressRules([("198.51.100.5", 8080)])
    for text in ("198.51.100.5", "64:ff9b::198.51.100.5", "2002:c633:6405::1"):
        address = ip_address(text)
        assert rules.refuse(address, 8080, allow_private=True, asked=True), text
        assert rules.refuse(address, 8081, allow_private=True, asked=True) is None, text
