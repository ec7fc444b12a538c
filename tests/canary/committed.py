"""Canaries in rows that are committed before their end: `started` rows, durable webhooks, entries
of the log API; above all those that only the answer tells to be secrets."""

import http.client
import json
from collections.abc import Callable
from typing import Any

from tests.canary.planting import Plant, Table
from tests.canary.stage import Part, Stage, ok, request

TABLE = Table()
_SLOW = 0.4
"""Seconds that an answer takes; a `started` row is written after 0.1."""


def _started() -> None:
    for name, rest in {
        "path": "/of/{secret}/x",
        "query": "/x?note={secret}",
        "verb": "/things/{secret}:publish",
        "extension": "/things/{secret}.json",
    }.items():
        for letters in ("word", "lower", "opaque"):
            plant = Plant()
            make: Callable[[], str] = getattr(plant, letters)
            secret = make()
            case = f"started-{name}-{letters}"
            body = json.dumps({"floor": "ground", "note": secret}).encode()
            sent = request(case, body, f"X-Note: {secret}", rest=rest.format(secret=secret))
            answer = ok(json.dumps({"room": "kitchen", "access_token": secret}).encode())
            _outgoing(case, plant, [sent], [_SLOW, answer], "ground", "kitchen", "[REDACTED")
    plant = Plant()
    secret = plant.lower()
    sent = request("started-host", b"", f"X-Note: {secret}", host=f"{secret}.kitchen.example")
    answer = ok(json.dumps({"room": "kitchen", "password": secret}).encode())
    _outgoing("started-host", plant, [sent], [_SLOW, answer], "kitchen.example", "[REDACTED")
    plant = Plant()
    secret = plant.opaque()
    fields = [
        f"X-Wiretrail-{name}: {value}-{secret}"
        for name, value in {
            "User": "bob",
            "Integration": "cellar",
            "Organization": "acme",
            "Metadata-Note": "ground",
        }.items()
    ]
    answer = ok(json.dumps({"room": "kitchen", "client_secret": secret}).encode())
    sent = request("started-claims", b"", *fields)
    _outgoing("started-claims", plant, [sent], [_SLOW, answer],
              *("bob", "acme", "cellar", "ground", "kitchen", "[REDACTED"))  # fmt: skip


def _outgoing(name: str, plant: Plant, sent: list[Part], answered: list[Part], *kept: str) -> None:
    def play(stage: Stage) -> None:
        stage.call(name, sent, answered)

    TABLE.add(name, plant, play, *kept)


def _webhooks() -> None:
    for durable in (True, False):
        for pause in (0.0, _SLOW):
            speed = "slow" if pause else "quick"
            kind = "durable" if durable else "webhook"
            _webhook(f"{kind}-{speed}", pause, durable)
            _revealed_webhook(f"{kind}-revealed-{speed}", pause, durable)


def _webhook(name: str, pause: float, durable: bool) -> None:
    plant = Plant()
    body = json.dumps(
        {"type": "kitchen.hot", "id": "evt_1", "secret": plant.opaque(), "note": plant.shaped()}
    ).encode()
    fields = (
        f"X-Hub-Signature-256: sha256={plant.opaque('0123456789abcdef', 64)}",
        f"Authorization: Bearer {plant.opaque()}",
        f"X-Forwarded-For: {plant.shaped()}",
        f"X-Wiretrail-User: {plant.shaped()}",
        f"User-Agent: sender/{plant.shaped()}",
        f"Webhook-Id: {plant.shaped()}",
    )
    sent = request(
        name, body, *fields, absolute=False, rest=f"?token={plant.opaque()}&floor=ground"
    )

    def play(stage: Stage) -> None:
        # Twice: senders repeat what they are not sure of.
        for _ in range(2):
            stage.deliver(name, [sent], [pause, ok(b'{"room": 1}')], durable=durable)

    where = f"path = '/{name}'"
    TABLE.add(name, plant, play, "kitchen.hot", "evt_1", "ground", "[REDACTED", where=where, rows=2)


def _revealed_webhook(name: str, pause: float, durable: bool) -> None:
    plant = Plant()
    secret, word = plant.opaque(), plant.word()
    body = json.dumps({"type": f"hot.{secret}", "floor": "ground", "note": f"{secret} {word}"})
    fields = (
        f"X-Note: {secret}",
        f"User-Agent: sender/{secret}",
        f"X-GitHub-Event: {secret}",
        f"X-GitHub-Delivery: {secret}",
    )
    rest = f"/{word}/of/{secret}?note={secret}"
    sent = request(
        name, body.encode(), *fields, absolute=False, rest=rest, host=f"{word}.kitchen.example"
    )
    told = json.dumps({"room": "kitchen", "api_key": secret, "password": word}).encode()

    def play(stage: Stage) -> None:
        stage.deliver(name, [sent], [pause, ok(told)], durable=durable)

    TABLE.add(name, plant, play, "ground", "kitchen", "sender/", "[REDACTED")


