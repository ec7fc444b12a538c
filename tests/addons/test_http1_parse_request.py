"""Requests on which two parsers could disagree are refused and leave a row; none reaches the
upstream. What passes arrives as one request, equal to what was recorded."""

from pathlib import Path

import pytest

from addons.errors import MalformedRequest
from addons.http1_parse_request import RequestParser
from addons.settings import Limits
from store.activity import ErrorCode
from tests.addons.relay_world import OK, answering, to, upstream, world

H = b"Host: h\r\n"
REFUSED = {
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/2.0": b"GET / HTTP/2.0\r\n" + H + b"\r\n",
    "HTTP/1.2": b"GET / HTTP/1.2\r\n" + H + b"\r\n",
    "HTTP/9.9": b"GET / HTTP/9.9\r\n" + H + b"\r\n",
    "HTTP/01.1": b"GET / HTTP/01.1\r\n" + H + b"\r\n",
    "lower-case protocol": b"GET / http/1.1\r\n" + H + b"\r\n",
    "another protocol": b"GET / RTSP/1.0\r\n" + H + b"\r\n",
    "ICE": b"SOURCE / ICE/1.0\r\n" + H + b"\r\n",
    "two spaces": b"GET  / HTTP/1.1\r\n" + H + b"\r\n",
    "two spaces behind the target": b"GET /  HTTP/1.1\r\n" + H + b"\r\n",
    "tab for a space": b"GET\t/ HTTP/1.1\r\n" + H + b"\r\n",
    "space behind the version": b"GET / HTTP/1.1 \r\n" + H + b"\r\n",
    "space before the method": b" GET / HTTP/1.1\r\n" + H + b"\r\n",
    "space in the target": b"GET /a b HTTP/1.1\r\n" + H + b"\r\n",
    "no target": b"GET HTTP/1.1\r\n" + H + b"\r\n",
    "lower-case method": b"get / HTTP/1.1\r\n" + H + b"\r\n",
    "unknown method": b"FROB / HTTP/1.1\r\n" + H + b"\r\n",
    "method with a colon": b"GET: / HTTP/1.1\r\n" + H + b"\r\n",
    "no Host": b"GET / HTTP/1.1\r\nX: y\r\n\r\n",
    "two Hosts": b"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
    "two different Hosts": b"GET / HTTP/1.1\r\nHost: h\r\nhost: i\r\n\r\n",
    "Host with userinfo": b"GET / HTTP/1.1\r\nHost: u@h\r\n\r\n",
    "Host with a path": b"GET / HTTP/1.1\r\nHost: h/x\r\n\r\n",
    "Host with a space": b"GET / HTTP/1.1\r\nHost: h i\r\n\r\n",
    "Host with a comma list": b"GET / HTTP/1.1\r\nHost: h, i\r\n\r\n",
    "Host with a bad port": b"GET / HTTP/1.1\r\nHost: h:99999\r\n\r\n",
    "Host with a port that is no number": b"GET / HTTP/1.1\r\nHost: h:80a\r\n\r\n",
    "fragment": b"GET /a#b HTTP/1.1\r\n" + H + b"\r\n",
    "absolute form for another host": b"GET http://i/ HTTP/1.1\r\n" + H + b"\r\n",
    "absolute form with userinfo": b"GET http://u@h/ HTTP/1.1\r\n" + H + b"\r\n",
    "no slash": b"GET a HTTP/1.1\r\n" + H + b"\r\n",
    "authority form": b"GET h:80 HTTP/1.1\r\n" + H + b"\r\n",
    "asterisk without OPTIONS": b"GET * HTTP/1.1\r\n" + H + b"\r\n",
    "obs-fold": b"GET / HTTP/1.1\r\n" + H + b"X: a\r\n b\r\n\r\n",
    "obs-fold in the first field": b"GET / HTTP/1.1\r\n Host: h\r\n\r\n",
    "bare LF": b"GET / HTTP/1.1\nHost: h\n\n",
    "bare LF in the fields": b"GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n",
    "bare CR": b"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n",
    "NUL in a value": b"GET / HTTP/1.1\r\n" + H + b"X: a\x00b\r\n\r\n",
    "NUL in a name": b"GET / HTTP/1.1\r\n" + H + b"X\x00: b\r\n\r\n",
    "control character": b"GET / HTTP/1.1\r\n" + H + b"X: a\x01b\r\n\r\n",
    "DEL": b"GET / HTTP/1.1\r\n" + H + b"X: a\x7fb\r\n\r\n",
    "vertical tab": b"GET / HTTP/1.1\r\n" + H + b"X:\x0bb\r\n\r\n",
    "space before the colon": b"GET / HTTP/1.1\r\n" + H + b"X : y\r\n\r\n",
    "tab before the colon": b"GET / HTTP/1.1\r\n" + H + b"X\t: y\r\n\r\n",
    "no colon": b"GET / HTTP/1.1\r\n" + H + b"X\r\n\r\n",
    "empty name": b"GET / HTTP/1.1\r\n" + H + b": y\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "the same length twice": b"POST / HTTP/1.1\r\n"
    + H
    + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na",
    "a list of lengths": b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 1, 1\r\n\r\na",
    "a signed length": b"POST / HTTP/1.1\r\n" + H + b"Content-Length: +1\r\n\r\na",
    "a negative length": b"POST / HTTP/1.1\r\n" + H + b"Content-Length: -1\r\n\r\na",
    "a hexadecimal length": b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 0x1\r\n\r\na",
    "a length with an underscore": b"POST / HTTP/1.1\r\n" + H + b"Content-Length: 1_0\r\n\r\na",
    "an empty length": b"POST / HTTP/1.1\r\n" + H + b"Content-Length:\r\n\r\n",
    "an enormous length": b"POST / HTTP/1.1\r\n"
    + H
    + b"Content-Length: "
    + b"9" * 40
    + b"\r\n\r\n",
    "TE and CL": b"POST / HTTP/1.1\r\n"
    + H
    + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "CL and TE": b"POST / HTTP/1.1\r\n"
    + H
    + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "TE twice": b"POST / HTTP/1.1\r\n"
    + H
    + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "TE identity": b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding: identity\r\n\r\n",
    "TE gzip": b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding: gzip\r\n\r\n",
    "TE gzip, chunked": b"POST / HTTP/1.1\r\n"
    + H
    + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "TE chunked, identity": b"POST / HTTP/1.1\r\n"
    + H
    + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "TE xchunked": b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "TE quoted": b"POST / HTTP/1.1\r\n" + H + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "TE with a vertical tab": b"POST / HTTP/1.1\r\n"
    + H
    + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "TE with a space before the colon": b"POST / HTTP/1.1\r\n"
    + H
    + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "TE folded": b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "TE in HTTP/1.0": b"POST / HTTP/1.0\r\n" + H + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Connection lists Host": b"GET / HTTP/1.1\r\n" + H + b"Connection: host\r\n\r\n",
    "Connection lists Content-Length": b"POST / HTTP/1.1\r\n"
    + H
    + b"Connection: Content-Length\r\nContent-Length: 3\r\n\r\nabc",
    "Connection lists Authorization": b"GET / HTTP/1.1\r\n"
    + H
    + b"Connection: close, Authorization\r\n\r\n",
    "CONNECT to a reverse proxy with a body": b"CONNECT h:1 HTTP/1.1\r\n"
    + H
    + b"Content-Length: 3\r\n\r\nabc",
    "TLS on a plain port": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40,
    "only spaces": b"    \r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", REFUSED.values(), ids=REFUSED.keys())
