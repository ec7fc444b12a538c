"""Server-sent events (HTML Standard, 9.2): one event's data may be written over several lines,
and a secret's name and value may then stand in different ones."""

import re
from typing import Final

from store.redaction import json_text
from store.redaction.json_trail import Place
from store.redaction.work import Work

_EVENT: Final = re.compile(rb"(?m)(?:^data:[^\n]*+(?:\n|\Z)){2,}+")
_LINE: Final = re.compile(rb"(data:[ ]?)([^\r\n]*)")


def cut_events(work: Work, value: bytes, place: Place) -> bytes:
    """`value` with the JSON redacted that the data lines of one event make together."""
    return _EVENT.sub(lambda match: _event(work, match[0], place), value)


def _event(work: Work, event: bytes, place: Place) -> bytes:
    lines = [_LINE.match(line) for line in event.split(b"\n")]
    data = [line[2] for line in lines if line is not None]
    joined = b"\n".join(data)
    if not json_text.is_lexical(joined):
        return event
    clean = json_text.redact_json(work, json_text.canonical(joined), place)
    if clean == joined:
        return event
    ending = b"\n" if event.endswith(b"\n") else b""
    prefix = lines[0][1] if lines[0] is not None else b"data: "
    return prefix + clean.replace(b"\n", b"\n" + prefix) + ending
