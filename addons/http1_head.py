"""Heads of HTTP/1.1 messages: what a parsed head means, and the lines that go to the other side.

One pass over the fields finds framing, hop-by-hop fields and our context fields, and writes the
lines that are passed on. llhttp has already refused what it knows to be wrong; the rest that
RFC 9112 forbids, or that lets two parsers disagree, is refused here.
"""

import re
from functools import lru_cache
from typing import Final

from addons.errors import MalformedAnswer, MalformedRequest
from store.activity import ErrorCode
from store.capture import HeaderList

_PLAIN: Final = 0
_HOST: Final = 1
_LENGTH: Final = 2
_CODING: Final = 3
_CONNECTION: Final = 4
_HOP: Final = 5
_TE: Final = 6
_UPGRADE: Final = 7
_EXPECT: Final = 8
_CREDENTIAL: Final = 9
_CONTEXT: Final = 10
_FORWARDED: Final = 11
_TYPE: Final = 12

_PASSED: Final = (_PLAIN, _TYPE)

_KINDS: Final = {
    b"host": _HOST,
    b"content-length": _LENGTH,
    b"transfer-encoding": _CODING,
    b"connection": _CONNECTION,
    b"keep-alive": _HOP,
    b"proxy-connection": _HOP,
    b"te": _TE,
    b"upgrade": _UPGRADE,
    b"expect": _EXPECT,
    b"proxy-authorization": _CREDENTIAL,
    b"forwarded": _FORWARDED,
    b"x-real-ip": _FORWARDED,
    b"content-type": _TYPE,
}
_CONTEXT_PREFIX: Final = b"x-wiretrail-"
_FORWARDED_PREFIX: Final = b"x-forwarded-"

# Names that a `Connection` field must not declare hop-by-hop: without them the other side
# would read another message than we do, or believe another sender.
_NEVER_HOP: Final = frozenset(
    (b"host", b"content-length", b"transfer-encoding", b"authorization", b"cookie")
)
_TOKENS_OF_OURS: Final = frozenset((b"close", b"keep-alive", b"upgrade", b"te", b""))
_NO_TRAILER: Final = frozenset(
    (
        *(b"host", b"content-length", b"transfer-encoding", b"connection", b"trailer", b"te"),
        *(b"proxy-authorization", b"forwarded", b"x-real-ip"),
    )
)

_AUTHORITY: Final = re.compile(
    rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~!$&'()*+,;=%]+)(?::([0-9]{0,5}))?"
)
_DIGITS: Final = 18
"""Most digits of a length."""

# Spelling as sent -> kind. Saves lower-casing each name of each message: 1.5 us a head.
_spellings: dict[bytes, int] = {}


def _kind(name: bytes) -> int:
    """The kind of a field name in a spelling that was not met before."""
    lower = name.lower()
    kind = _KINDS.get(lower, _PLAIN)
    if kind == _PLAIN:
        # Gateways of CGI and WSGI take `_` for `-`.
        dashed = lower.replace(b"_", b"-")
        if lower.startswith(_CONTEXT_PREFIX):
            kind = _CONTEXT
        elif dashed.startswith(_FORWARDED_PREFIX) or dashed == b"x-real-ip":
            kind = _FORWARDED
    if len(_spellings) >= 4096:
        _spellings.clear()
    _spellings[name] = kind
    return kind


def _is_length(value: bytes) -> bool:
    return value.isdigit() and len(value) <= _DIGITS


class RequestHead:
    """A request's head, understood."""

    __slots__ = (
        "chunked",
        "close",
        "connection",
        "context",
        "credential",
        "expects",
        "forwarded",
        "headers",
        "host",
        "length",
        "lines",
        "method",
        "minor",
        "named",
        "target",
        "te",
        "upgrade",
    )

    def __init__(self, method: bytes, target: bytes, minor: int, headers: HeaderList) -> None:
        self.method = method
        self.target = target
        self.minor = minor
        """The `x` of HTTP/1.x."""
        self.headers = headers
        """As sent, without context fields. Credentials for this proxy (RFC 9110, 11.7.1) are among
        them for the record; `lines` has none."""
        self.lines: list[bytes] = []
        """Fields for the upstream, each with its line end."""
        self.host: bytes | None = None
        self.length = 0
        self.chunked = False
        self.close = minor == 0
        """The client wants the connection closed after the answer."""
        self.connection: bytes = b""
        self.named: frozenset[bytes] = frozenset()
        """Hop-by-hop names that `Connection` lists beside the usual ones."""
        self.te = False
        self.upgrade: bytes | None = None
        self.expects = False
        self.credential: bytes | None = None
        self.context: HeaderList | None = None
        self.forwarded = False

    def __repr__(self) -> str:
        return "<RequestHead>"

    @property
    def websocket(self) -> bool:
        """Whether this asks for a WebSocket (RFC 6455, 4.1)."""
        return (
            self.upgrade is not None
            and self.upgrade.lower() == b"websocket"
            and b"upgrade" in connection_tokens(self.connection)
            and self.method == b"GET"
            and self.minor == 1
            and not self.chunked
            and not self.length
        )


