import json
from typing import Any
from uuid import UUID

import msgspec
import pytest

from store.activity import Activity, ActivityRow, ActivityType, Direction, Status
from store.capture import Phase
from store.capture_options import CaptureOptions
from store.classification.classifier import Classifier
from store.classification.rules import ClassificationRules
from store.errors import EntryError
from store.identity import created_at_of, organization_id
from store.log_entry import (
    LogCompletion,
    LogEntry,
    LoggedExchange,
    completed_exchange,
    entry_exchange,
    named_organization,
)
from store.recorder import Recorder
from store.redaction.options import RedactionOptions
from store.redaction.redactor import Redactor
from tests.store.captures import NOW
from tests.store.rows import RowList

ACME = organization_id("acme")
SECRET = "FAKE" + "canary0123456789abcdef"
MAIL: dict[str, Any] = {"method": "SEND", "endpoint": "smtp://mail.example.com:587/"}


def entry(**fields: Any) -> LogEntry:
    return msgspec.json.decode(msgspec.json.encode(MAIL | fields), type=LogEntry)


def row_of(logged: LoggedExchange) -> ActivityRow:
    writer = RowList()
    redactor = Redactor(b"k" * 32, RedactionOptions())
    door = Recorder(writer, Classifier(ClassificationRules()), redactor, CaptureOptions())
    result = door.record([logged])
    assert result.rejected == {}
    return writer.rows[0]


def started(**fields: Any) -> Activity:
    """A started activity as a reader gives it."""
    values: dict[str, Any] = {
        "id": "01a2079f-b71a-7022-9953-5f189a53f5eb",
        "seq": 1,
        "organization_id": str(ACME),
        "organization": "acme",
        "integration_id": "44444444-4444-4444-8444-444444444444",
        "integration": "mail",
        "provider": None,
        "direction": Direction.OUTGOING,
        "activity_type": ActivityType.NOTIFICATION_EMAIL,
        "method": "SEND",
        "endpoint": "smtp://mail.example.com:587/?a=1",
        "host": "mail.example.com",
        "path": "/",
        "status": Status.STARTED,
        "request_body": msgspec.Raw(b'{"to": "a@b.test"}'),
        "request_headers": {"X-A": ["1", "2"]},
        "request_size": 18,
        "metadata": {"listener": "log api", "order": "o-1"},
        "created_at": "2026-11-23T08:00:00.000Z",
    }
    return Activity(**(values | fields))


def test_a_start_keeps_its_request_until_it_is_completed() -> None:
    logged = entry_exchange(entry(request_body={"to": "a@b.test"}), ACME, NOW)
    assert logged.status is Status.STARTED
    assert logged.capture.phase is Phase.REQUEST
    assert created_at_of(logged.capture.id) == NOW
    row = row_of(logged)
    assert row.status is Status.STARTED
    assert json.loads(row.request_body or "") == {"to": "a@b.test"}
    assert row.completed_at is row.response_status is None
    assert (row.organization_id, row.method) == (ACME.bytes, "SEND")
    assert row.origin + row.path == "smtp://mail.example.com:587/"
    assert row.integration == "mail.example.com"


def test_a_whole_activity_at_once() -> None:
    logged = entry_exchange(
        entry(
            organization="acme",
            integration="mail",
            activity_type="notification_email",
            provider="postfix",
            request_headers={"Subject": "Hi", "To": ["a@b.test", "c@d.test"]},
            response_status=250,
            response_body="queued as 4F2",
            response_time_ms=81.5,
            user_id="alice",
            ip_address="203.0.113.7",
            user_agent="svc/2",
            metadata={"order": "o-1", "nested": {"password": SECRET}},
            trace_id="0af7651916cd43dd8448eb211c80319c",
            provider_request_id="4F2",
            created_at="2026-11-23T09:00:00+01:00",
        ),
        ACME,
        NOW,
    )
    row = row_of(logged)
    assert (row.organization, row.integration, row.provider) == ("acme", "mail", "postfix")
    assert row.activity_type == "notification_email"
    assert (row.status, row.response_status) == (Status.SUCCESS, 250)
    assert json.loads(row.request_headers or "") == {
        "Subject": "Hi",
        "To": ["a@b.test", "c@d.test"],
    }
    assert row.response_body == '"queued as 4F2"'
    assert row.created_at == 1_795_420_800_000
    assert (row.completed_at, row.response_time_ms) == (row.created_at + 82, 81.5)
    assert (row.ip_address, row.user_agent) == ("203.0.113.7", "svc/2")
    assert (row.trace_id, row.provider_request_id) == ("0af7651916cd43dd8448eb211c80319c", "4F2")
    told = json.loads(row.metadata or "")
    assert told["order"] == "o-1"
    assert told["user"] == "alice"
    assert told["listener"] == "log api"
    assert SECRET not in repr(row)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, "started"),
        ({"status": "started"}, "started"),
        ({"status": "success"}, "success"),
        ({"response_status": 302}, "success"),
        ({"response_status": 404}, "failed"),
        ({"error_code": "connect_timeout"}, "timeout"),
        ({"error_code": "smtp_550"}, "error"),
        ({"error_message": "no route"}, "error"),
        ({"status": "failed", "error_message": "550 no such user"}, "failed"),
        ({"status": "timeout", "response_time_ms": 5000}, "timeout"),
    ],
)
def test_the_status_is_told_or_found(fields: dict[str, Any], status: str) -> None:
    assert row_of(entry_exchange(entry(**fields), ACME, NOW)).status == status


