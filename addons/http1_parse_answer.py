"""Bytes of an upstream's HTTP/1.1 connection become answers, by llhttp (through httptools)."""

import re
from typing import Final

import httptools

from addons.errors import AnswerInHttp2, MalformedAnswer
from addons.http1_head import AnswerHead, read_answer_head
from addons.settings import Limits
from store.capture import HeaderList

# A server's HTTP/2 begins with SETTINGS (RFC 9113, 3.4): length, type, no flags, stream 0.
_SETTINGS: Final = re.compile(rb"\x00..\x04\x00\x00\x00\x00\x00", re.DOTALL)
_FRAME: Final = 64
"""Bytes that one chunk may cost beside its content."""


class End:
    """Ends the items of an answer."""

    __slots__ = ("trailers",)

    def __init__(self, trailers: HeaderList) -> None:
        self.trailers = trailers


type AnswerItem = AnswerHead | bytes | End


class AnswerParser:
    """Parses the answers of one upstream connection; one request is outstanding at a time."""

    __slots__ = (
        "_ended",
        "_fault",
        "_fields",
        "_head",
        "_head_bytes",
        "_items",
        "_limits",
        "_overhead",
        "_parser",
        "_reason",
        "_to_head",
        "desync",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._parser: httptools.HttpResponseParser | None = None
        self._items: list[AnswerItem] = []
        self._fields: HeaderList = []
        self._reason = b""
        self._fault: MalformedAnswer | None = None
        self._ended = True
        self._to_head = False
        self._head: AnswerHead | None = None
        self._head_bytes = 0
        self._overhead = 0
        self.desync = False
        """The upstream sent more than was asked for; the connection is of no further use."""

    def expect(self, *, to_head: bool) -> None:
        """A request was sent; `to_head`: it was a HEAD request."""
        if self._to_head:
            # llhttp still waits for the body that an answer to HEAD only announces.
            self._parser = None
        self._to_head = to_head
        self._ended = False
        self._head = None
        self._head_bytes = 0
        self._overhead = 0
        self._fields = []

    def close(self) -> None:
        """Break the reference cycle with llhttp's parser."""
        self._parser = None

    @property
    def silent(self) -> bool:
        """Whether not a byte of the expected answer has come."""
        return self._head is None and self._head_bytes == 0

    def feed(self, data: bytes) -> list[AnswerItem]:
        """The heads, body pieces and ends in `data`.

        Raises:
            MalformedAnswer: this is not HTTP/1.1.
        """
        if self._ended:
            self.desync = True
            return []
        if self._head is None:
            self._head_bytes += len(data)
        parser = self._parser
        if parser is None:
            parser = self._parser = httptools.HttpResponseParser(self)
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise MalformedAnswer("a switch of protocols that nobody asked for") from None
        except httptools.HttpParserError as error:
            if self._fault is not None:
                raise self._fault from None
            if not self._ended:
                if self._head_bytes == len(data) and _SETTINGS.match(data):
                    raise AnswerInHttp2("the upstream answered in HTTP/2 frames") from None
                raise MalformedAnswer(f"llhttp: {error}") from None
            self.desync = True
        if self._fault is not None:
            raise self._fault
        if self._head is None and self._head_bytes > self._limits.head_bytes:
            raise MalformedAnswer("the head of the answer is too large")
        if self._head is not None and self._head.chunked is not None:
            self._overhead = max(0, self._overhead + len(data))
            # The head may have come with the first of it.
            if self._overhead > 2 * self._limits.head_bytes:
                raise MalformedAnswer("too much beside the body of the answer")
        items, self._items = self._items, []
        return items

    def end_of_stream(self) -> bool:
        """The upstream closed; True when that is the proper end of the answer."""
        return self._head is not None and self._head.until_close and not self._ended

    # llhttp's callbacks. An exception here would only be wrapped, so faults are kept.

    def on_message_begin(self) -> None:
        if self._ended:
            self.desync = True
        self._reason = b""
        self._fields = []

    def on_status(self, reason: bytes) -> None:
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        if self._ended or self._fault is not None:
            return
        assert self._parser is not None
        version = self._parser.get_http_version()
        if version not in ("1.1", "1.0"):
            self._fault = MalformedAnswer("the answer is neither HTTP/1.1 nor HTTP/1.0")
            return
        try:
            head = read_answer_head(
                self._parser.get_status_code(),
                self._reason,
                version == "1.1",
                self._fields,
                to_head=self._to_head,
                max_fields=self._limits.headers,
            )
        except MalformedAnswer as fault:
            self._fault = fault
            return
        self._fields = []
        self._items.append(head)
        if head.interim:
            self._head_bytes = 0
            return
        self._head = head
        if self._to_head:
            self._ended = True
            self._items.append(End([]))

    def on_body(self, data: bytes) -> None:
        if self._ended:
            self.desync = True
        else:
            self._overhead -= len(data) + _FRAME
            self._items.append(data)

    def on_message_complete(self) -> None:
        if self._head is not None and not self._ended:
            self._ended = True
            if len(self._fields) > self._limits.headers:
                self._fault = MalformedAnswer("too many trailer fields in the answer")
            self._items.append(End(self._fields))