async def test_refused(tmp_path: Path, request_bytes: bytes) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path, to(server)) as w:
        # A second request behind the first must not be taken either.
        got = await w.exchange(request_bytes + b"GET /smuggled HTTP/1.1\r\n" + H + b"\r\n")
        capture = await w.sink.only()
        assert server.text == b""
    assert got.startswith(b"HTTP/1.1 400 ")
    assert capture.error_code == ErrorCode.MALFORMED_REQUEST
    assert capture.proxy_status == 400
    assert capture.response_status is None


BAD_BODIES = {
    "bad chunk size": b"zz\r\nabc\r\n0\r\n\r\n",
    "negative chunk size": b"-1\r\nabc\r\n0\r\n\r\n",
    "hexadecimal prefix": b"0x3\r\nabc\r\n0\r\n\r\n",
    "space behind the size": b"3 \r\nabc\r\n0\r\n\r\n",
    "bare LF behind the size": b"3\nabc\r\n0\r\n\r\n",
    "chunk longer than its size": b"3\r\nabcd\r\n0\r\n\r\n",
    "bare LF behind the chunk": b"3\r\nabc\n0\r\n\r\n",
    "enormous size": b"f" * 40 + b"\r\nabc\r\n0\r\n\r\n",
    "control character in an extension": b"3;\x01\r\nabc\r\n0\r\n\r\n",
    "bare CR in an extension": b"3;a\rb\r\nabc\r\n0\r\n\r\n",
    "a trailer that frames": b"3\r\nabc\r\n0\r\nContent-Length: 5\r\n\r\n",
    "a trailer that routes": b"3\r\nabc\r\n0\r\nHost: i\r\n\r\n",
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
async def test_bad_chunks_never_make_a_whole_request(tmp_path: Path, body: bytes) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path, to(server)) as w:
        got = await w.exchange(
            b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding: chunked\r\n\r\n" + body
        )
        capture = await w.sink.only()
    assert got.startswith(b"HTTP/1.1 400 ")
    assert capture.error_code == ErrorCode.MALFORMED_REQUEST
    assert b"0\r\n\r\n" not in server.text


