"""Errors as clients see them: `application/problem+json` (RFC 9457), never with content."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What went wrong, for people and programs."""

    type: str
    """A URI; `about:blank`: the status says it all."""
    title: str
    """The phrase of the status."""
    status: int
    """The HTTP status of this answer."""
    detail: str
    """What was found, and what was expected."""
    parameter: str | None = None
    """The query parameter, header, field or path piece that is meant."""
    instance: str | None = None
    """Names this occurrence in the server's log."""


class ProblemError(Exception):
    """Ends the handling of a request with a problem reply."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        parameter: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail
        self.parameter = parameter
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """The reply."""
        return problem(self.status, self.detail, parameter=self.parameter, headers=self.headers)


def problem(
    status: int,
    detail: str,
    *,
    parameter: str | None = None,
    instance: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem reply."""
    content = Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        parameter=parameter,
        instance=instance,
    )
    return Response(
        msgspec.json.encode(content), status, headers=dict(headers or {}), media_type=MEDIA_TYPE
    )
