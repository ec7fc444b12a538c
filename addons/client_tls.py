"""mitmproxy's TLS layer towards clients, with its end made proper and its outcome told."""

from collections.abc import Callable

from mitmproxy.proxy import commands
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers.tls import ClientTLSLayer
from OpenSSL import SSL

from addons.active_relay import AbortConnection
from addons.swift_tls import SwiftTls


class ClientTls(SwiftTls, ClientTLSLayer):
    """Sends `close_notify` before it closes: without it a client takes an answer that ends
    with the connection for a truncated one (RFC 8446, 6.1). mitmproxy leaves it out."""

    def __init__(
        self, context: Context, done: Callable[[], None], failed: Callable[[str], None]
    ) -> None:
        super().__init__(context)
        self._done = done
        self._failed = failed

    def receive_handshake_data(self, data: bytes) -> CommandGenerator[tuple[bool, str | None]]:
        done, error = yield from super().receive_handshake_data(data)
        if done:
            self._done()
            self._done, self._failed = _nothing, _ignored
        return done, error

    def on_handshake_error(self, err: str) -> CommandGenerator[None]:
        self._failed(_readable(err))
        yield from super().on_handshake_error(err)

    def send_close(self, command: commands.CloseConnection) -> CommandGenerator[None]:
        # `close_notify` before an abort would make a torn answer a complete one.
        aborts = isinstance(command, AbortConnection)
        if self.tls is not None and self.conn.tls_established and not aborts:
            try:
                self.tls.shutdown()
            except SSL.Error:
                pass  # the peer is gone or has not finished its side: there is no one to tell
            else:
                yield from self.tls_interact()
        yield from super().send_close(command)


def _nothing() -> None:
    """Stands where the tunnel's methods were, so that nothing refers back to it."""


def _ignored(_reason: str) -> None:
    """As above."""


def _readable(error: str) -> str:
    """The reason without anything that the client sent."""
    if error.startswith("Cannot parse ClientHello"):
        return "the ClientHello cannot be parsed"
    if error == "connection closed":
        return "the client closed during the handshake; it may not trust the certificate authority"
    return f"the client refused the handshake: {error[:200]}"
