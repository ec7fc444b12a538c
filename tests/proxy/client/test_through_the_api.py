"""The client against a real sidecar: what a service logs is a row like any other."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.client import (
    ActivityLog,
    WiretrailError,
    aio,
    log_activity_complete,
    log_activity_complete_full,
    log_activity_start,
)
from tests.support.sidecar import Sidecar

SECRET = "FAKE" + "canary0123456789abcdef"


@pytest.fixture
def sidecar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sidecar]:
    with Sidecar(tmp_path / "data") as running:
        monkeypatch.setenv("WIRETRAIL_SERVER", running.api)
        monkeypatch.setenv("WIRETRAIL_TOKEN", running.admin_token)
        yield running


async def test_services_log_what_cannot_pass_a_proxy(sidecar: Sidecar) -> None:
    started = log_activity_start(
        method="SEND",
        endpoint="smtp://mail.example.com:587/",
        organization="acme",
        integration="mail",
        activity_type="notification_email",
        request_headers={"Authorization": f"Bearer {SECRET}", "Subject": "Alarm"},
        request_body={"to": "a@b.test", "password": SECRET},
        metadata={"order": "o-1"},
    )
    assert started is not None
    (row,) = sidecar.wait_for_rows(1, "status = 'started'")
    assert row["id"] == started
    assert (row["integration"], row["activity_type"]) == ("mail", "notification_email")

    assert log_activity_complete(
        started, response_status=250, response_body=f"queued, token={SECRET}", response_time_ms=12
    )
    (row,) = sidecar.wait_for_rows(1)
    assert (row["id"], row["status"], row["response_status"]) == (started, "success", 250)
    assert row["response_time_ms"] == 12
    assert json.loads(row["request_body"])["to"] == "a@b.test"
    assert json.loads(row["request_headers"])["Subject"] == "Alarm"
    assert json.loads(row["metadata"])["order"] == "o-1"
    assert log_activity_complete(started, status="failed") is False, "it has ended already"

    whole = log_activity_complete_full(
        method="PUBLISH",
        endpoint="mqtt://broker.example.com/fleet/kitchen",
        error_message=f"password={SECRET} refused",
    )
    other = await aio.log_activity_complete_full(method="PUBLISH", endpoint="mqtt://b.test/t")
    rows = {row["id"]: row for row in sidecar.wait_for_rows(3)}
    assert whole is not None
    assert rows[whole]["status"] == "error"
    assert other is not None
    assert rows[other]["host"] == "b.test"
    for path in (sidecar.data, sidecar.log.parent):
        for file in path.rglob("*"):
            assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file


def test_mistakes_are_named(sidecar: Sidecar) -> None:
    with ActivityLog(raise_errors=True) as log:
        with pytest.raises(WiretrailError, match="endpoint"):
            log.start(method="SEND", endpoint="words")
        with pytest.raises(WiretrailError, match="404"):
            log.complete("01a2079f-b71a-7022-9953-5f189a53f5eb", status="success")
    with (
        ActivityLog(token="wrong", raise_errors=True) as log,
        pytest.raises(WiretrailError, match="401"),
    ):
        log.start(method="SEND", endpoint="smtp://x.test/")
