"""Incoming routes, forwarding headers, and whose traffic a request is."""

from pathlib import Path

import pytest

from addons.routing import HostPatterns
from addons.settings import Route
from store.activity import ErrorCode
from tests.addons.relay_world import OK, answering, to, upstream, world


def get(target: bytes, *lines: bytes, host: bytes = b"hooks.example") -> bytes:
    fields = b"".join(line + b"\r\n" for line in lines)
    return b"GET %b HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n%b\r\n" % (target, host, fields)


async def test_longest_prefix_of_whole_segments_wins(tmp_path: Path) -> None:
    async with (
        upstream(answering(OK)) as one,
        upstream(answering(OK)) as two,
        world(
            tmp_path, to(one, prefix="/hooks"), to(two, prefix="/hooks/github", integration="gh")
        ) as w,
    ):
        for path in (b"/hooks", b"/hooks/x?y=/hooks/github", b"/hooks/githubber"):
            await w.exchange(get(path))
        for path in (b"/hooks/github", b"/hooks/github?a", b"/hooks/github/z"):
            await w.exchange(get(path))
        for path in (b"/", b"/hooksmith"):
            assert (await w.exchange(get(path))).startswith(b"HTTP/1.1 404 ")
        captures = await w.sink.wait(8)
    assert [len(server.received) for server in (one, two)] == [3, 3]
    assert [c.integration for c in captures[:6]] == [None] * 3 + ["gh"] * 3
    assert {c.error_code for c in captures[6:]} == {ErrorCode.NO_ROUTE}


@pytest.mark.parametrize(
    ("prefix", "base", "sent", "received"),
    [
        ("/", "", b"/a?b", b"/a?b"),
        ("/hooks", "", b"/hooks/a", b"/hooks/a"),
        ("/hooks", "/in", b"/hooks/a?b", b"/in/a?b"),
        ("/hooks", "/in", b"/hooks", b"/in"),
        ("/hooks", "/in/", b"/hooks?b", b"/in?b"),
        ("/", "/in", b"/a", b"/in/a"),
        ("/", "/in", b"/", b"/in/"),
    ],
)
async def test_path_for_the_upstream(
    tmp_path: Path, prefix: str, base: str, sent: bytes, received: bytes
) -> None:
    async with upstream(answering(OK)) as server:
        route = Route(prefix=prefix, upstream=f"http://127.0.0.1:{server.port}{base}")
        async with world(tmp_path, route) as w:
            await w.exchange(get(sent))
            capture = await w.sink.only()
    assert server.text.startswith(b"GET %b HTTP/1.1\r\n" % received)
    assert capture.target == sent.decode()


async def test_host_is_kept_and_the_sender_told(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path, to(server)) as w:
        await w.exchange(
            get(
                b"/",
                b"X-Forwarded-For: 1.2.3.4",
                b"Forwarded: for=1.2.3.4",
                b"X-Real-IP: 1.2.3.4",
                b"X_Forwarded_For: 1.2.3.4",
                b"x-real_ip: 1.2.3.4",
                b"X-Forwarded-Proto: https",
            )
        )
        capture = await w.sink.only()
    assert b"Host: hooks.example\r\n" in server.text
    assert b"1.2.3.4" not in server.text
    assert b"X-Forwarded-For: 127.0.0.1\r\n" in server.text
    assert b"X-Forwarded-Proto: http\r\n" in server.text
    assert b"X-Forwarded-Host: hooks.example\r\n" in server.text
    assert capture.client_address == "127.0.0.1"
    assert (capture.scheme, capture.host, capture.port) == ("http", "hooks.example", 80)


async def test_trusted_hop_is_believed_as_far_as_it_goes(tmp_path: Path) -> None:
    async with (
        upstream(answering(OK)) as server,
        world(tmp_path, to(server), incoming={"trusted_hops": ("127.0.0.0/8", "10.0.0.0/8")}) as w,
    ):
        await w.exchange(
            get(
                b"/",
                b"X-Forwarded-For: 6.6.6.6, 203.0.113.9",
                b"X-Forwarded-For: 10.1.1.1",
                b"X_Forwarded_For: 7.7.7.7",
                b"X-Forwarded-Proto: https",
            )
        )
        capture = await w.sink.only()
    assert capture.client_address == "203.0.113.9"
    assert b"X-Forwarded-For: 6.6.6.6, 203.0.113.9, 10.1.1.1, 127.0.0.1\r\n" in server.text
    assert b"X-Forwarded-Proto: https\r\n" in server.text
    assert server.text.count(b"X-Forwarded-For") == 1
    assert b"7.7.7.7" not in server.text


async def test_a_partner_cannot_claim(tmp_path: Path) -> None:
    async with (
        upstream(answering(OK)) as server,
        world(tmp_path, to(server, organization="acme")) as w,
    ):
        await w.exchange(get(b"/", b"X-Wiretrail-Organization: evil", b"X-Wiretrail-User: root"))
        capture = await w.sink.only()
    assert capture.claims is None
    assert capture.organization == "acme"
    assert not capture.may_claim_organization
    assert b"iretrail" not in server.text


def test_host_patterns() -> None:
    patterns = HostPatterns(("API.example.com", "*.partner.test"))
    assert "api.EXAMPLE.com" in patterns
    assert "a.b.partner.test" in patterns
    assert "partner.test" not in patterns
    assert "notpartner.test" not in patterns
    assert "x" in HostPatterns(("*",))
