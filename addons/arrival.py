"""What a connection shows as it is accepted, and the rows of those that are turned away then."""

import socket
from typing import Any, Final

from addons.entrance import Entrance
from addons.exchange import Exchange, clock
from addons.http2_allowance import TOO_MANY_RESETS
from addons.opening import open_unparsed
from store.activity import ErrorCode

_LOOKED_INTO: Final = 8192
_UNKNOWN: Final = b"?"


def look(accepted: socket.socket) -> bytes:
    """What the client has sent already, without taking it: empty when it has closed, or reset, the
    connection without a word that can be read; a `?` when nothing has come yet."""
    try:
        return accepted.recv(_LOOKED_INTO, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return _UNKNOWN
    except OSError:
        return b""


def record_overload(entrance: Entrance, peer: tuple[Any, ...], local: tuple[Any, ...]) -> None:
    """The row of a client that was told to come again before it could ask."""
    exchange = _open(entrance, peer, local)
    exchange.proxy_status = 503
    exchange.fail(ErrorCode.OVERLOADED, "more connections than limits.connections allows")
    entrance.recording.ended(exchange)


def record_flood(entrance: Entrance, peer: tuple[Any, ...], local: tuple[Any, ...]) -> None:
    """The row of a client that reset too many requests as it sent them."""
    exchange = _open(entrance, peer, local)
    exchange.http_version = "HTTP/2.0"
    exchange.fail(ErrorCode.CLIENT_CLOSED, TOO_MANY_RESETS)
    entrance.recording.ended(exchange)


def _open(entrance: Entrance, peer: tuple[Any, ...], local: tuple[Any, ...]) -> Exchange:
    return open_unparsed(
        entrance,
        binding=entrance.binding,
        began=clock(),
        client_address=peer[0],
        place=("http", local[0], local[1]),
    )
