"""Activities that a service logs itself because they cannot pass a proxy (SMTP, MQTT, ...).

They come as JSON, are checked here, and go through the same door as captures.
"""

import re
from datetime import datetime
from ipaddress import ip_address
from typing import Annotated, Any, Final
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

import msgspec
from msgspec import Meta

from store.activity import Activity, ActivityType, Direction, Status, status_of
from store.capture import Capture, HeaderList, Phase
from store.errors import EntryError
from store.identity import activity_id, organization_id

type Name = Annotated[str, Meta(min_length=1, max_length=200)]
type Identifier = Annotated[str, Meta(min_length=1, max_length=200)]
type Code = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
type HeaderValues = dict[str, str | list[str]]
type Moment = Annotated[str, Meta(max_length=40, extra_json_schema={"format": "date-time"})]
"""RFC 3339 with a time zone, e.g. `2026-11-23T08:25:00.000Z`."""
type Milliseconds = Annotated[float, Meta(ge=0, le=1e12)]
type HttpStatus = Annotated[int, Meta(ge=100, le=599)]

LISTENER: Final = "log api"
MAX_TIME: Final = 4_102_444_800_000
"""2100-01-01 in Unix milliseconds; later times are mistakes (seconds taken for milliseconds)."""

_method = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}")
_scheme = re.compile(r"[a-z][a-z0-9+.-]{0,31}")
_header_name = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "smtp": 25, "mqtt": 1883, "mqtts": 8883}


class LogEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An activity that a service logs: started, or complete at once. Fields are named as the
    log's columns; integration, provider and activity type are found from the endpoint when
    they are not told."""

    method: Annotated[str, Meta(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$")]
    endpoint: Annotated[str, Meta(min_length=1, max_length=8192)]
    """An absolute URL of any scheme, e.g. `smtp://mail.example.com:587/`."""
    organization: Name | None = None
    organization_id: UUID | None = None
    integration: Name | None = None
    integration_id: UUID | None = None
    provider: Name | None = None
    direction: Direction = Direction.OUTGOING
    activity_type: ActivityType | None = None
    request_headers: HeaderValues | None = None
    request_body: Any = None
    """Any JSON value; a string is read as the text of the body."""
    response_status: HttpStatus | None = None
    response_headers: HeaderValues | None = None
    response_body: Any = None
    response_time_ms: Milliseconds | None = None
    status: Status | None = None
    """Default: found from the answer and the error; `started` when neither is told."""
    error_code: Code | None = None
    error_message: Annotated[str, Meta(max_length=65536)] | None = None
    user_id: Identifier | None = None
    ip_address: Annotated[str, Meta(max_length=64)] | None = None
    user_agent: Annotated[str, Meta(max_length=2048)] | None = None
    metadata: dict[str, Any] = {}
    trace_id: Annotated[str, Meta(pattern=r"^[0-9a-f]{16,32}$")] | None = None
    provider_request_id: Identifier | None = None
    created_at: Moment | None = None
    """Default: now."""
    completed_at: Moment | None = None
    """Default, when complete: now."""


class LogCompletion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a started activity ended."""

    status: Status | None = None
    response_status: HttpStatus | None = None
    response_headers: HeaderValues | None = None
    response_body: Any = None
    response_time_ms: Milliseconds | None = None
    """Default: from the start until `completed_at`."""
    error_code: Code | None = None
    error_message: Annotated[str, Meta(max_length=65536)] | None = None
    metadata: dict[str, Any] = {}
    """Added to what the start told."""
    provider_request_id: Identifier | None = None
    completed_at: Moment | None = None


class LoggedExchange(msgspec.Struct, frozen=True, kw_only=True):
    """What a service logged, ready for the door: a capture, and what was told beside it."""

    capture: Capture
    status: Status
    activity_type: ActivityType | None = None
    provider: str | None = None
    provider_request_id: str | None = None
    trace_id: str | None = None
    user_id: str | None = None
    user_agent: str | None = None
    metadata: dict[str, Any] = {}
    earlier: Activity | None = None
    """The started row that this one completes."""

    def __repr__(self) -> str:
        return f"<LoggedExchange {self.capture.id.hex()} {self.status}>"


