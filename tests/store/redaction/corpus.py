"""What a case of the corpus is, and how a row is searched for what must not be in it."""

import base64
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, unquote_plus, urlsplit
from uuid import UUID

from store.activity import Direction
from store.capture import Capture, Phase
from store.redaction.exchange import RedactedExchange

ORGANIZATION = UUID("0f0e0d0c-0b0a-4908-8706-050403020100")
Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Case:
    """One exchange. `gone` must be in no form in the row, `kept` must be readable in it."""

    name: str
    why: str
    gone: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    url: str = "https://api.example.test/v1/things"
    method: str = "POST"
    request_headers: Headers = field(default_factory=list)
    request_body: str | bytes = b""
    response_headers: Headers = field(default_factory=list)
    response_body: str | bytes = b""
    error: str | None = None
    more: int = 0
    """Bytes of both bodies that were not captured."""
    phase: Phase = Phase.FINAL


def json_case(
    name: str, why: str, body: str, gone: Iterable[str] = (), kept: Iterable[str] = ()
) -> Case:
    """A JSON request body."""
    return _typed("application/json", name, why, body, gone, kept)


def text_case(
    name: str, why: str, body: str, gone: Iterable[str] = (), kept: Iterable[str] = ()
) -> Case:
    """A plain text request body."""
    return _typed("text/plain", name, why, body, gone, kept)


def form_case(
    name: str, why: str, body: str, gone: Iterable[str] = (), kept: Iterable[str] = ()
) -> Case:
    """A form request body."""
    return _typed("application/x-www-form-urlencoded", name, why, body, gone, kept)


def header_case(
    name: str,
    header: str,
    value: str,
    gone: Iterable[str] = (),
    kept: Iterable[str] = (),
    why: str = "",
) -> Case:
    """One request header."""
    return Case(
        name=name,
        why=why or f"{header} is known to carry a credential",
        gone=tuple(gone),
        kept=(*kept, header),
        method="GET",
        request_headers=[(header, value)],
    )


def url_case(
    name: str, why: str, url: str, gone: Iterable[str] = (), kept: Iterable[str] = ()
) -> Case:
    """A URL."""
    return Case(name=name, why=why, gone=tuple(gone), kept=tuple(kept), url=url, method="GET")


def _typed(
    kind: str, name: str, why: str, body: str, gone: Iterable[str], kept: Iterable[str]
) -> Case:
    headers = [("Content-Type", kind)]
    return Case(name, why, tuple(gone), tuple(kept), request_headers=headers, request_body=body)


def capture_of(case: Case) -> Capture:
    """The capture that the relay would take of the case."""
    parts = urlsplit(case.url)
    target = case.url.partition("#")[0].partition("//")[2]
    request, response = _bytes(case.request_body), _bytes(case.response_body)
    return Capture(
        id=bytes(16),
        phase=case.phase,
        direction=Direction.OUTGOING,
        listener="test",
        method=case.method,
        scheme=parts.scheme,
        host=parts.hostname or "",
        port=443,
        target="/" + target.partition("/")[2],
        request_headers=_header_list(case.request_headers),
        request_body=request,
        request_size=len(request) + case.more,
        response_status=200,
        response_headers=_header_list(case.response_headers),
        response_body=response,
        response_size=len(response) + case.more,
        error_message=case.error,
        created_at=1,
    )


def _bytes(body: str | bytes) -> bytes:
    return body if isinstance(body, bytes) else body.encode()


def _header_list(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers]


def row_text(redacted: RedactedExchange) -> str:
    """Everything that a row would hold."""
    values: list[Any] = [
        redacted.host + redacted.path + redacted.query,
        redacted.request_headers,
        redacted.request_body,
        redacted.response_headers,
        redacted.response_body,
        redacted.error_message,
        redacted.user_agent,
        redacted.stream_messages,
        redacted.places,
    ]
    return "\n".join(value for value in values if value)


def views(text: str) -> Iterator[str]:
    """`text` as a thief would read it: as it is, unescaped, decoded, decompressed."""
    plain = [text, text.replace("\\/", "/").replace('\\"', '"').replace("\\\\", "\\")]
    plain.append(re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), text))
    for view in list(plain):
        for _ in range(3):
            view = unquote(view)
            plain += (view, unquote_plus(view))
    yield from plain
    for view in dict.fromkeys(plain):
        for run in re.findall(r"[A-Za-z0-9+/_-]{8,}={0,2}", view):
            yield from _decoded(run)


def _decoded(run: str) -> Iterator[str]:
    for skipped in range(4):
        coded = run[skipped:].rstrip("=").replace("-", "+").replace("_", "/")
        try:
            data = base64.b64decode(coded + "=" * (-len(coded) % 4))
        except ValueError:
            continue
        yield data.decode("latin-1")
        try:
            yield zlib.decompressobj(47).decompress(data, 1 << 20).decode("latin-1")
        except zlib.error:
            continue


def leaks(case: Case, redacted: RedactedExchange) -> list[str]:
    """What of `gone` the row holds in any form."""
    seen = list(views(row_text(redacted)))
    return [secret for secret in case.gone if any(secret in view for view in seen)]


def losses(case: Case, redacted: RedactedExchange) -> list[str]:
    """What of `kept` the row does not hold."""
    text = row_text(redacted)
    readable = text.replace("\\/", "/").replace('\\"', '"')
    return [wanted for wanted in case.kept if wanted not in text and wanted not in readable]