@pytest.mark.parametrize(
    ("fields", "column"),
    [
        ({"endpoint": "mail.example.com"}, "endpoint"),
        ({"ip_address": "203.0.113.9:80"}, "ip_address"),
        ({"endpoint": "/v1/x"}, "endpoint"),
        ({"endpoint": "https://"}, "endpoint"),
        ({"endpoint": "https://x.test:99999/"}, "endpoint"),
        ({"endpoint": "https://x.test/a b"}, "endpoint"),
        ({"endpoint": "https://[::1/"}, "endpoint"),
        ({"created_at": "2026-11-23T08:00:00"}, "created_at"),
        ({"created_at": "yesterday or the day before"}, "created_at"),
        ({"created_at": "9999-12-31T00:00:00Z"}, "created_at"),
        ({"created_at": "1969-12-31T23:59:59.000Z"}, "created_at"),
        ({"status": "started", "response_status": 200}, "status"),
        ({"response_time_ms": 5}, "status"),
        (
            {"response_status": 200, "completed_at": "2020-01-01T00:00:00.000Z"},
            "completed_at",
        ),
        ({"request_headers": {"bad name": "x"}}, "request_headers"),
        ({"request_headers": {"X": "a\r\nInjected: b"}}, "request_headers"),
        ({"response_status": 200, "response_headers": {"": "x"}}, "response_headers"),
    ],
)
def test_contradictions_name_their_column(fields: dict[str, Any], column: str) -> None:
    with pytest.raises(EntryError) as caught:
        entry_exchange(entry(**fields), ACME, NOW)
    assert caught.value.field == column


@pytest.mark.parametrize(
    "fields",
    [
        {"method": "BAD METHOD"},
        {"method": ""},
        {"endpoint": "x" * 9000},
        {"status": "fine"},
        {"activity_type": "nonsense"},
        {"direction": "sideways"},
        {"response_status": 99},
        {"response_time_ms": -1},
        {"response_time_ms": "fast"},
        {"organization_id": "acme"},
        {"error_code": "has space"},
        {"trace_id": "XYZ"},
        {"metadata": []},
        {"request_headers": {"a": 1}},
        {"colour": "red"},
    ],
)
def test_values_of_the_wrong_form_are_refused_before(fields: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        entry(**fields)


def test_the_organization_is_told_by_name_or_id() -> None:
    other = UUID("55555555-5555-4555-8555-555555555555")
    assert named_organization(entry()) is None
    assert named_organization(entry(organization="acme")) == "acme"
    assert named_organization(entry(organization_id=str(other))) == str(other)
    assert named_organization(entry(organization="acme", organization_id=str(ACME))) == "acme"
    with pytest.raises(EntryError, match="organization_id"):
        named_organization(entry(organization="acme", organization_id=str(other)))


def test_what_the_endpoint_tells_need_not_be_told() -> None:
    logged = entry_exchange(
        entry(
            method="POST", endpoint="https://slack.com/api/chat.postMessage", response_status=200
        ),
        ACME,
        NOW,
    )
    row = row_of(logged)
    assert (row.integration, row.activity_type) == ("slack", "notification_slack")


def test_an_incoming_activity_may_be_logged() -> None:
    logged = entry_exchange(
        entry(direction="incoming", integration="plant", activity_type="sync_import"), ACME, NOW
    )
    row = row_of(logged)
    assert (row.direction, row.integration, row.activity_type) == (
        "incoming",
        "plant",
        "sync_import",
    )


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ({"a": [1, None]}, {"a": [1, None]}),
        ([1, 2], [1, 2]),
        ("plain words", "plain words"),
        ('{"a": 1}', {"a": 1}),
        (7, 7),
        (False, False),
    ],
)
def test_bodies_are_any_json(body: Any, kept: Any) -> None:
    row = row_of(entry_exchange(entry(request_body=body), ACME, NOW))
    assert json.loads(row.request_body or "") == kept
    assert not row.request_truncated


