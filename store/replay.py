"""Replay: today's rules of redaction applied to activities that older rules have redacted.

What was cut stays cut: a mark is no secret to any rule. The rows of an exchange are redacted
together again, so that a value cut in one place is cut in all of them.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, runtime_checkable
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from store.activity import Activity, Headers, JsonText, Status
from store.capture import Capture, HeaderList, Phase
from store.redaction.exchange import RedactedExchange
from store.times import uuid_bytes

# Bodies are kept decoded and de-chunked, so these headers say nothing about what is kept.
_ENCODINGS: Final = frozenset({"content-encoding", "transfer-encoding"})
_DIGEST_KEYS: Final = ({"binary", "size", "hashed", "sha256"}, {"binary", "size", "sha256"})
_TYPE: Final = "content-type"


class Redacts(Protocol):
    """What replay needs of a redactor."""

    @property
    def rule_version(self) -> int:
        """The version of its rules."""
        ...

    def redact(self, capture: Capture, organization: UUID) -> RedactedExchange:
        """The parts of a capture that may be kept."""
        ...


class Rewrite(msgspec.Struct, frozen=True, kw_only=True):
    """The redacted columns of a row, as they are from now on."""

    path: str
    query: str
    request_headers: JsonText | None
    request_body: JsonText | None
    response_headers: JsonText | None
    response_body: JsonText | None
    error_message: str | None
    user_agent: str | None
    metadata: JsonText | None
    redactions: int
    places: JsonText | None
    scrub: Callable[[str], str]
    """For every other text that belongs to the row."""


class RewriteStep(msgspec.Struct, frozen=True, kw_only=True):
    """What one step did; `last` is where the next begins, `None` at the end."""

    looked_at: int
    changed: int
    last: int | None


@runtime_checkable
class Rewriter(Protocol):
    """A writer whose rows can be redacted anew. Each call is one transaction."""

    def rewrite(
        self,
        change: Callable[[Activity], Rewrite | None],
        version: int,
        *,
        everything: bool,
        after: int | None,
    ) -> RewriteStep:
        """Pass the rows that rules below `version` have redacted (or everything) to `change`,
        keep what it returns, and mark them with `version`."""
        ...

    def forget_dictionaries(self) -> bool:
        """Unpack a few compressed bodies, and at last delete the dictionaries, which hold
        pieces of bodies; True when more is to do."""
        ...  # fmt: skip


def replayed(activity: Activity, redactor: Redacts) -> Rewrite | None:
    """What today's rules make of an activity, or `None` when they change nothing."""
    request, response = _Side.request(activity), _Side.response(activity)
    capture = _capture(activity, request, response)
    redacted = redactor.redact(capture, UUID(activity.organization_id))
    query = _query(activity)
    metadata = _scrubbed(activity.metadata, redacted.scrub)
    if activity.status is Status.STARTED:
        columns: dict[str, Any] = {"query": query, "error_message": activity.error_message}
        columns |= {"request_headers": request.headers, "request_body": request.body}
        columns |= {"response_headers": response.headers, "response_body": response.body}
    else:
        columns = {
            "query": redacted.query,
            "error_message": redacted.error_message,
            "request_headers": request.headers_of(redacted.request_headers),
            "request_body": request.body_of(redacted.request_body),
            "response_headers": response.headers_of(redacted.response_headers),
            "response_body": response.body_of(redacted.response_body),
        }
    agent = activity.user_agent
    columns |= {"path": redacted.path, "user_agent": redacted.scrub(agent) if agent else agent}
    before = {
        "path": activity.path,
        "query": query,
        "user_agent": agent,
        "error_message": activity.error_message,
        "request_headers": request.headers,
        "request_body": request.body,
        "response_headers": response.headers,
        "response_body": response.body,
    }
    if columns == before and metadata == activity.metadata:
        return None
    known = [tuple(place) for place in activity.redaction_places or []]
    fresh = [(cut.place, cut.rule) for cut in redacted.cuts if (cut.place, cut.rule) not in known]
    return Rewrite(
        **columns,
        metadata=None if metadata is None else msgspec.json.encode(metadata).decode(),
        redactions=activity.redactions + max(1, len(fresh)),
        places=msgspec.json.encode([*known, *fresh]).decode(),
        scrub=redacted.scrub,
    )


