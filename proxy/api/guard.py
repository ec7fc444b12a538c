"""What stands before every endpoint: host check, security headers, and the outermost handler."""

import logging
import traceback
from ipaddress import ip_address
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from proxy.api.metrics import ApiMetrics
from proxy.api.problem import ProblemError, problem

_log: Final = logging.getLogger("wiretrail.api")

API_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Defaults of every answer; a response that sets one of them keeps its own."""


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, *, allowed_hosts: frozenset[str], metrics: ApiMetrics) -> None:
        self._app = app
        self._allowed_hosts = allowed_hosts
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = perf_counter()
        status = 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message)
            await send(message)

        try:
            if not host_allowed(_host(scope), self._allowed_hosts):
                refusal = ProblemError(
                    421, "this server does not answer to that Host", parameter="Host"
                )
                await refusal.response()(scope, receive, send_guarded)
            else:
                await self._app(scope, receive, send_guarded)
        except Exception as error:  # noqa: BLE001 - outermost handler: counted, logged, no content
            self._metrics.errors.inc()
            name = _log_without_content(error)
            if status:
                # Too late for a reply. Raising makes the server cut the connection, so that
                # nobody takes half an answer for a whole one.
                raise BrokenAnswer(name) from None
            reply = problem(500, "an error of ours; the log tells more", instance=name)
            await reply(scope, receive, send_guarded)
        finally:
            endpoint = scope.get("wiretrail.endpoint", "other")
            self._metrics.observe(endpoint, scope["method"], status, perf_counter() - begun)


class BrokenAnswer(Exception):
    """An answer ended in the middle; its text is the name of the log record."""


def host_allowed(host: str, allowed: frozenset[str]) -> bool:
    """Whether a `Host` header may be answered. A page that rebinds its own name to this address
    (DNS rebinding) sends its own name; it cannot send an IP address or `localhost`."""
    if "*" in allowed:
        return True
    try:
        name = (urlsplit("//" + host).hostname or "").removesuffix(".")
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost") or name in allowed:
        return True
    try:
        ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


def _host(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"host":
            return str(value, "latin-1")
    return ""


def _add_headers(message: Message) -> None:
    headers = MutableHeaders(raw=message.setdefault("headers", []))
    for name, value in API_HEADERS.items():
        headers.setdefault(name, value)


def _log_without_content(error: Exception) -> str:
    """Log where an error arose. Its text may quote what a partner sent, so it is left out."""
    name = f"urn:uuid:{uuid4()}"
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames[-6:]))
    _log.error("%s %s at %s", name, type(error).__name__, places)
    return name
