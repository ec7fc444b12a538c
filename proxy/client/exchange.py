"""The requests that log activities, and what their answers mean; the same for sync and async."""

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

DEFAULT_URL = "http://127.0.0.1:8090"
DEFAULT_TIMEOUT = 2.0
"""Seconds that a service waits at most for its log."""

_NO_ADDRESS = "WIRETRAIL_SERVER is no address such as http://127.0.0.1:8090"

log = logging.getLogger("wiretrail.client")


class WiretrailError(Exception):
    """An activity could not be logged. The text tells why, and nothing of the activity."""


FAILURES = (WiretrailError, httpx.HTTPError, httpx.InvalidURL, RuntimeError)
"""What sending may raise; httpx has a `RuntimeError` for a client that was closed."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where activities are logged, and how failures are told."""

    url: str
    token: str | None
    raise_errors: bool

    @classmethod
    def of(cls, url: str | None, token: str | None, raise_errors: bool) -> "Target":
        """What is not given comes from `WIRETRAIL_SERVER`, and from `WIRETRAIL_TOKEN` or the file
        that `WIRETRAIL_TOKEN_FILE` names."""
        address = url or os.environ.get("WIRETRAIL_SERVER") or DEFAULT_URL
        return cls(address.rstrip("/"), token or _token_of_environment(), raise_errors)

    def start(self, fields: Mapping[str, Any]) -> httpx.Request:
        """The request that creates an activity."""
        return self._request("POST", "/api/v1/activities", fields)

    def complete(self, activity_id: object, fields: Mapping[str, Any]) -> httpx.Request:
        """The request that completes one; its id may be a `UUID`, too."""
        return self._request(
            "PATCH", f"/api/v1/activities/{quote(str(activity_id), safe='')}", fields
        )

    def _request(self, method: str, path: str, fields: Mapping[str, Any]) -> httpx.Request:
        told = {name: value for name, value in fields.items() if value is not None}
        try:
            content = json.dumps(told, default=str).encode()
        except Exception as error:  # noqa: BLE001 - text of a value is its own code: service goes on
            raise WiretrailError(f"the fields are no JSON ({type(error).__name__})") from None
        headers = {"Content-Type": "application/json"}
        if self.token is not None:
            if not self.token.isascii() or not self.token.isprintable():
                raise WiretrailError("the token is no line of ASCII text")
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            return httpx.Request(method, self.url + path, headers=headers, content=content)
        except (httpx.InvalidURL, ValueError, TypeError):
            raise WiretrailError(_NO_ADDRESS) from None

    def report(self, error: Exception) -> None:
        """Raise it where that was asked for, else log it."""
        failure = error if isinstance(error, WiretrailError) else self._unreachable(error)
        if self.raise_errors:
            raise failure from None
        log.warning("activity not logged: %s", failure)

    def _unreachable(self, error: Exception) -> WiretrailError:
        if isinstance(error, httpx.UnsupportedProtocol):
            return WiretrailError(_NO_ADDRESS)
        if isinstance(error, RuntimeError):
            return WiretrailError("the ActivityLog is closed")
        # Not the whole URL, which may hold a password.
        place = httpx.URL(self.url)
        return WiretrailError(
            f"the Wiretrail API at {place.scheme}://{place.netloc.decode()} cannot be reached "
            f"({type(error).__name__}); is WIRETRAIL_SERVER right?"
        )


def _token_of_environment() -> str | None:
    if token := os.environ.get("WIRETRAIL_TOKEN", "").strip():
        return token
    file = os.environ.get("WIRETRAIL_TOKEN_FILE")
    try:
        return Path(file).read_text(encoding="ascii").strip() or None if file else None
    except (OSError, ValueError) as error:
        log.warning("WIRETRAIL_TOKEN_FILE cannot be read (%s)", type(error).__name__)
        return None


def check(response: httpx.Response) -> dict[str, Any]:
    """The answer's JSON object.

    Raises:
        WiretrailError: the API refused.
    """
    try:
        answer = response.json() if response.content else {}
    except ValueError:
        answer = {}
    if not isinstance(answer, dict):
        answer = {}
    if not response.is_success:
        detail = answer.get("detail") or answer.get("title") or "no reason given"
        raise WiretrailError(f"the Wiretrail API answered {response.status_code}: {detail}")
    return answer
