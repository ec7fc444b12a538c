"""Requests that two parsers may read differently. Each is sent on a connection of its own with
`LAST` behind it; the number says how many requests a server behind the relay must get of it,
`LAST` included, and is 0 where the relay must refuse the first already."""

from typing import Final, NamedTuple

LAST: Final = b"GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
HIDDEN: Final = b"GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n"
ALL: Final = b"%d" % len(HIDDEN)
SIZE: Final = b"%x\r\n" % len(HIDDEN)


class Vector(NamedTuple):
    """What is sent before `LAST`, and how many requests arrive."""

    sent: bytes
    arrive: int


def post(fields: bytes, body: bytes = b"", target: bytes = b"/a", version: bytes = b"1.1") -> bytes:
    """A POST with these header lines."""
    return b"POST %b HTTP/%b\r\nHost: h\r\n%b\r\n%b" % (target, version, fields, body)


def get(fields: bytes = b"", target: bytes = b"/a") -> bytes:
    """A GET with these header lines."""
    return b"GET %b HTTP/1.1\r\nHost: h\r\n%b\r\n" % (target, fields)


def refused(sent: bytes) -> Vector:
    """The relay must answer 4xx; nothing arrives."""
    return Vector(sent, 0)


def chunked(body: bytes, coding: bytes = b"Transfer-Encoding: chunked\r\n") -> bytes:
    """A POST with a chunked body as written."""
    return post(coding, body)


CHUNKS = b"3\r\nabc\r\n0\r\n\r\n"
NOTHING = b"0\r\n\r\n"


def length(*values: bytes) -> bytes:
    return b"".join(b"Content-Length: %b\r\n" % value for value in values)


def coding(*values: bytes) -> bytes:
    return b"".join(b"Transfer-Encoding: %b\r\n" % value for value in values)


LENGTHS: Final = {
    "CL.CL, equal": refused(post(length(b"3", b"3"), b"abc")),
    "CL.CL, different": refused(post(length(b"3", b"40"), b"abc")),
    "CL.CL, zero first": refused(post(length(b"0", ALL), HIDDEN)),
    "CL, a list": refused(post(length(b"3, 3"), b"abc")),
    "CL, different list": refused(post(length(b"0, 33"), HIDDEN)),
    "CL, plus": refused(post(length(b"+3"), b"abc")),
    "CL, minus": refused(post(length(b"-1"), b"abc")),
    "CL, hex": refused(post(length(b"0x3"), b"abc")),
    "CL, underscore": refused(post(length(b"1_0"), b"abcdefghij")),
    "CL, decimal point": refused(post(length(b"3.0"), b"abc")),
    "CL, letters behind": refused(post(length(b"3abc"), b"abc")),
    "CL, space inside": refused(post(length(b"3 6"), HIDDEN)),
    "CL, empty": refused(post(length(b""), b"abc")),
    "CL, quoted": refused(post(length(b'"3"'), b"abc")),
    "CL, digits of another script": refused(post(length("\u0663".encode()), b"abc")),
    "CL, 2^64": refused(post(length(b"18446744073709551616"), b"abc")),
    "CL, 2^64 + 3": refused(post(length(b"18446744073709551619"), b"abc")),
    "CL, zeros before": Vector(post(length(b"0003"), b"abc"), 2),
    "CL, white space around": Vector(post(b"Content-Length:  \t3 \t\r\n", b"abc"), 2),
    "CL, shorter than the body": Vector(post(length(b"3"), b"abc" + HIDDEN), 3),
    "CL, a hidden request as the body": Vector(post(length(ALL), HIDDEN), 2),
    "CL of a GET": Vector(get(length(ALL)) + HIDDEN, 2),
    "CL of a HEAD": Vector(b"HEAD /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", 2),
    "CL of an OPTIONS": Vector(
        b"OPTIONS /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", 2
    ),
    "Content_Length beside CL": Vector(post(b"Content_Length: 33\r\n" + length(b"0")), 2),
}

