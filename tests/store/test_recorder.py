import json
import logging
from typing import Any
from uuid import UUID

import pytest

from store.activity import ActivityRow, ActivityType, Direction, Status
from store.capture import Capture, Claims, Phase, Stream, StreamMessage
from store.capture_options import CaptureOptions, SkipBody
from store.classification.classifier import Classifier
from store.classification.rules import ClassificationRules, Organization, Rule
from store.errors import RuleError, StoreUnavailable
from store.identity import integration_id, organization_id
from store.recorder import Recorder
from store.redaction.exchange import RedactedExchange
from store.redaction.options import RedactionOptions
from store.redaction.redactor import Redactor
from tests.store.captures import NOW, incoming, outgoing
from tests.store.rows import RowList

SECRET = "FAKE" + "canary0123456789abcdef"
KEY = b"k" * 32
ALL = CaptureOptions()


def recorder(writer: RowList, options: CaptureOptions = ALL, **rules: Any) -> Recorder:
    classifier = Classifier(ClassificationRules(**rules))
    return Recorder(writer, classifier, Redactor(KEY, RedactionOptions()), options)


def row_of(capture: Capture, options: CaptureOptions = ALL, **rules: Any) -> ActivityRow:
    writer = RowList()
    result = recorder(writer, options, **rules).record([capture])
    assert result.stored == [capture.id]
    assert result.rejected == {}
    return writer.rows[0]


def metadata(row: ActivityRow) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row.metadata or "{}")
    return found


def test_a_call_fills_its_row() -> None:
    capture = outgoing(
        "POST",
        "https://api.golioth.io/v1/projects/p/devices?page=1",
        organization="acme",
        request_headers=[
            (b"Content-Type", b"application/json"),
            (b"User-Agent", b"svc/1.0"),
            (b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ],
        request_body=b'{"name": "kitchen"}',
        response_headers=[(b"X-Request-Id", b"req-7")],
        response_body=b'{"data": {"id": "68bf1cc5425dd2ea93f248a3"}}',
        client_address="127.0.0.1:50312",
        notes={"tls_version": "TLSv1.3"},
    )
    row = row_of(capture)
    acme = organization_id("acme")
    assert row.id == capture.id
    assert (row.organization, row.organization_id) == ("acme", acme.bytes)
    assert (row.integration, row.provider) == ("golioth", "golioth")
    assert row.integration_id == integration_id(acme, "golioth").bytes
    assert (row.direction, row.activity_type) == ("outgoing", "device_create")
    assert (
        row.origin + row.path + row.query == capture.scheme + "://" + capture.host + capture.target
    )
    assert row.path_template == "/v1/projects/{project}/devices"
    assert json.loads(row.request_body or "") == {"name": "kitchen"}
    assert json.loads(row.response_body or "")["data"]["id"] == "68bf1cc5425dd2ea93f248a3"
    assert (row.request_size, row.response_size) == (19, 44)
    assert (row.status, row.response_status, row.error_code) == (Status.SUCCESS, 200, None)
    assert (row.created_at, row.completed_at, row.response_time_ms) == (NOW, NOW + 12, 12.5)
    assert (row.ip_address, row.user_agent) == ("127.0.0.1", "svc/1.0")
    assert row.trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert row.provider_request_id == "req-7"
    assert metadata(row) == {
        "listener": "forward 127.0.0.1:8080",
        "http_version": "HTTP/1.1",
        "tls_version": "TLSv1.3",
    }


def test_a_webhook_keeps_event_and_signature_header() -> None:
    capture = incoming(
        request_headers=[(b"Stripe-Signature", f"t=1,v1={SECRET}".encode())],
        request_body=b'{"type": "invoice.paid"}',
    )
    row = row_of(capture)
    assert (row.direction, row.activity_type) == ("incoming", "webhook_received")
    assert row.integration == "stripe"
    assert metadata(row)["event"] == "invoice.paid"
    assert metadata(row)["signature_header"] == "Stripe-Signature"


def test_a_start_tells_who_and_where_to_and_nothing_else() -> None:
    capture = outgoing(
        "POST",
        f"https://api.example.com/users/4711/x?key={SECRET}",
        phase=Phase.STARTED,
        claims=Claims(metadata={"order": SECRET}),
        request_headers=[(b"Authorization", f"Bearer {SECRET}".encode())],
        request_body=SECRET.encode(),
        response_status=None,
        completed_at=None,
        response_time_ms=None,
    )
    row = row_of(capture)
    assert row.status is Status.STARTED
    assert (row.host, row.path, row.query) == ("api.example.com", "/users/{id}/x", "")
    assert row.request_headers is row.request_body is row.response_headers is None
    assert row.completed_at is row.response_time_ms is None
    assert SECRET not in repr(row)


def test_a_durable_request_is_kept_before_its_answer() -> None:
    row = row_of(
        incoming(
            phase=Phase.REQUEST,
            durable=True,
            request_body=b'{"type": "x"}',
            response_status=None,
            completed_at=None,
        )
    )
    assert row.status is Status.STARTED
    assert row.path == "/hooks/partner"
    assert row.request_body is not None
    assert row.response_status is row.completed_at is None
    assert metadata(row)["durable"] is True


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"response_status": 204}, "success"),
        ({"response_status": 404}, "failed"),
        ({"response_status": None, "error_code": "connect_refused"}, "error"),
        ({"response_status": None, "error_code": "upstream_timeout"}, "timeout"),
        ({"response_status": None}, "error"),
        ({"response_trailers": [(b"grpc-status", b"5")]}, "failed"),
        ({"response_headers": [(b"Grpc-Status", b"0")]}, "success"),
        ({"response_headers": [(b"grpc-status", b"x")]}, "success"),
    ],
)
def test_statuses(fields: dict[str, Any], status: str) -> None:
    assert row_of(outgoing(**fields)).status == status


