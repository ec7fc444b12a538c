"""What redaction hands back for one capture."""

from collections.abc import Callable

import msgspec

from store.activity import JsonText


class Cut(msgspec.Struct, array_like=True, frozen=True):
    """One value that was cut: where (a path, never a value), by which rule, and its mark."""

    place: str
    rule: str
    fingerprint: str


class RedactedExchange(msgspec.Struct, kw_only=True):
    """The redacted parts of one capture, as the columns of its row want them.

    Bodies are JSON values as text, `None` where there was no body. Rows of phase `STARTED` have
    `host` and `path` only.
    """

    host: str
    path: str
    query: str
    """Starts with `?`, or is empty."""
    request_headers: JsonText | None
    request_body: JsonText | None
    request_truncated: bool
    response_headers: JsonText | None
    response_body: JsonText | None
    response_truncated: bool
    error_message: str | None
    user_agent: str | None
    stream_messages: JsonText | None
    """JSON list of `{"at", "from", "size", "data"}` objects, `None` without a stream."""
    metadata: JsonText | None
    """What a service told beside the exchange, a JSON object."""
    redactions: int
    cuts: list[Cut]
    places: JsonText
    """JSON list of `[place, rule]` pairs."""
    rule_version: int
    scrub: Callable[[str], str]
    """Redacts any other string of the same row: shapes, and every value cut in this exchange."""
