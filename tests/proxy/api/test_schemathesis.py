"""Whatever the document allows and forbids, the server does: generated requests find nothing."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from prometheus_client import CollectorRegistry
from schemathesis.specs.openapi.checks import positive_data_acceptance

from proxy.api.app import all_endpoints
from proxy.api.metrics import ApiMetrics
from proxy.api.openapi import document
from store.accounting import Accounting
from store.activity import Status
from store.sqlite.reader import SqliteReader
from tests.support.api_world import NOW, Server, World, row
from tests.support.log_door import LogDoor

EXAMPLES = 25
# What no schema can say: an end after its beginning, a cursor that we gave, a time zone that
# exists, a search without misspelt keys, a token that ends in the past, a URL that parses.
BEYOND_SCHEMAS = {
    *("since", "until", "max_ms", "cursor", "zone", "step", "q"),
    *("$.expires_at", "url", "endpoint", "status", "created_at", "completed_at", "activity"),
    *("request_headers", "response_headers", "organization_id"),
}
ENDPOINTS = all_endpoints(ApiMetrics(CollectorRegistry(), Accounting))
SCHEMA = schemathesis.openapi.from_dict(document(ENDPOINTS, "1.2.3"))
OPERATIONS = {
    f"{one.ok().method.upper()} {one.ok().path}": one.ok() for one in SCHEMA.get_all_operations()
}
# A live stream has no end; test_stream.py reads it.
OPERATIONS.pop("GET /api/v1/activities/stream")


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    door = LogDoor(world.writer, SqliteReader(world.folder.activity_db), lambda: NOW)
    running = Server(world.make_services(**door.services()), world.notice)
    world.write(row(), row("rival"), row(status=Status.FAILED, response_status=500))
    running.start()
    yield running
    running.stop()


@pytest.mark.parametrize("name", OPERATIONS)
def test_generated_requests_find_nothing(world: World, server: Server, name: str) -> None:
    headers = {"Authorization": f"Bearer {world.token()}"}

    with requests.Session() as session:

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=OPERATIONS[name].as_strategy())
        def check(case: Any) -> None:
            answer = case.call_and_validate(
                base_url=server.url,
                headers=headers,
                session=session,
                excluded_checks=[positive_data_acceptance],
            )
            if case.meta.generation.mode.is_positive and answer.status_code == 422:
                problem = answer.json()
                # JSON Schema takes 200.0 for an integer.
                allowed = problem["parameter"] in BEYOND_SCHEMAS or "`float`" in problem["detail"]
                assert allowed, (problem, case.body)

        check()
