"""Dry run of redaction: what would be cut, and by which rule. Nothing is kept."""

import asyncio
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from msgspec import Meta

from proxy.api.endpoint import PREFIX, Call, Endpoint
from proxy.api.problem import ProblemError
from store.activity import Direction, Headers
from store.capture import Capture, HeaderList, Phase
from store.identity import activity_id
from store.redaction.exchange import RedactedExchange
from store.tokens import Right

_PORTS = {"http": 80, "https": 443}


class DryRun(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An exchange as it might pass the proxy; everything may be left out."""

    organization: str | None = None
    """Whose rules and fingerprints apply; default: the default organization."""
    method: Annotated[str, Meta(pattern="^[A-Z]{1,32}$")] = "POST"
    url: Annotated[str, Meta(max_length=65536, pattern="^https?://[!-~]+$")] = (
        "https://example.com/"
    )
    request_headers: Headers = {}
    request_body: str = ""
    response_status: Annotated[int, Meta(ge=100, le=599)] = 200
    response_headers: Headers = {}
    response_body: str = ""
    error_message: str | None = None

    def __repr__(self) -> str:
        return "<DryRun>"


class CutView(msgspec.Struct, frozen=True, kw_only=True):
    """One value that was cut."""

    place: str
    """Where it stood: a path into the exchange, never the value."""
    rule: str
    fingerprint: str
    """Equal values have equal fingerprints within one organization."""


class DryRunResult(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange as a row would hold it."""

    url: str
    request_headers: msgspec.Raw
    request_body: msgspec.Raw
    response_headers: msgspec.Raw
    response_body: msgspec.Raw
    error_message: str | None
    redactions: int
    cuts: list[CutView]
    rule_version: int


async def dry_run(call: Call) -> DryRunResult:
    """Redacts the exchange of the body with the rules in force, and tells every cut. Needs the
    right `admin`: with fingerprints, guesses at recorded secrets could be tried out."""
    explain = call.services.explain
    if explain is None:
        raise ProblemError(501, "this server only reads; ask the one that records")
    body: DryRun = call.body
    organization = _organization(call, body.organization)
    capture = _capture(body)
    # In a thread: a hostile body takes long, and others are waiting.
    found: RedactedExchange = await asyncio.to_thread(explain, capture, organization)
    return DryRunResult(
        url=f"{capture.scheme}://{found.host}{found.path}{found.query}",
        request_headers=_raw(found.request_headers),
        request_body=_raw(found.request_body),
        response_headers=_raw(found.response_headers),
        response_body=_raw(found.response_body),
        error_message=found.error_message,
        redactions=found.redactions,
        cuts=[
            CutView(place=cut.place, rule=cut.rule, fingerprint=cut.fingerprint)
            for cut in found.cuts
        ],
        rule_version=found.rule_version,
    )


def _organization(call: Call, name: str | None) -> UUID:
    name = name or call.services.default_organization
    ids = call.services.tokens.organization_ids([name])
    assert ids is not None
    (organization,) = ids
    if not call.scope.allows(organization):
        raise ProblemError(403, "the token is not for this organization", parameter="organization")
    return organization


def _capture(body: DryRun) -> Capture:
    try:
        url = urlsplit(body.url)
        port = url.port or _PORTS[url.scheme]
        host = url.hostname or ""
    except (ValueError, KeyError):
        raise ProblemError(422, "expected an http or https URL", parameter="url") from None
    if not host:
        raise ProblemError(422, "expected a URL with a host", parameter="url")
    request, response = body.request_body.encode(), body.response_body.encode()
    now = 0
    return Capture(
        id=activity_id(now),
        phase=Phase.FINAL,
        direction=Direction.OUTGOING,
        listener="dry run",
        method=body.method,
        scheme=url.scheme,
        host=host,
        port=port,
        target=(url.path or "/") + (f"?{url.query}" if url.query else ""),
        request_headers=_header_list(body.request_headers),
        request_body=request,
        request_size=len(request),
        response_status=body.response_status,
        response_headers=_header_list(body.response_headers),
        response_body=response,
        response_size=len(response),
        error_message=body.error_message,
        created_at=now,
        completed_at=now,
    )


def _header_list(headers: Headers) -> HeaderList:
    return [
        (name.encode(), value.encode())
        for name, values in headers.items()
        for value in ([values] if isinstance(values, str) else values)
    ]


def _raw(text: str | None) -> msgspec.Raw:
    return msgspec.Raw((text or "null").encode())


ENDPOINTS = (
    Endpoint(
        "POST",
        f"{PREFIX}/redact/dry-run",
        dry_run,
        "Try redaction",
        "redaction",
        right=Right.ADMIN,
        body=DryRun,
        answer=DryRunResult,
        problems=(501,),
    ),
)
