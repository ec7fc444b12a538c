"""Steps that are no way to behave, and what a client can say about how it was treated."""

import asyncio
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from addons.http1_write import chunk
from tests.faults.wire import Player, Step, answers

_NO_LINGER: Final = struct.pack("ii", 1, 0)
_INNER: Final = (b"127.0.0.1", b"localhost", b".test", b"mitm", b"iretrail", b"ython", b"llhttp")
"""What a page of ours must not name."""


@dataclass(frozen=True)
class Reset:
    """End the connection with a reset."""


@dataclass(frozen=True)
class Leave:
    """Close the connection, whatever is still to come."""


@dataclass(frozen=True)
class Signal:
    """Tell the other side that this point is reached."""


@dataclass(frozen=True)
class Await:
    """Wait until the other side has signalled."""


@dataclass(frozen=True)
class Drip:
    """Send `times` pieces of `size` bytes, as fast as they are taken; 10 ms apart at least."""

    size: int
    times: int
    chunked: bool = False


class RoughPlayer(Player):
    """A side that may also break off. `left` is set when it has."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, signal: asyncio.Event
    ) -> None:
        super().__init__(reader, writer)
        self._signal = signal
        self.left = False
        self.was_reset = False

    async def more(self) -> bool:
        try:
            data = await self.reader.read(1 << 20)
        except OSError:
            self.was_reset = True
            data = b""
        self.read += data
        self.ended = not data
        return bool(data)

    async def play(self, steps: Sequence[object]) -> None:
        for step in steps:
            match step:
                case Reset():
                    raw: socket.socket | None = self.writer.get_extra_info("socket")
                    if raw is not None:  # else it has ended
                        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
                    self.writer.transport.abort()
                    self.left = True
                case Leave():
                    self.writer.close()
                    self.left = True
                case Signal():
                    self._signal.set()
                case Await():
                    await self._signal.wait()
                case Drip(size, times, chunked):
                    piece = b"x" * size
                    await self._drip(chunk(piece) if chunked else piece, times)
                case _:
                    plain: Step = step  # type: ignore[assignment]
                    await super().play([plain])

    async def _drip(self, piece: bytes, times: int) -> None:
        """Send and read at once, as clients do; stop when something comes."""
        sending = asyncio.create_task(self._repeat(piece, times))
        reading = asyncio.create_task(self.more())
        await asyncio.wait((sending, reading), return_when=asyncio.FIRST_COMPLETED)
        if not reading.done() or not self.ended:
            reading.cancel()
            sending.cancel()
        await asyncio.gather(sending, reading, return_exceptions=True)

    async def _repeat(self, piece: bytes, times: int) -> None:
        for _ in range(times):
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0.01)


def complete(player: RoughPlayer) -> bool:
    """Whether the client has read a whole final answer."""
    found = answers(bytes(player.read), (b"GET",), ended=player.ended)
    return any(m.complete and not m.first[0].startswith(b"1") for m in found)


def seen_by(player: RoughPlayer) -> str:
    """What the client got, in words: `502 page`, `200 whole`, `200 cut`, `nothing`."""
    if not player.read:
        return "nothing"
    last = answers(bytes(player.read), (b"GET",), ended=player.ended)[-1]
    status = last.first[0].decode("latin-1")
    if not last.complete or (last.framing == "close" and player.was_reset):
        return f"{status} cut"
    if last.body.startswith(status.encode() + b" "):
        return _page(status, last.headers, last.body)
    return f"{status} whole"


def _page(status: str, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> str:
    plain = any(
        name.lower() == b"content-type" and value.startswith(b"text/plain")
        for name, value in headers
    )
    told = b"".join(name + value for name, value in headers) + body
    named = [word.decode() for word in _INNER if word in told]
    if named or not plain or len(body) > 200:
        return f"{status} page that tells {named or 'too much'}"
    return f"{status} page"
