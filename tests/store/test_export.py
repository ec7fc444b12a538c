import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from store.activity import Activity, ActivityType, Direction, Status
from store.export import CSV_COLUMNS, FORMATS, csv_cell, export_text, har_entry


def activity(**values: Any) -> Activity:
    default: dict[str, Any] = {
        "id": "0190163d-8694-739b-aea5-966c26f8ad91",
        "seq": 1,
        "organization_id": "3eddaf11-8099-59e2-a350-88c615f3cac4",
        "organization": "acme",
        "integration_id": "86574916-580b-51bb-a200-5fe5c7ab96f5",
        "integration": "Slack",
        "provider": "slack",
        "direction": Direction.OUTGOING,
        "activity_type": ActivityType.API_CALL,
        "method": "POST",
        "endpoint": "https://slack.com/api?x=1&y=",
        "host": "slack.com",
        "path": "/api",
        "status": Status.SUCCESS,
        "created_at": "2026-11-23T08:53:20.000Z",
    }
    return Activity(**(default | values))


async def several(*activities: Activity) -> AsyncIterator[Activity]:
    for one in activities:
        yield one


async def exported(form: str, *activities: Activity) -> str:
    return "".join([chunk async for chunk in export_text(form, several(*activities), "1.0")])


HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n@x", "＝1", '=HYPERLINK("x")']


@pytest.mark.parametrize("text", HOSTILE)
async def test_csv_cells_that_a_spreadsheet_would_run_are_text(text: str) -> None:
    document = await exported("csv", activity(user_agent=text, error_message=text))
    (line,) = csv.DictReader(io.StringIO(document, newline=""))
    assert line["user_agent"] == line["error_message"] == f"'{text}"


def test_csv_cells_that_are_harmless_stay_as_they_are() -> None:
    assert csv_cell('plain, "quoted" and = inside') == 'plain, "quoted" and = inside'
    assert csv_cell(-1.5) == "-1.5"
    assert csv_cell(None) == ""
    assert csv_cell(True) == "true"
    assert csv_cell({"a": ["b"]}) == '{"a":["b"]}'


async def test_csv_has_its_documented_columns() -> None:
    given = activity(
        response_status=200, request_body=msgspec.Raw(b'{"a":1}'), metadata={"event": "x"}
    )
    document = await exported("csv", given, activity())
    lines = list(csv.DictReader(io.StringIO(document, newline="")))
    assert tuple(lines[0]) == CSV_COLUMNS
    assert lines[0]["response_status"] == "200"
    assert lines[0]["request_body"] == '{"a":1}'
    assert lines[0]["metadata"] == '{"event":"x"}'
    assert lines[1]["response_status"] == ""
    assert len(lines) == 2


async def test_every_column_of_an_activity_is_exported() -> None:
    left_out = {"seq", "timing", "redaction_places", "bodies_withheld"}
    assert set(CSV_COLUMNS) == set(Activity.__struct_fields__) - left_out


async def test_ndjson_is_one_object_a_line() -> None:
    spread = msgspec.Raw(b'{\n "a":\r\n 1}')
    document = await exported("ndjson", activity(request_body=spread), activity(method="GET"))
    lines = document.splitlines()
    assert len(lines) == 2
    assert json.loads(lines[0])["request_body"] == {"a": 1}
    assert json.loads(lines[1])["method"] == "GET"


async def test_har_is_one_document() -> None:
    given = activity(
        response_status=200,
        response_time_ms=12.5,
        timing={"connect": 1.0, "tls": 2.0, "send": 0.5, "wait": 8.0, "receive": 1.0},
        request_headers={"Content-Type": "application/json", "X-A": ["1", "2"]},
        request_body=msgspec.Raw(b'{"a":1}'),
        response_headers={"Location": "/next", "content-type": "text/plain"},
        response_body=msgspec.Raw(b'"line\\nline"'),
    )
    log = json.loads(await exported("har", given, activity()))["log"]
    assert log["version"] == "1.2"
    assert log["creator"] == {"name": "Wiretrail", "version": "1.0"}
    first, second = log["entries"]
    assert first["request"]["postData"] == {"mimeType": "application/json", "text": '{"a":1}'}
    assert first["request"]["headers"][1:] == [
        {"name": "X-A", "value": "1"},
        {"name": "X-A", "value": "2"},
    ]
    assert first["request"]["queryString"] == [
        {"name": "x", "value": "1"},
        {"name": "y", "value": ""},
    ]
    assert first["response"]["content"]["text"] == "line\nline"
    assert first["response"]["redirectURL"] == "/next"
    assert first["timings"]["connect"] == 3.0
    assert first["timings"]["ssl"] == 2.0
    assert second["response"]["status"] == 0


def test_har_times_add_up() -> None:
    entry = har_entry(activity(response_time_ms=7.0))
    parts = [v for k, v in entry["timings"].items() if k != "ssl" and v >= 0]
    assert sum(parts) == entry["time"] == 7.0


@pytest.mark.parametrize("form", sorted(FORMATS))
async def test_nothing_to_export_is_a_valid_document(form: str) -> None:
    document = await exported(form)
    if form == "har":
        assert json.loads(document)["log"]["entries"] == []
    else:
        assert document.count("\n") == (1 if form == "csv" else 0)


@pytest.mark.parametrize("form", sorted(FORMATS))
async def test_exports_come_in_chunks(form: str) -> None:
    large = activity(request_body=msgspec.Raw(json.dumps("x" * 60_000).encode()))
    chunks = [chunk async for chunk in export_text(form, several(*[large] * 20), "1.0")]
    assert len(chunks) > 3
    assert max(map(len, chunks)) < 400_000