def test_a_failed_grpc_call_tells_its_message() -> None:
    trailers = [(b"grpc-status", b"7"), (b"grpc-message", b"not%20allowed")]
    row = row_of(outgoing("POST", "https://x.test/s.v1.S/M", response_trailers=trailers))
    assert row.error_message == "not allowed"
    assert metadata(row)["grpc_status"] == 7


def test_what_the_proxy_answered_itself_is_in_the_metadata() -> None:
    row = row_of(outgoing(response_status=None, proxy_status=502, error_code="connect_refused"))
    assert row.response_status is None
    assert metadata(row)["proxy_status"] == 502


def test_streams_are_counted() -> None:
    message = StreamMessage(at=1.0, from_client=True, text=True, content=b"hi", size=2)
    stream = Stream("websocket", count=3, kept=[message], close_code=1000)
    kept = metadata(row_of(outgoing(stream=stream)))["stream"]
    assert (kept["kind"], kept["count"], kept["close_code"]) == ("websocket", 3, 1000)


USER = "33333333-3333-4333-8333-333333333333"


@pytest.mark.parametrize(
    ("user", "column", "note"), [(USER, USER, None), ("alice", None, "alice"), (None, None, None)]
)
def test_a_user_that_is_no_uuid_is_metadata(
    user: str | None, column: str | None, note: str | None
) -> None:
    row = row_of(outgoing(claims=Claims(user=user)))
    assert row.user_id == column
    assert metadata(row).get("user") == note


def test_claimed_metadata_is_redacted_and_cannot_take_our_keys() -> None:
    claims = Claims(metadata={"order": "o-1", "api_key": SECRET, "listener": "forged"})
    row = row_of(outgoing(claims=claims))
    told = metadata(row)
    assert told["order"] == "o-1"
    assert told["api_key"].startswith("[REDACTED")
    assert told["listener"] == "forward 127.0.0.1:8080"
    assert SECRET not in repr(row)


def test_an_incoming_request_claims_nothing() -> None:
    row = row_of(incoming(claims=Claims(organization="victim", user="mallory")))
    assert row.organization == "default"
    assert row.user_id is None
    assert "user" not in metadata(row)


def test_an_unknown_organization_is_the_default_and_told() -> None:
    row = row_of(
        outgoing(claims=Claims(organization="ghost")),
        organizations=[Organization(name="acme")],
        default_organization="main",
    )
    assert row.organization == "main"
    assert metadata(row)["unknown_organization"] == "ghost"


def test_an_unknown_activity_type_is_told_and_the_rules_decide() -> None:
    row = row_of(outgoing(claims=Claims(activity_type="sync_imprt")))
    assert row.activity_type is ActivityType.API_CALL
    assert metadata(row)["unknown_activity_type"] == "sync_imprt"
    row = row_of(outgoing(claims=Claims(activity_type="sync_import")))
    assert row.activity_type is ActivityType.SYNC_IMPORT
    assert "unknown_activity_type" not in metadata(row)


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.9:443", "203.0.113.9"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("fe80::1%eth0", "fe80::1"),
        ("unix socket", None),
        (None, None),
    ],
)
def test_addresses_are_addresses(address: str | None, kept: str | None) -> None:
    assert row_of(outgoing(client_address=address)).ip_address == kept


