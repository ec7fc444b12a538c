"""Credentials that are known by their shape alone."""

from store.redaction.json_trail import Place
from store.redaction.work import Work


def cut_shapes(work: Work, value: bytes, place: Place) -> bytes:
    """Keys and tokens of known providers."""
    if not work.rules.any_shape.found(value):
        return value
    for shape in work.rules.shapes:
        out, end = list[bytes](), 0
        for start, stop in shape.pattern.spans(value):
            if start < end or stop == start:
                continue
            out += (value[end:start], work.cut(value[start:stop], place, shape.rule))
            end = stop
        if out:
            value = b"".join((*out, value[end:]))
    return value
