"""The capture: the unredacted snapshot of an exchange, and the codec of the frames that carry it.

A capture lives in memory and on the link between worker and keeper only. It is never written
to a file, a log line or an exception text; its `repr` shows no content.
"""

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import Final

import msgspec

from store.activity import Direction, Timing

type HeaderList = list[tuple[bytes, bytes]]
"""Header fields in order, names and values as sent on the wire (values trimmed)."""


class Phase(IntEnum):
    """Which moment of an exchange a capture shows."""

    STARTED = 0
    """No answer yet; becomes a row with who, when and where to, nothing else. The headers are
    there so that what they show to be a secret is cut."""
    REQUEST = 1
    """The whole request of a durable route, before the upstream sees a byte."""
    FINAL = 2
    """The exchange has ended; exactly one per exchange."""


class Claims(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """What the context headers said (`X-Wiretrail-*`), already removed from the request.
    Believed only as far as the listener's or credential's organization allows."""

    organization: str | None = None
    integration: str | None = None
    activity_type: str | None = None
    user: str | None = None
    metadata: dict[str, str] = {}

    def __repr__(self) -> str:
        return "<Claims>"


class StreamMessage(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """One kept message of a stream: WebSocket message, event or gRPC message."""

    at: float
    """Milliseconds since the exchange began."""
    from_client: bool
    text: bool
    content: bytes
    size: int

    def __repr__(self) -> str:
        return f"<StreamMessage of {self.size} bytes>"


class Stream(msgspec.Struct, array_like=True):
    """What a long-lived exchange carried: how many messages, and the first few of them."""

    kind: str
    """`websocket`, `sse`, `ndjson` or `grpc`."""
    count: int = 0
    kept: list[StreamMessage] = []
    close_code: int | None = None
    times: list[float] = []
    """When the first messages of a body had come, in milliseconds since the exchange began."""


class Capture(msgspec.Struct, array_like=True, kw_only=True):
    """One exchange, unredacted. Times are Unix milliseconds, sizes are bytes after de-chunking
    and before decoding; bodies are the first `body_limit` bytes as they were on the wire."""

    id: bytes
    phase: Phase
    direction: Direction
    listener: str
    """The listener's readable name, e.g. `forward 127.0.0.1:8080`."""
    organization: str | None = None
    """Name or UUID that listener, route or credential binds; `None`: the default one."""
    integration: str | None = None
    """Name or UUID that the route binds; `None`: the classifier finds it."""
    may_claim_organization: bool = True
    """False when the listener or credential is bound to one organization."""
    claims: Claims | None = None
    method: str
    scheme: str
    host: str
    port: int
    target: str
    """Path and query as sent (`*` or authority for OPTIONS and CONNECT)."""
    http_version: str = "HTTP/1.1"
    request_headers: HeaderList = []
    request_trailers: HeaderList = []
    request_body: bytes = b""
    request_size: int = 0
    response_status: int | None = None
    """What the upstream answered; `None` when it gave no answer."""
    proxy_status: int | None = None
    """What the proxy itself answered instead (502, 504, 403, ...)."""
    response_headers: HeaderList = []
    response_trailers: HeaderList = []
    response_body: bytes = b""
    response_size: int = 0
    error_code: str | None = None
    error_message: str | None = None
    timing: Timing = Timing()
    created_at: int
    completed_at: int | None = None
    response_time_ms: float | None = None
    """From the first byte of the request to the last of the answer, monotonic."""
    client_address: str | None = None
    upstream_address: str | None = None
    stream: Stream | None = None
    replay_of: bytes | None = None
    durable: bool = False
    notes: dict[str, str] = {}
    """Facts of the relay's own that belong into `metadata`, e.g. `tls_version`."""

    def __repr__(self) -> str:
        return f"<Capture {self.id.hex()} {self.phase.name}>"


MAX_FRAME: Final = 16 * 1024 * 1024
_PREFIX: Final = struct.Struct(">IQ")
_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Capture)


class FrameError(ValueError):
    """A frame or its capture cannot be read. The text never shows content."""


def encode_frame(number: int, capture: Capture) -> bytes:
    """A capture as one frame: payload length (4 bytes), frame number (8), msgpack payload."""
    payload = _encoder.encode(capture)
    return _PREFIX.pack(len(payload), number) + payload


def decode_capture(payload: bytes) -> Capture:
    """The capture of one frame's payload.

    Raises:
        FrameError: the payload is no capture.
    """
    try:
        return _decoder.decode(payload)
    except msgspec.MsgspecError as error:
        # msgspec's text may quote a value, so only its class is told.
        raise FrameError(
            f"frame of {len(payload)} bytes is no capture ({type(error).__name__})"
        ) from None


class FrameSplitter:
    """Cuts a byte stream into frames, however it was split on the way."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The `(number, payload)` pairs that are complete now.

        Raises:
            FrameError: a length beyond `MAX_FRAME`; the stream is out of step.
        """
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) - start >= _PREFIX.size:
            length, number = _PREFIX.unpack_from(buffer, start)
            if length > MAX_FRAME:
                raise FrameError(f"frame of {length} bytes, the limit is {MAX_FRAME}")
            end = start + _PREFIX.size + length
            if end > len(buffer):
                break
            yield number, bytes(buffer[start + _PREFIX.size : end])
            start = end
        del buffer[:start]
