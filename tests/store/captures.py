"""Captures for tests: one call of a service, one webhook of a partner; any field replaced."""

from typing import Any

from store.activity import Direction
from store.capture import Capture, Phase
from store.identity import activity_id

NOW = 1_795_424_000_000


def outgoing(method: str = "GET", url: str = "https://api.example.com/", **fields: Any) -> Capture:
    """A finished call of the service to `url`."""
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    values: dict[str, Any] = {
        "id": activity_id(NOW),
        "phase": Phase.FINAL,
        "direction": Direction.OUTGOING,
        "listener": "forward 127.0.0.1:8080",
        "method": method,
        "scheme": scheme,
        "host": host,
        "port": 443 if scheme == "https" else 80,
        "target": f"/{path}",
        "response_status": 200,
        "created_at": NOW,
        "completed_at": NOW + 12,
        "response_time_ms": 12.5,
        "client_address": "127.0.0.1",
    }
    values |= fields
    for side in ("request", "response"):
        values.setdefault(f"{side}_size", len(values.get(f"{side}_body", b"")))
    return Capture(**values)


def incoming(path: str = "/hooks/partner", **fields: Any) -> Capture:
    """A finished webhook to the service."""
    values: dict[str, Any] = {"direction": Direction.INCOMING, "listener": "webhooks"}
    return outgoing("POST", f"https://service.example.com{path}", **(values | fields))
