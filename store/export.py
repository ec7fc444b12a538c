"""Exports: activities as CSV, NDJSON or HAR text, in chunks, whatever their number.

Pure: rows in, text out. HAR follows the HTTP Archive format 1.2.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from itertools import chain, repeat
from operator import attrgetter
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from store.activity import Activity, Headers

CSV_COLUMNS: Final = (
    "id",
    "created_at",
    "completed_at",
    "organization",
    "organization_id",
    "integration",
    "integration_id",
    "provider",
    "direction",
    "activity_type",
    "status",
    "method",
    "endpoint",
    "host",
    "path",
    "response_status",
    "response_time_ms",
    "error_code",
    "error_message",
    "request_size",
    "response_size",
    "request_truncated",
    "response_truncated",
    "user_id",
    "ip_address",
    "user_agent",
    "trace_id",
    "provider_request_id",
    "replay_of",
    "redactions",
    "metadata",
    "request_headers",
    "request_body",
    "response_headers",
    "response_body",
)
"""The columns of a CSV export, in order; objects and bodies are JSON text in one cell."""

# A spreadsheet runs a cell that begins with one of these (OWASP, CSV injection). Full-width
# forms are taken for them by some; tab, carriage return and line feed may start a new cell.
_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")
_HARMLESS: Final = frozenset('{["/')
_CHUNK: Final = 256 * 1024
_cells: Final = attrgetter(*CSV_COLUMNS)
_encode: Final = msgspec.json.encode


def csv_cell(value: Any) -> str:
    """A value as the text of a CSV cell. Text that a spreadsheet would run gets an apostrophe
    in front; numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = value if isinstance(value, str) else _encode(value).decode()
    if not text or text[0] in _HARMLESS or text[0].isalnum():
        return text
    # Blanks in front do not stop every spreadsheet.
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


async def csv_text(activities: AsyncIterator[Activity]) -> AsyncIterator[str]:
    """CSV (RFC 4180, with a header line) of activities."""
    yield _csv_line(CSV_COLUMNS)
    async for text in _in_chunks(activities, lambda activity: _csv_line(_cells(activity))):
        yield text


async def ndjson_text(activities: AsyncIterator[Activity]) -> AsyncIterator[str]:
    """One JSON object a line, with the names of the API."""
    # JSON text of a body may be spread over lines, a line of NDJSON may not.
    async for text in _in_chunks(activities, lambda activity: _one_line(_encode(activity)) + "\n"):
        yield text


async def har_text(activities: AsyncIterator[Activity], version: str) -> AsyncIterator[str]:
    """One HAR 1.2 document; `version` is the program's."""
    creator = _encode({"name": "Wiretrail", "version": version}).decode()
    yield f'{{"log":{{"version":"1.2","creator":{creator},"entries":['
    separators = chain(("",), repeat(",\n"))
    async for text in _in_chunks(
        activities, lambda activity: next(separators) + _encode(har_entry(activity)).decode()
    ):
        yield text
    yield "]}}\n"


async def _in_chunks(
    activities: AsyncIterator[Activity], write: Callable[[Activity], str]
) -> AsyncIterator[str]:
    """What `write` makes of activities, joined to pieces that are worth sending."""
    texts: list[str] = []
    size = 0
    async for activity in activities:
        text = write(activity)
        texts.append(text)
        size += len(text)
        if size >= _CHUNK:
            yield "".join(texts)
            texts, size = [], 0
    if texts:
        yield "".join(texts)


FORMATS: Final[Mapping[str, str]] = {
    "csv": "text/csv; charset=utf-8",
    "ndjson": "application/x-ndjson",
    "har": "application/json",
}
"""Media types of the export formats."""


def export_text(form: str, activities: AsyncIterator[Activity], version: str) -> AsyncIterator[str]:
    """The export in one of `FORMATS`."""
    made: Mapping[str, Callable[[], AsyncIterator[str]]] = {
        "csv": lambda: csv_text(activities),
        "ndjson": lambda: ndjson_text(activities),
        "har": lambda: har_text(activities, version),
    }
    return made[form]()


