import pytest

from proxy.client.aio import (
    AsyncActivityLog,
    WiretrailError,
    log_activity_complete,
    log_activity_complete_full,
    log_activity_start,
)
from tests.proxy.client.conftest import StubApi

ID = "01a2079f-b71a-7022-9953-5f189a53f5eb"
ENDPOINT = "mqtt://broker.example.com/"


async def test_start_and_complete(api: StubApi) -> None:
    identifier = await log_activity_start(method="PUBLISH", endpoint=ENDPOINT)
    assert identifier == ID
    assert await log_activity_complete(identifier, status="success") is True
    assert await log_activity_complete_full(method="PUBLISH", endpoint=ENDPOINT) == ID
    assert [request[:2] for request in api.requests] == [
        ("POST", "/api/v1/activities"),
        ("PATCH", f"/api/v1/activities/{ID}"),
        ("POST", "/api/v1/activities"),
    ]
    assert api.requests[2][3]["status"] == "success"


async def test_failures_do_not_raise_unless_asked_for(
    api: StubApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.status = 500
    assert await log_activity_start(method="PUBLISH", endpoint=ENDPOINT) is None
    assert await log_activity_complete(ID, status="error") is False
    assert await log_activity_complete(None, status="error") is False
    closed = AsyncActivityLog(api.url)
    await closed.close()
    assert await closed.start(method="PUBLISH", endpoint=ENDPOINT) is None
    async with AsyncActivityLog(api.url, raise_errors=True) as log:
        with pytest.raises(WiretrailError, match="500"):
            await log.start(method="PUBLISH", endpoint=ENDPOINT)
        with pytest.raises(WiretrailError, match="500"):
            await log.complete(ID, status="error")
    monkeypatch.setenv("WIRETRAIL_SERVER", "http://127.0.0.1:1")
    assert await log_activity_complete_full(method="PUBLISH", endpoint=ENDPOINT) is None
