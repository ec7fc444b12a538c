"""Puts the row of an activity together from a capture, its classification and its redaction."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Final, NamedTuple
from urllib.parse import unquote
from uuid import UUID

import msgspec

from store.activity import ActivityRow, Direction, JsonText, Status, status_of
from store.capture import Capture, HeaderList, Phase, Stream
from store.classification.path_template import path_template
from store.classification.rules import Classification
from store.classification.trace import provider_request_id, trace_id
from store.log_entry import LoggedExchange
from store.redaction.exchange import RedactedExchange

_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_METHODS: Final = frozenset(
    {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE"}
)
MAX_METHOD: Final = 64
MAX_NAME: Final = 200
"""Characters of names that come with the traffic: organization, integration, user."""


class RowParts(NamedTuple):
    """What a row is made of."""

    capture: Capture
    found: Classification
    redacted: RedactedExchange
    request: Mapping[bytes, bytes]
    """Request headers, names in lower case."""
    answer: Mapping[bytes, bytes]
    """Headers and trailers of the answer, names in lower case."""
    metadata: dict[str, Any]
    """What the service told, redacted."""
    keeps: tuple[bool, bool]
    """Whether the bodies of request and answer are kept."""
    keeps_address: bool
    keeps_agent: bool
    logged: LoggedExchange | None


def lower_names(headers: HeaderList) -> dict[bytes, bytes]:
    """Header fields by lower-case name; of repeated ones the first."""
    return {name.lower(): value for name, value in reversed(headers)}


def build_row(parts: RowParts) -> ActivityRow:
    """The row of an exchange. Every string in it is redacted, or one of our own words."""
    capture, found, redacted = parts.capture, parts.found, parts.redacted
    scrub = redacted.scrub
    origin = _origin(capture, redacted.host)
    path, template = _paths(parts, origin)
    user, user_note = _user(parts)
    logged = parts.logged
    row = ActivityRow(
        id=capture.id,
        organization_id=found.organization_id.bytes,
        organization=_told(found.organization, parts),
        integration_id=found.integration_id.bytes,
        integration=_told(found.integration, parts),
        provider=scrub(found.provider) if logged and found.provider else found.provider,
        direction=capture.direction,
        activity_type=found.activity_type,
        method=_method(capture.method, scrub),
        origin=origin,
        host=redacted.host,
        path=template if capture.phase is Phase.STARTED else path,
        query=redacted.query,
        path_template=template,
        request_headers=redacted.request_headers,
        request_body=redacted.request_body if parts.keeps[0] else None,
        request_size=capture.request_size,
        request_truncated=redacted.request_truncated,
        status=Status.STARTED,
        user_id=user,
        ip_address=_address(capture.client_address) if parts.keeps_address else None,
        user_agent=_agent(parts),
        trace_id=logged.trace_id if logged is not None else trace_id(parts.request),
        replay_of=capture.replay_of,
        redactions=redacted.redactions,
        redaction_places=redacted.places if redacted.redactions else None,
        rule_version=redacted.rule_version,
        created_at=capture.created_at,
    )
    if capture.phase is Phase.FINAL:
        _add_end(row, parts)
    row.metadata = _metadata(parts, user_note)
    if logged is not None and logged.earlier is not None:
        _add_earlier(row, logged, scrub)
    return row


def _add_end(row: ActivityRow, parts: RowParts) -> None:
    capture, redacted, answer = parts.capture, parts.redacted, parts.answer
    row.response_status = capture.response_status
    row.response_headers = redacted.response_headers
    row.response_body = redacted.response_body if parts.keeps[1] else None
    row.response_size = capture.response_size
    row.response_truncated = redacted.response_truncated
    row.response_time_ms = capture.response_time_ms
    row.timing = capture.timing if parts.logged is None else None
    row.completed_at = capture.completed_at
    row.error_code = _error_code(parts)
    row.error_message = redacted.error_message
    row.provider_request_id = _request_id(parts)
    grpc_status = _grpc_status(answer)
    if parts.logged is not None:
        row.status = parts.logged.status
        return
    row.status = status_of(capture.error_code, capture.response_status, grpc_status)
    if grpc_status and row.error_message is None:
        message = unquote(answer.get(b"grpc-message", b"").decode("latin-1"))
        row.error_message = redacted.scrub(message) or None


def _add_earlier(row: ActivityRow, logged: LoggedExchange, scrub: Callable[[str], str]) -> None:
    """What the start of a logged activity knew better than its redacted form tells."""
    earlier = logged.earlier
    assert earlier is not None
    row.organization = earlier.organization
    row.integration = scrub(earlier.integration)
    row.request_size = earlier.request_size
    row.request_truncated = earlier.request_truncated
    row.redactions += earlier.redactions
    places = [*(earlier.redaction_places or []), *msgspec.json.decode(row.redaction_places or "[]")]
    row.redaction_places = _json(places) if places else None


def _told(name: str, parts: RowParts) -> str:
    """A name of organization or integration; what came with the traffic is redacted."""
    host = parts.capture.host
    if name in (host, host.lower(), host.lower().rstrip(".")):
        return parts.redacted.host.rstrip(".")
    if parts.capture.claims is not None or parts.logged is not None:
        return parts.redacted.scrub(name)[:MAX_NAME]
    return name


def _paths(parts: RowParts, origin: str) -> tuple[str, str]:
    """The path and its template: the classifier's, unless that was made from a path that
    redaction has changed."""
    capture, found, kept = parts.capture, parts.found, parts.redacted.path
    authority = origin.partition("://")[2]
    if capture.method == "CONNECT" and kept.lower() in (authority, f"{authority}:{capture.port}"):
        # Host and port are told already, and a tunnel has no path.
        return "", ""
    path = capture.target.partition("?")[0]
    if kept == path or found.path_template != path_template(path):
        return kept, found.path_template
    return kept, path_template(kept)


def _method(method: str, scrub: Callable[[str], str]) -> str:
    return method if method in _METHODS else scrub(method)[:MAX_METHOD]


def _origin(capture: Capture, host: str) -> str:
    scheme = capture.scheme.lower()
    if "[REDACTED" not in host:  # the mark is written the same everywhere
        host = host.lower()
    name = f"[{host}]" if ":" in host and "[" not in host else host
    if capture.port in (0, _DEFAULT_PORTS.get(scheme)):
        return f"{scheme}://{name}"
    return f"{scheme}://{name}:{capture.port}"


def _address(text: str | None) -> str | None:
    """An IP address without port, zone or brackets; what is none is not kept."""
    if text is None:
        return None
    if text.startswith("["):
        return _normal_address(text[1:].partition("]")[0])
    return _normal_address(text.partition(":")[0] if text.count(":") == 1 else text)


# Clients repeat; parsing an address costs as much as the rest of a row.
@lru_cache(4096)
def _normal_address(text: str) -> str | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _agent(parts: RowParts) -> str | None:
    if not parts.keeps_agent:
        return None
    if parts.logged is not None and parts.logged.user_agent is not None:
        return parts.redacted.scrub(parts.logged.user_agent)
    return parts.redacted.user_agent


def _user(parts: RowParts) -> tuple[str | None, str | None]:
    """The user for its column when it is a UUID, else for `metadata`."""
    capture, told = parts.capture, None
    if parts.logged is not None:
        told = parts.logged.user_id
    elif capture.claims is not None and capture.direction is Direction.OUTGOING:
        told = capture.claims.user
    if told is None:
        return None, None
    try:
        return str(UUID(told)), None
    except ValueError:
        return None, parts.redacted.scrub(told)[:MAX_NAME]


def _error_code(parts: RowParts) -> str | None:
    """One of our own list; of a logged activity a word of the service's."""
    code = parts.capture.error_code
    return code if parts.logged is None or code is None else parts.redacted.scrub(code)


