"""One upstream connection of a relay, plain or TLS, with the parser of its answers."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from mitmproxy.connection import Server
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.tls import ServerTLSLayer
from OpenSSL import SSL

from addons.exchange import clock
from addons.http1_parse_answer import AnswerParser
from addons.routing import Target
from addons.settings import Limits
from addons.swift_tls import SwiftTls
from addons.tls_contexts import HTTP1
from addons.tls_sessions import keep_session


class _Inner:
    """Sits where mitmproxy's TLS layer expects its child layer, and keeps what it is told."""

    __slots__ = ("link",)

    def __init__(self, link: "UpstreamLink") -> None:
        self.link = link

    def handle_event(self, event: events.Event) -> list[commands.Command]:
        link = self.link
        if isinstance(event, events.DataReceived):
            link.inbox.append(event.data)
        elif isinstance(event, events.Start):
            return [commands.OpenConnection(link.server)]
        elif isinstance(event, events.OpenConnectionCompleted):
            link.established(event.reply)
        elif isinstance(event, events.ConnectionClosed):
            link.ended = True
        return []


class UpstreamTls(SwiftTls, ServerTLSLayer):
    """mitmproxy's TLS layer towards upstreams."""

    def deliver(self, plain: bytes) -> Iterable[commands.Command]:
        child: Any = self.child_layer
        child.link.inbox.append(plain)
        return ()


_NOTHING: Final[Any] = None


class UpstreamLink:
    """A new `Server`, and a new TLS layer when the target wants one: opening a used one again
    would bind its old source port."""

    __slots__ = (
        "_waiting",
        "address",
        "connect_ms",
        "dialled_at",
        "ended",
        "exchanges",
        "failure",
        "inbox",
        "open",
        "parser",
        "server",
        "target",
        "tls",
        "tls_ms",
        "waiting",
    )

    def __init__(self, context: Context, target: Target, limits: Limits) -> None:
        self.target = target
        self.parser: Final = AnswerParser(limits)
        self.server = Server(address=(target.host, target.port))
        self.tls: UpstreamTls | None = None
        if target.tls:
            self.server.sni = target.host
            self.server.alpn_offers = (HTTP1,)
            below = context.fork()
            below.server = self.server
            self.tls = UpstreamTls(below)
            inner: Any = _Inner(self)
            self.tls.child_layer = inner
        self.address: str | None = None
        """Where the connection went, `address:port`."""
        self.inbox: list[bytes] = []
        self._waiting: list[bytes] = []
        self.waiting = 0
        """Bytes that wait for the connection."""
        self.open = False
        self.failure: str | None = None
        self.ended = False
        """The upstream sent its end of stream, or is gone."""
        self.exchanges = 0
        self.dialled_at = 0.0
        self.connect_ms: float | None = None
        self.tls_ms: float | None = None

    @property
    def alert(self) -> str | None:
        """Why the upstream ended TLS, in OpenSSL's words."""
        return None if self.tls is None else self.tls.alert

    def dial(self, owner: Any) -> list[commands.Command]:
        """The commands that open the connection. `owner` is the layer that waits for it."""
        self.dialled_at = clock()
        if self.tls is not None:
            return list(self.tls.handle_event(events.Start()))
        command = commands.OpenConnection(self.server)
        command.blocking = owner
        return [command]

    def established(self, failure: str | None) -> None:
        """The attempt to connect has ended."""
        now = clock()
        self.failure = failure
        self.open = failure is None
        peer = self.server.peername
        if peer is not None:
            self.address = f"[{peer[0]}]:{peer[1]}" if ":" in peer[0] else f"{peer[0]}:{peer[1]}"
        if self.connect_ms is None:
            self.connect_ms = (now - self.dialled_at) * 1000.0
        elif failure is None:
            self.tls_ms = (now - self.dialled_at) * 1000.0 - self.connect_ms

    def keep_session(self) -> None:
        """An answer has come: the next connection to this upstream may resume the session."""
        if self.tls is not None and self.open:
            keep_session(self.tls.tls)

    def close(self) -> commands.CloseConnection:
        """The command that lets the connection go."""
        self.parser.close()
        self.keep_session()
        if self.tls is not None:
            if self.open:
                # Else OpenSSL takes the session for one that must not be resumed.
                self.tls.tls.set_shutdown(SSL.SENT_SHUTDOWN)
            # Breaks a cycle, so that OpenSSL's buffers go at once.
            self.tls.child_layer = _NOTHING
            self.tls.context.layers.clear()
        return commands.CloseConnection(self.server)

    def flush(self) -> Iterable[commands.Command]:
        """The commands that send what has waited for the connection."""
        data = b"".join(self._waiting)
        self._waiting.clear()
        self.waiting = 0
        return self.send(data)

    def completed(self, event: events.CommandCompleted) -> Iterator[commands.Command]:
        """The reply to a command of this link's."""
        if isinstance(event, events.OpenConnectionCompleted):
            if self.tls is None:
                self.established(event.reply)
                return
            self.connect_ms = (clock() - self.dialled_at) * 1000.0
        if self.tls is not None:
            yield from self.tls.handle_event(event)

    def send(self, data: bytes) -> Iterable[commands.Command]:
        """The commands that send bytes to the upstream; before it is connected, none: the
        bytes wait for `flush`."""
        if not self.open:
            self._waiting.append(data)
            self.waiting += len(data)
            return ()
        if self.ended:
            return ()
        if self.tls is not None:
            return self.tls.send(data)
        return [commands.SendData(self.server, data)]
