"""Shapes of HTTP/1.1 exchanges that must arrive as they were sent. `<>` stands before a target
where a forward proxy's client writes scheme and authority."""

import gzip
import os
from dataclasses import dataclass, field
from typing import Final

import brotli
import zstandard

from tests.faults.wire import HalfClose, Pause, Rest, Send, Step, Until

DIRECT_SOCKET: Final = frozenset(("reverse", "forward"))
EVERYWHERE: Final = frozenset(("reverse", "forward", "tls"))


@dataclass(frozen=True)
class Shape:
    """What both sides do. The client goes on reading until `answers` are complete."""

    client: tuple[Step, ...]
    server: tuple[Step, ...]
    methods: tuple[bytes, ...] = (b"GET",)
    ways: frozenset[str] = field(default=EVERYWHERE)
    closes: bool = False
    """The server closes when its steps are done, instead of waiting for the client to."""


HEAD_END = Until(b"\r\n\r\n")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
JSON = b'{ "a" :\t1 ,\r\n  "b":[ ] ,"c":"\\u00e9\xc3\xa9"}\n\n '
BINARY = bytes(range(256)) * 300
LARGE = os.urandom(1 << 20).replace(b"<", b"-")
FORM = (
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="a\\"b.bin"\r\n\r\n'
    + BINARY
    + b"\r\n--b--\r\n"
)


def chunks(*parts: bytes, trailers: bytes = b"", extension: bytes = b"") -> bytes:
    """A chunked body."""
    return (
        b"".join(b"%x%b\r\n%b\r\n" % (len(p), extension, p) for p in parts)
        + b"0\r\n"
        + trailers
        + b"\r\n"
    )


def request(
    method: bytes = b"GET", target: bytes = b"/", more: bytes = b"", body: bytes | None = None
) -> bytes:
    """A request; with a body, its length is told."""
    length = b"" if body is None else b"Content-Length: %d\r\n" % len(body)
    return b"%b <>%b HTTP/1.1\r\nHost: h\r\n%b%b\r\n%b" % (
        method,
        target,
        more,
        length,
        body or b"",
    )


def answer(status: bytes = b"200 OK", more: bytes = b"", body: bytes | None = b"ok") -> bytes:
    """An answer; with a body, its length is told."""
    length = b"" if body is None else b"Content-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 %b\r\n%b%b\r\n%b" % (status, more, length, body or b"")


def exchange(sent: bytes, got: bytes = OK, *, end: bytes = b"\r\n\r\n", **more: object) -> Shape:
    """One request; the answer is sent when the request's end was read."""
    method = sent.partition(b" ")[0]
    return Shape((Send(sent),), (Until(end), Send(got)), (method,), **more)  # type: ignore[arg-type]


def posted(body: bytes, kind: bytes, more: bytes = b"") -> Shape:
    """The same body up and down."""
    fields = b"Content-Type: %b\r\n%b" % (kind, more)
    return exchange(
        request(b"POST", b"/in", fields, body), answer(more=fields, body=body), end=body[-16:]
    )


CHUNKED = b"Transfer-Encoding: chunked\r\n"
TRAILERS = b"X-Sum: 1\r\nx-sum: 2\r\nX-Empty:\r\n"