@lru_cache(256)
def connection_tokens(value: bytes) -> frozenset[bytes]:
    """The lower-case tokens of `Connection` fields joined by commas."""
    return frozenset(token.strip(b" \t").lower() for token in value.split(b","))


@lru_cache(1024)
def parse_authority(value: bytes) -> tuple[str, int | None]:
    """Host (lower case, no brackets) and port of `host[:port]`.

    Raises:
        MalformedRequest: userinfo, an empty host, or characters that no host has.
    """
    match = _AUTHORITY.fullmatch(value)
    if match is None:
        raise MalformedRequest("the authority is not host[:port]")
    port = int(match[2]) if match[2] else None
    if port is not None and not 0 < port < 65536:
        raise MalformedRequest("the port is not between 1 and 65535")
    return match[1].decode().lower().strip("[]"), port


def read_request_head(
    method: bytes, target: bytes, minor: int, fields: HeaderList, max_fields: int
) -> RequestHead:
    """What a request's fields mean.

    Raises:
        MalformedRequest: two parsers could disagree about this head.
    """
    if len(fields) > max_fields:
        raise MalformedRequest("too many header fields", 431, ErrorCode.TOO_LARGE)
    head = RequestHead(method, target, minor, fields)
    lines = head.lines
    lengths = codings = 0
    for field in fields:
        name, value = field
        kind = _spellings.get(name)
        if kind is None:
            kind = _kind(name)
        if kind in _PASSED:
            lines.append(b"%b: %b\r\n" % field)
        elif kind == _HOST:
            if head.host is not None:
                raise MalformedRequest("more than one Host field")
            head.host = value
            lines.append(b"%b: %b\r\n" % field)
        elif kind == _LENGTH:
            lengths += 1
            if not _is_length(value):
                raise MalformedRequest("Content-Length is not a number")
            head.length = int(value)
            lines.append(b"%b: %d\r\n" % (name, head.length))
        elif kind == _CODING:
            codings += 1
            if value.lower() != b"chunked":
                raise MalformedRequest("a transfer coding other than chunked")
            head.chunked = True
            lines.append(b"%b: %b\r\n" % field)
        elif kind == _CONNECTION:
            head.connection = head.connection + b"," + value if head.connection else value
        elif kind == _UPGRADE:
            head.upgrade = value
        elif kind == _EXPECT:
            head.expects = value.lower() == b"100-continue"
            lines.append(b"%b: %b\r\n" % field)
        elif kind == _TE:
            head.te = head.te or b"trailers" in value.lower()
        elif kind == _FORWARDED:
            head.forwarded = True
            lines.append(b"%b: %b\r\n" % field)
        elif kind == _CREDENTIAL:
            head.credential = value
        elif kind == _CONTEXT:
            if head.context is None:
                head.context = []
            head.context.append(field)
    _check_framing(head, lengths, codings)
    if head.connection:
        _read_connection(head)
    if head.host is None:
        if minor == 1:
            raise MalformedRequest("no Host field")
    elif head.host:
        parse_authority(head.host)
    if head.context:
        head.headers = [field for field in fields if field not in head.context]
    return head


def _check_framing(head: RequestHead, lengths: int, codings: int) -> None:
    if codings > 1 or lengths > 1 or (codings and lengths):
        raise MalformedRequest("more than one framing field")
    if codings and head.minor == 0:
        raise MalformedRequest("Transfer-Encoding in HTTP/1.0")


def _read_connection(head: RequestHead) -> None:
    tokens = connection_tokens(head.connection)
    if b"close" in tokens:
        head.close = True
    elif head.minor == 0 and b"keep-alive" in tokens:
        head.close = False
    others = tokens - _TOKENS_OF_OURS
    if others:
        if others & _NEVER_HOP or any(
            name.startswith((_FORWARDED_PREFIX, _CONTEXT_PREFIX)) for name in others
        ):
            raise MalformedRequest("Connection lists a field that every side needs")
        head.named = others
        head.lines = [line for line in head.lines if line.partition(b":")[0].lower() not in others]


