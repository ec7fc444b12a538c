"""What a service knows of its own callers: their address, and headers fit for a log."""

import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any

REDACTED = "[REDACTED]"

_secret_piece = re.compile(
    r"(?:^|[-_])(?:authorization|auth|cookie2?|password|passwd|pwd|secret|token|credentials?|"
    r"session|sessionid|signature|sig|jwt|otp|pin|"
    r"(?:api|access|account|auth|functions|private|secret|shared|signing|subscription)[-_]?key)"
    r"(?:$|[-_])",
    re.IGNORECASE,
)
_FORWARDED = ("x-forwarded-for", "x-real-ip")


def get_ip_address(request: Any, *, trust_forwarded: bool = True) -> str | None:
    """The address of the client of a request, or `None`.

    `request` is one of Starlette, FastAPI, Flask, Django or aiohttp, or a mapping of headers.
    `X-Forwarded-For` and `X-Real-IP` are believed first: Wiretrail's webhook listener sets them
    from trusted hops only. Pass `trust_forwarded=False` where anybody reaches the service itself.
    """
    if trust_forwarded:
        headers = _headers_of(request)
        for name in _FORWARDED:
            found = _address(headers.get(name, "").partition(",")[0])
            if found is not None:
                return found
    client = getattr(request, "client", None)
    meta = getattr(request, "META", None)
    candidates = (
        getattr(client, "host", None),
        getattr(request, "remote_addr", None),
        meta.get("REMOTE_ADDR") if isinstance(meta, Mapping) else None,
        getattr(request, "remote", None),
    )
    return next((found for found in map(_address, candidates) if found is not None), None)


def sanitize_headers(
    headers: Mapping[str, Any] | Iterable[tuple[str, Any]] | None,
) -> dict[str, str | list[str]]:
    """Headers with the values of those that carry credentials replaced; repeated ones become a
    list. The log redacts again, and more: this keeps credentials inside the service."""
    fields: dict[str, str | list[str]] = {}
    spelling: dict[str, str] = {}
    for raw_name, raw_value in _pairs(headers):
        name, value = _text(raw_name), _text(raw_value)
        value = REDACTED if _secret_piece.search(name) else value
        first = spelling.setdefault(name.lower(), name)
        before = fields.get(first)
        if before is None:
            fields[first] = value
        else:
            fields[first] = [*([before] if isinstance(before, str) else before), value]
    return fields


def _pairs(
    headers: Mapping[str, Any] | Iterable[tuple[str, Any]] | None,
) -> Iterable[tuple[Any, Any]]:
    if headers is None:
        return
    # httpx, Starlette and others keep repeated fields, and tell them so.
    several = getattr(headers, "multi_items", None)
    items: Any = headers.items() if isinstance(headers, Mapping) else headers
    for name, value in several() if callable(several) else items:
        if isinstance(value, list | tuple):
            yield from ((name, each) for each in value)
        else:
            yield name, value


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _headers_of(request: Any) -> dict[str, str]:
    headers = request if isinstance(request, Mapping) else getattr(request, "headers", None)
    return {_text(name).lower(): _text(value) for name, value in _pairs(headers)}


def _address(text: Any) -> str | None:
    candidate = str(text or "").strip()
    if candidate.startswith("["):
        candidate = candidate[1:].partition("]")[0]
    elif candidate.count(":") == 1:
        candidate = candidate.partition(":")[0]
    try:
        return str(ip_address(candidate))
    except ValueError:
        return None
