"""An ASGI application that logs what it is asked; uvicorn runs it, with either parser."""

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

LOG = Path(os.environ["SEEN"])


def note(request: list[str]) -> None:
    with LOG.open("a") as log:
        log.write(json.dumps(request) + "\n")


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    body = b""
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return
        body += event.get("body", b"")
        if not event.get("more_body"):
            break
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    note([scope["method"], target.decode("latin-1"), body.hex()])
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-length", b"2")]})  # fmt: skip
    await send({"type": "http.response.body", "body": b"ok"})
