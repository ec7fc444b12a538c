"""Conditions that a catalogue's line may set beside method and path."""

import fnmatch
import re
from collections.abc import Callable
from urllib.parse import parse_qsl

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
    if name.encode() not in body:
        return ""
    try:
        fields = parse_qsl(body.decode("latin-1"), max_num_fields=_MAX_FIELDS)
    except ValueError:
        return ""
    return next((value for field, value in fields if field == name), "")
