"""Connection tests take the way of the service's calls: through a real sidecar, to a partner."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from proxy.connection_tests import ConnectionTests, HarmlessRequest
from store.identity import organization_id
from tests.support.partner import Partner
from tests.support.ports import free_port
from tests.support.sidecar import Sidecar

CONFIG = """
[[connection_test]]
integration = "thermostats"
url = "{url}/health?key=1"
headers = {{ X-Key = "env:THERMOSTAT_KEY" }}

[[connection_test]]
integration = "gone"
url = "http://127.0.0.1:{closed}/"
"""
KEY = "canary" + "-5b4c3d2e1f"


def post(sidecar: Sidecar, path: str) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(
        sidecar.api + path,
        method="POST",
        headers={"Authorization": f"Bearer {sidecar.admin_token}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_the_exchange_is_in_the_log(tmp_path: Path) -> None:
    with Partner() as partner:
        config = tmp_path / "wiretrail.toml"
        config.write_text(CONFIG.format(url=partner.url, closed=free_port()))
        sidecar = Sidecar(tmp_path / "data", "--config", str(config), env={"THERMOSTAT_KEY": KEY})
        with sidecar:
            before = sidecar.get("/api/v1/integrations/thermostats")
            assert (before["testable"], before["health"]) == (True, None)
            assert before["integration"]["activity_types"] == []
            status, found = post(sidecar, "/api/v1/integrations/thermostats/test-connection")
            assert (status, found["ok"], found["response_status"]) == (200, True, 200)
            assert found["url"] == f"{partner.url}/health"
            status, found = post(sidecar, "/api/v1/integrations/gone/test-connection")
            assert (status, found["ok"], found["response_status"]) == (200, False, 502)
            status, _ = post(sidecar, "/api/v1/integrations/unknown/test-connection")
            assert status == 404
            first, second = sidecar.wait_for_rows(2)
            detail = sidecar.get("/api/v1/integrations/thermostats")
    assert (first["integration"], first["activity_type"]) == ("thermostats", "test_connection")
    assert (second["integration"], second["status"]) == ("gone", "error")
    assert detail["testable"] is True
    assert detail["integration"]["id"] == before["integration"]["id"]
    (received,) = partner.received
    sent = {name.lower(): value for name, value in received.headers}
    assert sent["x-key"] == KEY
    assert not [name for name in sent if name.startswith("x-wiretrail")]


@pytest.fixture
def request_of(tmp_path: Path):
    organization = organization_id("acme")

    def make(**values: Any) -> tuple[UUID, ConnectionTests]:
        (tmp_path / "ca.pem").write_text("")
        one = HarmlessRequest(
            organization=organization,
            integration="x",
            url="https://partner.example/a?b=c",
            **values,
        )
        proxy = f"http://127.0.0.1:{free_port()}"
        return organization, ConnectionTests([one], proxy=proxy, ca=tmp_path / "none.pem")

    return make


async def test_what_is_not_configured_is_none(request_of) -> None:
    organization, tests = request_of()
    assert tests.configured(organization, "x")
    assert not tests.configured(organization, "y")
    assert await tests.run(organization_id("rival"), "x") is None


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("env:WIRETRAIL_NO_SUCH_VARIABLE", "variable WIRETRAIL_NO_SUCH_VARIABLE is not set"),
        ("file:/no/such/file", "file /no/such/file cannot be read"),
        ("plain", "certificate cannot be read"),
    ],
)
async def test_why_there_was_no_answer_is_told(request_of, value: str, says: str) -> None:
    organization, tests = request_of(headers={"Authorization": value})
    found = await tests.run(organization, "x")
    assert found is not None
    assert not found.ok
    assert says in found.error
    assert found.url == "https://partner.example/a"
