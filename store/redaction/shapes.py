"""Credentials that are known by their shape alone."""

from typing import Final

from store.redaction.engine import Linear
from store.redaction.json_trail import Place
from store.redaction.rules import BASE64_ASCII
from store.redaction.work import Work

_TEXT: Final = Linear(BASE64_ASCII)


def cut_shapes(work: Work, value: bytes, place: Place) -> bytes:
    """Keys and tokens of known providers."""
    if not work.rules.any_shape.found(value):
        return value
    for shape in work.rules.shapes:
        out, end = list[bytes](), 0
        for start, stop in shape.pattern.spans(value):
            if start < end or stop == start:
                continue
            if shape.bytes and _TEXT.found(value[start:stop]):
                continue
            out += (value[end:start], work.cut(value[start:stop], place, shape.rule))
            end = stop
        if out:
            value = b"".join((*out, value[end:]))
    return value
