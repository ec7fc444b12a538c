"""The whole API as one ASGI application."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from proxy.api import (
    activities,
    analytics,
    entries,
    export,
    facets,
    health,
    integrations,
    redact,
    session,
    stream,
    tokens,
)
from proxy.api.dispatch import routes
from proxy.api.endpoint import Endpoint
from proxy.api.guard import Guard
from proxy.api.metrics import ApiMetrics
from proxy.api.openapi import document_endpoint
from proxy.api.problem import problem
from proxy.api.services import ApiServices
from proxy.api.viewer import ViewerFiles


def create_app(services: ApiServices) -> Starlette:
    """The API over `services`. It holds nothing open; the caller closes the reader."""
    metrics = ApiMetrics(services.registry, services.accounting)
    endpoints = all_endpoints(metrics)
    document = document_endpoint(endpoints, services.about.version)
    settings = services.settings
    files = None
    if services.viewer is not None:
        files = ViewerFiles(services.viewer, settings.frame_ancestors)

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code != 404:
            return problem(error.status_code, "not possible here", headers=error.headers)
        page = files.missing(request) if files else None
        return page or problem(404, "there is nothing at this path")

    app = Starlette(
        routes=[*routes((*endpoints, document), services), *(files.routes() if files else [])],
        middleware=[Middleware(Guard, allowed_hosts=settings.allowed_hosts, metrics=metrics)],
        exception_handlers={HTTPException: http_error},
    )
    # A path with one slash too many is another path; guessing hides mistakes.
    app.router.redirect_slashes = False
    return app


def all_endpoints(metrics: ApiMetrics) -> tuple[Endpoint, ...]:
    """Every endpoint; a path with a fixed last piece stands before its neighbour with a name."""
    return (
        activities.LIST,
        *stream.endpoints(metrics),
        export.EXPORT,
        activities.SHOW,
        *entries.ENDPOINTS,
        *facets.ENDPOINTS,
        *analytics.ENDPOINTS,
        *integrations.ENDPOINTS,
        *redact.ENDPOINTS,
        *tokens.ENDPOINTS,
        *session.ENDPOINTS,
        *health.endpoints(metrics),
    )