def test_headers_of_the_wire_do_not_mislead() -> None:
    """A service logs the decoded body and often the headers as they were sent."""
    headers = {"Content-Encoding": "gzip", "Content-Type": "text/plain"}
    row = row_of(entry_exchange(entry(request_headers=headers, request_body={"a": 1}), ACME, NOW))
    assert json.loads(row.request_body or "") == {"a": 1}


def test_secrets_are_cut_in_every_field() -> None:
    logged = entry_exchange(
        entry(
            endpoint=f"https://u:{SECRET}@x.test/a?token={SECRET}",
            integration=f"Bearer {SECRET}",
            request_headers={"Authorization": f"Bearer {SECRET}"},
            request_body={"secret": SECRET},
            response_body={"echo": SECRET},
            error_message=f"refused {SECRET}",
            user_id=SECRET,
            user_agent=SECRET,
            provider=f"Bearer {SECRET}",
            error_code=SECRET,
            provider_request_id=SECRET,
            status="failed",
            metadata={"x": f"password={SECRET}"},
        ),
        ACME,
        NOW,
    )
    assert SECRET not in repr(row_of(logged))
    assert SECRET not in repr(logged)


def test_a_completion_closes_the_started_row() -> None:
    ended = LogCompletion(
        response_status=250,
        response_body={"queued": "4F2"},
        metadata={"attempt": 2},
        completed_at="2026-11-23T08:00:02.500Z",
    )
    row = row_of(completed_exchange(started(), ended, NOW))
    assert row.id == UUID("01a2079f-b71a-7022-9953-5f189a53f5eb").bytes
    assert (row.organization, row.organization_id) == ("acme", ACME.bytes)
    assert row.integration == "mail"
    assert row.integration_id == UUID("44444444-4444-4444-8444-444444444444").bytes
    assert row.activity_type == "notification_email"
    assert row.origin + row.path + row.query == "smtp://mail.example.com:587/?a=1"
    assert json.loads(row.request_headers or "") == {"X-A": ["1", "2"]}
    assert json.loads(row.request_body or "") == {"to": "a@b.test"}
    assert row.request_size == 18
    assert (row.status, row.response_time_ms) == (Status.SUCCESS, 2500.0)
    assert (row.created_at, row.completed_at) == (1_795_420_800_000, 1_795_420_802_500)
    told = json.loads(row.metadata or "")
    assert (told["order"], told["attempt"]) == ("o-1", 2)


def test_what_the_end_gives_away_is_cut_in_the_start() -> None:
    before = started(request_body=msgspec.Raw(json.dumps({"text": f"see {SECRET}"}).encode()))
    ended = LogCompletion(response_status=200, response_body={"access_token": SECRET})
    assert SECRET not in repr(row_of(completed_exchange(before, ended, NOW)))


def test_cuts_of_both_steps_are_counted() -> None:
    before = started(redactions=2, redaction_places=[["request.body.a", "name"]])
    ended = LogCompletion(response_status=200, response_body={"password": SECRET})
    row = row_of(completed_exchange(before, ended, NOW))
    assert row.redactions == 3
    assert len(json.loads(row.redaction_places or "")) == 2


def test_only_an_open_activity_can_be_completed() -> None:
    with pytest.raises(EntryError, match="ended already"):
        completed_exchange(started(status=Status.SUCCESS), LogCompletion(response_status=200), NOW)


@pytest.mark.parametrize("fields", [{}, {"status": "started"}, {"response_body": "x"}])
def test_a_completion_tells_how_it_ended(fields: dict[str, Any]) -> None:
    with pytest.raises(EntryError, match="status"):
        completed_exchange(started(), msgspec.convert(fields, LogCompletion), NOW)
