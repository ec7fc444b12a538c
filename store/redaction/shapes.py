"""Credentials that are known by their shape alone."""

import re
from typing import Final

from store.redaction.engine import Linear
from store.redaction.json_trail import Place
from store.redaction.rules import BASE64_ASCII
from store.redaction.values import is_random
from store.redaction.work import Work

_SLUG: Final = re.compile(rb"[a-z]{2,8}(?:-[a-z]{1,14}){2,10}(?:-\d{1,4})?")
_LEAST_DIGITS: Final = 2
_TEXT: Final = Linear(BASE64_ASCII)


def cut_shapes(work: Work, value: bytes, place: Place) -> bytes:
    """Keys and tokens of known providers."""
    if not work.rules.any_shape.found(value):
        return value
    for shape in work.rules.shapes:
        out: list[bytes] = []
        end = 0
        for start, stop in shape.pattern.spans(value):
            if start < end or stop == start:
                continue
            if shape.bytes and _TEXT.found(value[start:stop]):
                continue
            if shape.words and _SLUG.fullmatch(value, start, stop):
                continue
            if shape.random and not _is_drawn(value[start:stop]):
                continue
            out += (value[end:start], work.cut(value[start:stop], place, shape.rule))
            end = stop
        if out:
            value = b"".join((*out, value[end:]))
    return value


def _is_drawn(value: bytes) -> bool:
    return is_random(value) and sum(48 <= byte < 58 for byte in value) >= _LEAST_DIGITS
