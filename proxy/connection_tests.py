"""Connection tests: a harmless request per integration, sent through our own forward proxy, so
that what is tested is the way that the service's calls take, and the log shows it."""

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
        begun = perf_counter()
        status, error = None, None
        try:
            async with (
                httpx.AsyncClient(
                    proxy=self._proxy,
                    verify=ssl.create_default_context(cafile=str(self._ca)),
                    timeout=_SECONDS,
                    trust_env=False,
                ) as client,
                client.stream(
                    request.method, request.url, headers={**request.headers, **context}
                ) as answer,
            ):
                status = answer.status_code
        except httpx.HTTPError as failure:
            error = _plain(failure)
        url = httpx.URL(request.url).copy_with(query=None, fragment=None, userinfo=b"")
        return ConnectionTest(
            ok=status is not None and status < 400,
            method=request.method,
            url=str(url),
            response_status=status,
            response_time_ms=round((perf_counter() - begun) * 1000, 3),
            error=error,
        )


def _plain(failure: httpx.HTTPError) -> str:
    """Why there was no answer, in words of ours: the error's own may quote the request."""
    if isinstance(failure, httpx.TimeoutException):
        return f"no answer within {_SECONDS:.0f} s"
    if isinstance(failure, httpx.ProxyError):
        return "the proxy refused the connection"
    if isinstance(failure, httpx.ConnectError):
        return "the proxy cannot be reached, or its certificate is not the expected one"
    return f"the connection broke ({type(failure).__name__})"
