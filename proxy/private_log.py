"""Log lines of every process: what happened and where, never what was received.

The texts of exceptions, those of other libraries above all, may quote a request or an answer;
so they are left out, and the class and the places in the code are shown instead.
"""

import logging
import os
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any


def configure_log(name: str) -> None:
    """Log to standard error, without the texts of exceptions: those of other libraries may
    quote what was received."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter(f"wiretrail {name}[{os.getpid()}]: %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("wiretrail").setLevel(logging.INFO)
    # It logs exceptions with their texts inside the message.
    logging.getLogger("mitmproxy").setLevel(logging.CRITICAL + 1)
    sys.excepthook = _report


def places(error: BaseException) -> str:
    """The class of an exception and where it was raised, without its text."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    trail = " < ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(frames))
    return f"{type(error).__name__} at {trail or 'unknown place'}"


class _Formatter(logging.Formatter):
    def formatException(self, ei: Any) -> str:
        return places(ei[1]) if ei[1] is not None else ""


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger("wiretrail").critical("ended by %s", places(error))


def report_context(loop: object, context: dict[str, Any]) -> None:
    """An event loop's exception handler: tells errors without their texts."""
    error = context.get("exception")
    what = places(error) if isinstance(error, BaseException) else "no exception"
    logging.getLogger("wiretrail").error("in the event loop: %s", what)
