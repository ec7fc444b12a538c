"""Shows what redaction would do: the dry run behind `wiretrail redact --explain` and the API."""

import re
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from store.activity import Direction
from store.capture import Capture, HeaderList, Phase
from store.redaction.exchange import Cut, RedactedExchange
from store.redaction.redactor import Redactor

_REQUEST_LINE: Final = re.compile(
    r"([A-Z]{3,16}) (\S+)(?: HTTP/[\d.]+)?\r?\n|HTTP/[\d.]+ (\d{3})[^\n]*\n"
)
_FIELD: Final = re.compile(r"([!#$%&'*+.^_`|~\w-]+):[ \t]*([^\r\n]*)\r?\n")


class Explanation(msgspec.Struct, frozen=True):
    """What would be kept, and every cut: where, by which rule, with which fingerprint."""

    redacted: RedactedExchange
    cuts: list[Cut]


def explain(redactor: Redactor, capture: Capture, organization: UUID) -> Explanation:
    """What `redactor` does to a capture; nothing is kept."""
    redacted = redactor.redact(capture, organization)
    return Explanation(redacted, redacted.cuts)


def explain_text(
    redactor: Redactor, pasted: str, organization: UUID, content_type: str = ""
) -> Explanation:
    """What `redactor` does to a pasted body, or to a pasted HTTP request or answer."""
    return explain(redactor, pasted_capture(pasted, content_type), organization)


def pasted_capture(pasted: str, content_type: str = "") -> Capture:
    """A capture of pasted text: an HTTP message with its head, a URL, or a body."""
    message = _REQUEST_LINE.match(pasted)
    if message is not None:
        return _message(pasted, message)
    if "\n" not in pasted.strip() and re.match(r"https?://\S+\Z", pasted.strip()):
        return _capture("GET", pasted.strip(), [], b"")
    headers = [(b"Content-Type", content_type.encode())] if content_type else []
    return _capture("POST", "/", headers, pasted.encode("utf-8", "replace"))


def _message(pasted: str, start: re.Match[str]) -> Capture:
    headers: HeaderList = []
    at = start.end()
    while (field := _FIELD.match(pasted, at)) is not None:
        headers.append((field[1].encode(), field[2].strip().encode("utf-8", "replace")))
        at = field.end()
    body = re.sub(r"\A\r?\n", "", pasted[at:]).encode("utf-8", "replace")
    if start[3] is not None:
        capture = _capture("GET", "/", [], b"")
        capture.response_status = int(start[3])
        capture.response_headers = headers
        capture.response_body = body
        capture.response_size = len(body)
        return capture
    host = next((value.decode() for name, value in headers if name.lower() == b"host"), "")
    return _capture(start[1], start[2], headers, body, host)


def _capture(method: str, url: str, headers: HeaderList, body: bytes, host: str = "") -> Capture:
    parts = urlsplit(url)
    target = url.partition("#")[0]
    if parts.scheme and parts.netloc:
        target = "/" + target.partition("//")[2].partition("/")[2]
    return Capture(
        id=bytes(16),
        phase=Phase.FINAL,
        direction=Direction.OUTGOING,
        listener="explain",
        method=method,
        scheme=parts.scheme or "https",
        host=parts.hostname or host.partition(":")[0],
        port=443,
        target=target,
        request_headers=headers,
        request_body=body,
        request_size=len(body),
        created_at=0,
    )