CODINGS: Final = {
    "CL.TE": refused(post(length(b"5") + coding(b"chunked"), NOTHING + HIDDEN)),
    "TE.CL": refused(post(coding(b"chunked") + length(b"4"), SIZE + HIDDEN + b"\r\n0\r\n\r\n")),
    "CL.TE, zero length": refused(post(length(b"0") + coding(b"chunked"), CHUNKS)),
    "TE.TE, twice chunked": refused(post(coding(b"chunked", b"chunked"), CHUNKS)),
    "TE.TE, chunked then x": refused(post(coding(b"chunked", b"x"), CHUNKS)),
    "TE.TE, x then chunked": refused(post(coding(b"x", b"chunked"), CHUNKS)),
    "TE.TE, other case": refused(post(coding(b"chunked") + b"transfer-encoding: cow\r\n", CHUNKS)),
    "TE, a list": refused(chunked(CHUNKS, coding(b"chunked, chunked"))),
    "TE, identity before": refused(chunked(CHUNKS, coding(b"identity, chunked"))),
    "TE, identity behind": refused(chunked(CHUNKS, coding(b"chunked, identity"))),
    "TE, identity": refused(post(coding(b"identity") + length(b"3"), b"abc")),
    "TE, identity alone": refused(post(coding(b"identity"), b"abc")),
    "TE, gzip, chunked": refused(chunked(CHUNKS, coding(b"gzip, chunked"))),
    "TE, chunked, gzip": refused(chunked(CHUNKS, coding(b"chunked, gzip"))),
    "TE, xchunked": refused(chunked(CHUNKS, coding(b"xchunked"))),
    "TE, chunkedx": refused(chunked(CHUNKS, coding(b"chunkedx"))),
    "TE, quoted": refused(chunked(CHUNKS, coding(b'"chunked"'))),
    "TE, parameter": refused(chunked(CHUNKS, coding(b"chunked;q=1"))),
    "TE, comma before": refused(chunked(CHUNKS, coding(b",chunked"))),
    "TE, comma behind": refused(chunked(CHUNKS, coding(b"chunked,"))),
    "TE, empty": refused(chunked(CHUNKS, coding(b""))),
    "TE, vertical tab": refused(chunked(CHUNKS, coding(b"\x0bchunked"))),
    "TE, form feed behind": refused(chunked(CHUNKS, coding(b"chunked\x0c"))),
    "TE, NUL behind": refused(chunked(CHUNKS, coding(b"chunked\0"))),
    "TE, no-break space": refused(chunked(CHUNKS, coding(b"\xa0chunked"))),
    "TE, letter beyond ASCII": refused(chunked(CHUNKS, coding("chun\u212aed".encode()))),
    "TE, folded": refused(chunked(CHUNKS, b"Transfer-Encoding:\r\n chunked\r\n")),
    "TE, space before colon": refused(chunked(CHUNKS, b"Transfer-Encoding : chunked\r\n")),
    "TE, tab before colon": refused(chunked(CHUNKS, b"Transfer-Encoding\t: chunked\r\n")),
    "TE, space before name": refused(chunked(CHUNKS, b" Transfer-Encoding: chunked\r\n")),
    "TE, NUL in the name": refused(chunked(CHUNKS, b"Transfer\0-Encoding: chunked\r\n")),
    "TE behind a bare CR": refused(post(b"X: y\rTransfer-Encoding: chunked\r\n", CHUNKS)),
    "TE behind a bare LF": refused(post(b"X: y\nTransfer-Encoding: chunked\r\n", CHUNKS)),
    "TE in HTTP/1.0": refused(post(coding(b"chunked"), CHUNKS, version=b"1.0")),
    "TE in HTTP/1.0 with a length": refused(
        post(coding(b"chunked") + length(b"3"), CHUNKS, version=b"1.0")
    ),
    "TE, Chunked": Vector(chunked(CHUNKS, coding(b"ChUnKeD")), 2),
    "TE, white space around": refused(chunked(CHUNKS, b"Transfer-Encoding: \t chunked \t\r\n")),
    "TE of a GET": Vector(get(coding(b"chunked")) + CHUNKS, 2),
    "Transfer_Encoding beside CL": Vector(
        post(b"Transfer_Encoding: chunked\r\n" + length(b"3"), b"0\r\n"), 2
    ),
    "a hidden request behind the chunks": Vector(chunked(CHUNKS + HIDDEN), 3),
    "a hidden request in a chunk": Vector(chunked(SIZE + HIDDEN + b"\r\n0\r\n\r\n"), 2),
    "an empty line in a chunk": Vector(chunked(b"4\r\n\r\n\r\n\r\n0\r\n\r\n"), 2),
    "the end of chunks in a chunk": Vector(chunked(b"5\r\n0\r\n\r\n\r\n0\r\n\r\n"), 2),
}