def named_organization(entry: LogEntry) -> str | None:
    """Name or UUID of the organization that an entry tells, `None` when it tells none.

    Raises:
        EntryError: name and id do not belong together.
    """
    if entry.organization_id is None:
        return entry.organization
    if entry.organization is not None and organization_id(entry.organization) not in (
        entry.organization_id,
        organization_id(str(entry.organization_id)),
    ):
        raise EntryError("organization_id", "is not the id of the organization that is named")
    return entry.organization or str(entry.organization_id)


def entry_exchange(entry: LogEntry, organization: UUID, now: int) -> LoggedExchange:
    """An entry as an exchange of `organization`; `now` in Unix milliseconds.

    Raises:
        EntryError: it contradicts itself; the error names the column.
    """
    url = _endpoint(entry.endpoint)
    _check_address(entry.ip_address)
    created = _moment("created_at", entry.created_at, now)
    status = _entry_status(entry)
    completed, elapsed = _end(entry, status, created, now)
    final = status is not Status.STARTED
    capture = Capture(
        id=activity_id(created),
        phase=Phase.FINAL if final else Phase.REQUEST,
        direction=entry.direction,
        listener=LISTENER,
        organization=_organization_word(entry, organization),
        integration=entry.integration or _text_or_none(entry.integration_id),
        may_claim_organization=False,
        method=entry.method,
        scheme=url.scheme,
        host=url.hostname or "",
        port=_port(url),
        target=(url.path or "/") + (f"?{url.query}" if url.query else ""),
        http_version="",
        request_headers=_headers("request_headers", entry.request_headers),
        client_address=entry.ip_address,
        created_at=created,
        **_body("request", entry.request_body),
        **(_answer(entry, completed, elapsed) if final else {}),
    )
    return LoggedExchange(
        capture=capture,
        status=status,
        activity_type=entry.activity_type,
        provider=entry.provider,
        provider_request_id=entry.provider_request_id,
        trace_id=entry.trace_id,
        user_id=entry.user_id,
        user_agent=entry.user_agent,
        metadata=entry.metadata,
    )


def completed_exchange(started: Activity, completion: LogCompletion, now: int) -> LoggedExchange:
    """The whole exchange of an activity that an entry started (read with its bodies), with its
    end; what the end gives away is cut in the start, too.

    Raises:
        EntryError: the activity is not open, or the completion contradicts itself.
    """
    if started.status is not Status.STARTED:
        raise EntryError("status", f"the activity has ended already: {started.status}")
    url = _endpoint(started.endpoint)
    created = _moment("created_at", started.created_at, now)
    status = _final_status(completion)
    completed, elapsed = _end(completion, status, created, now)
    capture = Capture(
        id=UUID(started.id).bytes,
        phase=Phase.FINAL,
        direction=started.direction,
        listener=LISTENER,
        organization=started.organization_id,
        integration=started.integration_id,
        may_claim_organization=False,
        method=started.method,
        scheme=url.scheme,
        host=started.host,
        port=_port(url),
        target=started.path + (f"?{url.query}" if url.query else ""),
        http_version="",
        request_headers=_headers("request_headers", started.request_headers),
        client_address=started.ip_address,
        created_at=created,
        **_body("request", started.request_body),
        **_answer(completion, completed, elapsed),
    )
    return LoggedExchange(
        capture=capture,
        status=status,
        activity_type=started.activity_type,
        provider=started.provider,
        provider_request_id=completion.provider_request_id or started.provider_request_id,
        trace_id=started.trace_id,
        user_id=started.user_id,
        user_agent=started.user_agent,
        metadata={**(started.metadata or {}), **completion.metadata},
        earlier=started,
    )


