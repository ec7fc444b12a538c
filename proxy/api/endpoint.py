"""Endpoints as data: one table makes the routes and the OpenAPI document, so they agree."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request

from proxy.api.problem import ProblemError
from proxy.api.services import ApiServices
from store.filters import PARAMETERS, ActivityFilter, nearest, parse_filter, shown
from store.scope import Scope
from store.tokens import Grant, Right

PREFIX: Final = "/api/v1"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an endpoint. `where` is `query`, `path` or `header`."""

    name: str
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    where: str = "query"
    repeatable: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request with its parameters taken apart."""

    request: Request
    services: ApiServices
    query: Mapping[str, list[str]]
    grant: Grant | None = None
    body: Any = None

    @property
    def caller(self) -> Grant:
        """Who calls; every endpoint but the public ones has one."""
        assert self.grant is not None
        return self.grant

    @property
    def scope(self) -> Scope:
        """What the caller may see."""
        return self.caller.scope

    def path(self, name: str) -> str:
        """A piece of the path."""
        value: str = self.request.path_params[name]
        return value

    def one(self, name: str) -> str | None:
        """A parameter that may be given once.

        Raises:
            ProblemError: 422 when it is given twice.
        """
        values = self.query.get(name, [])
        if len(values) > 1:
            raise ProblemError(422, "may be given once", parameter=name)
        return values[0] if values else None

    def number(self, name: str, default: int, lowest: int, highest: int) -> int:
        """A whole number within bounds.

        Raises:
            ProblemError: 422 when it is none.
        """
        text = self.one(name)
        if text is None:
            return default
        # isdecimal alone takes digits of other scripts.
        if not (text.isascii() and text.isdecimal() and lowest <= int(text[:20]) <= highest):
            raise ProblemError(
                422,
                f"{shown(text)} is no whole number from {lowest} to {highest}",
                parameter=name,
            )
        return int(text)

    def choice(self, name: str, known: tuple[str, ...], default: str) -> str:
        """One of a closed list.

        Raises:
            ProblemError: 422 when it is none of them.
        """
        text = self.one(name)
        if text is None:
            return default
        if text not in known:
            raise ProblemError(
                422,
                f"{shown(text)} is none of {', '.join(known)}{nearest(text, known)}",
                parameter=name,
            )
        return text

    def filter(self) -> ActivityFilter:
        """The filter that the parameters describe. Raises `FilterError`."""
        chosen = {name: values for name, values in self.query.items() if name in PARAMETERS}
        return parse_filter(chosen, self.services.clock())


type Handler = Callable[[Call], Awaitable[Any]]
"""Returns a `Response`, or a value that is sent as JSON."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path. The handler's docstring is its description."""

    method: str
    path: str
    handler: Handler
    summary: str
    tag: str
    right: Right | None = Right.READ
    """What a token needs; `None`: any valid token will do."""
    public: bool = False
    """Answers without a token."""
    parameters: tuple[Parameter, ...] = ()
    body: Any = None
    """Type of the request's JSON."""
    answer: Any = None
    """Type of the answer's JSON; `None`: no content, or `media` says what."""
    status: int = 200
    media: tuple[str, ...] = ("application/json",)
    problems: tuple[int, ...] = ()
    """Statuses of problem replies that are its own, beside those every endpoint may give."""

    @property
    def query_names(self) -> frozenset[str]:
        """Names of its query parameters."""
        return frozenset(one.name for one in self.parameters if one.where == "query")