def har_entry(activity: Activity) -> dict[str, Any]:
    """One activity as a HAR entry. What HAR has no field for goes to `_wiretrail`."""
    timing = activity.timing or {}
    spans = {name: _span(timing.get(name)) for name in ("connect", "send", "wait", "receive")}
    tls = _span(timing.get("tls"))
    if tls >= 0:
        # HAR counts TLS within connect; ours are apart.
        spans["connect"] = max(spans["connect"], 0) + tls
    if not activity.timing:
        spans["wait"] = activity.response_time_ms or 0
    return {
        "startedDateTime": activity.created_at,
        "time": activity.response_time_ms or 0,
        "request": _har_request(activity),
        "response": _har_response(activity),
        "cache": {},
        "timings": {
            "blocked": -1,
            "dns": -1,
            "connect": spans["connect"],
            "ssl": tls,
            "send": max(spans["send"], 0),
            "wait": max(spans["wait"], 0),
            "receive": max(spans["receive"], 0),
        },
        "_wiretrail": {
            name: getattr(activity, name)
            for name in (
                "id",
                "organization",
                "integration",
                "provider",
                "direction",
                "activity_type",
                "status",
                "error_code",
                "error_message",
                "user_id",
                "trace_id",
                "provider_request_id",
                "metadata",
                "redactions",
                "request_truncated",
                "response_truncated",
            )
        },
    }


def _har_request(activity: Activity) -> dict[str, Any]:
    request: dict[str, Any] = {
        "method": activity.method,
        "url": activity.endpoint,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _har_headers(activity.request_headers),
        "queryString": _har_query(activity.endpoint),
        "headersSize": -1,
        "bodySize": activity.request_size,
    }
    if activity.request_body is not None:
        request["postData"] = {
            "mimeType": _media_type(activity.request_headers),
            "text": _body_text(activity.request_body),
        }
    return request


def _har_response(activity: Activity) -> dict[str, Any]:
    content: dict[str, Any] = {
        "size": activity.response_size,
        "mimeType": _media_type(activity.response_headers),
    }
    if activity.response_body is not None:
        content["text"] = _body_text(activity.response_body)
    return {
        "status": activity.response_status or 0,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _har_headers(activity.response_headers),
        "content": content,
        "redirectURL": _header(activity.response_headers, "location") or "",
        "headersSize": -1,
        "bodySize": activity.response_size,
    }


def _har_headers(headers: Headers | None) -> list[dict[str, str]]:
    return [
        {"name": name, "value": value}
        for name, values in (headers or {}).items()
        for value in ([values] if isinstance(values, str) else values)
    ]


def _har_query(endpoint: str) -> list[dict[str, str]]:
    try:
        query = urlsplit(endpoint).query
        pairs = parse_qsl(query, keep_blank_values=True)
    except ValueError:
        return []
    return [{"name": name, "value": value} for name, value in pairs]


def _header(headers: Headers | None, wanted: str) -> str | None:
    for name, value in (headers or {}).items():
        if name.lower() == wanted:
            return value if isinstance(value, str) else value[0]
    return None


def _media_type(headers: Headers | None) -> str:
    return _header(headers, "content-type") or "application/octet-stream"


def _body_text(body: msgspec.Raw) -> str:
    """Text as it was; everything else as its JSON."""
    text = bytes(body).decode()
    if text.lstrip().startswith('"'):
        return msgspec.json.decode(body, type=str)
    return text


def _csv_line(values: Iterable[Any]) -> str:
    return ",".join([_quoted(csv_cell(value)) for value in values]) + "\r\n"


def _quoted(text: str) -> str:
    """A field of RFC 4180. The csv module looks at each letter in turn, four times as slowly."""
    if '"' in text:
        return '"' + text.replace('"', '""') + '"'
    return f'"{text}"' if "," in text or "\n" in text or "\r" in text else text


def _one_line(document: bytes) -> str:
    text = document.decode()
    # In valid JSON a raw line break is white space between tokens, never inside a string.
    return text.replace("\r", " ").replace("\n", " ") if "\n" in text or "\r" in text else text


def _span(milliseconds: float | None) -> float:
    return -1 if milliseconds is None else milliseconds
