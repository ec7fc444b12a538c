"""Canaries in heads: names, addresses, cookies, context headers, trailers, interim answers; and
values that only another place of the same exchange tells to be secrets."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

from tests.canary.planting import Plant, Table
from tests.canary.stage import HOST, Part, Stage, chunked, head, ok, request

TABLE = Table()


def _add(
    name: str,
    plant: Plant,
    sent: list[Part],
    answered: list[Part],
    *kept: str,
    where: str | None = None,
) -> None:
    def play(stage: Stage) -> None:
        stage.call(name, sent, answered)

    TABLE.add(name, plant, play, *kept, where=where)


def _named_fields() -> None:
    plant = Plant()
    fields = (
        f"User-Agent: kitchen-client/1.0 ({plant.shaped()})",
        f"Cookie: theme=dark; session_id={plant.opaque()}; note={plant.shaped()}",
        f"X-Api-Key: {plant.opaque()}",
        f"X-{plant.shaped()}: in a name",
        f"Referer: https://a.example/cb?code=7&access_token={plant.opaque()}",
        f"X-Amz-Meta-Floor: ground {plant.shaped()}",
    )
    told = (
        f"Set-Cookie: sid={plant.opaque()}; Path=/kitchen; HttpOnly",
        f"Set-Cookie: csrf_token={plant.opaque()}; Secure",
        f"Location: https://a.example/next?api_key={plant.opaque()}&page=2",
        f"WWW-Authenticate: Bearer realm=r, error_description={plant.shaped()}",
        f"X-Request-Id: {plant.shaped()}",
        f"X-{plant.shaped()}: in a name",
    )
    query = f"?page=2&api_key={plant.opaque()}&next={quote(plant.shaped())}"
    _add("fields", plant, [request("fields", b"", *fields, rest=query)], [ok(b"{}", *told)],
         *("kitchen-client", "theme=dark", "ground", "Path=/kitchen", "page=2", "[REDACTED"),
    )  # fmt: skip


def _schemes() -> None:
    plant = Plant()
    basic = base64.b64encode(f"svc:{plant.opaque()}".encode()).decode()
    wrapped = base64.urlsafe_b64encode(json.dumps({"password": plant.opaque()}).encode()).decode()
    fields = (f"Authorization: Basic {basic}", f"X-Config: {wrapped}", "X-Floor: ground")
    _add("schemes", plant, [request("schemes", b"", *fields)], [ok(b"{}")], "ground", "Basic")


def _context() -> None:
    plant = Plant()
    fields = (
        f"X-Wiretrail-User: bob {plant.shaped()}",
        f"X-Wiretrail-Integration: kitchen {plant.shaped()}",
        f"X-Wiretrail-Organization: acme {plant.shaped()}",
        f"X-Wiretrail-Activity-Type: {plant.shaped()}",
        f"X-Wiretrail-Metadata-Api-Key: {plant.opaque()}",
        f"X-Wiretrail-Metadata-Note: ground {plant.shaped()}",
        f"X-Wiretrail-Metadata-{plant.shaped()}: in a name",
        f"X-Wiretrail-{plant.shaped()}: no such header",
    )
    _add("context", plant, [request("context", b"", *fields)], [ok(b"{}")],
         *("bob", "kitchen", "acme", "ground", "[REDACTED"))  # fmt: skip
    for pause in (0.0, 0.4):
        plant = Plant()
        secret = plant.opaque()
        fields = (
            f"Authorization: Bearer {secret}",
            f"X-Wiretrail-User: bob-{secret}",
            f"X-Wiretrail-Integration: kitchen-{secret}",
            f"X-Wiretrail-Organization: acme-{secret}",
            f"X-Wiretrail-Metadata-Note: ground {secret}",
            f"X-Wiretrail-Metadata-{secret}: in a name",
        )
        name = "context-taint-slow" if pause else "context-taint"
        _add(name, plant, [request(name, b"", *fields)], [pause, ok(b"{}")],
             *("bob", "kitchen", "acme", "ground", "[REDACTED"))  # fmt: skip


def _taint() -> None:
    plant = Plant()
    secret = plant.odd()
    raw = secret.encode()
    forms = {
        "plain": secret,
        "url": quote(secret, safe=""),
        "plus": quote_plus(secret),
        "base64": base64.b64encode(raw).decode(),
        "inner": base64.b64encode(b"user:" + raw + b":more").decode(),
        "web": base64.urlsafe_b64encode(b"x" + raw).decode(),
    }
    echo = json.dumps({"room": "kitchen", **forms}).encode()
    body = json.dumps({"password": secret, "floor": "ground"}).encode()
    _add("taint-down", plant, [request("taint-down", body)],
         [ok(echo, f"X-Echo: {forms['url']}", f"X-Coded: {forms['base64']}")],
         *("kitchen", "ground", "[REDACTED"))  # fmt: skip
    plant = Plant()
    secret = plant.opaque()
    coded = base64.b64encode(secret.encode()).decode()
    sent = request(
        "taint-up",
        json.dumps({"floor": "ground", "note": secret, "coded": coded}).encode(),
        f"X-Note: {secret}",
        f"User-Agent: kitchen/{secret}",
        rest=f"/of/{secret}/x?note={secret}&b={quote(coded)}",
    )
    _add("taint-up", plant, [sent], [ok(json.dumps({"access_token": secret}).encode())],
         *("ground", "kitchen", "/of/", "/x?note=", "[REDACTED"))  # fmt: skip
    plant = Plant()
    secret = plant.opaque()
    answer = ok(f"no access with {secret}".encode(), kind="text/plain", status="403 Forbidden")
    field = f"Authorization: Bearer {secret}"
    _add("taint-text", plant, [request("taint-text", b"", field)], [answer], "no access with")


def _trailers() -> None:
    plant = Plant()
    up = f"X-Api-Key: {plant.opaque()}\r\nX-Floor: ground\r\nX-Note: {plant.shaped()}\r\n"
    down = f"X-Auth-Token: {plant.opaque()}\r\nX-Room: kitchen\r\nX-Note: {plant.shaped()}\r\n"
    url = f"POST http://{HOST}/trailers HTTP/1.1"
    coding = "Transfer-Encoding: chunked"
    sent: list[Part] = [head(url, f"Host: {HOST}", coding, "Trailer: X-Api-Key, X-Floor")]
    answered: list[Part] = [head("HTTP/1.1 200 OK", coding)]
    _add("trailers", plant, [*sent, *chunked(b"up", trailers=up)],
         [*answered, *chunked(b"down", trailers=down)],
         *("ground", "kitchen", "[REDACTED"))  # fmt: skip


def _interim() -> None:
    plant = Plant()
    hints = (
        f"Link: </style.css?token={plant.opaque()}>; rel=preload",
        f"Set-Cookie: sid={plant.opaque()}",
        f"X-Note: {plant.shaped()}",
    )
    early = "\r\n".join(["HTTP/1.1 103 Early Hints", *hints, "", ""]).encode()
    link = f"Link: <https://a.example/style.css?floor=ground&token={plant.opaque()}>; rel=preload"
    _add("interim", plant, [request("interim")], [early, 0.05, early, ok(b"{}", link)],
         *("floor=ground", "[REDACTED"))  # fmt: skip


def _expected() -> None:
    plant = Plant()
    body = json.dumps({"room": "kitchen", "password": plant.opaque()}).encode()
    sent = request("expected", body, "Expect: 100-continue", f"X-Api-Key: {plant.opaque()}")
    first, _, rest = sent.partition(b"\r\n\r\n")
    note = f"HTTP/1.1 100 Continue\r\nX-Note: {plant.shaped()}\r\n\r\n".encode()
    _add("expected", plant, [first + b"\r\n\r\n", 0.1, rest], [note, ok(b"{}")],
         *("kitchen", "[REDACTED"))  # fmt: skip


def _refused_upgrade() -> None:
    plant = Plant()
    fields = (
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        f"Sec-WebSocket-Protocol: chat, bearer.{plant.opaque()}",
    )
    url = f"GET http://{HOST}/upgrade-refused?access_token={plant.opaque()} HTTP/1.1"
    sent = head(url, f"Host: {HOST}", *fields).replace(b"n: close", b"n: Upgrade")
    told = ok(
        json.dumps({"room": "kitchen", "token": plant.opaque()}).encode(),
        f"WWW-Authenticate: Bearer error_description={plant.shaped()}",
        status="401 Unauthorized",
    )
    _add("upgrade-refused", plant, [sent], [told], "kitchen", "chat", "[REDACTED")


def _hosts() -> None:
    plant = Plant()
    label = plant.host_label()
    sent = request("host-shape", host=f"{label}.kitchen.example")
    _add("host-shape", plant, [sent], [ok(b"{}")], "kitchen.example")
    plant = Plant()
    sent = request("host-dot", host=f"{plant.host_label()}.kitchen.example.")
    _add("host-dot", plant, [sent], [ok(b"{}")], "kitchen.example")
    plant = Plant()
    sent = request("host-provider", host=f"{plant.host_label()}.azure-devices.net")
    _add("host-provider", plant, [sent], [ok(b"{}")], "azure-devices.net")
    for name, letters, pause in (
        ("host-taint", "lower", 0.0),
        ("host-taint-slow", "lower", 0.4),
        ("host-taint-mixed", "opaque", 0.0),
        ("host-taint-mixed-slow", "opaque", 0.4),
    ):
        plant = Plant()
        make: Callable[[], str] = getattr(plant, letters)
        secret = make()
        sent = request(
            name, b"", f"Authorization: Bearer {secret}", host=f"{secret}.kitchen.example"
        )
        _add(name, plant, [sent], [pause, ok(b"{}")], "kitchen.example")


_named_fields()
_schemes()
_context()
_taint()
_trailers()
_interim()
_expected()
_refused_upgrade()
_hosts()
