"""Rows of the database as activities."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from store.activity import Activity, Headers, endpoint_of
from store.sqlite.compression import Decompressor
from store.sqlite.keys import ACTIVITY_TYPES, DIRECTIONS, STATUSES, created_at
from store.sqlite.schema import FROM_ACTIVITIES, FROM_CONTENTS
from store.sqlite.users import shown_user
from store.times import rfc3339, shared_uuid, uuid_text

LISTED: Final = (
    "a.key, a.id, a.seq, o.id, o.name, i.id, i.name, e.provider, a.direction, a.activity_type,"
    " e.method, e.origin, e.host, coalesce(a.path, e.template), coalesce(a.query, ''),"
    " a.request_size, a.response_size, a.truncated, a.response_status, a.response_us, a.status,"
    " a.error_code, a.error_message, a.user_id, k.ip_address, k.user_agent, a.metadata,"
    " a.connect_us, a.tls_us, a.send_us, a.wait_us, a.receive_us, a.trace_id,"
    " a.provider_request_id, a.replay_of, a.redactions, a.lasted"
)
"""The columns of a list."""

FULL: Final = LISTED + "".join(
    f", CASE WHEN c.key IS NULL THEN z.{name} ELSE c.{name} END"
    for name in (
        "request_headers",
        "response_headers",
        "request_body",
        "response_body",
        "redaction_places",
    )
)
"""The columns of one activity with headers and bodies, and the dictionary to read them with."""
FULL_COLUMNS: Final = FULL + ", z.dictionary"

LISTED_FROM: Final = FROM_ACTIVITIES
FULL_FROM: Final = FROM_CONTENTS

_TIMING: Final = ("connect", "tls", "send", "wait", "receive")
_metadata: Final = msgspec.json.Decoder(dict[str, Any])
_headers: Final = msgspec.json.Decoder(Headers)
_places: Final = msgspec.json.Decoder(list[list[str]])


def listed(row: Sequence[Any], withheld: bool) -> Activity:
    """One row of a list (`LISTED`); `withheld`: its reader may not see bodies."""
    (
        key, identifier, seq, organization_id, organization, integration_id, integration,
        provider, direction, activity_type, method, origin, host, path, query, request_size,
        response_size, truncated, response_status, response_us, status, error_code,
        error_message, user_id, ip_address, user_agent, metadata, connect, tls, send, wait,
        receive, trace_id, provider_request_id, replay_of, redactions, lasted,
    ) = row  # fmt: skip
    created = created_at(key)
    told = None if metadata is None else _told(metadata, withheld)
    return Activity(
        id=uuid_text(identifier),
        seq=seq,
        organization_id=shared_uuid(organization_id),
        organization=organization,
        integration_id=shared_uuid(integration_id),
        integration=integration,
        provider=provider or None,
        direction=DIRECTIONS[direction],
        activity_type=ACTIVITY_TYPES[activity_type],
        method=method,
        endpoint=endpoint_of(origin, path, query),
        host=host,
        path=path,
        request_size=request_size,
        request_truncated=bool(truncated & 1),
        response_status=response_status,
        response_size=response_size,
        response_truncated=bool(truncated & 2),
        response_time_ms=None if response_us is None else response_us / 1000,
        status=STATUSES[status],
        error_code=error_code,
        error_message=error_message,
        user_id=user_id if told is None else shown_user(user_id, told.get("user")),
        ip_address=ip_address or None,
        user_agent=user_agent or None,
        metadata=told,
        timing=_timing(connect, tls, send, wait, receive),
        trace_id=trace_id.hex() if isinstance(trace_id, bytes) else trace_id,
        provider_request_id=provider_request_id,
        replay_of=None if replay_of is None else uuid_text(replay_of),
        redactions=redactions,
        bodies_withheld=withheld,
        created_at=rfc3339(created),
        completed_at=None if lasted is None else rfc3339(created + lasted),
    )


def _told(metadata: str, withheld: bool) -> dict[str, Any]:
    """The metadata; messages of streams in it are bodies too."""
    found = _metadata.decode(metadata)
    if withheld and isinstance(stream := found.get("stream"), dict):
        stream.pop("messages", None)
    return found


def full(row: Sequence[Any], decompressor: Decompressor) -> Activity:
    """One row with headers and bodies (`FULL_COLUMNS`)."""
    *large, dictionary = row[-6:]
    activity = listed(row[:-6], withheld=False)
    request_headers, response_headers, request_body, response_body, places = (
        decompressor.text(value, dictionary) for value in large
    )
    if request_headers is not None:
        activity.request_headers = _headers.decode(request_headers)
    if response_headers is not None:
        activity.response_headers = _headers.decode(response_headers)
    if request_body is not None:
        activity.request_body = msgspec.Raw(request_body.encode())
    if response_body is not None:
        activity.response_body = msgspec.Raw(response_body.encode())
    if places is not None:
        activity.redaction_places = _places.decode(places)
    return activity


def _timing(*parts: int | None) -> dict[str, float | None] | None:
    if parts == (None,) * len(_TIMING):
        return None
    return {
        name: None if part is None else part / 1000
        for name, part in zip(_TIMING, parts, strict=True)
    }
