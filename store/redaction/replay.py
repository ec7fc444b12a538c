"""Newer rules for rows that are stored already.

What was cut stays cut: marks are recognised, so replaying the same rules changes nothing.
"""

from uuid import UUID

import msgspec

from store.activity import JsonText
from store.capture import HeaderList
from store.content import Content
from store.redaction import bodies, uri
from store.redaction.exchange import Cut
from store.redaction.headers import redact_headers
from store.redaction.redactor import Redactor
from store.redaction.taint import Taint
from store.redaction.work import Work


class StoredValues(msgspec.Struct, kw_only=True, frozen=True):
    """The columns of a row that may hold secrets, as they are stored."""

    host: str
    path: str
    query: str = ""
    request_headers: JsonText | None = None
    request_body: JsonText | None = None
    response_headers: JsonText | None = None
    response_body: JsonText | None = None
    error_message: str | None = None
    user_agent: str | None = None


class Replayed(msgspec.Struct, kw_only=True, frozen=True):
    """The columns after newer rules, and the cuts that these made."""

    values: StoredValues
    cuts: list[Cut]
    rule_version: int

    @property
    def changed(self) -> bool:
        """Whether the row must be written again."""
        return bool(self.cuts)


def reredact(redactor: Redactor, values: StoredValues, organization: UUID) -> Replayed:
    """`values` under the rules that `redactor` has now. Applying it again changes nothing."""
    work, known = redactor.begin(organization)
    host = values.host.encode()
    request, response = _headers(values.request_headers), _headers(values.response_headers)
    fields: dict[str, str | None] = {
        "host": values.host,
        "path": uri.redact_path(work, host, values.path.encode(), "path").decode(),
        "query": _query(work, values.query),
        "request_body": _body(work, values.request_body, request, "request.body"),
        "response_body": _body(work, values.response_body, response, "response.body"),
        "error_message": _text(work, values.error_message, "error_message"),
        "user_agent": _text(work, values.user_agent, "user_agent"),
    }
    for name, headers, place in (
        ("request_headers", request, "request.headers"),
        ("response_headers", response, "response.headers"),
    ):
        stored = getattr(values, name)
        clean, _ = redact_headers(work, known, headers, place, suspicious=True)
        fields[name] = clean if stored is not None else None
    if work.secrets:
        taint = Taint(work.secrets)
        fields = {name: taint.cut(text) if text else text for name, text in fields.items()}
    replayed = msgspec.convert(fields, StoredValues)
    if not work.cuts:
        replayed = values
    return Replayed(values=replayed, cuts=work.cuts, rule_version=work.rules.version)


def _query(work: Work, query: str) -> str:
    return query[:1] + uri.redact_query(work, query[1:].encode(), "query").decode()


def _text(work: Work, text: str | None, place: str) -> str | None:
    return None if text is None else work.text(text.encode(), place).decode("utf-8", "replace")


def _body(work: Work, stored: JsonText | None, headers: HeaderList, place: str) -> JsonText | None:
    if stored is None:
        return None
    plain = stored.encode()
    if stored.startswith('"'):
        plain = msgspec.json.decode(plain, type=str).encode()
    declared = next((value for name, value in headers if name.lower() == b"content-type"), b"")
    content_type = declared.decode("latin-1")
    media_type = content_type.partition(";")[0].strip().lower()
    content = Content(plain, media_type, content_type, plain, truncated=False)
    return bodies.redact_content(work, content, len(plain), place)


def _headers(stored: JsonText | None) -> HeaderList:
    if stored is None:
        return []
    folded = msgspec.json.decode(stored, type=dict[str, str | list[str]])
    return [
        (name.encode("latin-1", "replace"), value.encode())
        for name, values in folded.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
