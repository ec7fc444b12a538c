"""Writes HTTP/1.1: heads for the other side, chunks, and the short pages that we answer with."""

from http import HTTPStatus
from typing import Final

from addons.http1_head import AnswerHead, RequestHead
from store.capture import HeaderList

LAST_CHUNK: Final = b"0\r\n\r\n"

_SENTENCES: Final = {
    400: "The request is not valid HTTP/1.1.",
    403: "This destination is not allowed.",
    404: "Nothing is served under this path.",
    405: "This method is not allowed here.",
    407: "Credentials for the proxy are needed.",
    408: "The request did not arrive in time.",
    413: "The request is too large.",
    431: "The header of the request is too large.",
    500: "The request could not be passed on.",
    502: "The service gave no valid answer.",
    503: "The request cannot be taken now. Try again later.",
    504: "The service did not answer in time.",
}


def request_head(head: RequestHead, target: bytes, extra: bytes = b"") -> bytes:
    """The head for an upstream; `extra` are more lines, each with its line end."""
    if head.te:
        hop = b"TE: trailers\r\nConnection: TE, close\r\n" if head.close else _TE
    elif head.close:
        hop = b"Connection: close\r\n" if head.minor else b""
    else:
        hop = b"" if head.minor else b"Connection: keep-alive\r\n"
    return b"%b %b HTTP/1.%d\r\n%b%b%b\r\n" % (
        head.method,
        target,
        head.minor,
        b"".join(head.lines),
        extra,
        hop,
    )


_TE: Final = b"TE: trailers\r\nConnection: TE\r\n"


def upgrade_head(head: RequestHead, target: bytes) -> bytes:
    """A WebSocket's opening handshake as it came, without credentials for this proxy, for
    mitmproxy's layer to read."""
    fields = [
        field
        for field in (*head.headers, *(head.context or ()))
        if field[0].lower() != b"proxy-authorization"
    ]
    return b"%b %b HTTP/1.1\r\n%b\r\n" % (
        head.method,
        target,
        b"".join([b"%b: %b\r\n" % field for field in fields]),
    )


def answer_head(head: AnswerHead, *, chunked: bool, hop: bytes) -> bytes:
    """The head for a client; `hop` is our own `Connection` line or empty.
    Without `chunked` the Transfer-Encoding line is left out."""
    lines = head.lines
    if not chunked and head.chunked is not None:
        lines = [line for line in lines if line is not head.chunked]
    return b"HTTP/1.1 %d %b\r\n%b%b\r\n" % (head.status, head.reason, b"".join(lines), hop)


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def last_chunk(trailers: HeaderList) -> bytes:
    """The end of a chunked body."""
    if not trailers:
        return LAST_CHUNK
    return b"0\r\n%b\r\n" % b"".join([b"%b: %b\r\n" % field for field in trailers])


def page(
    status: int,
    *,
    close: bool,
    headers: tuple[bytes, ...] = (),
    body: bool = True,
    sentence: str = "",
) -> bytes:
    """A whole answer of our own: plain, short, naming neither versions nor addresses. `sentence`
    stands in the place of the usual one."""
    phrase = HTTPStatus(status).phrase
    text = f"{status} {phrase}\n{sentence or _SENTENCES.get(status, phrase)}\n".encode()
    return (
        b"HTTP/1.1 %d %b\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"%bContent-Length: %d\r\n%b\r\n%b"
        % (
            status,
            phrase.encode(),
            b"".join(headers),
            len(text),
            b"Connection: close\r\n" if close else b"",
            text if body else b"",
        )
    )
