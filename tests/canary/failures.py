"""Canaries in exchanges that go wrong: on the way up, in garbage that comes down, in requests that
are none, in credentials that are refused."""

import base64
from collections.abc import Callable

from tests.canary.planting import Plant, Table
from tests.canary.stage import HOST, Part, Stage, chunked, head, ok, request

TABLE = Table()
_FIELDS = f"Host: {HOST}\r\nConnection: close\r\n\r\n"


def _add(name: str, plant: Plant, sent: list[Part], answered: list[Part], *kept: str) -> None:
    def play(stage: Stage) -> None:
        stage.call(name, sent, answered)

    TABLE.add(name, plant, play, *kept)


def _no_connection() -> None:
    plant = Plant()
    label = plant.host_label()
    sent = request("no-name", host=f"{label}.kitchen.invalid:8099", rest=f"?token={plant.opaque()}")
    _add("no-name", plant, [sent], [], "kitchen.invalid", "error", "dns")
    plant = Plant()
    field = f"X-Api-Key: {plant.opaque()}"
    _add("refused", plant, [request("refused", b"", field, host="refused.example:8098")], [],
         *("refused.example", "connect_refused", "[REDACTED"))  # fmt: skip


def _garbage() -> None:
    """Answers that are none: what came may be anything, a secret too."""
    plant = Plant()
    shape, secret = plant.shaped(), plant.opaque()
    coded = head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "Content-Type: text/plain")
    broken: dict[str, bytes] = {
        "status-line": f"HTTP/1.1 {shape} password={secret}\r\n\r\n".encode(),
        "no-http": f"password={secret} {shape}\r\n\r\n{shape}".encode(),
        "version": f"HTTP/{shape} 200 OK\r\n\r\n".encode(),
        "field-name": f"HTTP/1.1 200 OK\r\n{shape} password={secret}: 1\r\n\r\n".encode(),
        "field-control": f"HTTP/1.1 200 OK\r\nX-Api-Key: \x00{secret}{shape}\r\n\r\n".encode(),
        "length": f"HTTP/1.1 200 OK\r\nContent-Length: {shape}\r\n\r\n".encode(),
        "coding": f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {shape}\r\n\r\nx".encode(),
        "chunk-size": coded + f"{shape}\r\n{secret}\r\n".encode(),
        "chunk-end": coded + b"4\r\nroom" + f"{shape} password={secret}\r\n".encode(),
        "trailer": coded + f"4\r\nroom\r\n0\r\n{shape} {secret}\r\n\r\n".encode(),
        "cut": b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\nContent-Type: text/plain\r\n\r\n"
        + f"room password={secret} {shape}".encode(),
        "cut-in-secret": b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"
        + f'{{"room": 1, "password": "{secret[:20]}'.encode(),
        "reason": f"HTTP/1.1 500 token={secret} {shape}\r\nContent-Length: 0\r\n\r\n".encode(),
        "nothing": b"",
    }
    for name, answer in broken.items():
        case = f"garbage-{name}"
        own = Plant()
        own.cores = [*plant.cores]
        field = f"X-Api-Key: {own.opaque()}"
        _add(case, own, [request(case, b"", field)], [answer], "[REDACTED")


def _left() -> None:
    plant = Plant()
    body = f'{{"room": "kitchen", "password": "{plant.opaque()}", "note": "{plant.shaped()}"'
    sent = request("left-in-body", body.encode())
    longer = sent.replace(b"Content-Length: ", b"Content-Length: 9")

    def leave(stage: Stage) -> None:
        stage.call("left-in-body", [longer], [], leave=True)

    TABLE.add("left-in-body", plant, leave, "kitchen", "client_closed")
    plant = Plant()
    url = f"POST http://{HOST}/left-chunk HTTP/1.1"
    typed = ("Content-Type: application/json", "Transfer-Encoding: chunked")
    start = head(url, f"Host: {HOST}", *typed)
    body = f'{{"room": "kitchen", "password": "{plant.opaque()}'
    bad = f"{plant.shaped()}\r\n"
    pieces: list[Part] = [start, chunked(body.encode())[0], 0.2, bad.encode()]
    _add("left-chunk", plant, pieces, [ok(b"{}")],
         *("kitchen", "malformed_request"))  # fmt: skip