def _entry_status(entry: LogEntry) -> Status:
    told = (
        entry.response_status,
        entry.response_headers,
        entry.response_body,
        entry.response_time_ms,
        entry.error_code,
        entry.error_message,
        entry.completed_at,
    )
    if all(value is None for value in told):
        return entry.status or Status.STARTED
    if entry.status is Status.STARTED:
        raise EntryError("status", "`started` has no answer, error or end")
    return _final_status(entry)


def _final_status(told: LogEntry | LogCompletion) -> Status:
    if told.status is Status.STARTED:
        raise EntryError("status", "expected how it ended: success, failed, error or timeout")
    if told.status is not None:
        return told.status
    if told.response_status is not None or told.error_code is not None:
        return status_of(told.error_code, told.response_status, None)
    if told.error_message is not None:
        return Status.ERROR
    raise EntryError("status", "tell it, or response_status, error_code or error_message")


def _end(
    told: LogEntry | LogCompletion, status: Status, created: int, now: int
) -> tuple[int | None, float | None]:
    """When it ended (Unix milliseconds) and how long it took."""
    if status is Status.STARTED:
        return None, None
    elapsed = told.response_time_ms
    if told.completed_at is None and elapsed is not None:
        return created + round(elapsed), elapsed
    completed = _moment("completed_at", told.completed_at, max(now, created))
    if completed < created:
        raise EntryError("completed_at", "is before created_at")
    return completed, float(completed - created) if elapsed is None else elapsed


def _answer(
    told: LogEntry | LogCompletion, completed: int | None, elapsed: float | None
) -> dict[str, Any]:
    return {
        "response_status": told.response_status,
        "response_headers": _headers("response_headers", told.response_headers),
        "error_code": told.error_code,
        "error_message": told.error_message,
        "completed_at": completed,
        "response_time_ms": elapsed,
        **_body("response", told.response_body),
    }


def _body(side: str, value: Any) -> dict[str, Any]:
    """A JSON value as the bytes of a body: a string is text, anything else is JSON."""
    if value is None:
        return {}
    content = value.encode() if isinstance(value, str) else msgspec.json.encode(value)
    return {f"{side}_body": content, f"{side}_size": len(content)}


def _headers(field: str, values: HeaderValues | None) -> HeaderList:
    fields: HeaderList = []
    for name, several in (values or {}).items():
        if not _header_name.fullmatch(name):
            raise EntryError(field, "has a name that is no header's")
        for value in [several] if isinstance(several, str) else several:
            if "\r" in value or "\n" in value or "\0" in value:
                raise EntryError(field, f"{name}: a value may not hold line breaks or NUL")
            fields.append((name.encode(), value.strip().encode("utf-8")))
    return fields


def _endpoint(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        valid = bool(_scheme.fullmatch(url.scheme) and url.hostname) and url.port != 0
    except ValueError:
        valid = False
    if not valid or any(letter <= " " or letter == "\x7f" for letter in text):
        raise EntryError("endpoint", "expected a URL such as smtp://mail.example.com:587/")
    return url


def _check_address(text: str | None) -> None:
    try:
        if text is not None:
            ip_address(text)
    except ValueError:
        raise EntryError("ip_address", "expected an IP address without port") from None


def _port(url: SplitResult) -> int:
    return url.port or _DEFAULT_PORTS.get(url.scheme, 0)


def _moment(field: str, text: str | None, default: int) -> int:
    if text is None:
        return default
    try:
        moment = datetime.fromisoformat(text)
        milliseconds = int(moment.timestamp() * 1000) if moment.tzinfo is not None else -1
    except (ValueError, OverflowError):
        milliseconds = -1
    if not 0 <= milliseconds <= MAX_TIME:
        raise EntryError(field, "expected a time such as 2026-11-23T08:25:00.000Z")
    return milliseconds


def _organization_word(entry: LogEntry, organization: UUID) -> str:
    """The name where the entry tells the one that the id comes from, else the id."""
    name = entry.organization
    return name if name and organization_id(name) == organization else str(organization)


def _text_or_none(value: UUID | None) -> str | None:
    return None if value is None else str(value)