def without_forwarded(lines: list[bytes], *, only_misspelt: bool = False) -> list[bytes]:
    """The lines that do not say for whom a request was forwarded. `only_misspelt`: those that
    say it with `-` stay, none of our hops writes `_`."""
    return [
        line
        for line in lines
        if _spellings.get(name := line.partition(b":")[0], _kind(name)) != _FORWARDED
        or (only_misspelt and b"_" not in name)
    ]


def check_trailers(fields: HeaderList) -> None:
    """Trailers must not change framing or routing (RFC 9110, 6.5.1), nor carry past us what is
    taken out of heads: some servers put them among the fields of the head.

    Raises:
        MalformedRequest: one of them does.
    """
    if not all(may_be_trailer(name) for name, _ in fields):
        raise MalformedRequest("a trailer field that only a head may have")


def may_be_trailer(name: bytes) -> bool:
    """Whether a request's trailer may have this name."""
    lower = name.lower()
    return lower not in _NO_TRAILER and not lower.startswith((_CONTEXT_PREFIX, _FORWARDED_PREFIX))


class AnswerHead:
    """An answer's head, understood."""

    __slots__ = (
        "bodiless",
        "chunked",
        "close",
        "content_type",
        "headers",
        "interim",
        "length",
        "lines",
        "minor",
        "reason",
        "status",
    )

    def __init__(self, status: int, reason: bytes, minor: int, headers: HeaderList) -> None:
        self.status = status
        self.reason = reason
        self.minor = minor
        self.headers = headers
        self.lines: list[bytes] = []
        """Fields for the client, each with its line end."""
        self.interim = 100 <= status < 200
        self.bodiless = False
        self.length: int | None = None
        self.chunked: bytes | None = None
        """The Transfer-Encoding field's line, when there is one that ends in `chunked`."""
        self.close = minor == 0
        """The upstream closes the connection after this answer."""
        self.content_type: bytes | None = None

    def __repr__(self) -> str:
        return f"<AnswerHead {self.status}>"

    @property
    def until_close(self) -> bool:
        """Whether the end of the connection ends the body."""
        return not self.bodiless and self.length is None and self.chunked is None


def read_answer_head(
    status: int, reason: bytes, minor: int, fields: HeaderList, *, to_head: bool, max_fields: int
) -> AnswerHead:
    """What an answer's fields mean; `to_head`: it answers a HEAD request.

    Raises:
        MalformedAnswer: it cannot be passed on safely.
    """
    if len(fields) > max_fields:
        raise MalformedAnswer("too many header fields in the answer")
    head = AnswerHead(status, reason, minor, fields)
    head.bodiless = to_head or head.interim or status == 204 or status == 304
    connection = b""
    lines = head.lines
    for field in fields:
        name, value = field
        kind = _spellings.get(name)
        if kind is None:
            kind = _kind(name)
        if kind == _LENGTH:
            if not _is_length(value) or (head.length is not None and head.length != int(value)):
                raise MalformedAnswer("Content-Length of the answer is not a number")
            head.length = int(value)
            if not head.interim and status != 204:
                lines.append(b"%b: %d\r\n" % (name, head.length))
        elif kind == _CODING:
            if head.chunked is not None:
                raise MalformedAnswer("more than one Transfer-Encoding field in the answer")
            head.chunked = b"%b: %b\r\n" % field
            if not head.interim and status != 204:
                lines.append(head.chunked)
        elif kind == _CONNECTION:
            connection = connection + b"," + value if connection else value
        elif kind == _TYPE:
            head.content_type = value
            lines.append(b"%b: %b\r\n" % field)
        elif kind != _HOP and kind != _UPGRADE:
            lines.append(b"%b: %b\r\n" % field)
    if connection:
        tokens = connection_tokens(connection)
        head.close = b"close" in tokens or (minor == 0 and b"keep-alive" not in tokens)
        others = tokens - _TOKENS_OF_OURS - _NEVER_HOP
        if others:
            head.lines = [line for line in lines if line.partition(b":")[0].lower() not in others]
    if head.chunked is not None:
        coding = head.chunked.rpartition(b":")[2].rpartition(b",")[2].strip().lower()
        if head.length is not None:
            raise MalformedAnswer("both Content-Length and Transfer-Encoding in the answer")
        if coding != b"chunked":
            raise MalformedAnswer("a transfer coding whose end cannot be seen")
    if head.until_close:
        head.close = True
    return head
