"""Connection tests: a harmless request per integration, sent through our own forward proxy, so
that what is tested is the way that the service's calls take, and the log shows it."""

import asyncio
import os
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Final
from uuid import UUID

import httpx

from proxy.api.services import ConnectionTest
from store.activity import ActivityType

_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class HarmlessRequest:
    """What to send for one integration."""

    organization: UUID
    integration: str
    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """`env:NAME` and `file:PATH` stand for values that are read when the request is sent."""


class _MissingValue(Exception):
    """The value of a header is not where it should be."""


class ConnectionTests:
    """`proxy.api.services.ConnectionTester` over a forward proxy."""

    def __init__(self, requests: Iterable[HarmlessRequest], *, proxy: str, ca: Path) -> None:
        """`proxy` is the forward proxy's URL, with user and password where it asks for them;
        `ca` the file with the certificate that its clients trust."""
        self._requests = {(one.organization, one.integration): one for one in requests}
        self._proxy = proxy
        self._ca = ca

    def configured(self, organization: UUID, integration: str) -> bool:
        """Whether there is a request for this integration."""
        return (organization, integration) in self._requests

    async def run(self, organization: UUID, integration: str) -> ConnectionTest | None:
        """Send it once; redirects are not followed. `None` when nothing is configured."""
        request = self._requests.get((organization, integration))
        if request is None:
            return None
        context = {
            "X-Wiretrail-Organization": str(organization),
            "X-Wiretrail-Integration": integration,
            "X-Wiretrail-Activity-Type": ActivityType.TEST_CONNECTION.value,
        }
        status, error, begun = None, None, None
        try:
            own = {name: _value(value) for name, value in request.headers.items()}
            # Reading the system's certificates takes longer than a call; nobody is to wait for it.
            client = await asyncio.to_thread(self._client)
            begun = perf_counter()
            async with (
                client,
                client.stream(request.method, request.url, headers={**own, **context}) as answer,
            ):
                status = answer.status_code
        except _MissingValue as failure:
            error = str(failure)
        except (httpx.HTTPError, OSError, ValueError) as failure:
            error = _plain(failure)
        url = httpx.URL(request.url).copy_with(query=None, fragment=None, userinfo=b"")
        return ConnectionTest(
            ok=status is not None and status < 400,
            method=request.method,
            url=str(url),
            response_status=status,
            response_time_ms=None if begun is None else round((perf_counter() - begun) * 1000, 3),
            error=error,
        )

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            proxy=self._proxy,
            verify=ssl.create_default_context(cafile=str(self._ca)),
            timeout=_SECONDS,
            trust_env=False,
        )


def _value(text: str) -> str:
    """A header's value, fetched from where it is kept."""
    kind, _, place = text.partition(":")
    if kind == "env":
        if place not in os.environ:
            raise _MissingValue(f"the environment variable {place} is not set")
        return os.environ[place]
    if kind == "file":
        try:
            return Path(place).expanduser().read_text().strip()
        except (OSError, UnicodeDecodeError):
            raise _MissingValue(f"the file {place} cannot be read") from None
    return text


def _plain(failure: Exception) -> str:
    """Why there was no answer, in words of ours: the error's own may quote the request."""
    if isinstance(failure, httpx.TimeoutException):
        return f"no answer within {_SECONDS:.0f} s"
    if isinstance(failure, httpx.ProxyError):
        return "the proxy refused the connection"
    if isinstance(failure, httpx.ConnectError):
        return "the proxy cannot be reached, or its certificate is not the expected one"
    if isinstance(failure, OSError):
        return "the proxy's certificate cannot be read"
    return f"the connection broke ({type(failure).__name__})"
