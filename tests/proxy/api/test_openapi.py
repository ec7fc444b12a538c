"""The document describes what is served, and what is served keeps to the document."""

import json
import re
from typing import Any

import httpx
import pytest

DOCUMENT = "/api/v1/openapi.json"


@pytest.fixture
async def document(anyone: httpx.AsyncClient) -> dict[str, Any]:
    answer = await anyone.get(DOCUMENT)
    assert answer.status_code == 200
    return answer.json()


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_it_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["info"]["version"] == "1.2.3"
    assert DOCUMENT in document["paths"]
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))


def test_everything_is_described(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        place = f"{method} {path}"
        assert operation["summary"], place
        assert len(operation["description"]) > 10, place
        for parameter in operation["parameters"]:
            assert len(parameter["description"]) > 5, (place, parameter["name"])
            assert parameter["schema"], (place, parameter["name"])
        for status, response in operation["responses"].items():
            assert response["description"], (place, status)
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("description"), name


def test_path_parameters_are_those_of_the_path(document: dict[str, Any]) -> None:
    for path, _, operation in operations(document):
        declared = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert declared == set(re.findall(r"{(\w+)}", path))
        assert all(one["required"] for one in operation["parameters"] if one["in"] == "path")


def test_only_some_paths_need_no_token(document: dict[str, Any]) -> None:
    assert document["security"] == [{"token": []}, {"session": []}]
    public = {path for path, _, one in operations(document) if one.get("security") == []}
    assert public == {DOCUMENT, "/healthz", "/readyz", "/metrics", "/api/v1/session"}


def test_fields_bear_their_sentences(document: dict[str, Any]) -> None:
    fields = document["components"]["schemas"]["CreatedToken"]["properties"]
    assert "text" in fields
    about = document["components"]["schemas"]["About"]["properties"]
    assert about["ca_file"]["description"] == "Where the certificate lies that clients trust."
    health = document["components"]["schemas"]["Health"]["properties"]
    # Inherited fields, too.
    assert "before the time range" in health["last_at"]["description"]


async def test_every_filter_is_a_parameter(document: dict[str, Any]) -> None:
    from store.filters import PARAMETERS

    for path in ("/api/v1/activities", "/api/v1/activities/stream", "/api/v1/activities/export"):
        names = {one["name"] for one in document["paths"][path]["get"]["parameters"]}
        assert set(PARAMETERS) <= names


async def test_references_lead_somewhere(document: dict[str, Any]) -> None:
    for name in re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)):
        assert name in document["components"]["schemas"]