class _Side:
    """Headers and body of one direction, as kept and as a redactor is to see them."""

    def __init__(self, headers: Headers | None, body: msgspec.Raw | None) -> None:
        self._fields = headers or {}
        self._value = None if body is None else msgspec.json.decode(body)
        self.headers = None if headers is None else _text(headers)
        self.body = None if body is None else bytes(body).decode()
        # A JSON value is read as such whatever its type was: a form, say, is kept as an object.
        self._is_json = isinstance(self._value, dict | list)
        self._is_digest = isinstance(self._value, dict) and set(self._value) in _DIGEST_KEYS

    @classmethod
    def request(cls, activity: Activity) -> "_Side":
        """The request of an activity."""
        return cls(activity.request_headers, activity.request_body)

    @classmethod
    def response(cls, activity: Activity) -> "_Side":
        """The answer of an activity."""
        return cls(activity.response_headers, activity.response_body)

    def content(self) -> bytes:
        """The body that a redactor is to see."""
        if self._value is None or self._is_digest:
            return b""
        if isinstance(self._value, str):
            return self._value.encode("utf-8", "surrogatepass")
        assert self.body is not None
        return self.body.encode()

    def fields(self) -> HeaderList:
        """The header fields that a redactor is to see."""
        found: HeaderList = [(b"Content-Type", b"application/json")] if self._is_json else []
        for name, values in self._fields.items():
            if not self._stays(name):
                for value in [values] if isinstance(values, str) else values:
                    found.append((name.encode(), value.encode("utf-8", "surrogatepass")))
        return found

    def _stays(self, name: str) -> bool:
        return name.lower() in _ENCODINGS or (self._is_json and name.lower() == _TYPE)

    def headers_of(self, redacted: JsonText | None) -> JsonText | None:
        """The header column after redaction: the fields as before, in their order."""
        if self.headers is None or redacted is None:
            return self.headers
        found: Mapping[str, Any] = msgspec.json.decode(redacted)
        return _text(
            {
                name: value if self._stays(name) else found.get(name, "[REDACTED]")
                for name, value in self._fields.items()
            }
        )

    def body_of(self, redacted: JsonText | None) -> JsonText | None:
        """The body column after redaction: the text as before where the value is the same."""
        if self.body is None or self._is_digest or redacted is None:
            return self.body
        return self.body if msgspec.json.decode(redacted) == self._value else redacted


def _capture(activity: Activity, request: _Side, response: _Side) -> Capture:
    scheme = activity.endpoint.partition("://")[0]
    started = activity.status is Status.STARTED
    try:
        port = urlsplit(activity.endpoint).port
    except ValueError:
        port = None
    bodies = request.content(), response.content()
    return Capture(
        id=uuid_bytes(activity.id) or bytes(16),
        phase=Phase.STARTED if started else Phase.FINAL,
        direction=activity.direction,
        listener="replay",
        method=activity.method,
        scheme=scheme,
        host=activity.host,
        port=port or (80 if scheme == "http" else 443),
        target=activity.path + _query(activity),
        request_headers=request.fields(),
        request_body=bodies[0],
        request_size=len(bodies[0]),
        response_status=activity.response_status,
        response_headers=response.fields(),
        response_body=bodies[1],
        response_size=len(bodies[1]),
        error_code=activity.error_code,
        error_message=activity.error_message,
        created_at=0,
        completed_at=0,
    )


def _query(activity: Activity) -> str:
    """`?` and what follows, or nothing."""
    _, question, query = activity.endpoint.partition("?")
    return question + query


def _scrubbed(value: Any, scrub: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, list):
        return [_scrubbed(item, scrub) for item in value]
    if isinstance(value, dict):
        return {scrub(name): _scrubbed(item, scrub) for name, item in value.items()}
    return value


def _text(value: Any) -> JsonText:
    return msgspec.json.encode(value).decode()
