"""Messages of streams are counted however the bytes are cut."""

import pytest

from addons.stream_count import counter_for
from addons.tls_contexts import choose_alpn

CASES = [
    (
        b"text/event-stream",
        b"data: 1\n\nevent: x\r\ndata: 2\r\n\r\n: note\n\n\n\ndata: 3\r\rdata",
        4,
    ),
    (b"text/event-stream; charset=utf-8", b"data: 1\n", 0),
    (b"application/x-ndjson", b'{"a":1}\n{"b":2}\n{"c"', 3),
    (b"application/x-ndjson", b"", 0),
    (b"application/grpc+proto", b"\0\0\0\0\3abc\1\0\0\0\0\0\0\0\1\0" + b"x" * 256, 3),
]


@pytest.mark.parametrize(("kind", "body", "count"), CASES)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_count(kind: bytes, body: bytes, count: int, size: int) -> None:
    counter = counter_for(kind)
    assert counter is not None
    for at in range(0, len(body), size):
        counter.feed(body[at : at + size])
    assert counter.stream().count == count


@pytest.mark.parametrize("kind", [b"application/json", b"text/plain", b"", b"application/grpcx"])
def test_other_content_is_not_looked_at(kind: bytes) -> None:
    assert counter_for(kind) is None


@pytest.mark.parametrize(
    ("offers", "prefer_h2", "chosen"),
    [
        ([b"h2", b"http/1.1"], False, b"http/1.1"),
        ([b"h2", b"http/1.1"], True, b"h2"),
        ([b"h2"], False, b"h2"),
        ([b"http/1.1"], True, b"http/1.1"),
        ([b"spdy/3"], False, None),
        ([], True, None),
    ],
)
def test_alpn(offers: list[bytes], prefer_h2: bool, chosen: bytes | None) -> None:
    assert choose_alpn(offers, prefer_h2=prefer_h2) == chosen
