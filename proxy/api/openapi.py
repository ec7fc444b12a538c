"""The OpenAPI 3.1 document, made from the table of endpoints and the types they name."""

import inspect
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from starlette.responses import Response

from proxy.api.endpoint import PREFIX, Call, Endpoint, Parameter
from proxy.api.field_notes import describe
from proxy.api.problem import MEDIA_TYPE, Problem
from store.times import Instant

_TAGS: Final = {
    "activities": "The log itself: pairs of request and response, redacted.",
    "analytics": "Figures out of hourly rollups; they outlive the activities.",
    "integrations": "Partner connections as recognised in the traffic.",
    "redaction": "What would be cut.",
    "tokens": "Who may see and do what.",
    "session": "Sign-in of the viewer.",
    "operation": "For those who run Wiretrail.",
}
_REF: Final = "#/components/schemas/{name}"
_CONVERTER: Final = re.compile(r":\w+(?=})")
_RATHER: Final = {
    401: "no valid token or session",
    403: "the token lacks the right, or the organization",
    404: "there is no such thing, or the token may not see it",
    405: "the path takes other methods",
    413: "the body is too large",
    415: "the body is not JSON",
    422: "a parameter or field cannot be understood; `parameter` names it",
    500: "a fault of ours; `instance` names it in the log",
    503: "try again later",
}


def document_endpoint(endpoints: Sequence[Endpoint], version: str) -> Endpoint:
    """The endpoint that serves the document of all `endpoints` and of itself."""
    made: list[bytes] = []

    async def openapi(call: Call) -> Response:
        """This document."""
        if not made:
            made.append(msgspec.json.encode(document((*endpoints, endpoint), version)))
        return Response(made[0], media_type="application/json")

    endpoint = Endpoint(
        "GET", f"{PREFIX}/openapi.json", openapi, "This document", "operation", public=True
    )
    return endpoint


def document(endpoints: Sequence[Endpoint], version: str) -> dict[str, Any]:
    """The OpenAPI document."""
    types: list[Any] = [Problem]
    for endpoint in endpoints:
        types += [one for one in (endpoint.body, endpoint.answer) if one is not None]
    schemas, components = msgspec.json.schema_components(
        types, schema_hook=_schema_of, ref_template=_REF
    )
    describe(components, types)
    by_type = {id(one): schema for one, schema in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        path = _CONVERTER.sub("", endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, by_type)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Wiretrail",
            "version": version,
            "summary": "The activity log of a service's integrations",
            "description": "Times are RFC 3339 UTC with milliseconds. Lists are "
            '`{"items": [...], "next": cursor or null}`. Errors are problem details (RFC 9457).',
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "security": [{"token": []}, {"session": []}],
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token in the `Authorization` header, never in the URL.",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "wiretrail-{port}",
                    "description": "The viewer's session, for requests of its own pages only.",
                },
            },
        },
    }


def _schema_of(kind: type) -> dict[str, Any]:
    if kind is Instant:
        return {"type": "string", "format": "date-time"}
    raise TypeError(kind.__name__)


def _operation(endpoint: Endpoint, by_type: Mapping[int, Any]) -> dict[str, Any]:
    right = (
        f" Needs the right `{endpoint.right}`." if endpoint.right and not endpoint.public else ""
    )
    operation: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "summary": endpoint.summary,
        "description": " ".join((inspect.getdoc(endpoint.handler) or "").split()) + right,
        "tags": [endpoint.tag],
        "parameters": [_parameter(one) for one in endpoint.parameters],
        "responses": _responses(endpoint, by_type),
    }
    if endpoint.public:
        operation["security"] = []
    if endpoint.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": by_type[id(endpoint.body)]}},
        }
    return operation


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema: Any = parameter.schema
    if parameter.repeatable:
        schema = {"type": "array", "items": schema, "maxItems": 100}
    return {
        "name": parameter.name,
        "in": parameter.where,
        "description": parameter.description,
        "required": parameter.required,
        "schema": schema,
    }


def _responses(endpoint: Endpoint, by_type: Mapping[int, Any]) -> dict[str, Any]:
    phrase = HTTPStatus(endpoint.status).phrase
    success: dict[str, Any] = {"description": phrase}
    if endpoint.answer is not None:
        schema = by_type[id(endpoint.answer)]
        success["content"] = {"application/json": {"schema": schema}}
    elif endpoint.status != 204:
        success["content"] = {media: {} for media in endpoint.media}
    problems = {405, 422, 500, *endpoint.problems}
    if not endpoint.public:
        problems |= {401, 403, 503}
    if endpoint.body is not None:
        problems |= {400, 413, 415}
    return {str(endpoint.status): success} | {
        str(status): _problem_response(status) for status in sorted(problems)
    }


def _problem_response(status: int) -> dict[str, Any]:
    return {
        "description": _RATHER.get(status, HTTPStatus(status).phrase),
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(name="Problem")}}},
    }