def _request_id(parts: RowParts) -> str | None:
    if parts.logged is not None and parts.logged.provider_request_id is not None:
        found: str | None = parts.logged.provider_request_id
    else:
        incoming = parts.capture.direction is Direction.INCOMING
        found = provider_request_id(incoming, parts.request, parts.answer)
    return None if found is None else parts.redacted.scrub(found)


def _grpc_status(answer: Mapping[bytes, bytes]) -> int | None:
    value = answer.get(b"grpc-status", b"")
    return int(value) if value.isdigit() and len(value) < 4 else None


def _metadata(parts: RowParts, user: str | None) -> JsonText:
    """What the service told, then our own keys, which it cannot take."""
    capture, found, scrub = parts.capture, parts.found, parts.redacted.scrub
    values = dict(parts.metadata)
    values["listener"] = capture.listener
    if capture.http_version:
        values["http_version"] = capture.http_version
    if user is not None:
        values["user"] = user
    if found.event is not None:
        values["event"] = scrub(found.event)
    if found.signature_header is not None:
        values["signature_header"] = scrub(found.signature_header)
    if found.unknown_organization is not None:
        values["unknown_organization"] = scrub(found.unknown_organization)[:MAX_NAME]
    if found.unknown_activity_type is not None:
        values["unknown_activity_type"] = scrub(found.unknown_activity_type)[:MAX_NAME]
    for name, value in capture.notes.items():
        values[name] = scrub(value)
    if capture.upstream_address is not None:
        values["upstream_address"] = capture.upstream_address
    if capture.durable:
        values["durable"] = True
    if capture.phase is Phase.FINAL:
        if capture.proxy_status is not None:
            values["proxy_status"] = capture.proxy_status
        if (grpc_status := _grpc_status(parts.answer)) is not None:
            values["grpc_status"] = grpc_status
        if capture.stream is not None:
            values["stream"] = _stream(capture.stream, parts.redacted.stream_messages)
        if not all(parts.keeps):
            values["body_capture"] = "off"
    return _json(values)


def _stream(stream: Stream, messages: JsonText | None) -> dict[str, Any]:
    values: dict[str, Any] = {"kind": stream.kind, "count": stream.count}
    if stream.close_code is not None:
        values["close_code"] = stream.close_code
    if stream.times:
        values["times"] = stream.times
    if messages is not None:
        values["messages"] = msgspec.Raw(messages.encode())
    return values


def _json(value: Any) -> JsonText:
    return msgspec.json.encode(value).decode()