async def test_smuggling_behind_an_upgrade(tmp_path: Path) -> None:
    """llhttp skips the body of an upgrade; it must not become a second request."""
    inner = b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
    async with upstream(answering(OK)) as server, world(tmp_path, to(server)) as w:
        await w.exchange(
            b"POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, close\r\nUpgrade: x\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(inner), inner)
        )
        capture = await w.sink.only()
    assert capture.request_body == inner
    assert server.text.count(b"X-Forwarded-For") == 1


async def test_an_empty_line_before_a_request_is_no_error(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path, to(server)) as w:
        got = await w.exchange(b"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        await w.sink.only()
    assert got.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_the_bytes_behind_a_request_are_found_however_it_is_cut(size: int) -> None:
    body = b"5\r\na\r\n\r\n\r\n2\r\n\r\n\r\n0\r\nX-T: 1\r\n\r\n"
    wire = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    behind = b"GET /next HTTP/1.1\r\n\r\n"
    parser = RequestParser(Limits())
    rest = b""
    data = wire + behind
    for at in range(0, len(data), size):
        piece = data[at : at + size]
        rest += piece if parser.complete else parser.feed(piece)
    assert parser.complete
    assert b"".join(parser.parts) == b"a\r\n\r\n\r\n"
    assert parser.trailers == [(b"X-T", b"1")]
    assert rest == behind


def test_texts_of_errors_show_no_content() -> None:
    secret = b"sk_" + b"live_0123456789"
    for raw in (
        b"GET /%b HTTP/1.1\r\nHost: h h\r\n\r\n" % secret,
        b"GET / HTTP/1.1\r\nHost: h\r\nX-%b : 1\r\n\r\n" % secret,
        b"%b / HTTP/1.1\r\nHost: h\r\n\r\n" % secret,
    ):
        with pytest.raises(MalformedRequest) as caught:
            RequestParser(Limits()).feed(raw)
        assert secret.decode() not in str(caught.value)


async def test_a_body_of_tiny_chunks_is_taken_in_turns_and_arrives_whole(tmp_path: Path) -> None:
    body = bytes(range(97, 123)) * 4000
    sent = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\nX-T: 1\r\n\r\n"
    head = b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding: chunked\r\n\r\n"
    async with upstream(answering(OK)) as server, world(tmp_path, to(server)) as w:
        behind = b"GET /next HTTP/1.1\r\n" + H + b"Connection: close\r\n\r\n"
        got = await w.exchange(head + sent + behind, eof=True)
        first, second = await w.sink.wait(2)
    assert got.count(b"HTTP/1.1 200 ") == 2
    assert first.request_size == len(body)
    assert first.request_trailers == [(b"X-T", b"1")]
    assert second.target == "/next"


async def test_refused_requests_in_a_row_are_all_answered(tmp_path: Path) -> None:
    async with upstream(answering(OK)) as server, world(tmp_path, to(server, prefix="/in")) as w:
        got = await w.exchange((b"GET /out HTTP/1.1\r\n" + H + b"\r\n") * 2000, eof=True)
        await w.sink.wait(2000)
    assert got.count(b"HTTP/1.1 404 ") == 2000
