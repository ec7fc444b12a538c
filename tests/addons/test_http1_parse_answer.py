"""Answers that are no HTTP/1.1, or more than is good for us."""

from pathlib import Path

import pytest

from store.activity import ErrorCode
from tests.addons.relay_world import answering, to, upstream, world


@pytest.mark.parametrize(
    "more",
    [b";" + b"x" * 300_000, b"\r\nX: " + b"y" * 300_000, b"\r\n" + b"X: y\r\n" * 300 + b"\r\n"],
    ids=["extension", "trailer", "trailers"],
)
async def test_what_stands_beside_a_body_is_bounded_in_answers(tmp_path: Path, more: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    async with upstream(answering(head + b"0" + more)) as server, world(tmp_path, to(server)) as w:
        await w.exchange(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        capture = await w.sink.only()
    assert capture.error_code == ErrorCode.PROTOCOL
    assert capture.response_body in (b"", b"abc")
