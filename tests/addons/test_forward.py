"""The forward listener: absolute targets, tunnels, TLS interception, refusals."""

import asyncio
import base64
import ssl
from pathlib import Path

import pytest

from addons.settings import Credential, Deadlines, password_digest
from store.activity import Direction, ErrorCode
from store.capture import Capture
from tests.addons.relay_world import (
    OK,
    answering,
    connect_to,
    read_request,
    tls_world,
    tunnel,
    upstream,
    world,
)
from tests.support.certificates import Authority


async def test_absolute_targets_of_several_hosts_on_one_connection(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as one, upstream(answering(OK)) as two, world(tmp_path) as w:
        request = b"".join(
            b"GET http://127.0.0.1:%d/p?q=1 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%b\r\n"
            % (server.port, server.port, last)
            for server, last in ((one, b""), (two, b""), (one, b"Connection: close\r\n"))
        )
        got = await w.exchange(request, port=w.forward)
        captures = await w.sink.wait(3)
    assert got.count(b"200 OK") == 3
    assert one.text.startswith(b"GET /p?q=1 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % one.port)
    assert b"orwarded" not in one.text
    assert len(one.received) == 1
    assert [c.port for c in captures] == [one.port, two.port, one.port]
    assert {c.direction for c in captures} == {Direction.OUTGOING}
    assert {(c.scheme, c.host, c.target) for c in captures} == {("http", "127.0.0.1", "/p?q=1")}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"Host: other\r\nX: y\r\n", b"Host: %b\r\nX: y\r\n"),
        (b"X: y\r\nHost: 127.0.0.1\r\n", b"X: y\r\nHost: %b\r\n"),
        (b"Host:\r\n", b"Host: %b\r\n"),
        (b"hOST: %b\r\n", b"hOST: %b\r\n"),
    ],
)
async def test_host_is_the_targets(tmp_path: Path, sent: bytes, expected: bytes) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path) as w:
        place = b"127.0.0.1:%d" % server.port
        await w.exchange(
            b"GET http://%b/ HTTP/1.1\r\n%bConnection: close\r\n\r\n"
            % (place, sent.replace(b"%b", place)),
            port=w.forward,
        )
        await w.sink.only()
    assert expected.replace(b"%b", place) in server.text
    assert server.text.lower().count(b"host:") == 1


async def test_http10_without_host_gets_the_targets(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path) as w:
        await w.exchange(b"GET http://127.0.0.1:%d/ HTTP/1.0\r\n\r\n" % server.port, port=w.forward)
        await w.sink.only()
    assert b"Host: 127.0.0.1:%d\r\n" % server.port in server.text


async def test_tls_is_intercepted_and_the_upstream_verified(tmp_path: Path) -> None:
    async with tls_world(tmp_path, answering(OK)) as (w, server):
        reader, writer = await tunnel(w, "api.test")
        for _ in range(2):
            writer.write(b"POST /v1 HTTP/1.1\r\nHost: api.test\r\nContent-Length: 2\r\n\r\nhi")
            assert await reader.readexactly(len(OK)) == OK
        writer.close()
        captures = await w.sink.wait(2)
    first, second = captures
    assert (first.scheme, first.host, first.port) == ("https", "api.test", 443)
    assert first.timing.tls is not None
    assert first.timing.connect is not None
    assert second.timing.tls is None
    assert first.upstream_address == f"127.0.0.1:{server.port}"


async def test_answer_that_ends_with_the_connection_ends_tls_properly(tmp_path: Path) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nto the end")

    async with tls_world(tmp_path, script) as (w, _):
        reader, writer = await tunnel(w, "api.test")
        writer.write(b"GET / HTTP/1.1\r\nHost: api.test\r\n\r\n")
        # Without close_notify this read would raise.
        assert (await reader.read()).endswith(b"to the end")
        writer.close()
        capture = await w.sink.only()
    assert capture.error_code is None


@pytest.mark.parametrize("fault", ["unknown authority", "expired", "wrong name", "not TLS"])
async def test_upstream_that_cannot_be_verified(tmp_path: Path, fault: str) -> None:
    authority = Authority(tmp_path)
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other", "Another CA")
    tls: ssl.SSLContext | None = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    assert tls is not None
    if fault == "unknown authority":
        tls = other.server_context("api.test")
    elif fault == "expired":
        tls.load_cert_chain(authority.leaf("api.test", days=-1))
    elif fault == "wrong name":
        tls = authority.server_context("other.test")
    else:
        tls = None

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    async with (
        upstream(answering(OK) if tls is not None else plain, tls) as server,
        world(
            tmp_path, upstream_ca=authority.file, connect_to=(connect_to("api.test", server.port),)
        ) as w,
    ):
        reader, writer = await tunnel(w, "api.test")
        writer.write(
            b"GET / HTTP/1.1\r\nHost: api.test\r\nAuthorization: x\r\nConnection: close\r\n\r\n"
        )
        got = await reader.read()
        writer.close()
        capture = await w.sink.only()
    assert got.startswith(b"HTTP/1.1 502 ")
    assert capture.error_code == ErrorCode.TLS_UPSTREAM
    assert b"Authorization" not in server.text


