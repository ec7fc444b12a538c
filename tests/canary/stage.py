"""Where the exchanges are played: one sidecar, partners on loopback, and plain sockets, so that
every byte and every border between two of them is the case's own."""

import base64
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.support.sidecar import Sidecar

type Part = bytes | float | threading.Event
"""Bytes to send, seconds to wait, or what to wait for."""

HOST = "partner.example"
_SECONDS = 20.0


class ScriptedPartner:
    """Answers each request by the script of the first piece of its path: the parts are sent, then
    the connection is closed."""

    def __init__(self) -> None:
        self.scripts: dict[bytes, Sequence[Part]] = {}
        self.received: dict[bytes, bytes] = {}
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> "ScriptedPartner":
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(_SECONDS)
            try:
                request = _read_request(connection)
                words = request.split(b" ", 2)
                name = words[1].strip(b"/").split(b"/")[0].split(b"?")[0] if len(words) > 1 else b""
                self.received[name] = request
                send_parts(connection, self.scripts.get(name, (ok(b"{}"),)))
            except OSError:
                return  # a client that hangs up is part of some cases


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    lowered = head.lower()
    if b"transfer-encoding: chunked" in lowered:
        while not (body.startswith(b"0\r\n") or b"\r\n0\r\n" in body) or body[-4:] != b"\r\n\r\n":
            body += _more(connection)
    elif b"content-length: " in lowered:
        size = int(lowered.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        while len(body) < size:
            body += _more(connection)
    return head + b"\r\n\r\n" + body


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(1 << 16)
    if not data:
        raise ConnectionError("ended in the middle")
    return data


def send_parts(connection: socket.socket, parts: Sequence[Part]) -> None:
    """Send bytes as segments of their own, wait where something else stands."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for part in parts:
        if isinstance(part, bytes):
            connection.sendall(part)
        elif isinstance(part, threading.Event):
            part.wait(_SECONDS)
        else:
            time.sleep(part)


@dataclass
class Stage:
    """What a case needs to be played."""

    sidecar: Sidecar
    partner: ScriptedPartner
    password: str
    incoming_port: int
    durable_port: int
    closed_port: int
    places: dict[str, int] = field(default_factory=dict)
    """Ports of further partners, by host name."""

    @property
    def credential(self) -> str:
        """The value of `Proxy-Authorization`."""
        return "Basic " + base64.b64encode(f"svc:{self.password}".encode()).decode()

    def connect(self, port: int) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", port), timeout=_SECONDS)
        connection.settimeout(_SECONDS)
        return connection

    def exchange(self, port: int, parts: Sequence[Part], *, leave: bool = False) -> bytes:
        """Send, and read until the other side closes; `leave`: say first that no more comes."""
        with self.connect(port) as connection:
            try:
                send_parts(connection, parts)
                if leave:
                    time.sleep(0.05)
                    connection.shutdown(socket.SHUT_WR)
                data = b""
                while more := connection.recv(1 << 16):
                    data += more
            except ConnectionError:
                pass  # cut off: part of some cases
            return data

    def call(
        self, name: str, request: Sequence[Part], answer: Sequence[Part], *, leave: bool = False
    ) -> bytes:
        """An outgoing call through the forward proxy, with credentials."""
        self.partner.scripts[name.encode()] = answer
        first = request[0]
        assert isinstance(first, bytes)
        credential = f"\r\nProxy-Authorization: {self.credential}\r\n".encode()
        first = first.replace(b"\r\n", credential, 1)
        return self.exchange(self.sidecar.forward_port, [first, *request[1:]], leave=leave)

    def deliver(
        self, name: str, request: Sequence[Part], answer: Sequence[Part], *, durable: bool = False
    ) -> bytes:
        """A webhook into the service."""
        self.partner.scripts[name.encode()] = answer
        return self.exchange(self.durable_port if durable else self.incoming_port, request)


# Messages


def head(first: str, *fields: str) -> bytes:
    """A head; the connection is to be closed behind the message."""
    return "\r\n".join([first, *fields, "Connection: close", "", ""]).encode()


def request(
    name: str,
    body: bytes = b"",
    *fields: str,
    method: str = "POST",
    host: str = HOST,
    rest: str = "",
    absolute: bool = True,
    kind: str = "application/json",
) -> bytes:
    """A whole request whose path begins with the case's name."""
    target = f"/{name}{rest}"
    url = f"http://{host}{target}" if absolute else target
    size = (f"Content-Length: {len(body)}",) if body else ()
    typed = (f"Content-Type: {kind}",) if body else ()
    return head(f"{method} {url} HTTP/1.1", f"Host: {host}", *typed, *fields, *size) + body


def ok(body: bytes, *fields: str, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """A whole answer."""
    length = f"Content-Length: {len(body)}"
    return head(f"HTTP/1.1 {status}", f"Content-Type: {kind}", *fields, length) + body


def chunked(*pieces: bytes, trailers: str = "") -> list[bytes]:
    """A chunked body, one segment for each chunk."""
    coded = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]
    return [*coded, f"0\r\n{trailers}\r\n".encode()]
