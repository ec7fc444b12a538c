"""The relay's own answers: pages, and refusals of what is too much."""

from pathlib import Path

from addons.settings import Limits, Route
from store.activity import Direction, ErrorCode
from tests.addons.relay_world import OK, answering, to, upstream, world


async def test_page_names_neither_version_nor_address(tmp_path: Path) -> None:
    async with world(tmp_path, Route(upstream="http://127.0.0.1:1")) as w:
        got = await w.exchange(b"GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        capture = await w.sink.only()
    assert got.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    for word in (b"127.0.0.1", b"mitm", b"iretrail", b"ython"):
        assert word not in got
    assert capture.error_code == ErrorCode.CONNECT_REFUSED
    assert capture.direction is Direction.INCOMING
    assert (capture.response_status, capture.proxy_status) == (None, 502)


async def test_connection_stays_after_a_page(tmp_path: Path) -> None:
    async with world(tmp_path, Route(upstream="http://127.0.0.1:1")) as w:
        request = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"
        got = await w.exchange(request + request.replace(b"Host", b"Connection: close\r\nHost"))
        await w.sink.wait(2)
    assert got.count(b"502 Bad Gateway\r\n") == 2


async def test_too_large_a_head(tmp_path: Path) -> None:
    async with (
        upstream(answering(OK)) as server,
        world(tmp_path, to(server), limits=Limits(head_bytes=2000)) as w,
    ):
        got = await w.exchange(b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"a" * 3000 + b"\r\n\r\n")
        capture = await w.sink.only()
    assert got.startswith(b"HTTP/1.1 431 ")
    assert capture.error_code == ErrorCode.TOO_LARGE
    assert server.text == b""


async def test_too_many_fields(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path, to(server)) as w:
        fields = b"".join(b"X-%d: 1\r\n" % number for number in range(201))
        got = await w.exchange(b"GET / HTTP/1.1\r\nHost: h\r\n" + fields + b"\r\n")
        capture = await w.sink.only()
    assert got.startswith(b"HTTP/1.1 431 ")
    assert capture.error_code == ErrorCode.TOO_LARGE


async def test_a_value_of_64_kilobytes_passes(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path, to(server)) as w:
        value = b"v" * 65536
        got = await w.exchange(
            b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Big: " + value + b"\r\n\r\n"
        )
        capture = await w.sink.only()
    assert got.startswith(b"HTTP/1.1 200 OK")
    assert value in server.text
    assert (b"X-Big", value) in capture.request_headers
