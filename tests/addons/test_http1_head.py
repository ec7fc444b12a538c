"""Property: whatever passes the parser is one request for a second, independent parser too
(h11), with the method, target, fields and body that were recorded."""

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from addons import http1_write
from addons.errors import MalformedRequest
from addons.http1_head import parse_authority
from addons.http1_parse_request import RequestParser
from addons.settings import Limits

_SEPARATORS = st.sampled_from([b"\r\n"] * 20 + [b"\n", b"\r", b"\r\n ", b"\r\n\t", b"\x00\r\n"])
_COLONS = st.sampled_from([b": "] * 12 + [b":", b" : ", b":\t", b"\t:", b":  "])
_NAMES = st.sampled_from(
    [
        b"Host",
        b"host",
        b"Content-Length",
        b"content-length",
        b"Transfer-Encoding",
        b"Connection",
        b"Upgrade",
        b"TE",
        b"Trailer",
        b"Expect",
        b"X-A",
        b"x_b",
        b"X-Forwarded-For",
        b"X-Wiretrail-User",
        b"Keep-Alive",
        b"(bad)",
        b"",
        b"a b",
    ]
)
_VALUES = st.one_of(
    st.sampled_from(
        [
            b"h",
            b"h:80",
            b"u@h",
            b"0",
            b"3",
            b"03",
            b"+3",
            b"3, 3",
            b"3 ",
            b"chunked",
            b"Chunked",
            b"gzip, chunked",
            b"identity",
            b"close",
            b"keep-alive, x-a",
            b"upgrade",
            b"websocket",
            b"trailers",
            b"100-continue",
            b"\xff",
            b"a\x00b",
            b"a\tb",
        ]
    ),
    st.binary(max_size=6),
)
_HOST = (b"Host", b": ", b"h", b"\r\n")
_ANY_FIELD = st.tuples(_NAMES, _COLONS, _VALUES, _SEPARATORS)
# Half of them are heads that pass but for one field at most.
_USUAL = st.sampled_from(
    [
        (b"Content-Length", b": ", b"3", b"\r\n"),
        (b"Transfer-Encoding", b":", b"chunked ", b"\r\n"),
        (b"Connection", b": ", b"upgrade, x-a", b"\r\n"),
        (b"Upgrade", b": ", b"h2c", b"\r\n"),
        (b"X-A", b":\t", b"v \t", b"\r\n"),
        (b"TE", b": ", b"trailers", b"\r\n"),
        (b"Keep-Alive", b": ", b"5", b"\r\n"),
        (b"X-\xe9", b": ", b"v", b"\r\n"),
    ]
)
_FIELDS = st.one_of(
    st.lists(_ANY_FIELD, max_size=6),
    st.lists(_USUAL, max_size=4, unique=True).map(lambda fields: [_HOST, *fields]),
    st.tuples(st.lists(_USUAL, max_size=3, unique=True), _ANY_FIELD).map(
        lambda pair: [_HOST, *pair[0], pair[1]]
    ),
)
_LINES = st.one_of(
    st.sampled_from(
        [
            b"GET / HTTP/1.1",
            b"POST /a?b HTTP/1.1",
            b"GET / HTTP/1.0",
            b"OPTIONS * HTTP/1.1",
            b"GET  / HTTP/1.1",
            b"get / HTTP/1.1",
            b"GET / HTTP/2.0",
            b"GET /",
            b"GET http://h/ HTTP/1.1",
        ]
    ),
    st.sampled_from([b"POST / HTTP/1.1", b"PUT /x HTTP/1.1"]),
    st.binary(max_size=20),
)
_BODIES = st.sampled_from(
    [
        b"",
        b"abc",
        b"3\r\nabc\r\n0\r\n\r\n",
        b"3;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
        b"3\r\nabcd\r\n0\r\n\r\n",
        b"0\r\n\r\n",
        b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n",
    ]
)


@settings(max_examples=600, deadline=None)
@given(_LINES, _FIELDS, _BODIES, st.integers(1, 60))
@example(
    b"POST / HTTP/1.1",
    [(b"Host", b": ", b"h", b"\r\n"), (b"Content-Length", b": ", b"03", b"\r\n")],
    b"abc",
    60,
)
@example(
    b"POST / HTTP/1.1",
    [(b"Host", b": ", b"h", b"\r\n"), (b"Transfer-Encoding", b": ", b"chunked", b"\r\n")],
    b"3;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
    7,
)
@example(
    b"POST / HTTP/1.1",
    [
        (b"Host", b": ", b"h", b"\r\n"),
        (b"Connection", b": ", b"upgrade", b"\r\n"),
        (b"Upgrade", b": ", b"x", b"\r\n"),
        (b"Content-Length", b": ", b"3", b"\r\n"),
    ],
    b"abc",
    60,
)
def test_two_parsers_agree(
    line: bytes, fields: list[tuple[bytes, bytes, bytes, bytes]], body: bytes, size: int
) -> None:
    wire = line + b"\r\n" + b"".join(b"".join(field) for field in fields) + b"\r\n" + body
    parser = RequestParser(Limits())
    parts: list[bytes] = []
    try:
        for at in range(0, len(wire), size):
            if not parser.complete:
                parser.feed(wire[at : at + size])
                parts += parser.parts
                parser.parts = []
    except MalformedRequest:
        return
    head = parser.head
    if head is None or not parser.complete or head.method == b"CONNECT":
        return
    sent = http1_write.request_head(head, head.target)
    content = b"".join(parts)
    if head.chunked:
        if content:
            sent += http1_write.chunk(content)
        sent += http1_write.last_chunk(parser.trailers)
    else:
        sent += content
    if head.minor == 0 and head.host is None:
        return  # h11 wants a Host even where HTTP/1.0 does not
    if not head.target.isascii():
        return  # h11 refuses what curl sends as it is
    _read_by_h11(sent, head.method, head.target, content)


def _read_by_h11(sent: bytes, method: bytes, target: bytes, content: bytes) -> None:
    second = h11.Connection(h11.SERVER)
    second.receive_data(sent)
    request = second.next_event()
    assert isinstance(request, h11.Request)
    assert (request.method, request.target) == (method, target)
    read = b""
    while not isinstance(event := second.next_event(), h11.EndOfMessage):
        assert isinstance(event, h11.Data), event
        read += bytes(event.data)
    assert read == content
    assert second.trailing_data[0] == b"", "a second request"


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        (b"Example.COM", ("example.com", None)),
        (b"h:8080", ("h", 8080)),
        (b"h:", ("h", None)),
        (b"[::1]:443", ("::1", 443)),
        (b"[2001:DB8::1]", ("2001:db8::1", None)),
    ],
)
def test_authority(text: bytes, parsed: tuple[str, int | None]) -> None:
    assert parse_authority(text) == parsed


@pytest.mark.parametrize("text", [b"", b"u@h", b"h/x", b"h:0", b"h:65536", b"h:x", b"[::1", b"h i"])
def test_no_authority(text: bytes) -> None:
    with pytest.raises(MalformedRequest):
        parse_authority(text)