def test_address_and_agent_can_be_switched_off_headers_included() -> None:
    headers = [(b"User-Agent", b"svc/1"), (b"X-Forwarded-For", b"203.0.113.9"), (b"A", b"b")]
    options = CaptureOptions(ip_address=False, user_agent=False)
    row = row_of(incoming(request_headers=headers), options)
    assert row.ip_address is row.user_agent is None
    assert json.loads(row.request_headers or "") == {"A": "b"}


def test_bodies_can_be_switched_off_but_sizes_stay() -> None:
    options = CaptureOptions(skip_body=(SkipBody(host="*.example.com", path="/upload*"),))
    body = outgoing("POST", "https://api.example.com/upload/1", request_body=b"abc")
    row = row_of(body, options)
    assert row.request_body is None
    assert row.request_size == 3
    assert metadata(row)["body_capture"] == "off"
    assert row_of(outgoing("POST", request_body=b"abc"), options).request_body == '"abc"'


def test_secrets_of_all_places_are_cut() -> None:
    capture = outgoing(
        f"FAKE{SECRET}",
        f"https://user.example.com/x?api_key={SECRET}",
        claims=Claims(organization=SECRET, integration=SECRET, user=SECRET),
        request_headers=[
            (b"Authorization", f"Bearer {SECRET}".encode()),
            (b"X-Api-Key", SECRET.encode()),
        ],
        request_body=json.dumps({"password": SECRET}).encode(),
        response_headers=[
            (b"Set-Cookie", f"sid={SECRET}; Path=/".encode()),
            (b"X-Request-Id", SECRET.encode()),
        ],
        response_body=f"token={SECRET}".encode(),
        response_trailers=[(b"grpc-status", b"1"), (b"grpc-message", SECRET.encode())],
        notes={"seen": SECRET},
    )
    assert SECRET not in repr(row_of(capture))


def test_an_error_text_is_redacted() -> None:
    text = f"https://a:{SECRET}@x.test refused"
    row = row_of(outgoing(response_status=None, error_code="reset", error_message=text))
    assert SECRET not in repr(row)
    assert row.error_message is not None


@pytest.mark.parametrize(
    ("scheme", "port", "host", "origin"),
    [
        ("https", 443, "X.Test", "https://x.test"),
        ("http", 8080, "x.test", "http://x.test:8080"),
        ("https", 80, "x.test", "https://x.test:80"),
        ("http", 80, "2001:db8::1", "http://[2001:db8::1]"),
    ],
)
def test_origins(scheme: str, port: int, host: str, origin: str) -> None:
    assert row_of(outgoing(scheme=scheme, port=port, host=host)).origin == origin


@pytest.mark.parametrize(
    ("host", "port", "target", "endpoint"),
    [
        ("x.test", 443, "x.test:443", "https://x.test"),
        ("x.test", 8443, "X.test:8443", "https://x.test:8443"),
        ("2001:db8::1", 443, "[2001:db8::1]:443", "https://[2001:db8::1]"),
        ("x.test", 443, "nonsense", "https://x.testnonsense"),
    ],
)
def test_a_tunnel_has_no_path(host: str, port: int, target: str, endpoint: str) -> None:
    row = row_of(outgoing("CONNECT", scheme="https", host=host, port=port, target=target))
    assert row.origin + row.path == endpoint
    assert row.path == row.path_template


