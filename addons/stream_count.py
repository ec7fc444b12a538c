"""Counts the messages of declared streams as they pass: events, lines and gRPC frames.

Only delimiters are looked at, and only in bodies whose content type declares a stream.
"""

import struct
from functools import lru_cache
from typing import Final, Protocol

from store.capture import Stream

_GRPC_PREFIX: Final = struct.Struct(">BI")


class StreamCounter(Protocol):
    """Counts messages in a body that comes in pieces."""

    def feed(self, data: bytes) -> None:
        """The next piece."""
        ...

    @property
    def count(self) -> int:
        """Messages so far."""
        ...

    def stream(self) -> Stream:
        """What was counted so far."""
        ...


class EventCounter:
    """Server-sent events: a message ends with an empty line (WHATWG HTML, 9.2.6)."""

    __slots__ = ("_blank", "_line", "_return", "count")

    def __init__(self) -> None:
        self.count = 0
        self._line = False
        """The current line has content."""
        self._blank = True
        """No line with content since the last message."""
        self._return = False
        """The last byte was CR; an LF behind it belongs to the same line end."""

    def feed(self, data: bytes) -> None:
        if self._return and data[:1] == b"\n":
            data = data[1:]
        if not data:
            return
        self._return = data.endswith(b"\r")
        lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in lines[:-1]:
            if line or self._line:
                self._blank = False
            elif not self._blank:
                self.count += 1
                self._blank = True
            self._line = False
        if lines[-1]:
            self._line = True

    def stream(self) -> Stream:
        return Stream("sse", self.count)


class LineCounter:
    """Newline-delimited JSON."""

    __slots__ = ("_open", "_whole")

    def __init__(self) -> None:
        self._whole = 0
        self._open = False

    def feed(self, data: bytes) -> None:
        if data:
            self._whole += data.count(b"\n")
            self._open = not data.endswith(b"\n")

    @property
    def count(self) -> int:
        return self._whole + self._open

    def stream(self) -> Stream:
        return Stream("ndjson", self.count)


class GrpcCounter:
    """gRPC: each message has a prefix of one flag byte and four length bytes."""

    __slots__ = ("_prefix", "_skip", "count")

    def __init__(self) -> None:
        self.count = 0
        self._prefix = b""
        self._skip = 0

    def feed(self, data: bytes) -> None:
        at = 0
        size = len(data)
        while at < size:
            if self._skip:
                step = min(self._skip, size - at)
                self._skip -= step
                at += step
                continue
            need = _GRPC_PREFIX.size - len(self._prefix)
            self._prefix += data[at : at + need]
            at += need
            if len(self._prefix) == _GRPC_PREFIX.size:
                _, self._skip = _GRPC_PREFIX.unpack(self._prefix)
                self._prefix = b""
                self.count += 1

    def stream(self) -> Stream:
        return Stream("grpc", self.count)


@lru_cache(256)
def _counter_class(content_type: bytes) -> type[StreamCounter] | None:
    media = content_type.partition(b";")[0].strip().lower()
    if media == b"text/event-stream":
        return EventCounter
    if media in (b"application/x-ndjson", b"application/ndjson", b"application/jsonl"):
        return LineCounter
    if media == b"application/grpc" or media.startswith(b"application/grpc+"):
        return GrpcCounter
    return None


def counter_for(content_type: bytes) -> StreamCounter | None:
    """The counter of a declared stream, or `None` for every other content."""
    found = _counter_class(content_type)
    return found() if found is not None else None
