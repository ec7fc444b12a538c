"""Conditions that a catalogue's line may set beside method and path."""

import fnmatch
import re
from collections.abc import Callable
from urllib.parse import unquote_plus

from store.capture import Capture
from store.errors import RuleError

type Condition = Callable[[Capture], bool]

_WORDS = re.compile(r"(header|form|query) ([^=\s]+)(?:=(\S+))?")
_MAX_FIELDS = 200


def compile_condition(text: str, where: str) -> Condition:
    """A test of a capture from `header NAME`, `header NAME=GLOB`, `form NAME=GLOB` or
    `query NAME=GLOB`.

    Raises:
        RuleError: it is none of these.
    """
    match = _WORDS.fullmatch(text)
    if match is None:
        raise RuleError(f"{where}: {text!r} is no condition")
    place, name, pattern = match.groups()
    fits = re.compile(fnmatch.translate(pattern or "*")).match
    if place == "header":
        wanted = name.lower().encode()
        return lambda capture: any(
            field.lower() == wanted and fits(value.decode("latin-1")) is not None
            for field, value in capture.request_headers
        )
    if place == "form":
        return lambda capture: fits(form_field(capture.request_body, name)) is not None
    return lambda capture: (
        fits(form_field(capture.target.partition("?")[2].encode(), name)) is not None
    )


def form_field(body: bytes, name: str) -> str:
    """The value of a field of a form body; empty when it has none, or the body is no form."""
    wanted = name.encode()
    if wanted not in body:
        return ""
    # Only the first fields: where there are hundreds, e.g. of recipients, the action comes first.
    for field in body.split(b"&", _MAX_FIELDS)[:_MAX_FIELDS]:
        key, _, value = field.partition(b"=")
        if key == wanted:
            return unquote_plus(value.decode("latin-1"), "utf-8", "replace")
    return ""
