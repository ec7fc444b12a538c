"""Bytes of a client's HTTP/1.1 connection become requests, by llhttp (through httptools).

httptools can neither pause nor tell how far it came, so a request is fed in pieces whose ends
are known to be the only places where the request can end: the head, then `Content-Length`
bytes, or a chunked body up to the empty line behind its last chunk. What follows a request
stays unparsed until its turn comes, which is all that pipelining needs.
"""

import re
from enum import Enum, auto
from typing import Final, NoReturn

import httptools

from addons.errors import MalformedRequest
from addons.http1_head import RequestHead, check_trailers, read_request_head
from addons.settings import Limits
from store.activity import ErrorCode
from store.capture import HeaderList

_REQUEST_LINE: Final = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([!-~\x80-\xff]+) HTTP/1\.([01])\r\n"
)
_TOKEN_START: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]*(?: |\Z)")
# llhttp lets some of these pass in some places; nothing in a head needs them.
_CONTROLS: Final = bytes([*range(9), 11, 12, *range(14, 32), 127])
_EMPTY_LINE: Final = b"\r\n\r\n"
_CHUNK_SIZE: Final = re.compile(rb"[0-9A-Fa-f]{1,16}")
_SLICE: Final = 16384
_DENSE: Final = 256
"""Chunks in a slice of a body beyond which the next one waits: 3 ms of work."""
_FRAME: Final = 64
"""Bytes that one chunk may cost beside its content."""


class _Stage(Enum):
    HEAD = auto()
    LENGTH = auto()
    CHUNKED = auto()
    COMPLETE = auto()