CHUNKED: Final = {
    "chunk size with 0x": refused(chunked(b"0x3\r\nabc\r\n0\r\n\r\n")),
    "chunk size, minus": refused(chunked(b"-3\r\nabc\r\n0\r\n\r\n")),
    "chunk size, plus": refused(chunked(b"+3\r\nabc\r\n0\r\n\r\n")),
    "chunk size, space before": refused(chunked(b" 3\r\nabc\r\n0\r\n\r\n")),
    "chunk size, underscore": refused(chunked(b"1_0\r\nabcdefghijabcdef\r\n0\r\n\r\n")),
    "chunk size, empty": refused(chunked(b"\r\nabc\r\n0\r\n\r\n")),
    "chunk size, 2^64 + 3": refused(chunked(b"10000000000000003\r\nabc\r\n0\r\n\r\n")),
    "chunk size, bare LF": refused(chunked(b"3\nabc\n0\n\n")),
    "chunk size, bare CR": refused(chunked(b"3\rabc\r0\r\r")),
    "chunk size, LF behind": refused(chunked(b"3\r\nabc\n0\r\n\r\n")),
    "chunk longer than told": refused(chunked(b"3\r\nabcd\r\n0\r\n\r\n")),
    "chunk shorter than told": refused(chunked(b"4\r\nabc\r\n0\r\n\r\n")),
    "chunk without its end": refused(chunked(b"3\r\nabc0\r\n\r\n")),
    "chunk size behind ;": refused(chunked(b";3\r\nabc\r\n0\r\n\r\n")),
    "extension with a bare LF": refused(chunked(b"3;a=\nabc\r\n0\r\n\r\n")),
    "extension with a bare CR": refused(chunked(b"3;a=\rb\r\nabc\r\n0\r\n\r\n")),
    "extension with NUL": refused(chunked(b"3;a=\0\r\nabc\r\n0\r\n\r\n")),
    "extension with open quotes": refused(chunked(b'3;a="\r\nabc\r\n0\r\n\r\n')),
    "trailer with a bare LF": refused(chunked(b"3\r\nabc\r\n0\r\nX: y\n\r\n")),
    "trailer that folds": refused(chunked(b"3\r\nabc\r\n0\r\nX: y\r\n z\r\n\r\n")),
    "trailer Content-Length": refused(chunked(b"3\r\nabc\r\n0\r\nContent-Length: 35\r\n\r\n")),
    "trailer Transfer-Encoding": refused(
        chunked(b"3\r\nabc\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n")
    ),
    "trailer Host": refused(chunked(b"3\r\nabc\r\n0\r\nHost: x\r\n\r\n")),
    "trailer Proxy-Authorization": refused(
        chunked(b"3\r\nabc\r\n0\r\nProxy-Authorization: Basic eDp5\r\n\r\n")
    ),
    "trailer X-Forwarded-For": refused(
        chunked(b"3\r\nabc\r\n0\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n")
    ),
    "trailer without a colon": refused(chunked(b"3\r\nabc\r\n0\r\nGET /hidden HTTP/1.1\r\n\r\n")),
    "extension": Vector(chunked(b'3;a=b;c;d="e f"\r\nabc\r\n0\r\n\r\n'), 2),
    "extension of the last chunk": Vector(chunked(b"3\r\nabc\r\n0;a=b\r\n\r\n"), 2),
    "chunk size with zeros": Vector(chunked(b"0000000003\r\nabc\r\n000\r\n\r\n"), 2),
    "chunk size in capitals": Vector(chunked(b"A\r\nabcdefghij\r\n0\r\n\r\n"), 2),
}

