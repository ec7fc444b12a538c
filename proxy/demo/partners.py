"""Stub partners: one TLS server that answers as several well-known APIs do."""

import json
import ssl
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from addons.certificate_authority import KEY_FILE, ensure_ca

HOSTS: Final = (
    "slack.com",
    "api.stripe.com",
    "api.golioth.io",
    "api.sendgrid.com",
    "api.github.com",
    "api.example.com",
)
"""Hosts whose calls the demo leads to the stub, by `--connect-to`."""
SLOW_SECONDS: Final = 1.2


class Answer(msgspec.Struct, frozen=True):
    """What a partner answers."""

    status: int
    body: Any
    headers: dict[str, str] = {}
    after_seconds: float = 0.0


_ANSWERS: Final[dict[tuple[str, str], Answer]] = {
    ("POST", "/api/chat.postMessage"): Answer(
        200, {"ok": True, "channel": "C024BE91L", "ts": "1790000000.000200"}
    ),
    ("POST", "/v1/payment_intents"): Answer(
        402,
        {"error": {"type": "card_error", "code": "card_declined", "message": "Declined."}},
        {"Request-Id": "req_8aXmDemo1"},
    ),
    ("POST", "/v1/projects/demo/devices"): Answer(
        200, {"data": {"id": "65f1c0ffee", "name": "thermostat-7", "hardwareIds": ["a1b2"]}}
    ),
    ("POST", "/v3/mail/send"): Answer(202, None, {"X-Message-Id": "14c5d75ce93"}),
    ("GET", "/user"): Answer(200, {"login": "octocat", "id": 583231}),
    ("POST", "/v1/orders"): Answer(500, {"error": "the database is read only"}),
    ("GET", "/v1/report"): Answer(200, {"rows": 42}, after_seconds=SLOW_SECONDS),
}


class Stub:
    """An HTTP/1.1 server in threads, from entering until leaving."""

    def __init__(
        self, answer: Callable[[str, str], Answer], context: ssl.SSLContext | None = None
    ) -> None:
        """`answer` gets method and path."""

        class Handler(_Handler):
            answering = staticmethod(answer)

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def get_request(self) -> tuple[Any, Any]:
                connection, address = super().get_request()
                if context is not None:
                    connection = context.wrap_socket(
                        connection, server_side=True, do_handshake_on_connect=False
                    )
                return connection, address

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A connection that ends early is no news here."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answering: Callable[[str, str], Answer]

    def _handle(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self.answering(self.command, self.path.partition("?")[0])
        time.sleep(answer.after_seconds)
        body = b"" if answer.body is None else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if body:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _handle

    def log_message(self, format: str, *args: Any) -> None:
        """The sidecar keeps the log."""


def partner_answer(method: str, path: str) -> Answer:
    """What the partners answer."""
    return _ANSWERS.get((method, path), Answer(404, {"error": "not found"}))


def service_answer(method: str, path: str) -> Answer:
    """What the service answers to webhooks."""
    return Answer(200, {"received": True})


def throw_away_authority(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """The certificate of an authority made for this run, and the context of a server for `HOSTS`
    that it signed."""
    # mitmproxy makes the certificate as it does for intercepted hosts; its import takes a while.
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from mitmproxy import certs

    authority = ensure_ca(folder)
    pem = (folder / KEY_FILE).read_bytes()
    key: Any = serialization.load_pem_private_key(pem, None)
    leaf = certs.dummy_cert(
        key,
        x509.load_pem_x509_certificate(pem),
        HOSTS[0],
        [x509.DNSName(host) for host in HOSTS],
    )
    chain = folder / "partners.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    chain.write_bytes(private + leaf.to_pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return authority, context