def test_a_started_row_keeps_nothing_of_its_headers_but_their_secrets_are_cut() -> None:
    told = Claims(
        organization=None,
        integration=f"erp-{SECRET}",
        activity_type=None,
        user=f"bob-{SECRET}",
        metadata={"note": SECRET},
    )
    fields = [
        (b"Authorization", b"Bearer " + SECRET.encode()),
        (b"User-Agent", b"svc/1.0"),
        (b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ]
    row = row_of(outgoing(phase=Phase.STARTED, claims=told, request_headers=fields))
    assert SECRET not in row.integration + (row.metadata or "")
    assert row.integration.startswith("erp-[REDACTED:")
    assert metadata(row)["user"].startswith("bob-[REDACTED:")
    assert row.request_headers is row.user_agent is row.trace_id is None


def test_a_mark_in_an_origin_keeps_its_case() -> None:
    label = "xo" + "xb-123456789012abcdef"
    origin = row_of(outgoing(scheme="https", host=f"{label}.x.test")).origin
    assert origin.startswith("https://[REDACTED:")
    assert origin.endswith(".x.test")


@pytest.mark.parametrize("host", ["{}.x.test", "{}.x.test.", "{}.X.test"])
def test_an_integration_that_is_a_host_is_redacted_as_it_is(host: str) -> None:
    label = "xo" + "xb-123456789012abcdef"
    row = row_of(outgoing(host=host.format(label)))
    assert label not in row.integration + row.host + row.origin
    assert row.integration.startswith("[REDACTED:")


def test_what_is_secret_elsewhere_is_cut_in_what_a_service_tells() -> None:
    told = Claims(
        organization=None,
        integration=None,
        activity_type=None,
        user=f"bob {SECRET}",
        metadata={"note": f"with {SECRET}", SECRET: "1", "order": "o-1"},
    )
    fields = [(b"Authorization", b"Bearer " + SECRET.encode())]
    by_request = row_of(outgoing(claims=told, request_headers=fields))
    answer = json.dumps({"access_token": SECRET}).encode()
    by_answer = row_of(outgoing(claims=told, response_body=answer, response_size=len(answer)))
    for row in (by_request, by_answer):
        assert SECRET not in (row.metadata or "")
        assert metadata(row)["order"] == "o-1"


def test_what_a_service_tells_as_secret_is_cut_elsewhere() -> None:
    told = Claims(
        organization=None,
        integration=None,
        activity_type=None,
        user=None,
        metadata={"api-key": SECRET},
    )
    body = json.dumps({"note": SECRET, "order": "o-1"}).encode()
    row = row_of(outgoing(claims=told, request_body=body))
    assert SECRET not in (row.metadata or "") + (row.request_body or "")
    assert "o-1" in (row.request_body or "")
    assert json.loads(row.redaction_places or "") == [["metadata.api-key", "name:api-key"]]


class _Raising:
    """A redactor that fails on some captures, quoting them, as careless code would."""

    def __init__(self) -> None:
        self._real = Redactor(KEY, RedactionOptions())

    def redact(
        self, capture: Capture, organization: UUID, metadata: str | None = None
    ) -> RedactedExchange:
        if capture.request_body:
            raise ValueError(f"cannot redact {capture.request_body!r}")
        return self._real.redact(capture, organization, metadata)


def test_a_capture_that_cannot_be_redacted_is_rejected_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    writer = RowList()
    door = Recorder(writer, Classifier(ClassificationRules()), _Raising(), CaptureOptions())
    good, bad, other = outgoing(), outgoing(request_body=SECRET.encode()), outgoing()
    with caplog.at_level(logging.DEBUG):
        result = door.record([good, bad, other])
    assert result.stored == [good.id, other.id]
    assert result.rejected == {bad.id: "unrecordable (ValueError)"}
    assert SECRET not in caplog.text
    assert len(writer.rows) == 2


def test_a_batch_is_one_transaction_and_an_empty_one_is_none() -> None:
    writer = RowList()
    door = recorder(writer)
    door.record([outgoing(), incoming(), outgoing()])
    assert writer.batches == 1
    assert door.record([]).stored == []
    assert writer.batches == 1


def test_a_store_that_refuses_is_told() -> None:
    writer = RowList()
    writer.is_full = True
    with pytest.raises(StoreUnavailable):
        recorder(writer).record([outgoing()])


def test_rules_are_swapped_as_one_and_bad_ones_change_nothing() -> None:
    writer = RowList()
    door = recorder(writer)
    redactor = Redactor(KEY, RedactionOptions())
    rules = ClassificationRules(rules=[Rule(integration="renamed")])
    door.reconfigure(Classifier(rules), redactor, CaptureOptions(ip_address=False))
    door.record([outgoing()])
    assert writer.rows[-1].integration == "renamed"
    assert writer.rows[-1].ip_address is None
    with pytest.raises(RuleError, match="skip_body 1"):
        door.reconfigure(
            Classifier(ClassificationRules()),
            redactor,
            CaptureOptions(skip_body=(SkipBody(path="re:("),)),
        )
    door.record([outgoing()])
    assert writer.rows[-1].integration == "renamed"


def test_directions_stay_what_the_listener_says() -> None:
    assert row_of(incoming()).direction is Direction.INCOMING
    assert row_of(outgoing()).direction is Direction.OUTGOING
