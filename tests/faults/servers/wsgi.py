"""A WSGI application that logs what it is asked; gunicorn and waitress run it."""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

LOG = Path(os.environ["SEEN"])


def app(environ: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
    body = environ["wsgi.input"].read()
    target = environ.get("RAW_URI") or environ["REQUEST_URI"]
    with LOG.open("a") as log:
        log.write(json.dumps([environ["REQUEST_METHOD"], target, body.hex()]) + "\n")
    start("200 OK", [("Content-Length", "2")])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"ok"]
