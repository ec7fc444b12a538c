"""Canaries in what leaves HTTP/1.1: WebSocket messages both ways, HTTP/2 streams, gRPC."""

import base64
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import quote

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from tests.canary.planting import Plant, Table
from tests.canary.stage import Stage, head
from tests.support.certificates import Authority

TABLE = Table()
H2_HOST = "h2.example"
WS_HOST = "ws.example"

type Fields = list[tuple[str, str]]
type H2Answer = tuple[Fields, list[bytes], Fields]
"""Head, pieces of the body, trailers."""


# WebSocket


@contextmanager
def websocket_partner(tables: dict[str, list[str | bytes | list[str]]]) -> Iterator[int]:
    """Sends each connection the messages of its path, reads as many, then closes it."""

    def handle(connection: ServerConnection) -> None:
        assert connection.request is not None
        name = connection.request.path.strip("/").partition("?")[0]
        for message in tables[name]:
            connection.recv()
            connection.send(message)
        connection.close(1008, "policy")

    with serve(handle, "127.0.0.1", 0, subprotocols=None) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.socket.getsockname()[1]
        server.shutdown()
        thread.join()


ANSWERS: dict[str, list[str | bytes | list[str]]] = {}


def _websockets() -> None:
    for name, compression in (("ws-plain", None), ("ws-deflate", "deflate")):
        plant = Plant()
        known, shape = plant.opaque(), plant.shaped()
        long = json.dumps({"pad": "a " * 2030, "token": plant.opaque()})
        up: list[str | bytes | list[str]] = [
            json.dumps({"type": "auth", "room": "kitchen", "token": known}),
            f"plain words with {shape} and {known}",
            _fragments(json.dumps({"floor": "ground", "password": plant.opaque()})),
            long,
            json.dumps({"bytes": plant.opaque()}).encode() + b"\x00\xff" + known.encode(),
        ]
        down: list[str | bytes | list[str]] = [
            json.dumps({"echo": known, "refresh_token": plant.opaque()}),
            _fragments(f"again {plant.shaped()} and {known}"),
            json.dumps({"n": 1, "cookie": f"sid={plant.opaque()}"}),
            long.replace("token", "secret"),
            b"\x01\x02" + plant.opaque().encode(),
        ]
        ANSWERS[name] = down
        query = f"?access_token={plant.opaque()}&page=2"
        field = {"X-Api-Key": plant.opaque()}
        TABLE.add(name, plant, _talk(name, query, field, compression, up, down),
                  *("kitchen", "ground", "plain words with", "page=2", "[REDACTED"))  # fmt: skip


def _fragments(text: str) -> list[str]:
    return [text[: len(text) - 16], text[len(text) - 16 : len(text) - 8], text[len(text) - 8 :]]


def _talk(
    name: str,
    query: str,
    fields: dict[str, str],
    compression: str | None,
    up: Sequence[str | bytes | list[str]],
    down: Sequence[str | bytes | list[str]],
) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        with connect(
            f"ws://{WS_HOST}/{name}{query}",
            proxy=f"http://svc:{stage.password}@127.0.0.1:{stage.sidecar.forward_port}",
            additional_headers=fields,
            compression=compression,
        ) as client:
            for message, expected in zip(up, down, strict=True):
                client.send(message)
                whole = "".join(expected) if isinstance(expected, list) else expected
                assert client.recv() == whole, "the messages are not those of the partner"
            try:
                client.recv()
            except ConnectionClosed:
                return
            raise AssertionError("the partner did not close")

    return play


# HTTP/2


_H2_ANSWERS: dict[str, H2Answer] = {}
_H2_ENDS: dict[str, Callable[[H2Connection], bytes]] = {}
"""Instead of an answer: the last bytes of a connection."""


