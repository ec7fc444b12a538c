"""Canaries in rows that are looked at before their end: what a request gives away by itself is cut
in `started` rows and in committed requests, too."""

import json
import threading
from typing import Any

from tests.canary.committed import log_entry
from tests.canary.planting import Plant, Table
from tests.canary.stage import Stage, ok, request

TABLE = Table()
SEEN = threading.Event()
"""The rows have been looked at: the answers may come."""


def _outgoing() -> None:
    plant = Plant()
    secret, label = plant.opaque(), plant.host_label()
    fields = (
        f"Authorization: Bearer {secret}",
        f"X-Wiretrail-User: bob-{secret}",
        f"X-Wiretrail-Integration: cellar-{secret} {plant.shaped()}",
        f"X-Wiretrail-Organization: acme-{secret} {plant.shaped()}",
        f"X-Wiretrail-Metadata-Note: ground {secret} {plant.shaped()}",
        f"User-Agent: kitchen/{secret}",
    )
    body = json.dumps({"password": plant.opaque(), "note": plant.shaped()}).encode()
    sent = request(
        "held-call",
        body,
        *fields,
        host=f"{label}.kitchen.example",
        rest=f"/of/{secret}/reset-password/{plant.opaque()}?token={plant.opaque()}",
    )
    _call("held-call", plant, sent, "kitchen.example", "started", "bob", "acme")
    plant = Plant()
    secret = plant.word()
    sent = request("held-query", host=f"{secret}.kitchen.example", rest=f"/{secret}?token={secret}")
    _call("held-query", plant, sent, "kitchen.example", "started")


def _call(name: str, plant: Plant, sent: bytes, *kept: str) -> None:
    def play(stage: Stage) -> None:
        stage.call(name, [sent], [SEEN, ok(b"{}")])

    TABLE.add(name, plant, play, *kept)


def _durable() -> None:
    plant = Plant()
    secret = plant.opaque()
    body = json.dumps(
        {"room": "kitchen", "password": secret, "note": f"{plant.shaped()} {secret}", "n": 1}
    )
    fields = (f"X-Hub-Signature-256: sha256={plant.opaque()}", f"User-Agent: sender/{secret}")
    sent = request("held-hook", body.encode(), *fields, absolute=False, rest=f"/{secret}")

    def play(stage: Stage) -> None:
        stage.deliver("held-hook", [sent], [SEEN, ok(b"{}")], durable=True)

    TABLE.add("held-hook", plant, play, "kitchen", "started", "sender/")


def _entry() -> None:
    plant = Plant()
    secret = plant.opaque()
    entry: dict[str, Any] = {
        "method": "SEND",
        "endpoint": f"smtp://{secret}.mail.example/held-entry/{secret}?token={secret}",
        "integration": f"mail-{secret}",
        "request_headers": {"X-Api-Key": secret},
        "request_body": {"room": "kitchen", "note": secret},
        "user_id": f"bob-{secret}",
        "metadata": {"note": f"ground {secret}"},
    }

    def play(stage: Stage) -> None:
        log_entry(stage, entry)

    TABLE.add("held-entry", plant, play, "kitchen", "ground", "started")


_outgoing()
_durable()
_entry()
