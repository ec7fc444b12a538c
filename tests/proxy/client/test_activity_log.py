import logging
import subprocess
import sys
import threading
from pathlib import Path
from uuid import UUID

import pytest

from proxy.client import (
    ActivityLog,
    WiretrailError,
    log_activity_complete,
    log_activity_complete_full,
    log_activity_start,
)
from tests.proxy.client.conftest import StubApi

ID = "01a2079f-b71a-7022-9953-5f189a53f5eb"
ENDPOINT = "smtp://mail.example.com:587/"


def test_start_and_complete(api: StubApi) -> None:
    identifier = log_activity_start(
        method="SEND", endpoint=ENDPOINT, activity_type="notification_email", user_id="alice"
    )
    assert identifier == ID
    api.status, api.answer = 204, b""
    assert log_activity_complete(identifier, status="success", response_time_ms=12.5) is True
    first, second = api.requests
    assert first[:2] == ("POST", "/api/v1/activities")
    assert first[2]["authorization"] == "Bearer wt-" + "fake"
    assert first[3] == {
        "method": "SEND",
        "endpoint": ENDPOINT,
        "activity_type": "notification_email",
        "user_id": "alice",
    }
    assert second[:2] == ("PATCH", f"/api/v1/activities/{ID}")
    assert second[3] == {"status": "success", "response_time_ms": 12.5}


def test_a_whole_activity_is_a_success_unless_told_otherwise(api: StubApi) -> None:
    assert log_activity_complete_full(method="SEND", endpoint=ENDPOINT) == ID
    log_activity_complete_full(method="SEND", endpoint=ENDPOINT, response_status=550)
    log_activity_complete_full(method="SEND", endpoint=ENDPOINT, error_message="refused")
    assert [request[3].get("status") for request in api.requests] == ["success", None, None]


def test_fields_that_are_none_are_left_out(api: StubApi) -> None:
    log_activity_start(method="SEND", endpoint=ENDPOINT, user_id=None)  # type: ignore[typeddict-item]
    assert "user_id" not in api.requests[0][3]


def test_a_start_that_failed_needs_no_completion(api: StubApi) -> None:
    assert log_activity_complete(None, status="success") is False
    assert api.requests == []


@pytest.mark.parametrize("answer", [b"no json", b"[]", b""])
def test_an_answer_without_an_id_is_none(api: StubApi, answer: bytes) -> None:
    api.answer = answer
    assert log_activity_start(method="SEND", endpoint=ENDPOINT) is None


def test_a_refusal_is_a_warning_with_its_reason(
    api: StubApi, caplog: pytest.LogCaptureFixture
) -> None:
    api.status, api.answer = 422, {"title": "Unprocessable", "detail": "endpoint: expected a URL"}
    with caplog.at_level(logging.WARNING, "wiretrail.client"):
        assert log_activity_start(method="SEND", endpoint="words") is None
        assert log_activity_complete(ID, status="success") is False
    assert "endpoint: expected a URL" in caplog.text


def test_a_dead_api_never_raises_into_the_service(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("WIRETRAIL_SERVER", "http://127.0.0.1:1")
    with caplog.at_level(logging.WARNING, "wiretrail.client"):
        assert log_activity_start(method="SEND", endpoint=ENDPOINT) is None
    assert "http://127.0.0.1:1 cannot be reached" in caplog.text
    assert "is WIRETRAIL_SERVER right?" in caplog.text


def test_a_password_in_the_address_is_told_to_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "wiretrail.client"):
        ActivityLog("http://ann:pass" + "word@127.0.0.1:1").start(method="SEND", endpoint=ENDPOINT)
    assert "cannot be reached" in caplog.text
    assert "pass" + "word" not in caplog.text