# The log API


def _api(stage: Stage, method: str, path: str, value: Any) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", stage.sidecar.api_port, timeout=20)
    try:
        fields = {
            "Authorization": f"Bearer {stage.sidecar.admin_token}",
            "Content-Type": "application/json",
        }
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        connection.request(method, path, body, fields)
        answer = connection.getresponse()
        data = answer.read()
        return answer.status, json.loads(data) if data else None
    finally:
        connection.close()


def log_entry(stage: Stage, entry: dict[str, Any]) -> str:
    """Log an activity; its id."""
    status, answer = _api(stage, "POST", "/api/v1/activities", entry)
    assert status == 201, answer
    return str(answer["id"])


def _entries() -> None:
    plant = Plant()
    whole = {
        "method": "SEND",
        "endpoint": f"smtp://kitchen:{plant.opaque()}@mail.example/entry-whole?token={plant.opaque()}",
        "organization": "acme",
        "integration": f"mail {plant.shaped()}",
        "provider": f"smtp {plant.shaped()}",
        "request_headers": {"X-Api-Key": plant.opaque(), "Subject": f"hot {plant.shaped()}"},
        "request_body": {"room": "kitchen", "password": plant.opaque()},
        "response_headers": {"Set-Cookie": f"sid={plant.opaque()}"},
        "response_body": f"250 ok token={plant.opaque()}",
        "error_code": "E" + plant.opaque(),
        "error_message": f"no access with {plant.shaped()} password={plant.opaque()}",
        "user_id": plant.shaped(),
        "user_agent": f"mailer {plant.shaped()}",
        "provider_request_id": plant.shaped(),
        "metadata": {"api_key": plant.opaque(), "note": f"ground {plant.shaped()}"},
        "status": "failed",
    }
    whole["response_body"] += f" {whole['error_code']}"
    whole["request_body"]["token"] = whole["error_code"]

    def play(stage: Stage) -> None:
        log_entry(stage, whole)

    TABLE.add("entry-whole", plant, play, "kitchen", "ground", "no access with", "mailer")
    _revealed_entry()
    _refused_entries()


def _revealed_entry() -> None:
    plant = Plant()
    secret, word = plant.opaque(), plant.word()
    start = {
        "method": "SEND",
        "endpoint": f"smtp://{word}.mail.example/entry-revealed/{word}/{secret}?note={secret}",
        "organization": "acme",
        "integration": f"mail-{secret}",
        "request_headers": {"Subject": f"hot {secret}"},
        "request_body": {"room": "kitchen", "note": [secret, word]},
        "user_id": f"bob-{secret}",
        "user_agent": f"mailer {secret}",
        "metadata": {"note": f"ground {secret}"},
    }
    end = {
        "response_status": 403,
        "response_body": {"password": secret, "token": word},
        "error_message": f"no access with {secret}",
    }

    def play(stage: Stage) -> None:
        identifier = log_entry(stage, start)
        status, answer = _api(stage, "PATCH", f"/api/v1/activities/{identifier}", end)
        assert status in (200, 204), answer

    TABLE.add("entry-revealed", plant, play, "kitchen", "ground", "no access with", "mailer")


def _refused_entries() -> None:
    """Entries that are refused: neither kept nor quoted; the row is that of the next one."""
    plant = Plant()
    good = {"method": "SEND", "endpoint": "smtp://mail.example/entry-refused", "metadata": {}}
    bad: list[Any] = [
        good | {"status": plant.opaque()},
        good | {plant.opaque(): 1},
        good | {"endpoint": f"{plant.opaque()} no address"},
        good | {"direction": [plant.opaque()]},
        good | {"created_at": plant.opaque()},
        good | {"ip_address": plant.opaque()},
        good | {"error_code": f"{plant.opaque()} with spaces"},
        good | {"request_headers": {f"{plant.opaque()} x": "1"}},
        good | {"organization_id": plant.opaque()},
        f'{{"method": "{plant.opaque()}'.encode(),
        f'"{plant.opaque()}"'.encode(),
        b"\xff" + plant.opaque().encode(),
    ]

    def play(stage: Stage) -> None:
        quoted = []
        for entry in bad:
            status, answer = _api(stage, "POST", "/api/v1/activities", entry)
            assert 400 <= status < 500, answer
            quoted += [answer for core in plant.cores if core in json.dumps(answer)]
        assert not quoted, quoted
        log_entry(stage, good)

    TABLE.add("entry-refused", plant, play, "mail.example")


_started()
_webhooks()
_entries()
