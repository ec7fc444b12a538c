"""The functions that log activities, for code without an event loop."""

import atexit
import threading
from types import TracebackType
from typing import Self, Unpack
from uuid import UUID

import httpx

from .exchange import DEFAULT_TIMEOUT, FAILURES, Target, WiretrailError, check
from .fields import ActivityFields, CompletionFields

__all__ = [
    "ActivityLog",
    "WiretrailError",
    "log_activity_complete",
    "log_activity_complete_full",
    "log_activity_start",
]


class ActivityLog:
    """Logs activities with one API; keeps a connection open. Safe to use from several threads."""

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        timeout: float = DEFAULT_TIMEOUT,
        raise_errors: bool = False,
    ) -> None:
        """`url` and `token` default to `WIRETRAIL_SERVER` and `WIRETRAIL_TOKEN`, `timeout` is in
        seconds. With `raise_errors` failures raise `WiretrailError` instead of being logged."""
        self._target = Target.of(url, token, raise_errors)
        # The log is never reached through the proxy that it belongs to.
        self._http = httpx.Client(timeout=timeout, trust_env=False)

    def start(self, **fields: Unpack[ActivityFields]) -> str | None:
        """Log an activity that has begun (or, with its end told, a complete one); its id, or
        `None` when it could not be logged."""
        try:
            identifier = check(self._http.send(self._target.start(fields))).get("id")
        except FAILURES as error:
            self._target.report(error)
            return None
        return identifier if isinstance(identifier, str) else None

    def complete(self, activity_id: str | UUID | None, **fields: Unpack[CompletionFields]) -> bool:
        """Log how an activity ended. An id of `None` (a start that failed) does nothing."""
        if activity_id is None:
            return False
        try:
            check(self._http.send(self._target.complete(activity_id, fields)))
        except FAILURES as error:
            self._target.report(error)
            return False
        return True

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


_lock = threading.Lock()
_default: ActivityLog | None = None
_default_target: Target | None = None


def _log() -> ActivityLog:
    """The log that the environment names now."""
    global _default, _default_target
    target = Target.of(None, None, False)
    with _lock:
        if _default is None or _default_target != target:
            if _default is not None:
                _default.close()
            _default, _default_target = ActivityLog(), target
        return _default


@atexit.register
def _close_default() -> None:
    """Close the connection of the functions below; whoever logs later gets a new one. Left open,
    `python -X dev` would warn of it at the end of the service."""
    global _default
    with _lock:
        closing, _default = _default, None
    if closing is not None:
        closing.close()


def log_activity_start(**fields: Unpack[ActivityFields]) -> str | None:
    """Log that an activity has begun; returns its id for `log_activity_complete`, or `None`
    when it could not be logged."""
    return _log().start(**fields)


def log_activity_complete(
    activity_id: str | UUID | None, **fields: Unpack[CompletionFields]
) -> bool:
    """Log how an activity ended; True when that is kept. An id of `None` does nothing."""
    return _log().complete(activity_id, **fields)


def log_activity_complete_full(**fields: Unpack[ActivityFields]) -> str | None:
    """Log a whole activity at once, after its end; returns its id, or `None`."""
    if not fields.keys() & {"status", "response_status", "error_code", "error_message"}:
        fields["status"] = "success"
    return _log().start(**fields)
