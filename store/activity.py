"""The words of the activity log: its closed lists, and one row as writers and readers see it."""

import re
from enum import StrEnum
from typing import Any, Final

import msgspec


class Direction(StrEnum):
    """Who called whom. The listener decides it, never a header."""

    OUTGOING = "outgoing"
    INCOMING = "incoming"


class Status(StrEnum):
    """How an exchange ended, or `started` while it has not."""

    STARTED = "started"
    SUCCESS = "success"
    FAILED = "failed"
    ERROR = "error"
    TIMEOUT = "timeout"


class ActivityType(StrEnum):
    """What an exchange was for; the 13 types of the original system."""

    TEST_CONNECTION = "test_connection"
    SYNC_IMPORT = "sync_import"
    SYNC_EXPORT = "sync_export"
    SYNC_BIDIRECTIONAL = "sync_bidirectional"
    WEBHOOK_RECEIVED = "webhook_received"
    NOTIFICATION_EMAIL = "notification_email"
    NOTIFICATION_SLACK = "notification_slack"
    NOTIFICATION_WEBHOOK = "notification_webhook"
    API_CALL = "api_call"
    DEVICE_CREATE = "device_create"
    DEVICE_UPDATE = "device_update"
    DEVICE_DELETE = "device_delete"
    OTHER = "other"


class ErrorCode(StrEnum):
    """Why an exchange has no complete answer: the closed list of `error_code`."""

    DNS = "dns"
    CONNECT_REFUSED = "connect_refused"
    CONNECT_FAILED = "connect_failed"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS_UPSTREAM = "tls_upstream"
    TLS_CLIENT = "tls_client"
    RESET = "reset"
    PROTOCOL = "protocol"
    MALFORMED_REQUEST = "malformed_request"
    UPSTREAM_TIMEOUT = "upstream_timeout"
    CLIENT_TIMEOUT = "client_timeout"
    IDLE_TIMEOUT = "idle_timeout"
    CLIENT_CLOSED = "client_closed"
    INTERRUPTED = "interrupted"
    BLOCKED = "blocked"
    NO_ROUTE = "no_route"
    TOO_LARGE = "too_large"
    OVERLOADED = "overloaded"
    NOT_DURABLE = "not_durable"
    NOT_RECORDED = "not_recorded"
    INTERNAL = "internal"


TIMEOUT_CODES: Final = frozenset(
    {
        ErrorCode.CONNECT_TIMEOUT,
        ErrorCode.UPSTREAM_TIMEOUT,
        ErrorCode.CLIENT_TIMEOUT,
        ErrorCode.IDLE_TIMEOUT,
    }
)

type JsonText = str
"""A JSON value as text, already redacted; what a body column holds."""

type Headers = dict[str, str | list[str]]
"""Header fields as sent; repeats folded case-insensitively into a list under the first spelling."""


class Timing(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """Parts of an exchange in milliseconds; `None` where not measured (a re-used connection
    has no connect and no TLS part). The relay's monotonic clock measures all of them."""

    connect: float | None = None
    tls: float | None = None
    send: float | None = None
    wait: float | None = None
    receive: float | None = None


class ActivityRow(msgspec.Struct, kw_only=True):
    """One redacted row as the store's door hands it to a backend's writer.

    Times are Unix milliseconds; `id` is a UUIDv7 of 16 bytes whose time stamp is `created_at`;
    names stand beside the UUIDs they derive from (`store.identity`). `path` has no query;
    `query` starts with `?` or is empty. The endpoint is what `endpoint_of` makes of them.
    """

    id: bytes
    organization_id: bytes
    organization: str
    integration_id: bytes
    integration: str
    provider: str | None = None
    direction: Direction
    activity_type: ActivityType
    method: str
    origin: str
    """`scheme://host[:port]`, lower case, default port left out."""
    host: str
    path: str
    query: str = ""
    path_template: str
    """`path` with its variable pieces replaced, e.g. `/v1/devices/{id}`; for charts."""
    request_headers: JsonText | None = None
    request_body: JsonText | None = None
    request_size: int = 0
    request_truncated: bool = False
    response_status: int | None = None
    response_headers: JsonText | None = None
    response_body: JsonText | None = None
    response_size: int = 0
    response_truncated: bool = False
    response_time_ms: float | None = None
    status: Status
    error_code: str | None = None
    error_message: str | None = None
    user_id: str | None = None
    ip_address: str | None = None
    user_agent: str | None = None
    metadata: JsonText | None = None
    timing: Timing | None = None
    trace_id: str | None = None
    provider_request_id: str | None = None
    replay_of: bytes | None = None
    redactions: int = 0
    redaction_places: JsonText | None = None
    """JSON list of `[place, rule]` pairs (paths, never values)."""
    rule_version: int = 0
    created_at: int
    completed_at: int | None = None


class Activity(msgspec.Struct, kw_only=True):
    """One activity as readers get it: the JSON of the API, the columns of the readable table.

    Times are RFC 3339 UTC with milliseconds, ids are UUID strings. Bodies are JSON values;
    in lists, and for readers without the right to see bodies, headers and bodies are `None`
    and `bodies_withheld` tells the second case apart.
    """

    id: str
    seq: int
    organization_id: str
    organization: str
    integration_id: str
    integration: str
    provider: str | None
    direction: Direction
    activity_type: ActivityType
    method: str
    endpoint: str
    host: str
    path: str
    request_headers: Headers | None = None
    request_body: msgspec.Raw | None = None
    request_size: int = 0
    request_truncated: bool = False
    response_status: int | None = None
    response_headers: Headers | None = None
    response_body: msgspec.Raw | None = None
    response_size: int = 0
    response_truncated: bool = False
    response_time_ms: float | None = None
    status: Status
    error_code: str | None = None
    error_message: str | None = None
    user_id: str | None = None
    ip_address: str | None = None
    user_agent: str | None = None
    metadata: dict[str, Any] | None = None
    timing: dict[str, float | None] | None = None
    trace_id: str | None = None
    provider_request_id: str | None = None
    replay_of: str | None = None
    redactions: int = 0
    redaction_places: list[list[str]] | None = None
    bodies_withheld: bool = False
    created_at: str
    completed_at: str | None = None


def endpoint_of(origin: str, path: str, query: str) -> str:
    """The URL of an exchange. A path that does not begin with `/` is a request target of another
    form (RFC 9112, 3.2): `*` and `host:port` belong to the whole origin, a URL is one itself."""
    if path.startswith("/"):
        return origin + path + query
    return (path if _URL(path) else origin) + query


_URL: Final = re.compile(r"[A-Za-z].*://", re.DOTALL).match


def status_of(
    error_code: str | None, response_status: int | None, grpc_status: int | None
) -> Status:
    """The final status of an exchange: an error code rules, then a non-zero `grpc-status`
    (gRPC over HTTP/2 answers 200 even when the call failed), then the HTTP status."""
    if error_code is not None:
        return Status.TIMEOUT if error_code in TIMEOUT_CODES else Status.ERROR
    if response_status is None:
        return Status.ERROR
    if grpc_status or response_status >= 400:
        return Status.FAILED
    return Status.SUCCESS