def test_the_token_may_lie_in_a_file(
    api: StubApi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "token"
    file.write_text("wt-" + "filed\n")
    monkeypatch.setenv("WIRETRAIL_TOKEN_FILE", str(file))
    log_activity_start(method="SEND", endpoint=ENDPOINT)
    monkeypatch.delenv("WIRETRAIL_TOKEN")
    log_activity_start(method="SEND", endpoint=ENDPOINT)
    file.unlink()
    with caplog.at_level(logging.WARNING, "wiretrail.client"):
        log_activity_start(method="SEND", endpoint=ENDPOINT)
    assert "WIRETRAIL_TOKEN_FILE cannot be read" in caplog.text
    sent = [headers.get("authorization") for _, _, headers, _ in api.requests]
    assert sent == ["Bearer wt-" + "fake", "Bearer wt-" + "filed", None]


def test_neither_do_unusable_settings_or_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    loop: list[object] = []
    loop.append(loop)
    for url in ("http://[bad", "nonsense", "ftp://x.test"):
        monkeypatch.setenv("WIRETRAIL_SERVER", url)
        assert log_activity_start(method="SEND", endpoint=ENDPOINT) is None
        assert log_activity_start(method="SEND", endpoint=ENDPOINT, request_body=loop) is None


class Mute:
    """A value whose text cannot be had."""

    def __str__(self) -> str:
        raise OSError("gone")


def test_nothing_of_the_service_s_own_is_raised_into_it(
    api: StubApi, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log = ActivityLog(api.url)
    log.close()
    with caplog.at_level(logging.WARNING, "wiretrail.client"):
        assert log_activity_start(method="SEND", endpoint=ENDPOINT, request_body=Mute()) is None
        assert log.start(method="SEND", endpoint=ENDPOINT) is None
        monkeypatch.setenv("WIRETRAIL_TOKEN", "t\u00f6ken")
        assert log_activity_start(method="SEND", endpoint=ENDPOINT) is None
        monkeypatch.setenv("WIRETRAIL_SERVER", "nonsense")
        monkeypatch.delenv("WIRETRAIL_TOKEN")
        assert log_activity_start(method="SEND", endpoint=ENDPOINT) is None
    assert [record.getMessage() for record in caplog.records] == [
        "activity not logged: the fields are no JSON (OSError)",
        "activity not logged: the ActivityLog is closed",
        "activity not logged: the token is no line of ASCII text",
        "activity not logged: WIRETRAIL_SERVER is no address such as http://127.0.0.1:8090",
    ]


def test_an_id_may_be_a_uuid_and_a_token_end_in_a_newline(
    api: StubApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIRETRAIL_TOKEN", "wt-" + "line\n")
    api.status, api.answer = 204, b""
    assert log_activity_complete(UUID(ID), status="success") is True
    assert api.requests[0][1] == f"/api/v1/activities/{ID}"
    assert api.requests[0][2]["authorization"] == "Bearer wt-" + "line"


def test_errors_are_raised_where_asked_for(api: StubApi) -> None:
    api.status, api.answer = 401, {"title": "Unauthorized"}
    with (
        ActivityLog(api.url, raise_errors=True) as log,
        pytest.raises(WiretrailError, match="401: Unauthorized"),
    ):
        log.start(method="SEND", endpoint=ENDPOINT)


def test_values_that_json_lacks_are_told_as_text(api: StubApi) -> None:
    log_activity_start(method="SEND", endpoint=ENDPOINT, metadata={"id": UUID(ID)})
    assert api.requests[0][3]["metadata"] == {"id": ID}


def test_the_proxy_of_the_environment_is_not_used(
    api: StubApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with ActivityLog(api.url, raise_errors=True) as log:
        assert log.start(method="SEND", endpoint=ENDPOINT) == ID


def test_threads_may_share_the_functions(api: StubApi) -> None:
    def work() -> None:
        found.append(log_activity_start(method="SEND", endpoint=ENDPOINT))

    found: list[str | None] = []
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [ID] * 8


def test_what_a_service_logs_at_its_very_end_is_kept(api: StubApi) -> None:
    code = (
        "import atexit\n"
        "atexit.register(lambda: log_activity_start(method='STOP', endpoint='app://service'))\n"
        "from proxy.client import log_activity_start\n"
        "log_activity_start(method='START', endpoint='app://service')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert [request[3]["method"] for request in api.requests] == ["START", "STOP"]


def test_a_service_ends_without_a_word_about_our_connections(api: StubApi) -> None:
    code = f"from proxy.client import log_activity_start; log_activity_start(endpoint={ENDPOINT!r})"
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", code], capture_output=True, text=True, check=True
    )
    assert len(api.requests) == 1
    assert "unclosed" not in done.stderr