async def test_client_that_does_not_trust_us(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        with pytest.raises(ssl.SSLError):
            await tunnel(w, "api.test", trust=False)
        capture = await w.sink.only()
    assert capture.error_code == ErrorCode.TLS_CLIENT
    assert (capture.method, capture.host, capture.target) == ("CONNECT", "api.test", "api.test:443")


async def test_client_that_leaves_in_the_handshake(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        reader, writer = await w.connect(w.forward)
        writer.write(b"CONNECT api.test:443 HTTP/1.1\r\nHost: api.test\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\x16\x03\x01\x02\x00\x01\x00")
        await asyncio.sleep(0.05)
        writer.close()
        capture = await w.sink.only()
    assert capture.error_code == ErrorCode.TLS_CLIENT


async def test_handshake_that_stops(tmp_path: Path) -> None:
    async with world(tmp_path, deadlines=Deadlines(request_head=0.2)) as w:
        reader, writer = await w.connect(w.forward)
        writer.write(b"CONNECT api.test:443 HTTP/1.1\r\nHost: api.test\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\x16\x03\x01\x02\x00\x01\x00")
        assert await reader.read() == b""
        writer.close()
        capture = await w.sink.only()
    assert capture.error_code == ErrorCode.CLIENT_TIMEOUT


async def test_plain_http_in_a_tunnel(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path) as w:
        got = await w.exchange(
            b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: x\r\n\r\n"
            b"GET /in HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % server.port,
            port=w.forward,
        )
        capture = await w.sink.only()
    assert got.endswith(b"\r\n\r\nok")
    assert (capture.scheme, capture.port, capture.target) == ("http", server.port, "/in")


async def test_raw_protocol_in_a_tunnel_is_refused(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path) as w:
        got = await w.exchange(
            b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: x\r\n\r\nSSH-2.0-x\r\n" % server.port,
            port=w.forward,
        )
        capture = await w.sink.only()
    assert got == b"HTTP/1.1 200 Connection established\r\n\r\n"
    assert capture.error_code == ErrorCode.BLOCKED
    assert server.received == []


async def test_host_on_the_pass_through_list_is_tunnelled_unread(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with (
        upstream(answering(OK), authority.server_context("pinned.test")) as server,
        world(
            tmp_path,
            connect_to=(connect_to("pinned.test", server.port),),
            pass_through=("*.test",),
        ) as w,
    ):
        reader, writer = await w.connect(w.forward)
        writer.write(b"CONNECT pinned.test:443 HTTP/1.1\r\nHost: pinned.test\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        # The client sees the upstream's own certificate.
        context = ssl.create_default_context(cafile=str(authority.file))
        await writer.start_tls(context, server_hostname="pinned.test")
        writer.write(b"GET / HTTP/1.1\r\nHost: pinned.test\r\n\r\n")
        assert await reader.readexactly(len(OK)) == OK
        writer.close()
        capture = await w.sink.only()
    assert (capture.method, capture.response_status) == ("CONNECT", 200)
    assert capture.error_code is None
    assert capture.request_body == capture.response_body == b""
    assert capture.request_size > 200
    assert capture.response_size > 500


def basic(user: str, password: str) -> bytes:
    pair = base64.b64encode(f"{user}:{password}".encode())
    return b"Proxy-Authorization: Basic " + pair + b"\r\n"


def credentials_of(capture: Capture) -> list[bytes]:
    """What the capture has for the keeper to redact."""
    return [
        b"%b: %b\r\n" % field
        for field in capture.request_headers
        if field[0] == b"Proxy-Authorization"
    ]


CREDENTIALS = {
    "credentials": (
        Credential(
            user="acme", password_digest=password_digest(b"right", "s"), organization="acme"
        ),
        Credential(user="other", password_digest=password_digest(b"other", "t")),
    )
}


@pytest.mark.parametrize(
    "header",
    [
        b"",
        basic("acme", "wrong"),
        basic("acme", "other"),
        basic("nobody", "right"),
        b"Proxy-Authorization: Basic %%%\r\n",
        b"Proxy-Authorization: Bearer right\r\n",
    ],
)
@pytest.mark.parametrize("method", ["GET", "CONNECT"])
async def test_wrong_credentials(tmp_path: Path, header: bytes, method: str) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path, forward=CREDENTIALS) as w:
        line = {
            "GET": b"GET http://127.0.0.1:%d/ HTTP/1.1\r\n" % server.port,
            "CONNECT": b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n" % server.port,
        }[method]
        got = await w.exchange(
            line + b"Host: x\r\nConnection: close\r\n" + header + b"\r\n", port=w.forward
        )
        capture = await w.sink.only()
    assert got.startswith(b"HTTP/1.1 407 ")
    assert b"Proxy-Authenticate: Basic" in got
    assert capture.error_code == ErrorCode.BLOCKED
    assert server.received == []
    assert credentials_of(capture) == [header] * bool(header)


async def test_right_credentials_bind_the_organization_and_stay_here(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path, forward=CREDENTIALS) as w:
        head = (
            b"GET http://127.0.0.1:%d/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" % server.port
        )
        got = await w.exchange(head + basic("acme", "right") + b"\r\n", port=w.forward)
        inner = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        line = b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: x\r\n" % server.port
        await w.exchange(line + basic("acme", "right") + b"\r\n" + inner, port=w.forward)
        captures = await w.sink.wait(2)
    assert got.startswith(b"HTTP/1.1 200 ")
    assert b"roxy-A" not in server.text
    for capture in captures:
        assert capture.organization == "acme"
        assert not capture.may_claim_organization
    assert sorted(map(credentials_of, captures)) == [[], [basic("acme", "right")]]


async def test_client_outside_the_allowed_networks(tmp_path: Path) -> None:
    async with (
        upstream(answering(OK)) as server,
        world(tmp_path, forward={"allowed_clients": ("10.0.0.0/8",)}) as w,
    ):
        got = await w.exchange(
            b"GET http://127.0.0.1:%d/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            % server.port,
            port=w.forward,
        )
        capture = await w.sink.only()
    assert got.startswith(b"HTTP/1.1 403 ")
    assert capture.error_code == ErrorCode.BLOCKED
    assert server.received == []


async def test_context_headers_are_taken_and_stay_here(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path) as w:
        await w.exchange(
            b"GET http://127.0.0.1:%d/ HTTP/1.1\r\nHost: x\r\nX-Wiretrail-Organization: acme\r\n"
            b"x-wiretrail-integration: golioth\r\nX-Wiretrail-Activity-Type: sync_import\r\n"
            b"X-Wiretrail-User: bob\r\nX-Wiretrail-Metadata-Job: 7\r\nX-Kept: 1\r\n"
            b"Connection: close\r\n\r\n" % server.port,
            port=w.forward,
        )
        capture = await w.sink.only()
    assert b"iretrail" not in server.text
    assert b"X-Kept: 1" in server.text
    claims = capture.claims
    assert claims is not None
    assert (claims.organization, claims.integration, claims.user) == ("acme", "golioth", "bob")
    assert claims.activity_type == "sync_import"
    assert claims.metadata == {"job": "7"}
    assert capture.may_claim_organization
    assert not any(b"iretrail" in name.lower() for name, _ in capture.request_headers)


async def test_origin_form_is_not_for_a_forward_proxy(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        got = await w.exchange(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", port=w.forward)
        capture = await w.sink.only()
    assert got.startswith(b"HTTP/1.1 400 ")
    assert capture.error_code == ErrorCode.MALFORMED_REQUEST


async def test_a_malformed_request_tells_where_it_was_to_go(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        for target in (
            b"http://Api.test:81/of/x?a=1",
            b"https://api.test",
            b"http://u:p@api.test/",
            b"ftp://api.test/a",
        ):
            await w.exchange(
                b"GET %b HTTP/1.1\r\nHost: x\r\nA b: 1\r\n\r\n" % target, port=w.forward
            )
        captures = await w.sink.wait(4)
    places = [(one.scheme, one.host, one.port, one.target) for one in captures]
    assert places[0] == ("http", "api.test", 81, "/of/x")
    assert places[1] == ("https", "api.test", 443, "/")
    assert places[2] == ("http", "127.0.0.1", w.forward, "")
    assert places[3] == ("ftp", "api.test", 0, "/a")


async def test_stop_interrupts_what_does_not_end(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with upstream(silent) as server, world(tmp_path) as w:
        _, writer = await w.connect(w.forward)
        writer.write(b"GET http://127.0.0.1:%d/ HTTP/1.1\r\nHost: x\r\n\r\n" % server.port)
        await asyncio.sleep(0.1)
        await w.relay.stop(0.1)
        capture = await w.sink.only()
        assert w.relay.connections == 0
    assert capture.error_code == ErrorCode.INTERRUPTED


async def test_stop_lets_exchanges_finish_and_idle_connections_go(tmp_path: Path) -> None:
    gate = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await gate.wait()
        writer.write(OK)
        await reader.read()

    async with upstream(slow) as server, world(tmp_path) as w:
        idle, _ = await w.connect(w.forward)
        reader, writer = await w.connect(w.forward)
        writer.write(b"GET http://127.0.0.1:%d/ HTTP/1.1\r\nHost: x\r\n\r\n" % server.port)
        await asyncio.sleep(0.1)
        stopping = asyncio.create_task(w.relay.stop(10))
        assert await idle.read() == b""
        gate.set()
        got = await reader.read()
        await stopping
        capture = await w.sink.only()
    assert b"Connection: close\r\n" in got
    assert capture.error_code is None