def _no_request() -> None:
    """Requests that cannot be relayed; each leaves a row, some with nothing to know it by."""
    for name, line in {
        "userinfo": "GET http://kitchen:{secret}@partner.example/{name} HTTP/1.1",
        "fragment": "GET http://partner.example/{name}#access_token={secret} HTTP/1.1",
        "version": "GET http://partner.example/{name}/{shape} HTTP/7.3",
        "spaces": "GET  http://partner.example/{name}?token={secret} HTTP/1.1",
        "scheme": "GET ftp://partner.example/{name}/{shape}?token={secret} HTTP/1.1",
        "origin": "GET /{name}/{shape}?token={secret} HTTP/1.1",
        "method": "{shape} http://partner.example/{name} HTTP/1.1",
        "words": "password={secret} {shape}",
        "old": "GET /{name}?token={secret}",
        "control": "GET http://partner.example/{name}\x01{shape} HTTP/1.1",
    }.items():
        plant = Plant()
        case = f"none-{name}"
        first = line.format(name=case, secret=plant.opaque(), shape=plant.shaped())
        _malformed(case, plant, f"{first}\r\n{_FIELDS}".encode())
    for name, field in {
        "name": "X {shape}: {secret}",
        "colon": "X-Api-Key {secret}",
        "nul": "X-Api-Key: {secret}\x00{shape}",
        "fold": "X-Api-Key: {secret}\r\n {shape}",
        "host": "Host: {shape}.example",
        "host-userinfo": "X-A: 1\r\nHost: user:{secret}@{shape}.example",
        "length": "Content-Length: {shape}",
        "coding": "Transfer-Encoding: {secret}",
        "both": "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nX-Api-Key: {secret}",
    }.items():
        plant = Plant()
        case = f"none-field-{name}"
        bad = field.format(secret=plant.opaque(), shape=plant.shaped())
        _malformed(case, plant, f"GET http://{HOST}/{case} HTTP/1.1\r\n{bad}\r\n{_FIELDS}".encode())
    plant = Plant()
    large = f"X-Api-Key: {plant.opaque()}" + "a" * 70_000
    line = f"GET http://{HOST}/none-large HTTP/1.1\r\n"
    _malformed("none-large", plant, f"{line}{large}\r\n{_FIELDS}".encode())


def _address_in_a_path() -> None:
    plant = Plant()
    rest = f"/http://kitchen:{plant.opaque()}@x.example/{plant.shaped()}"
    _add("inner-address", plant, [request("inner-address", rest=rest)], [ok(b"{}")],
         *("x.example", "[REDACTED"))  # fmt: skip


def _malformed(name: str, plant: Plant, sent: bytes) -> None:
    def play(stage: Stage) -> None:
        credential = f"\r\nProxy-Authorization: {stage.credential}\r\n".encode()
        stage.exchange(stage.sidecar.forward_port, [sent.replace(b"\r\n", credential, 1)])

    where = "error_code IN ('malformed_request', 'too_large')"
    TABLE.add(name, plant, play, "HTTP/1.1", where=where)


def _refused_credentials() -> None:
    for name, value in {
        "basic": lambda secret: base64.b64encode(f"kitchen:{secret}".encode()).decode(),
        "raw": lambda secret: secret,
    }.items():
        plant = Plant()
        case = f"credential-{name}"
        field = f"Proxy-Authorization: Basic {value(plant.opaque())}"
        sent = request(case, b"", field, f"X-Api-Key: {plant.opaque()}", rest="?floor=ground")
        TABLE.add(case, plant, _plainly(sent), "floor=ground", "407", "blocked")
    plant = Plant()
    label = plant.host_label()
    secret = base64.b64encode(f"kitchen:{plant.opaque()}".encode()).decode()
    field = f"Proxy-Authorization: Basic {secret}"
    sent = head(
        f"CONNECT {label}.tunnel.example:443 HTTP/1.1", f"Host: {label}.tunnel.example", field
    )
    TABLE.add("credential-connect", plant, _plainly(sent), "407", "blocked",
              where="host LIKE '%tunnel.example' AND method = 'CONNECT'")  # fmt: skip


def _plainly(sent: bytes) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        stage.exchange(stage.sidecar.forward_port, [sent])

    return play


def _tunnels() -> None:
    plant = Plant()
    label = plant.host_label()

    def play(stage: Stage) -> None:
        line = head(
            f"CONNECT {label}.closed.example:8098 HTTP/1.1",
            f"Host: {label}.closed.example",
            f"Proxy-Authorization: {stage.credential}",
        )
        hello = f"GET /x?token={plant.cores[1]} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        with stage.connect(stage.sidecar.forward_port) as connection:
            connection.sendall(line)
            connection.recv(4096)
            connection.sendall(hello)
            connection.recv(4096)

    plant.opaque()
    TABLE.add("tunnel-closed", plant, play, "closed.example", where="host LIKE '%closed.example'")
    for name, sent in {
        "garbage": "password={secret} {shape}\r\n\r\n",
        "target": "GET http://u:{secret}@x.example/{shape} HTTP/1.1\r\nHost: x\r\n\r\n",
    }.items():
        _inside_a_tunnel(name, sent)


def _inside_a_tunnel(name: str, sent: str) -> None:
    plant = Plant()
    text = sent.format(secret=plant.opaque(), shape=plant.shaped()).encode()
    host = f"{name}.inside.example"

    def play(stage: Stage) -> None:
        field = f"Proxy-Authorization: {stage.credential}"
        line = head(f"CONNECT {host}:80 HTTP/1.1", f"Host: {host}", field)
        with stage.connect(stage.sidecar.forward_port) as connection:
            connection.sendall(line)
            connection.recv(4096)
            connection.sendall(text)
            connection.recv(4096)

    TABLE.add(f"tunnel-{name}", plant, play, host, where=f"host = '{host}'")


_no_connection()
_garbage()
_left()
_no_request()
_address_in_a_path()
_refused_credentials()
_tunnels()
