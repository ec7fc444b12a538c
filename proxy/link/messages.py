"""What is said on the link beside captures.

Every frame has the form of `store.capture`: payload length, number, payload. A payload that is
a msgpack array is a capture; one that is a map is a message of this module. Frames of number 0
are not acknowledged.
"""

from typing import Final

import msgspec

from store.capture import FrameError


class Hello(msgspec.Struct, tag="hello", frozen=True):
    """First frame of a connection: whose captures follow."""

    slot: int
    generation: int


class Gap(msgspec.Struct, tag="gap", frozen=True):
    """`count` exchanges were dropped for `reason` between two times in Unix milliseconds."""

    reason: str
    count: int
    since: int
    until: int


class Unrecorded(msgspec.Struct, tag="unrecorded", frozen=True):
    """An exchange that was told as started has ended and has no final capture."""

    exchange: bytes


class Hurry(msgspec.Struct, tag="hurry", frozen=True):
    """Somebody waits for the commit of what was sent so far: do not gather more first."""


class Acknowledged(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """Keeper to worker: every frame up to `number` is settled. `dropped` holds those of them
    that left no row, with the reason."""

    number: int
    dropped: dict[int, str] = {}


UNNUMBERED: Final = 0
_encoder: Final = msgspec.msgpack.Encoder()
type Message = Hello | Gap | Unrecorded | Hurry
_decoder: Final[msgspec.msgpack.Decoder[Message]] = msgspec.msgpack.Decoder(
    Hello | Gap | Unrecorded | Hurry
)
_acknowledged: Final = msgspec.msgpack.Decoder(Acknowledged)
# First bytes of msgpack maps: fixmap, map 16, map 32.
_FIXMAP: Final = range(0x80, 0x90)
_MAPS: Final = (0xDE, 0xDF)


def frame(number: int, message: Message | Acknowledged) -> bytes:
    """A message as one frame."""
    payload = _encoder.encode(message)
    return len(payload).to_bytes(4) + number.to_bytes(8) + payload


def is_message(payload: bytes) -> bool:
    """Whether a payload is a message and no capture."""
    return bool(payload) and (payload[0] in _FIXMAP or payload[0] in _MAPS)


def decode_message(payload: bytes) -> Message:
    """The message of a worker's frame.

    Raises:
        FrameError: the payload is none.
    """
    try:
        return _decoder.decode(payload)
    except msgspec.MsgspecError as error:
        raise FrameError(f"no message of the link ({type(error).__name__})") from None


def decode_acknowledged(payload: bytes) -> Acknowledged:
    """The acknowledgement of a keeper's frame.

    Raises:
        FrameError: the payload is none.
    """
    try:
        return _acknowledged.decode(payload)
    except msgspec.MsgspecError as error:
        raise FrameError(f"no acknowledgement ({type(error).__name__})") from None