SHAPES: Final[dict[str, Shape]] = {
    "JSON with odd white space": posted(JSON, b"application/json"),
    "gzip": posted(gzip.compress(JSON), b"application/json", b"Content-Encoding: gzip\r\n"),
    "br": posted(brotli.compress(JSON), b"application/json", b"Content-Encoding: br\r\n"),
    "zstd": posted(zstandard.compress(JSON), b"application/json", b"Content-Encoding: zstd\r\n"),
    "a content coding that is none": posted(JSON, b"text/x", b"Content-Encoding: aws-chunked\r\n"),
    "multipart with binary": posted(FORM, b"multipart/form-data; boundary=b"),
    "1 MB up and down": posted(LARGE, b"application/octet-stream"),
    "an empty body with a length": exchange(request(b"POST", body=b""), answer(body=b"")),
    "POST without a length": exchange(request(b"POST")),
    "GET with a body": exchange(request(body=b"abc"), end=b"abc"),
    "chunked both ways": exchange(
        request(b"POST", more=CHUNKED) + chunks(b"abc", BINARY, b"x"),
        answer(more=CHUNKED, body=None) + chunks(b"a", BINARY, b"zz"),
        end=b"0\r\n\r\n",
    ),
    "chunks of one byte": exchange(
        request(b"POST", more=CHUNKED) + chunks(*[b"x"] * 300),
        answer(more=CHUNKED, body=None) + chunks(*[b"y"] * 300),
        end=b"0\r\n\r\n",
    ),
    "an empty chunked body": exchange(
        request(b"POST", more=CHUNKED) + chunks(),
        answer(more=CHUNKED, body=None) + chunks(),
        end=b"0\r\n\r\n",
    ),
    "chunk extensions": exchange(
        request(b"POST", more=CHUNKED) + chunks(b"abc", extension=b";a=b"),
        answer(more=CHUNKED, body=None) + chunks(b"abc", extension=b';a="b"'),
        end=b"0\r\n\r\n",
    ),
    "a chunk size with zeros before it": exchange(
        request(b"POST", more=CHUNKED) + b"0003\r\nabc\r\n0\r\n\r\n", end=b"0\r\n\r\n"
    ),
    "Transfer-Encoding: Chunked": exchange(
        request(b"POST", more=b"transfer-encoding: Chunked\r\n") + chunks(b"abc"),
        answer(more=b"TRANSFER-ENCODING: CHUNKED\r\n", body=None) + chunks(b"abc"),
        end=b"0\r\n\r\n",
    ),
    "trailers up": exchange(
        request(b"POST", more=CHUNKED + b"Trailer: X-Sum\r\n") + chunks(b"abc", trailers=TRAILERS),
        end=b"x-sum: 2\r\n",
    ),
    "trailers down": exchange(
        request(more=b"TE: trailers\r\n"),
        answer(more=CHUNKED + b"Trailer: X-Sum\r\n", body=None)
        + chunks(b"abc", trailers=TRAILERS),
    ),
    "trailers both ways": exchange(
        request(b"POST", more=CHUNKED) + chunks(b"abc", trailers=TRAILERS),
        answer(more=CHUNKED, body=None) + chunks(b"abc", trailers=TRAILERS),
        end=b"x-sum: 2\r\n",
    ),
    "Expect: 100-continue, taken": Shape(
        (Send(request(b"PUT", more=b"Expect: 100-continue\r\nContent-Length: 3\r\n")), HEAD_END,
         Send(b"abc")),
        (HEAD_END, Send(answer(b"100 Continue", body=None)), Until(b"abc"), Send(OK)),
        (b"PUT",),
    ),
    "Expect: 100-continue, refused": Shape(
        (Send(request(b"PUT", more=b"Expect: 100-continue\r\nContent-Length: 3\r\n")),),
        (HEAD_END, Send(answer(b"417 Expectation Failed", b"Connection: close\r\n", b"no"))),
        (b"PUT",),
        closes=True,
    ),
    "Expect: 100-continue, chunked": Shape(
        (Send(request(b"PUT", more=b"Expect: 100-continue\r\n" + CHUNKED)), HEAD_END,
         Send(chunks(b"abc"))),
        (HEAD_END, Send(answer(b"100 Continue", body=None)), Until(b"0\r\n\r\n"), Send(OK)),
        (b"PUT",),
    ),
    "Expect: 100-continue, body not waited for": exchange(
        request(b"PUT", more=b"Expect: 100-continue\r\n", body=b"abc"), end=b"abc"
    ),
    "HEAD with a length": exchange(
        request(b"HEAD"), answer(more=b"Content-Length: 500\r\n", body=None)
    ),
    "HEAD with chunked": exchange(request(b"HEAD"), answer(more=CHUNKED, body=None)),
    "HEAD without framing": exchange(request(b"HEAD"), answer(more=b"X: y\r\n", body=None)),
    "HEAD, then GET on the connection": Shape(
        (Send(request(b"HEAD")), HEAD_END, Send(request())),
        (HEAD_END, Send(answer(more=b"Content-Length: 2\r\n", body=None)), HEAD_END, Send(OK)),
        (b"HEAD", b"GET"),
    ),
    "204": exchange(request(b"DELETE"), answer(b"204 No Content", b"X: y\r\n", None)),
    "205": exchange(request(b"POST"), answer(b"205 Reset Content", body=b"")),
    "206 with a range": exchange(
        request(more=b"Range: bytes=2-3\r\n"),
        answer(b"206 Partial Content", b"Content-Range: bytes 2-3/9\r\n"),
    ),
    "302": exchange(request(), answer(b"302 Found", b"Location: http://x/y?z=%20#f\r\n", b"")),
    "304 with a length": exchange(
        request(more=b"If-None-Match: a\r\n"),
        answer(b"304 Not Modified", b"Content-Length: 70\r\nETag: a\r\n", None),
    ),
    "401 with two challenges": exchange(
        request(),
        answer(b"401 Unauthorized", b"WWW-Authenticate: A\r\nWWW-Authenticate: B\r\n"),
    ),
    "status 599": exchange(request(), answer(b"599 Odd")),
    "an empty reason": exchange(request(), answer(b"200 ")),
    "a reason with odd characters": exchange(request(), answer(b"200 J\xf6rg's (fine) = ok")),
    "100 that nobody asked for": exchange(request(), answer(b"100 Continue", body=None) + OK),
    "102 and several 103": exchange(
        request(),
        answer(b"102 Processing", body=None)
        + answer(b"103 Early Hints", b"Link: </a>\r\nLink: </b>\r\n", None)
        + answer(b"103 Early Hints", b"Link: </c>\r\n", None)
        + OK,
    ),
    "103 long before the answer": Shape(
        (Send(request()), Until(b"103 Early Hints"), Until(b"ok")),
        (HEAD_END, Send(answer(b"103 Early Hints", b"Link: </a>\r\n", None)), Pause(0.2), Send(OK)),
    ),
    "1xx, then 204": exchange(
        request(), answer(b"102 Processing", body=None) + answer(b"204 No Content", body=None)
    ),
    "duplicate headers": exchange(
        request(more=b"X-A: 1\r\nx-a: 2\r\nX-B: 3\r\nX-A: 1\r\nCookie: a=1\r\nCookie: b=2\r\n"),
        answer(more=b"Set-Cookie: a=1\r\nset-cookie: b=2\r\nVary: x\r\nVary: y\r\n"),
    ),
    "order and case of headers": exchange(
        request(more=b"zZ: 1\r\naCCept: */*\r\nUser-AGENT: t\r\nX-y-Z: 1\r\nauthorizatioN: a\r\n"),
        answer(more=b"zz: 1\r\nsERVER: x\r\nDate: y\r\nALT-SVC: clear\r\ncontent-TYPE: a/b\r\n"),
    ),
    "empty header values": exchange(
        request(more=b"X-Empty:\r\nX-Blank:   \r\nX-Last:\r\n"),
        answer(more=b"X-Empty:\r\nX-Tab:\t\r\n"),
    ),
    "white space around values": exchange(
        request(more=b"X:    a  b  \r\nY:\tc\t \r\nZ:d\r\n"),
        answer(more=b"X:   a\t b \r\nY:c\r\n"),
    ),
    "odd names of headers": exchange(
        request(more=b"X_Under: 1\r\nX.Dot: 2\r\n!#$%&'*+-.^_`|~9: 3\r\n"),
        answer(more=b"X_Under: 1\r\n!#$%&'*+-.^_`|~9: 3\r\n"),
    ),
    "header bytes beyond ASCII": exchange(
        request(more=b"X-Name: J\xf6rg \xc3\xa9\r\n"), answer(more=b"X-Name: \xff\xfe\r\n")
    ),
    "header values of 64 KB": exchange(
        request(more=b"X-Big: " + b"a" * 65536 + b"\r\n"),
        answer(more=b"X-Big: " + b"b" * 65536 + b"\r\n"),
    ),
    "150 headers": exchange(
        request(more=b"".join(b"X-%d: %d\r\n" % (i, i) for i in range(150))),
        answer(more=b"".join(b"Y-%d: %d\r\n" % (i, i) for i in range(150))),
    ),
    "a target with odd characters": exchange(
        request(target=b"//a//b/../c/./d;p=1,2/%2F%2f%00%zz/~!$&'()*+,=:@?q=a&q=b??x=/[]{}|\\^\"<y>")
    ),
    "a target beyond ASCII": exchange(request(target=b"/\xc3\xbc?\xe4")),
    "a target of 8 KB": exchange(request(target=b"/" + b"a" * 8192)),
    "OPTIONS": exchange(request(b"OPTIONS", b"/x")),
    "methods of WebDAV": Shape(
        (Send(request(b"PROPFIND")), Until(b"ok"), Send(request(b"MKCOL", b"/d")), Until(b"ok"),
         Send(request(b"REPORT", b"/r", body=b"<x/>"))),
        (HEAD_END, Send(OK), HEAD_END, Send(OK), Until(b"<x/>"), Send(OK)),
        (b"PROPFIND", b"MKCOL", b"REPORT"),
    ),
    "keep-alive": Shape(
        (Send(request()), Until(b"ok"), Send(request(b"POST", b"/2", body=b"b2")), Until(b"ok"),
         Send(request(b"GET", b"/3", b"Connection: keep-alive\r\n"))),
        (HEAD_END, Send(OK), Until(b"b2"), Send(OK), HEAD_END, Send(OK)),
        (b"GET", b"POST", b"GET"),
    ),
    "Connection: close": exchange(
        request(more=b"Connection: close\r\n"), answer(more=b"Connection: close\r\n"), closes=True
    ),
    "pipelining": Shape(
        (Send(request(target=b"/1") + request(b"POST", b"/2", body=b"abc")
              + request(b"POST", b"/3", CHUNKED) + chunks(b"de") + request(b"HEAD", b"/4")
              + request(target=b"/5")),),
        tuple(
            step
            for end in (b"/1 ", b"/2 ", b"/3 ", b"/4 ", b"/5 ")
            for step in (Until(end), HEAD_END, Send(answer(body=None if b"4" in end else b"ok",
             more=b"Content-Length: 2\r\n" if b"4" in end else b"")))
        ),
        (b"GET", b"POST", b"POST", b"HEAD", b"GET"),
    ),
    "HTTP/1.0 client": exchange(
        b"GET <>/ HTTP/1.0\r\nHost: h\r\n\r\n", answer(more=b"Server: x\r\n"), closes=True
    ),
    "HTTP/1.0 client that keeps the connection": Shape(
        (Send(b"GET <>/ HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n"), Until(b"ok"),
         Send(b"GET <>/2 HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n")),
        (HEAD_END, Send(answer(more=b"Connection: keep-alive\r\n")),
         HEAD_END, Send(answer(more=b"Connection: keep-alive\r\n"))),
        (b"GET", b"GET"),
    ),
    "HTTP/1.0 client with a body": exchange(
        b"POST <>/ HTTP/1.0\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", end=b"abc", closes=True
    ),
    "HTTP/1.0 server": exchange(
        request(), b"HTTP/1.0 200 OK\r\nServer: x\r\n\r\nto the end", closes=True
    ),
    "HTTP/1.0 server with a length": exchange(
        request(), b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", closes=True
    ),
    "a body that ends with the connection": exchange(
        request(), answer(body=None) + BINARY, closes=True
    ),
    "a long poll": Shape((Send(request()),), (HEAD_END, Pause(1.0), Send(OK))),
    "an answer in slow pieces": Shape(
        (Send(request()),),
        tuple(
            step
            for piece in (b"HTTP/1.", b"1 200 OK\r\nX:", b" y\r\nContent-Le", b"ngth: 3\r\n\r",
                          b"\na", b"b", b"c")
            for step in ((Pause(0.02), Send(piece)))
        ),
    ),
    "a request in slow pieces": Shape(
        tuple(
            step
            for piece in (b"POST <>/sl", b"ow HTTP/1.1\r", b"\nHost: h\r\nTransfer-Enc",
                          b"oding: chunked\r\n\r", b"\n3\r", b"\nab", b"c\r\n0", b"\r\n\r", b"\n")
            for step in (Send(piece), Pause(0.02))
        ),
        (Until(b"0\r\n\r\n"), Send(OK)),
        (b"POST",),
    ),
    "a half-closed client": Shape(
        (Send(request(b"POST", body=b"abc")), HalfClose()),
        (Until(b"abc"), Rest(), Send(OK)),
        (b"POST",),
        DIRECT_SOCKET,
        closes=True,
    ),
    "a half-closed client reads a long answer": Shape(
        (Send(request()), HalfClose()),
        (Rest(), Send(answer(more=CHUNKED, body=None)), Pause(0.3), Send(chunks(LARGE))),
        ways=DIRECT_SOCKET,
        closes=True,
    ),
    "upload while the answer streams": Shape(
        (Send(request(b"POST", more=CHUNKED)), Until(b"\r\n\r\n"), Send(b"1\r\na\r\n"), Until(b"A"),
         Send(b"1\r\nb\r\n"), Until(b"B"), Send(b"0\r\n\r\n")),
        (HEAD_END, Send(answer(more=CHUNKED, body=None)), Until(b"a"), Send(b"1\r\nA\r\n"),
         Until(b"b"), Send(b"1\r\nB\r\n"), Until(b"0\r\n\r\n"), Send(b"0\r\n\r\n")),
        (b"POST",),
    ),
    "the answer is complete before the upload": Shape(
        (Send(request(b"POST", more=b"Content-Length: 6\r\n")), Until(b"ok"), Send(b"abc"),
         Pause(0.1), Send(b"def")),
        (HEAD_END, Send(OK), Until(b"def")),
        (b"POST",),
    ),
    "an answer cut in its length": exchange(
        request(), b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", closes=True
    ),
    "an answer cut in a chunk": exchange(
        request(), answer(more=CHUNKED, body=None) + b"9\r\nabc", closes=True
    ),
    "an answer cut between chunks": exchange(
        request(), answer(more=CHUNKED, body=None) + b"3\r\nabc\r\n", closes=True
    ),
    "event stream": exchange(
        request(more=b"Accept: text/event-stream\r\n"),
        answer(more=b"Content-Type: text/event-stream\r\n" + CHUNKED, body=None)
        + chunks(b"data: 1\n\n", b": ping\n\n", b"id: 2\ndata: {}\n\n"),
    ),
}  # fmt: skip
