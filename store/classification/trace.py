"""Identifiers that tie a row to other systems: the trace it belongs to, and the provider's own
id of the request or delivery."""

import re
from collections.abc import Mapping
from typing import Final

# https://www.w3.org/TR/trace-context/#traceparent-header
_traceparent = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
# https://github.com/openzipkin/b3-propagation: one header, or one for each part
_b3 = re.compile(rb"([0-9a-f]{32}|[0-9a-f]{16})(?:-.*)?")
# https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
_xray = re.compile(rb"(?:.*;)?\s*Root=1-([0-9a-f]{8})-([0-9a-f]{24})(?:;.*)?")
_token = re.compile(rb"[\x21-\x7e]{1,200}")

# Of an outgoing call the answer names the request; the first of these that is there counts.
ANSWER_IDS: Final = (
    b"x-request-id",
    b"request-id",
    b"x-amzn-requestid",
    b"x-amz-request-id",
    b"x-ms-request-id",
    b"x-github-request-id",
    b"x-slack-req-id",
    b"twilio-request-id",
    b"x-message-id",
    b"apim-request-id",
    b"x-hubspot-correlation-id",
    b"x-guploader-uploadid",
    b"x-correlation-id",
    b"cf-ray",
)

# Of a webhook the request names the delivery.
DELIVERY_IDS: Final = (
    b"webhook-id",
    b"svix-id",
    b"x-github-delivery",
    b"x-shopify-webhook-id",
    b"x-amz-sns-message-id",
    b"x-gitlab-event-uuid",
    b"x-webhook-id",
    b"linear-delivery",
    b"ce-id",
    b"aeg-output-event-id",
    b"i-twilio-idempotency-token",
    b"x-request-uuid",
    b"x-request-id",
    b"x-correlation-id",
)


_ANSWER_IDS: Final = frozenset(ANSWER_IDS)
_DELIVERY_IDS: Final = frozenset(DELIVERY_IDS)


def trace_id(headers: Mapping[bytes, bytes]) -> str | None:
    """The trace id (lower-case hexadecimal) of a request; header names in lower case.

    W3C Trace Context first, then B3, then AWS X-Ray. Malformed and all-zero ids count as none.
    """
    if (found := headers.get(b"traceparent")) is not None:
        match = _traceparent.fullmatch(found)
    elif (found := headers.get(b"b3") or headers.get(b"x-b3-traceid")) is not None:
        match = _b3.fullmatch(found)
    elif (found := headers.get(b"x-amzn-trace-id")) is not None:
        match = _xray.fullmatch(found)
    else:
        return None
    if match is None:
        return None
    identifier = b"".join(match.groups())
    return identifier.decode() if identifier.strip(b"0") else None


def provider_request_id(
    incoming: bool, request: Mapping[bytes, bytes], answer: Mapping[bytes, bytes]
) -> str | None:
    """The partner's own id of a call (from its answer) or of a webhook delivery (from its
    request), for a support ticket; header names in lower case."""
    headers, names = (request, DELIVERY_IDS) if incoming else (answer, ANSWER_IDS)
    if (_DELIVERY_IDS if incoming else _ANSWER_IDS).isdisjoint(headers):
        return None
    for name in names:
        value = headers.get(name)
        if value is not None and _token.fullmatch(value):
            return value.decode("ascii")
    return None
