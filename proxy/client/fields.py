"""The fields of activities, as keyword arguments; named as the columns of the log."""

from typing import Any, TypedDict


class CompletionFields(TypedDict, total=False):
    """How an activity ended."""

    status: str
    """`success`, `failed`, `error` or `timeout`; found from the rest when left out."""
    response_status: int
    response_headers: dict[str, str | list[str]]
    response_body: Any
    response_time_ms: float
    error_code: str
    error_message: str
    metadata: dict[str, Any]
    provider_request_id: str
    completed_at: str
    """RFC 3339 with a time zone; now when left out."""


class ActivityFields(CompletionFields, total=False):
    """An activity. `method` and `endpoint` (a URL of any scheme) are needed."""

    organization: str
    organization_id: str
    integration: str
    integration_id: str
    provider: str
    direction: str
    activity_type: str
    request_headers: dict[str, str | list[str]]
    request_body: Any
    user_id: str
    ip_address: str
    user_agent: str
    trace_id: str
    created_at: str