LINES: Final = {
    "bare LF everywhere": refused(b"GET /a HTTP/1.1\nHost: h\n\n"),
    "bare LF behind the request line": refused(b"GET /a HTTP/1.1\nHost: h\r\n\r\n"),
    "bare LF behind a field": refused(b"GET /a HTTP/1.1\r\nHost: h\nX: y\r\n\r\n"),
    "bare LF ends the head": refused(b"GET /a HTTP/1.1\r\nHost: h\r\n\n" + HIDDEN),
    "bare CR in a value": refused(get(b"X: a\rb\r\n")),
    "bare CR in the line": refused(b"GET /a\rb HTTP/1.1\r\nHost: h\r\n\r\n"),
    "CR CR LF": refused(b"GET /a HTTP/1.1\r\nHost: h\r\r\n\r\n"),
    "NUL in a value": refused(get(b"X: a\0b\r\n")),
    "NUL in a name": refused(get(b"X\0: b\r\n")),
    "NUL in the target": refused(get(target=b"/a\0b")),
    "escape in a value": refused(get(b"X: \x1b[0m\r\n")),
    "DEL in the target": refused(get(target=b"/a\x7f")),
    "obs-fold with a space": refused(get(b"X: a\r\n b\r\n")),
    "obs-fold with a tab": refused(get(b"X: a\r\n\tb\r\n")),
    "obs-fold of the first field": refused(b"GET /a HTTP/1.1\r\n Host: h\r\n\r\n"),
    "space before a colon": refused(get(b"X : a\r\n")),
    "space in a name": refused(get(b"X Y: a\r\n")),
    "colon missing": refused(get(b"X\r\n")),
    "empty name": refused(get(b": a\r\n")),
    "name in quotes": refused(get(b'"X": a\r\n')),
    "name with brackets": refused(get(b"X(y): a\r\n")),
    "name beyond ASCII": refused(get("X-\u00e9: a\r\n".encode())),
    "name with @": refused(get(b"X@y: a\r\n")),
    "HTTP/0.9": refused(b"GET /a\r\n\r\n"),
    "HTTP/0.9 with version": refused(b"GET /a HTTP/0.9\r\n\r\n"),
    "HTTP/1.2": refused(b"GET /a HTTP/1.2\r\nHost: h\r\n\r\n"),
    "HTTP/9.9": refused(b"GET /a HTTP/9.9\r\nHost: h\r\n\r\n"),
    "HTTP/2.0": refused(b"GET /a HTTP/2.0\r\nHost: h\r\n\r\n"),
    "HTTP/1.10": refused(b"GET /a HTTP/1.10\r\nHost: h\r\n\r\n"),
    "HTTP/01.1": refused(b"GET /a HTTP/01.1\r\nHost: h\r\n\r\n"),
    "HTTP/1,1": refused(b"GET /a HTTP/1,1\r\nHost: h\r\n\r\n"),
    "http/1.1": refused(b"GET /a http/1.1\r\nHost: h\r\n\r\n"),
    "HTTPS/1.1": refused(b"GET /a HTTPS/1.1\r\nHost: h\r\n\r\n"),
    "RTSP/1.0": refused(b"DESCRIBE /a RTSP/1.0\r\nHost: h\r\n\r\n"),
    "ICY": refused(b"SOURCE /a ICE/1.0\r\nHost: h\r\n\r\n"),
    "two spaces": refused(b"GET  /a HTTP/1.1\r\nHost: h\r\n\r\n"),
    "two spaces before the version": refused(b"GET /a  HTTP/1.1\r\nHost: h\r\n\r\n"),
    "space behind the version": refused(b"GET /a HTTP/1.1 \r\nHost: h\r\n\r\n"),
    "tab in the line": refused(b"GET\t/a\tHTTP/1.1\r\nHost: h\r\n\r\n"),
    "space before the method": refused(b" GET /a HTTP/1.1\r\nHost: h\r\n\r\n"),
    "space in the target": refused(b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"),
    "a version in the target": refused(b"GET /a HTTP/1.1 HTTP/1.1\r\nHost: h\r\n\r\n"),
    "no target": refused(b"GET HTTP/1.1\r\nHost: h\r\n\r\n"),
    "method with a colon": refused(b"GET: /a HTTP/1.1\r\nHost: h\r\n\r\n"),
    "method in quotes": refused(b'"GET" /a HTTP/1.1\r\nHost: h\r\n\r\n'),
    "method in lower case": refused(b"get /a HTTP/1.1\r\nHost: h\r\n\r\n"),
    "HTTP/2 preface, cut": refused(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"),
    "TLS in the clear": refused(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "an answer": refused(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    "an empty line before": Vector(b"\r\n" + get(), 2),
}

TARGETS: Final = {
    "no Host": refused(b"GET /a HTTP/1.1\r\n\r\n"),
    "Host twice": refused(b"GET /a HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n"),
    "Host twice, equal": refused(b"GET /a HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n"),
    "Host, a list": refused(b"GET /a HTTP/1.1\r\nHost: h, i\r\n\r\n"),
    "Host with a path": refused(b"GET /a HTTP/1.1\r\nHost: h/b\r\n\r\n"),
    "Host with userinfo": refused(b"GET /a HTTP/1.1\r\nHost: u@h\r\n\r\n"),
    "Host with a space": refused(b"GET /a HTTP/1.1\r\nHost: h i\r\n\r\n"),
    "Host with a bad port": refused(b"GET /a HTTP/1.1\r\nHost: h:80x\r\n\r\n"),
    "Host with port 70000": refused(b"GET /a HTTP/1.1\r\nHost: h:70000\r\n\r\n"),
    "Host with a second line": refused(b"GET /a HTTP/1.1\r\nHost: h\r\n i\r\n\r\n"),
    "absolute form, other Host": refused(b"GET http://i/a HTTP/1.1\r\nHost: h\r\n\r\n"),
    "absolute form with userinfo": refused(b"GET http://u@h/a HTTP/1.1\r\nHost: h\r\n\r\n"),
    "absolute form, ftp": refused(b"GET ftp://h/a HTTP/1.1\r\nHost: h\r\n\r\n"),
    "fragment": refused(get(target=b"/a#b")),
    "a target without a slash": refused(get(target=b"a")),
    "authority form": refused(get(target=b"h:80")),
    "asterisk of a GET": refused(get(target=b"*")),
    "backslash first": refused(get(target=b"\\a")),
    "absolute form, own Host": Vector(get(target=b"http://h/a"), 2),
    "slashes": Vector(get(target=b"//i/a"), 2),
    "dots": Vector(get(target=b"/b/../a/./c"), 2),
    "CR LF percent-encoded": Vector(get(target=b"/a%0d%0aX:%20y%20HTTP/1.1%0d%0a"), 2),
}

HOPS: Final = {
    "Connection lists Content-Length": refused(
        post(b"Connection: content-length\r\n" + length(ALL), HIDDEN)
    ),
    "Connection lists Transfer-Encoding": refused(
        post(b"Connection: close, Transfer-Encoding\r\n" + coding(b"chunked"), CHUNKS)
    ),
    "Connection lists Host": refused(get(b"Connection: host\r\n")),
    "Connection lists X-Forwarded-For": refused(get(b"Connection: x-forwarded-for\r\n")),
    "Connection lists another": Vector(get(b"Connection: X\r\nX: y\r\n"), 2),
    "behind Connection: close": Vector(get(b"Connection: close\r\n") + HIDDEN, 1),
    "behind a body and close": Vector(post(b"Connection: close\r\n" + length(b"3"), b"abc"), 1),
    "behind HTTP/1.0": Vector(b"GET /a HTTP/1.0\r\nHost: h\r\n\r\n" + HIDDEN, 1),
    "behind HTTP/1.0 kept": Vector(
        b"GET /a HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n", 2
    ),
    "Upgrade h2c": Vector(
        get(b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"), 2
    ),
    "Upgrade h2c with a body": Vector(
        post(b"Connection: Upgrade\r\nUpgrade: h2c\r\n" + length(ALL), HIDDEN), 2
    ),
    "Upgrade h2c with chunks": Vector(
        post(b"Connection: Upgrade\r\nUpgrade: h2c\r\n" + coding(b"chunked"), CHUNKS), 2
    ),
    "Upgrade websocket with a body": Vector(
        get(b"Connection: Upgrade\r\nUpgrade: websocket\r\n" + length(ALL)) + HIDDEN,
        2,
    ),
    "Upgrade TLS": Vector(get(b"Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n"), 2),
    "Upgrade without Connection": Vector(get(b"Upgrade: websocket\r\n"), 2),
    "Expect: 100-continue with its body": Vector(
        post(b"Expect: 100-continue\r\n" + length(b"3"), b"abc"), 2
    ),
    "Expect without a body": Vector(get(b"Expect: 100-continue\r\n"), 2),
    "Expect twice": Vector(
        post(b"Expect: 100-continue\r\nExpect: 100-continue\r\n" + length(b"3"), b"abc"), 2
    ),
    "TE header": Vector(get(b"TE: chunked, trailers\r\n"), 2),
    "Keep-Alive": Vector(get(b"Keep-Alive: timeout=0, max=1\r\nConnection: keep-alive\r\n"), 2),
    "CONNECT": Vector(b"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 1),
    "CONNECT with a body": refused(
        b"CONNECT h:80 HTTP/1.1\r\nHost: h\r\nContent-Length: 33\r\n\r\n" + HIDDEN
    ),
    "CONNECT with chunks": refused(
        b"CONNECT h:80 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS
    ),
    "X-HTTP-Method-Override": Vector(
        post(b"X-HTTP-Method-Override: PUT\r\n" + length(b"3"), b"abc"), 2
    ),
    "pipelined": Vector(get() + post(length(b"3"), b"abc") + get(target=b"/b"), 4),
    "pipelined, the second malformed": Vector(get() + b"GET /b HTTP/1.1\r\nHost : h\r\n\r\n", 1),
    "pipelined, the second CL.TE": Vector(
        get() + post(length(b"5") + coding(b"chunked"), NOTHING + HIDDEN), 1
    ),
}

SIZES: Final = {
    "201 headers": refused(get(b"".join(b"X-%d: y\r\n" % i for i in range(201)))),
    "10,000 headers": refused(get(b"".join(b"X-%d: y\r\n" % i for i in range(10_000)))),
    "a header of 100 KB": refused(get(b"X: " + b"a" * 100_000 + b"\r\n")),
    "a target of 100 KB": refused(get(target=b"/" + b"a" * 100_000)),
    "a chunk extension of 100 KB": refused(
        chunked(b"3;" + b"a" * 100_000 + b"\r\nabc\r\n0\r\n\r\n")
    ),
    "201 trailers": refused(
        chunked(b"0\r\n" + b"".join(b"X-%d: y\r\n" % i for i in range(201)) + b"\r\n")
    ),
    "a trailer of 100 KB": refused(chunked(b"0\r\nX: " + b"a" * 100_000 + b"\r\n\r\n")),
}

VECTORS: Final[dict[str, Vector]] = LENGTHS | CODINGS | CHUNKED | LINES | TARGETS | HOPS | SIZES