class RequestParser:
    """Parses the requests of one client connection, one at a time.

    After `feed`, `head` is set once the head has come, `parts` holds the body pieces that came
    since they were last taken, `complete` tells the end. `next()` makes it ready for another.
    """

    __slots__ = (
        "_buffer",
        "_fields",
        "_in_trailers",
        "_limits",
        "_line",
        "_overhead",
        "_parser",
        "_remaining",
        "_seen",
        "_skip",
        "_stage",
        "complete",
        "head",
        "parts",
        "pending",
        "trailers",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._parser: httptools.HttpRequestParser | None = None
        self.next()

    def next(self) -> None:
        """Forget the request that is complete."""
        self._stage = _Stage.HEAD
        self._buffer = b""
        self._fields: HeaderList = []
        self._remaining = 0
        self._seen = b""
        self._skip = 0
        self._line = b""
        self._in_trailers = False
        self._overhead = 0
        self.head: RequestHead | None = None
        self.parts: list[bytes] = []
        self.trailers: HeaderList = []
        self.complete = False
        self.pending = b""
        """Bytes of a costly body that are parsed with the next call of `feed`, which may be
        given nothing: so that others have their turn."""

    def close(self) -> None:
        """Break the reference cycle with llhttp's parser."""
        self._parser = None

    @property
    def begun(self) -> bool:
        """Whether bytes of a head have come that is not complete."""
        return bool(self._buffer)

    def glimpse(self) -> tuple[str, str]:
        """Method and path of a head that cannot be used, as far as they were understood;
        without the query, which may hold anything."""
        head = self.head
        if head is not None:
            method, target = head.method, head.target
        else:
            match = _REQUEST_LINE.match(self._seen)
            if match is None:
                return "", ""
            method, target = match[1], match[2]
        path = target.partition(b"?")[0].partition(b"#")[0]
        if b"@" in path:
            path = b""
        return method.decode("ascii"), path.decode("ascii", "replace")

    def feed(self, data: bytes) -> bytes:
        """Parse up to the end of the request; returns the bytes behind it.

        Raises:
            MalformedRequest: this is not HTTP/1.1 as two parsers would agree on it.
        """
        if self._stage is _Stage.HEAD:
            rest = self._feed_head(data)
            if not rest or self.complete:
                return rest
            data = rest
        if self._stage is _Stage.LENGTH:
            return self._feed_length(data)
        return self._feed_chunked(data)

    def _feed_head(self, data: bytes) -> bytes:
        if self._buffer:
            data = self._buffer + data
        end = data.find(_EMPTY_LINE)
        if end < 0:
            self._check_partial(data)
            self._buffer = data
            return b""
        if end > self._limits.head_bytes:
            raise MalformedRequest("the head is too large", 431, ErrorCode.TOO_LARGE)
        end += 4
        self._buffer = b""
        if data[0] == 13:
            # RFC 9112, 2.2: an empty line or two before the request line is not an error.
            data, before = data.lstrip(b"\r\n"), len(data)
            end -= before - len(data)
            if end <= 0:
                return self._feed_head(data) if data else b""
        if end == len(data):
            self._parse_head(data)
            return b""
        self._parse_head(data[:end])
        return data[end:]

    def _check_partial(self, data: bytes) -> None:
        """Refuse as early as it is certain, so that nobody waits for an end that cannot come."""
        self._seen = data
        if len(data) > self._limits.head_bytes:
            raise MalformedRequest("the head is too large", 431, ErrorCode.TOO_LARGE)
        begin = data.lstrip(b"\r\n")
        if _TOKEN_START.match(begin) is None and begin:
            raise MalformedRequest("this is not HTTP")
        if data.count(b"\n") != data.count(b"\r\n"):
            raise MalformedRequest("a line that ends without CR LF")
        if b"\r\n" in begin and _REQUEST_LINE.match(begin) is None:
            raise MalformedRequest("the request line is not METHOD target HTTP/1.x")

    def _parse_head(self, raw: bytes) -> None:
        self._seen = raw
        match = _REQUEST_LINE.match(raw)
        if match is None:
            raise MalformedRequest("the request line is not METHOD target HTTP/1.x")
        if len(raw.translate(None, _CONTROLS)) != len(raw):
            raise MalformedRequest("a control character in the head")
        if self._parser is None:
            self._parser = httptools.HttpRequestParser(self)
        method, target, minor = match.groups()
        if not target.isascii():
            # llhttp refuses what browsers and curl send as it is; the target was looked at here.
            raw = b"%b / HTTP/1.%b\r\n%b" % (method, minor, raw[match.end() :])
        upgrade = False
        try:
            self._parser.feed_data(raw)
        except httptools.HttpParserUpgrade:
            upgrade = True
        except httptools.HttpParserError as error:
            self._parser = None
            raise MalformedRequest(f"llhttp: {error}") from None
        fields = self._fields
        if b" \r\n" in raw or b"\t\r\n" in raw:
            fields = [(name, value.rstrip(b" \t")) for name, value in fields]
        self._fields = []
        head = self.head = read_request_head(
            method, target, minor == b"1", fields, self._limits.headers
        )
        if upgrade:
            self._body_after_upgrade(head)
        if head.chunked:
            self._stage = _Stage.CHUNKED
        elif head.length:
            self._stage = _Stage.LENGTH
            self._remaining = head.length
        else:
            self._stage = _Stage.COMPLETE
            self.complete = True

    def _body_after_upgrade(self, head: RequestHead) -> None:
        """llhttp skips the body of every upgrade, which would then be read as a second request:
        a fresh parser is brought to where the body begins."""
        self._parser = None
        self.complete = False
        self.parts = []
        if head.chunked:
            frame = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        elif head.length:
            frame = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % head.length
        else:
            return
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(frame)
        self._fields = []

    def _feed_length(self, data: bytes) -> bytes:
        rest = b""
        if len(data) > self._remaining:
            rest = data[self._remaining :]
            data = data[: self._remaining]
        self._remaining -= len(data)
        try:
            self._fed().feed_data(data)
        except httptools.HttpParserError as error:
            self._give_up(error)
        return rest

    def _feed_chunked(self, data: bytes) -> bytes:
        if self.pending:
            data, self.pending = self.pending + data, b""
        later = b""
        if len(data) > _SLICE:
            data, later = data[:_SLICE], data[_SLICE:]
        rest = self._feed_slice(data)
        if not later:
            return rest
        if self.complete:
            return rest + later
        if len(self.parts) > _DENSE:
            self.pending = later
            return b""
        return self._feed_slice(later)

    def _feed_slice(self, data: bytes) -> bytes:
        try:
            rest = self._cut_chunked(data)
        except httptools.HttpParserError as error:
            self._give_up(error)
        # What is neither body nor a chunk's usual frame: extensions and trailers.
        self._overhead = max(0, self._overhead + len(data) - len(rest))
        if self._overhead > self._limits.head_bytes or len(self._fields) > self._limits.headers:
            raise MalformedRequest("too much beside the body", 431, ErrorCode.TOO_LARGE)
        if self.complete and self._fields:
            self.trailers = [(name, value.rstrip(b" \t")) for name, value in self._fields]
            check_trailers(self.trailers)
        return rest

    def _cut_chunked(self, data: bytes) -> bytes:
        """Feed up to the end of the body, which is found by stepping from chunk to chunk. llhttp
        must find it at the same place."""
        size = len(data)
        at = 0
        while at < size:
            if self._skip:
                step = min(self._skip, size - at)
                self._skip -= step
                at += step
                continue
            end = data.find(b"\n", at) + 1
            if not end:
                # A line may have extensions of any length; its beginning is enough.
                self._line += data[at : at + _FRAME]
                break
            line = self._line + data[at:end]
            self._line = b""
            at = end
            if not self._in_trailers:
                self._read_size(line)
            elif line == b"\r\n":
                self._fed().feed_data(data[:at])
                if not self.complete:
                    raise MalformedRequest("the body has no certain end")
                return data[at:]
        self._fed().feed_data(data)
        if self.complete:
            raise MalformedRequest("the body has no certain end")
        return b""

    def _read_size(self, line: bytes) -> None:
        match = _CHUNK_SIZE.match(line)
        # llhttp tells what is wrong with a line that is none.
        size = int(match[0], 16) if match is not None else 0
        self._in_trailers = not size
        self._skip = size + 2 if size else 0

    def _fed(self) -> httptools.HttpRequestParser:
        assert self._parser is not None
        return self._parser

    def _give_up(self, error: httptools.HttpParserError) -> NoReturn:
        self._parser = None
        raise MalformedRequest(f"llhttp: {error}") from None

    # llhttp's callbacks

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append((name, value))

    def on_body(self, data: bytes) -> None:
        self._overhead -= len(data) + _FRAME
        self.parts.append(data)

    def on_message_complete(self) -> None:
        self.complete = True
        self._stage = _Stage.COMPLETE
