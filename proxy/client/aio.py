"""The functions that log activities, as coroutines."""

from types import TracebackType
from typing import Self, Unpack
from uuid import UUID

import httpx

from .exchange import DEFAULT_TIMEOUT, FAILURES, Target, WiretrailError, check
from .fields import ActivityFields, CompletionFields
from .request import get_ip_address, sanitize_headers

__all__ = [
    "AsyncActivityLog",
    "WiretrailError",
    "get_ip_address",
    "log_activity_complete",
    "log_activity_complete_full",
    "log_activity_start",
    "sanitize_headers",
]


class AsyncActivityLog:
    """Logs activities with one API; belongs to one event loop and keeps a connection open."""

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        raise_errors: bool = False,
    ) -> None:
        """As `wiretrail.client.ActivityLog`."""
        self._target = Target.of(url, token, raise_errors)
        self._http = httpx.AsyncClient(timeout=timeout, trust_env=False)

    async def start(self, **fields: Unpack[ActivityFields]) -> str | None:
        """Log an activity that has begun (or, with its end told, a complete one); its id, or
        `None` when it could not be logged."""
        try:
            identifier = check(await self._http.send(self._target.start(fields))).get("id")
        except FAILURES as error:
            self._target.report(error)
            return None
        return identifier if isinstance(identifier, str) else None

    async def complete(
        self, activity_id: str | UUID | None, **fields: Unpack[CompletionFields]
    ) -> bool:
        """Log how an activity ended. An id of `None` (a start that failed) does nothing."""
        if activity_id is None:
            return False
        try:
            check(await self._http.send(self._target.complete(activity_id, fields)))
        except FAILURES as error:
            self._target.report(error)
            return False
        return True

    async def close(self) -> None:
        """Close the connection."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


async def log_activity_start(**fields: Unpack[ActivityFields]) -> str | None:
    """Log that an activity has begun; returns its id, or `None` when it could not be logged.
    Opens a connection each time; keep an `AsyncActivityLog` where that matters."""
    async with AsyncActivityLog() as log:
        return await log.start(**fields)


async def log_activity_complete(
    activity_id: str | UUID | None, **fields: Unpack[CompletionFields]
) -> bool:
    """Log how an activity ended; True when that is kept. An id of `None` does nothing."""
    async with AsyncActivityLog() as log:
        return await log.complete(activity_id, **fields)


async def log_activity_complete_full(**fields: Unpack[ActivityFields]) -> str | None:
    """Log a whole activity at once, after its end; returns its id, or `None`."""
    if not fields.keys() & {"status", "response_status", "error_code", "error_message"}:
        fields["status"] = "success"
    async with AsyncActivityLog() as log:
        return await log.start(**fields)
