"""Passes WebSocket frames on as they come, in the place of mitmproxy's own code, which

* keeps each message until it is whole, of whatever size, and copies it with each piece,
* tells the other side a clean end (1000) when one side broke off without any.
"""

from collections.abc import Iterator
from typing import Any, Final

from mitmproxy import websocket
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers.websocket import (
    WebsocketConnection,
    WebsocketEndHook,
    WebsocketLayer,
    WebsocketMessageHook,
)
from wsproto.connection import ConnectionState
from wsproto.events import BytesMessage, CloseConnection, Message, Ping, Pong, TextMessage
from wsproto.frame_protocol import CloseReason, Opcode

KEPT: Final = 4096
"""First bytes of each message for the capture."""
_WHOLE: Final = 1 << 20
"""Bytes up to which a frame goes on as one frame; some peers take no others."""
_SLICE: Final = 4096
"""Compressed bytes that are unpacked at once: to 4 MB at most."""
_STATE: Final = "_wiretrail_passing"


class PassedMessage(websocket.WebSocketMessage):
    """A message of which only the first bytes are here."""

    size = 0
    """Bytes of the whole message."""


class _Passing:
    """What is under way in one direction."""

    __slots__ = ("held", "kept", "parts", "size")

    def __init__(self) -> None:
        self.parts: list[Any] = []
        self.held = 0
        self.kept = b""
        self.size = 0

    def take(self, data: str | bytes) -> None:
        """A piece of a frame."""
        self.parts.append(data)
        self.held += len(data)
        raw = data.encode() if isinstance(data, str) else data
        self.size += len(raw)
        if len(self.kept) < KEPT:
            self.kept += bytes(raw[: KEPT - len(self.kept)])


def relay_messages(self: WebsocketLayer, event: events.Event) -> Iterator[commands.Command]:
    """What `WebsocketLayer` does with events once the handshake is done."""
    if not isinstance(event, events.ConnectionEvent):
        return
    from_client = event.connection is self.context.client
    source, sink = self.client_ws, self.server_ws
    if not from_client:
        source, sink = sink, source
    data = event.data if isinstance(event, events.DataReceived) else None
    for piece in _slices(data, packed=bool(source._proto.extensions)):
        source.receive_data(piece)
        for found in source.events():
            if isinstance(found, Message):
                yield from _pass(self, source, sink, found, from_client=from_client)
            elif isinstance(found, Ping | Pong):
                yield sink.send2(found)
            elif isinstance(found, CloseConnection):
                yield from _close(self, found, by_client=from_client)
                return


def _slices(data: bytes | None, *, packed: bool) -> Iterator[bytes | None]:
    if data is None or not packed:
        yield data
        return
    for start in range(0, len(data), _SLICE):
        yield data[start : start + _SLICE]


def _pass(
    layer: WebsocketLayer,
    source: WebsocketConnection,
    sink: WebsocketConnection,
    found: Message[Any],
    *,
    from_client: bool,
) -> Iterator[commands.Command]:
    state = getattr(source, _STATE, None)
    if state is None:
        state = _Passing()
        setattr(source, _STATE, state)
    state.take(found.data)
    text = isinstance(found, TextMessage)
    if found.frame_finished or state.held > _WHOLE:
        whole: Any = ("" if text else b"").join(state.parts)
        made = TextMessage if text else BytesMessage
        yield sink.send2(made(whole, message_finished=found.message_finished))
        state.parts, state.held = [], 0
    if found.message_finished:
        kept, size = state.kept, state.size
        state.kept, state.size = b"", 0
        message = PassedMessage(Opcode.TEXT if text else Opcode.BINARY, from_client, kept)
        message.size = size
        assert layer.flow.websocket is not None
        layer.flow.websocket.messages.append(message)
        yield WebsocketMessageHook(layer.flow)


def _close(
    layer: WebsocketLayer, found: CloseConnection, *, by_client: bool
) -> Iterator[commands.Command]:
    told = layer.flow.websocket
    assert told is not None
    told.closed_by_client = by_client
    told.close_code = found.code
    told.close_reason = found.reason
    broken = found.code == CloseReason.ABNORMAL_CLOSURE
    for side in (layer.server_ws, layer.client_ws):
        if not broken and side.state in (ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING):
            yield side.send2(found)
        yield commands.CloseConnection(side.conn)
    yield WebsocketEndHook(layer.flow)
    layer.flow.live = False
    done: Any = layer.done
    layer._handle_event = done
