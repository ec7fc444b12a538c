"""Rows that try to be more than data: markup, templates, direction overrides, length, nothing."""

import json
import time

from store.activity import ActivityRow, Direction, Status, Timing
from tests.support.rows import row

MARKUP = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "</textarea><svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}",
    "\"><iframe src='//evil.example'></iframe>",
    "';alert(1);//",
    "</style><style>*{display:none}</style>",
)
OVERRIDE = "\u202egnp.exe\u202c"
LONG = "x" * 65_536
EMOJI = "👩‍👩‍👧‍👦🏳️‍🌈 e\u0301\u0301\u0301\u0301 ﷽"
NULLS = "a\x00b\x1b[31mc\x7f"
ARABIC = "مرحبا بالعالم"

PAYLOADS = (*MARKUP, OVERRIDE, LONG, EMOJI, NULLS, ARABIC, " ", "0", "null", "__proto__")


def hostile_row(payload: str, age: int, status: Status = Status.FAILED) -> ActivityRow:
    """A row with a payload in every field that takes a text."""
    short = payload[:300]
    body = json.dumps(
        {payload[:500]: payload, "list": [payload] * 3, "__proto__": {"polluted": True}, "n": None}
    )
    return row(
        created_at=time.time_ns() // 1_000_000 - age * 1_000,
        organization=short or "none",
        integration=short or "none",
        provider=short,
        direction=Direction.INCOMING if age % 2 else Direction.OUTGOING,
        method=short[:40] or "GET",
        host=short,
        path="/" + short,
        query="?q=" + short,
        path_template="/{id}",
        status=status,
        response_status=None if status is Status.ERROR else 500,
        error_code="dns" if status is Status.ERROR else None,
        error_message=payload,
        user_id=short,
        ip_address=short[:60],
        user_agent=short,
        request_headers=json.dumps({payload[:100] or "empty": payload, "Content-Type": short}),
        response_headers=json.dumps({"X-List": [payload, payload], "Content-Type": short}),
        request_body=body,
        response_body=json.dumps(payload),
        metadata=json.dumps({short or "k": payload, "deep": {"er": payload}}),
        trace_id=short[:60],
        provider_request_id=short[:120],
        redaction_places=json.dumps([[short, short]]),
        redactions=3,
        response_time_ms=1e9,
        response_size=2**53,
        timing=Timing(0.0, None, 1e12, 1e-9, 3.0),
    )


def hostile_rows() -> list[ActivityRow]:
    """One row for each payload, and one that has nothing at all."""
    rows = [
        hostile_row(payload, age, Status.ERROR if age % 3 else Status.FAILED)
        for age, payload in enumerate(PAYLOADS, 2)
    ]
    bare = row(
        created_at=time.time_ns() // 1_000_000 - 1_000,
        status=Status.ERROR,
        path="/",
        provider=None,
        request_headers=None,
        request_body=None,
        request_size=0,
        response_status=None,
        response_headers=None,
        response_body=None,
        response_size=0,
        response_time_ms=None,
    )
    return [bare, *rows]