@contextmanager
def h2_partner(authority: Authority) -> Iterator[int]:
    """Answers each stream by its path."""
    context = authority.server_context(H2_HOST, alpn=("h2",))
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                raw, _ = listener.accept()
                connection = context.wrap_socket(raw, server_side=True)
            except ssl.SSLError:
                continue
            except OSError:
                return
            threading.Thread(target=_serve_h2, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def _serve_h2(connection: ssl.SSLSocket) -> None:
    h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
    h2.initiate_connection()
    names: dict[int, str] = {}
    try:
        connection.sendall(h2.data_to_send())
        while data := connection.recv(1 << 16):
            for event in h2.receive_data(data):
                if isinstance(event, RequestReceived):
                    path = dict(event.headers)[":path"]
                    names[event.stream_id] = path.strip("/").split("?")[0].split("/")[0]
                elif isinstance(event, DataReceived):
                    h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, StreamEnded):
                    if end := _H2_ENDS.get(names[event.stream_id]):
                        connection.sendall(end(h2))
                        return
                    fields, pieces, trailers = _H2_ANSWERS[names[event.stream_id]]
                    _send_stream(
                        h2, event.stream_id, [(":status", "200"), *fields], pieces, trailers
                    )
            connection.sendall(h2.data_to_send())
    except OSError:
        pass
    finally:
        connection.close()


def _send_stream(
    h2: H2Connection, stream: int, fields: Fields, pieces: list[bytes], trailers: Fields
) -> None:
    h2.send_headers(stream, fields)
    for number, piece in enumerate(pieces):
        last = number == len(pieces) - 1 and not trailers
        h2.send_data(stream, piece, end_stream=last)
    if trailers:
        h2.send_headers(stream, trailers, end_stream=True)


def _ask_h2(
    stage: Stage,
    fields: Fields,
    pieces: list[bytes],
    trailers: Fields,
    *,
    host: str = H2_HOST,
    fails: bool = False,
) -> None:
    context = ssl.create_default_context(cafile=str(stage.sidecar.ca))
    context.set_alpn_protocols(["h2"])
    with stage.connect(stage.sidecar.forward_port) as plain:
        credential = f"Proxy-Authorization: {stage.credential}"
        first = head(f"CONNECT {host}:443 HTTP/1.1", f"Host: {host}:443", credential)
        plain.sendall(first.replace(b"Connection: close\r\n", b""))
        assert b" 200 " in plain.recv(4096)
        with context.wrap_socket(plain, server_hostname=host) as connection:
            assert connection.selected_alpn_protocol() == "h2"
            h2 = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
            h2.initiate_connection()
            pseudo = [
                (":method", "POST"),
                (":scheme", "https"),
                (":authority", host),
            ]
            _send_stream(h2, 1, [*pseudo, *fields], pieces, trailers)
            connection.sendall(h2.data_to_send())
            while True:
                events = h2.receive_data(data := connection.recv(1 << 16))
                broken = [e for e in events if isinstance(e, StreamReset)]
                assert fails or (data and not broken)
                if broken or not data:
                    return
                if [e for e in events if isinstance(e, StreamEnded)]:
                    return
                connection.sendall(h2.data_to_send())


def _http2() -> None:
    plant = Plant()
    known = plant.opaque()
    body = json.dumps({"room": "kitchen", "password": plant.opaque(), "note": plant.shaped()})
    fields = [
        (":path", f"/h2?api_key={plant.opaque()}&page=2"),
        ("content-type", "application/json"),
        ("authorization", f"Bearer {known}"),
        ("cookie", "theme=dark"),
        ("cookie", f"session_id={plant.opaque()}"),
        (f"x-{plant.host_label()}", "in a name"),
        ("x-wiretrail-user", f"bob-{known}"),
        ("x-wiretrail-metadata-note", plant.shaped()),
    ]
    told = json.dumps({"floor": "ground", "echo": known, "secret": plant.opaque()}).encode()
    _H2_ANSWERS["h2"] = (
        [("content-type", "application/json"), ("set-cookie", f"sid={plant.opaque()}; path=/")],
        [told[:30], told[30:70], told[70:]],
        [("x-api-key", plant.opaque()), ("x-sum", "cellar"), ("x-note", plant.shaped())],
    )
    data = body.encode()
    trailers = [("x-auth-token", plant.opaque()), ("x-more", "attic")]

    def play(stage: Stage) -> None:
        _ask_h2(stage, fields, [data[:40], data[40:]], trailers)

    kept = ("kitchen", "ground", "cellar", "attic", "bob", "page=2", "theme=dark")
    TABLE.add("h2", plant, play, *kept, where=f"host = '{H2_HOST}' AND path = '/h2'")


