"""The jobs of the original system as real traffic of the vendors' own libraries: each call leaves
one row, told apart by integration and activity type, without a secret."""

from typing import Any

import pytest

from tests.sdk.conftest import Desk, shown

pytestmark = pytest.mark.slow

DEVICE = "/v1/projects/fleet/devices/68bf1cc5425dd2ea93f248a3"


def integrations(rows: list[dict[str, Any]]) -> set[str]:
    return {row["integration"] for row in rows}


def test_golioth_device_sync(desk: Desk) -> None:
    rows = desk.run("golioth", "httpx", 5)
    assert integrations(rows) == {"golioth"}
    assert shown(rows) == [
        ("GET", "test_connection", "/v1/projects/fleet"),
        ("GET", "sync_import", "/v1/projects/fleet/devices"),
        ("POST", "device_create", "/v1/projects/fleet/devices"),
        ("PATCH", "device_update", DEVICE),
        ("DELETE", "device_delete", DEVICE),
    ]


def test_aws_iot_sync_and_mail(desk: Desk) -> None:
    rows = desk.run("aws", "boto3", 9)
    assert [row["integration"] for row in rows] == ["aws-sts", *["aws-iot"] * 7, "aws-ses"]
    assert shown(rows) == [
        ("POST", "test_connection", "/"),
        ("GET", "test_connection", "/endpoint"),
        ("GET", "sync_import", "/things"),
        ("POST", "device_create", "/things/kitchen"),
        ("PATCH", "device_update", "/things/kitchen"),
        ("DELETE", "device_delete", "/things/kitchen"),
        ("POST", "api_call", "/topics/fleet%2Fkitchen"),
        ("POST", "device_update", "/things/kitchen/shadow"),
        ("POST", "notification_email", "/v2/email/outbound-emails"),
    ]


def test_azure_iot_sync(desk: Desk) -> None:
    rows = desk.run("azure_iot", "azure.iot.hub", 7)
    assert integrations(rows) == {"azure-iot-hub"}
    assert shown(rows) == [
        ("GET", "test_connection", "/statistics/devices"),
        ("GET", "sync_import", "/devices"),
        ("POST", "sync_import", "/devices/query"),
        ("PUT", "device_create", "/devices/kitchen"),
        ("PUT", "device_update", "/devices/kitchen"),
        ("PATCH", "device_update", "/twins/kitchen"),
        ("DELETE", "device_delete", "/devices/kitchen"),
    ]


def test_google_iot_sync(desk: Desk) -> None:
    rows = desk.run("pubsub", "google.pubsub_v1", 3)
    assert integrations(rows) == {"google-pubsub"}
    assert shown(rows) == [
        ("GET", "test_connection", "/v1/projects/p/topics"),
        ("POST", "sync_export", "/v1/projects/p/topics/t:publish"),
        ("POST", "sync_import", "/v1/projects/p/subscriptions/s:pull"),
    ]


def test_google_iot_sync_by_grpc(desk: Desk) -> None:
    rows = desk.run("pubsub_grpc", "google.pubsub_v1", 2)
    assert integrations(rows) == {"google-pubsub"}
    path = "/google.pubsub.v1.Publisher/Publish"
    assert shown(rows) == [("POST", "sync_export", path)] * 2
    assert [row["status"] for row in rows] == ["success", "failed"]
    assert [row["response_status"] for row in rows] == [200, 200]
    assert rows[1]["error_message"] == "no such topic"


def test_google_api_client(desk: Desk) -> None:
    # Without PySocks httplib2 ignores every proxy without a word.
    pytest.importorskip("socks")
    rows = desk.run("google_api", "googleapiclient", 1)
    assert integrations(rows) == {"google-gmail"}
    assert shown(rows) == [("POST", "notification_email", "/gmail/v1/users/me/messages/send")]


def test_slack(desk: Desk) -> None:
    rows = desk.run("slack", "slack_sdk", 6)
    assert integrations(rows) == {"slack"}
    assert [row["activity_type"] for row in rows] == [
        "test_connection",
        "notification_slack",
        "api_call",
        "api_call",
        "notification_slack",
        "notification_slack",
    ]


@pytest.mark.parametrize(
    ("job", "library", "types"),
    [
        ("mail", "sendgrid", ["test_connection", "notification_email"]),
        ("resend_mail", "resend", ["notification_email"]),
        ("stripe_calls", "stripe", ["test_connection", "sync_import", "api_call"]),
        ("github_calls", "github", ["test_connection", "api_call", "sync_import", "api_call"]),
        ("twilio_sms", "twilio", ["notification_webhook"]),
    ],
)
def test_other_vendors(desk: Desk, job: str, library: str, types: list[str]) -> None:
    rows = desk.run(job, library, len(types))
    assert integrations(rows) == {library}
    assert [row["activity_type"] for row in rows] == types


def test_notifications_by_webhook(desk: Desk) -> None:
    rows = desk.run("webhook_out", "standardwebhooks", 2)
    assert [row["integration"] for row in rows] == ["microsoft-teams", "acme-hooks"]
    assert {row["activity_type"] for row in rows} == {"notification_webhook"}
    last = desk.vendors.received[-1]
    assert not [name for name, _ in last.headers if name.lower().startswith("x-wiretrail")]
