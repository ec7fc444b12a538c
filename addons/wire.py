"""The TCP connections of a conversation, and which of them holds back which."""

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Final, cast

from mitmproxy.connection import Connection, ConnectionState
from mitmproxy.proxy import events

if TYPE_CHECKING:
    from addons.conversation import Conversation

_CHOKING: Final = 1 << 20
"""Bytes that may wait for a peer before it is not read any more. Beyond what back-pressure lets
wait, so that only what we write ourselves comes this far."""
_NO_LINGER: Final = struct.pack("ii", 1, 0)


class Wire(asyncio.Protocol):
    """One TCP connection, a client's or an upstream's."""

    __slots__ = (
        "choked",
        "closed",
        "connection",
        "conversation",
        "eof",
        "held",
        "reading",
        "transport",
    )
    transport: asyncio.Transport

    def __init__(self, conversation: "Conversation", connection: Connection) -> None:
        self.conversation = conversation
        self.connection = connection
        self.eof = False
        self.closed = False
        """Closed by a layer's command."""
        self.reading = True
        self.held = False
        """A relay does not want to read more now."""
        self.choked = False
        """The peer itself does not read."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        transport = cast(asyncio.Transport, transport)
        self.transport = transport
        self.conversation.wire_made(self)

    def data_received(self, data: bytes) -> None:
        self.conversation.dispatch(events.DataReceived(self.connection, data))
        if self.transport.get_write_buffer_size() > _CHOKING:
            self.conversation.wires.choke(self)

    def eof_received(self) -> bool:
        self.eof = True
        self.connection.state &= ~ConnectionState.CAN_READ
        self.conversation.dispatch(events.ConnectionClosed(self.connection))
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self.conversation.wire_lost(self, reset=error is not None)

    def reset(self) -> None:
        """Close at once with a reset. `abort` alone sends an end of stream when nothing waits to
        be sent, and a body without framing would seem complete."""
        raw = self.transport.get_extra_info("socket")
        if raw is not None and not self.transport.is_closing():
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.transport.abort()

    def shut(self) -> bool:
        """Send an end of stream and read no more; false when the connection is lost already."""
        if self.transport.is_closing():
            return False
        self.transport.pause_reading()
        try:
            self.transport.write_eof()
        except OSError:  # it was reset a moment ago
            return False
        return True

    def pause_writing(self) -> None:
        self.conversation.wires.pause(self)

    def resume_writing(self) -> None:
        self.conversation.write_resumed(self)


class Wires(dict[int, Wire]):
    """The open connections, by the `id` of what mitmproxy calls a `Connection`. While one of them
    does not take what it is sent, the others, whose bytes go to it, are not read."""

    def __init__(self) -> None:
        super().__init__()
        self._paused: set[Wire] = set()

    def of(self, connection: Connection) -> Wire | None:
        """The wire of a connection that is open."""
        return self.get(id(connection))

    def lose(self, wire: Wire) -> None:
        """The wire is closed."""
        self.pop(id(wire.connection), None)
        if wire in self._paused:
            self._paused.discard(wire)
            self.update_reading()

    def clear(self) -> None:
        super().clear()
        self._paused.clear()

    def hold(self, connection: Connection, held: bool) -> None:
        """Stop or continue reading from a connection."""
        wire = self.of(connection)
        if wire is not None and wire.held is not held:
            wire.held = held
            self.update_reading()

    def stalled(self, connection: Connection) -> bool:
        """Whether the peer does not read what it is sent."""
        wire = self.of(connection)
        return wire is not None and wire in self._paused

    def pause(self, wire: Wire) -> None:
        """A peer reads slowly."""
        self._paused.add(wire)
        self.update_reading()

    def resume(self, wire: Wire) -> None:
        """It reads again."""
        self._paused.discard(wire)
        wire.choked = False
        self.update_reading()

    def choke(self, wire: Wire) -> None:
        """A peer makes us write (pages, pings) what it does not read: read no more of it."""
        if wire in self._paused and not wire.choked:
            wire.choked = True
            self.update_reading()

    def update_reading(self) -> None:
        """Read from those that nothing holds back, and from no others."""
        for wire in self.values():
            others = len(self._paused) - (wire in self._paused)
            reading = not (wire.held or wire.choked or others)
            if reading is not wire.reading and not wire.transport.is_closing():
                wire.reading = reading
                if reading:
                    wire.transport.resume_reading()
                else:
                    wire.transport.pause_reading()