def _broken_http2() -> None:
    """Upstreams that end an HTTP/2 connection with words of their own, or with garbage."""
    for name, end in {
        "h2-goaway": lambda h2, text: _last_words(h2, text),
        "h2-garbage": lambda _, text: b"HTTP/1.1 400 " + text + b"\r\n\r\n" + text,
        "h2-frame": lambda _, text: b"\x00\x00\x40\x01\x04\x00\x00\x00\x01" + text[:64] * 2,
    }.items():
        plant = Plant()
        text = f"password={plant.opaque()} {plant.shaped()} nothing more to say here".encode()
        _H2_ENDS[name] = lambda h2, end=end, text=text: end(h2, text)
        fields = [(":path", f"/{name}"), ("x-floor", "ground"), ("x-api-key", plant.opaque())]
        TABLE.add(name, plant, _failing(H2_HOST, fields), "ground", "error", "[REDACTED")
    plant = Plant()
    host = f"{plant.host_label()}.tls.example"
    fields = [(":path", "/wrong-name"), ("x-floor", "ground"), ("x-api-key", plant.opaque())]
    TABLE.add("wrong-name", plant, _failing(host, fields), "ground", "error", "[REDACTED")


def _last_words(h2: H2Connection, text: bytes) -> bytes:
    h2.close_connection(error_code=11, additional_data=text)
    return h2.data_to_send()


def _failing(host: str, fields: Fields) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        _ask_h2(stage, fields, [b"{}"], [], host=host, fails=True)

    return play


def _grpc() -> None:
    for name, inner in (("grpc", b"\x0a\x07kitchen\x12"), ("grpc-json", b"")):
        plant = Plant()
        known = plant.opaque()
        kind = "application/grpc+json" if name == "grpc-json" else "application/grpc"
        fields = [
            (":path", f"/{name}/Publish"),
            ("content-type", kind),
            ("te", "trailers"),
            ("authorization", f"Bearer {known}"),
            ("x-goog-api-key", plant.opaque()),
            ("x-floor", f"ground {plant.shaped()}"),
            ("x-secret-bin", plant.opaque()),
        ]
        text = json.dumps({"room": "kitchen", "password": plant.opaque(), "echo": known}).encode()
        message = inner + (text if name == "grpc-json" else plant.opaque().encode())
        frame = b"\x00" + len(message).to_bytes(4, "big") + message
        said = f"no access with {known} nor {plant.shaped()}, password={plant.opaque()}"
        _H2_ANSWERS[name] = (
            [("content-type", kind)],
            [frame],
            [
                ("grpc-status", "16"),
                ("grpc-message", quote(said)),
                ("grpc-status-details-bin", _status_details(said)),
                ("x-api-key", plant.opaque()),
                ("x-room", f"cellar {plant.shaped()}"),
            ],
        )
        TABLE.add(
            name, plant, _asking(fields, frame), "ground", "cellar", "no access with", "failed"
        )


def _status_details(said: str) -> str:
    """A `google.rpc.Status` (code, message) as gRPC puts it into a field."""
    text = said.encode()
    message = b"\x08\x10\x12" + bytes((len(text) & 127 | 128, len(text) >> 7)) + text
    return base64.b64encode(message).decode().rstrip("=")


def _asking(fields: Fields, frame: bytes) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        _ask_h2(stage, fields, [frame[:3], frame[3:]], [])

    return play


_websockets()
_http2()
_broken_http2()
_grpc()
