"""Reads recorded bytes of a connection as HTTP/1.1 messages, apart from the product's parser, and
plays scripts on connections."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_HOP: Final = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"te", b"transfer-encoding", b"upgrade")
)
_ADDED: Final = re.compile(rb"x-forwarded-(for|proto|host)$")


@dataclass(frozen=True)
class Message:
    """One request or answer, without what belongs to a single hop."""

    first: tuple[bytes, ...]
    """Method and target, or status and reason."""
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    framing: str
    trailers: tuple[tuple[bytes, bytes], ...] = ()
    complete: bool = True


def requests(data: bytes) -> list[Message]:
    """The requests in what a server read."""
    found: list[Message] = []
    while data:
        message, data = _read(data, answer_to=None)
        found.append(message)
    return found


def answers(data: bytes, methods: Sequence[bytes], *, ended: bool) -> list[Message]:
    """The answers, interim ones too, in what a client read; `ended`: the server closed."""
    found: list[Message] = []
    left = list(methods)
    while data:
        message, data = _read(data, answer_to=left[0] if left else b"GET", ended=ended)
        found.append(message)
        if not message.first[0].startswith(b"1"):
            del left[:1]
    return found


def final(messages: Sequence[Message]) -> int:
    """How many complete final answers there are."""
    return sum(1 for m in messages if m.complete and not m.first[0].startswith(b"1"))


def _read(data: bytes, *, answer_to: bytes | None, ended: bool = True) -> tuple[Message, bytes]:
    head, empty, rest = data.partition(b"\r\n\r\n")
    if not empty:
        return Message((b"torn head",), (), head, "none", complete=False), b""
    lines = head.split(b"\r\n")
    fields = _fields(lines[1:])
    kept = tuple(f for f in fields if f[0].lower() not in _HOP and not _ADDED.match(f[0].lower()))
    if answer_to is None:
        method, target, _ = lines[0].split(b" ")
        first: tuple[bytes, ...] = (method, target)
        bodiless = False
    else:
        _, status, reason = lines[0].split(b" ", 2)
        first = (status, reason)
        bodiless = answer_to == b"HEAD" or status in (b"204", b"304") or status[:1] == b"1"
    named = {name.lower(): value for name, value in fields}
    if bodiless:
        return Message(first, kept, b"", "none"), rest
    if b"chunked" in named.get(b"transfer-encoding", b"").lower():
        body, trailers, rest, complete = _chunks(rest)
        return Message(first, kept, body, "chunked", trailers, complete), rest
    if b"content-length" in named:
        size = int(named[b"content-length"])
        message = Message(first, kept, rest[:size], "length", complete=len(rest) >= size)
        return message, rest[size:]
    if answer_to is None:
        return Message(first, kept, b"", "none"), rest
    return Message(first, kept, rest, "close", complete=ended), b""


def _fields(lines: Sequence[bytes]) -> tuple[tuple[bytes, bytes], ...]:
    pairs = (line.partition(b":") for line in lines)
    return tuple((name, value.strip(b" \t")) for name, _, value in pairs)


def _chunks(data: bytes) -> tuple[bytes, tuple[tuple[bytes, bytes], ...], bytes, bool]:
    body = b""
    while True:
        line, end, rest = data.partition(b"\r\n")
        if not end:
            return body, (), b"", False
        size = int(line.partition(b";")[0], 16)
        if size == 0:
            if rest.startswith(b"\r\n"):
                return body, (), rest[2:], True
            block, end, behind = rest.partition(b"\r\n\r\n")
            return body, _fields(block.split(b"\r\n")), behind, bool(end)
        if len(rest) < size + 2:
            return body + rest[:size], (), b"", False
        body, data = body + rest[:size], rest[size + 2 :]


# Scripts


@dataclass(frozen=True)
class Send:
    data: bytes


@dataclass(frozen=True)
class Until:
    """Wait until this text has come, behind what earlier ones found."""

    text: bytes


@dataclass(frozen=True)
class Pause:
    seconds: float


@dataclass(frozen=True)
class HalfClose:
    """Send the end of stream and go on reading."""


@dataclass(frozen=True)
class Rest:
    """Wait for the peer's end of stream."""


type Step = Send | Until | Pause | HalfClose | Rest


class Player:
    """One side of a connection: keeps what it reads, plays steps."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.read = bytearray()
        self.ended = False
        self._at = 0

    async def more(self) -> bool:
        """Read once; false at the end of the stream or after a reset."""
        try:
            data = await self.reader.read(1 << 20)
        except ConnectionError:
            data = b""
        self.read += data
        self.ended = not data
        return bool(data)

    async def play(self, steps: Sequence[Step]) -> None:
        for step in steps:
            match step:
                case Send(data):
                    self.writer.write(data)
                    await self.writer.drain()
                case Until(text):
                    while (found := self.read.find(text, self._at)) < 0:
                        if not await self.more():
                            return
                    self._at = found + len(text)
                case Pause(seconds):
                    await asyncio.sleep(seconds)
                case HalfClose():
                    self.writer.write_eof()
                case Rest():
                    while await self.more():
                        pass
