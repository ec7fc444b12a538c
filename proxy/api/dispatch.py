"""From an HTTP request to an endpoint's handler and back."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from proxy.api.auth import authenticate, require
from proxy.api.body_mistakes import body_mistake
from proxy.api.endpoint import Call, Endpoint
from proxy.api.problem import ProblemError
from proxy.api.services import ApiServices
from store.errors import EntryError, FilterError, StoreUnavailable
from store.filters import nearest
from store.times import Instant, rfc3339


def _plainly(value: Any) -> str:
    if isinstance(value, Instant):
        return rfc3339(value)
    raise TypeError(type(value).__name__)


_encoder: Final = msgspec.json.Encoder(enc_hook=_plainly)


def routes(endpoints: Sequence[Endpoint], services: ApiServices) -> list[Route]:
    """One route per path, in the order of the endpoints."""
    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    return [Route(path, Dispatch(methods, services)) for path, methods in by_path.items()]


class Dispatch:
    """The ASGI application of one path: checks method, token, parameters and body, in this
    order, then calls the handler."""

    def __init__(self, methods: dict[str, Endpoint], services: ApiServices) -> None:
        self._methods = methods
        self._services = services
        # HEAD is GET without the body, which the server leaves out.
        self._heads = {"HEAD": methods["GET"]} if "GET" in methods else {}

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ProblemError as error:
            response = error.response()
        except (FilterError, EntryError) as error:
            response = ProblemError(422, str(error), parameter=error.field).response()
        except StoreUnavailable:
            response = ProblemError(
                503, "the store cannot be reached now", headers={"Retry-After": "1"}
            ).response()
        if request.method == "HEAD":
            response = _head_of(response)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        methods = self._methods | self._heads
        endpoint = methods.get(request.method)
        if endpoint is None:
            allowed = ", ".join(sorted(methods))
            raise ProblemError(405, f"this path takes {allowed}", headers={"Allow": allowed})
        request.scope["wiretrail.endpoint"] = endpoint.path
        grant = None
        if not endpoint.public:
            grant = authenticate(request, self._services)
            if endpoint.right is not None:
                require(grant, endpoint.right)
        query = _query(request, endpoint)
        body = await _body(request, endpoint, self._services.settings.body_limit)
        answer = await endpoint.handler(Call(request, self._services, query, grant, body))
        return answer if isinstance(answer, Response) else json_response(answer, endpoint.status)


def json_response(value: Any, status: int = 200) -> Response:
    """A value as JSON; `None` with status 204 as nothing."""
    if status == 204:
        return Response(status_code=204)
    return Response(_encoder.encode(value), status, media_type="application/json")


def _query(request: Request, endpoint: Endpoint) -> dict[str, list[str]]:
    known = endpoint.query_names
    found: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            raise ProblemError(422, _unknown(name, known), parameter=name[:100])
        found.setdefault(name, []).append(value)
    return found


def _unknown(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    if not names:
        return "this takes no query parameters"
    return f"unknown parameter{nearest(name, names) or '; known are ' + ', '.join(names)}"


async def _body(request: Request, endpoint: Endpoint, limit: int) -> Any:
    if endpoint.body is None:
        return None
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise ProblemError(415, "expected `Content-Type: application/json`")
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > limit:
            raise ProblemError(413, f"the limit is {limit} bytes")
    try:
        return msgspec.json.decode(content, type=endpoint.body)
    except msgspec.ValidationError as error:
        message, place = body_mistake(str(error), endpoint.body)
        raise ProblemError(422, message, parameter=place) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ProblemError(400, "the body is no valid JSON") from None


def _head_of(response: Response) -> Response:
    """The same status and headers without a body, not even one that is streamed."""
    head = Response(status_code=response.status_code)
    head.raw_headers = response.raw_headers
    return head
