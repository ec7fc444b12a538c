"""Counts the messages of a WebSocket and keeps the first ones."""

from typing import Final

from addons.settings import Limits
from addons.websocket_relay import KEPT
from store.capture import Stream, StreamMessage

_STREAM_BYTES: Final = 65536


class WebSocketCount:
    """Counts the messages of a WebSocket and keeps the first ones."""

    __slots__ = ("_kept_bytes", "_limit", "_stream")

    def __init__(self, limits: Limits) -> None:
        self._limit = limits.stream_messages
        self._stream = Stream("websocket", 0, [])
        self._kept_bytes = 0

    def feed(self, data: bytes) -> None:
        """Messages come by `take`; bytes of a body do not occur."""

    def take(
        self, at_ms: float, content: bytes, *, size: int, from_client: bool, text: bool
    ) -> None:
        """One message of so many bytes; of its content the first ones suffice."""
        stream = self._stream
        stream.count += 1
        if len(stream.kept) < self._limit and self._kept_bytes < _STREAM_BYTES:
            kept = content[:KEPT]
            self._kept_bytes += len(kept)
            stream.kept.append(StreamMessage(at_ms, from_client, text, kept, size))

    def close(self, code: int | None) -> None:
        """The closing handshake, or 1006 when there was none."""
        self._stream.close_code = int(code) if code is not None else None

    @property
    def count(self) -> int:
        return self._stream.count

    def stream(self) -> Stream:
        return self._stream
