"""Any text: finds what it is (JSON, form, multipart, ...) and cuts the secrets out of it.

This is what every string goes through, at any depth: a body, a string in it, a header's value,
a parameter, a decoded base64 run.
"""

import re
from typing import Final

from store.content import is_json
from store.redaction import (
    assignments,
    calls,
    commands,
    encoded,
    entities,
    event_stream,
    forms,
    json_text,
    logins,
    multipart,
    patterns,
    shapes,
    uri,
)
from store.redaction.json_strings import quoted, unquoted
from store.redaction.json_trail import Place
from store.redaction.work import DEPTH, Work

_FORM: Final = re.compile(
    rb"[\w.$\[\]%+~*@:-]{1,200}=[^&\s<>\"{}]*+(?:&[^&\s=<>\"{}]*+(?:=[^&\s<>\"]*+)?)++"
)
_EMBEDDED: Final = re.compile(rb'(?:\{|(?<![\w)\]])\[)\s{0,40}"|[{\[]\s{0,40}[{\[]')
"""Not `settings["a"]`, which is code."""
_MOST_LINES: Final = 20_000


def redact_text(work: Work, value: bytes, place: Place) -> bytes:
    """`value` without its secrets."""
    if not work.rules.suspicion.found(value):
        return encoded.cut_coded(work, value, place) if b"%" in value else value
    if work.depth >= DEPTH:
        return work.cut(value, place, "too deep")
    work.depth += 1
    try:
        clean = _structured(work, value, place)
        if clean is None:
            clean = scan(work, value, place)
            if b"%" in clean:
                clean = encoded.cut_coded(work, clean, place)
        return clean
    finally:
        work.depth -= 1


def scan(work: Work, value: bytes, place: Place) -> bytes:
    """Everything that is found in running text, whatever stands around it."""
    value = patterns.cut_blocks(work, value, place)
    value = entities.cut_entities(work, value, place)
    value = entities.cut_escapes(work, value, place)
    value = entities.cut_nodes(work, value, place)
    value = encoded.cut_printable(work, value, place)
    if b"data:" in value:
        value = event_stream.cut_events(work, value, place)
    value = embedded_json(work, value, place)
    if b":" in value:
        value = logins.cut_logins(work, value, place)
    if b"/" in value or b"?" in value:
        value = uri.cut_urls(work, value, place)
    value = assignments.cut_assignments(work, value, place)
    value = entities.cut_declared(work, value, place)
    value = patterns.cut_schemes(work, value, place)
    value = shapes.cut_shapes(work, value, place)
    value = patterns.cut_numbers(work, value, place)
    value = commands.cut_commands(work, value, place)
    value = calls.cut_calls(work, value, place)
    value = encoded.cut_hex(work, value, place)
    return encoded.cut_base64(work, value, place)


def _structured(work: Work, value: bytes, place: Place) -> bytes | None:
    """`value` redacted by its structure, `None` when it is running text."""
    first = value.lstrip()[:1]
    if first in (b"{", b"[") and json_text.is_lexical(value):
        return json_text.redact_json(work, json_text.canonical(value), place)
    if first == b'"' and is_json(value):
        start = value.index(b'"')
        end = value.rindex(b'"')
        inner = unquoted(value[start + 1 : end])
        clean = redact_text(work, inner, place)
        return value if clean == inner else b'"' + quoted(clean) + b'"'
    if first == b"-" and multipart.is_multipart(value):
        return multipart.redact_multipart(work, value, place)
    if value.count(b";") < value.count(b"&") and _FORM.fullmatch(value.strip()):
        return forms.redact_form(work, value, place)
    return None


def embedded_json(work: Work, value: bytes, place: Place) -> bytes:
    """JSON in running text: log lines, server-sent events, `payload = {...}`."""
    found = _EMBEDDED.search(value)
    if found is None:
        return value
    start = found.start()
    close = b"}" if value[start : start + 1] == b"{" else b"]"
    end = value.rfind(close) + 1
    if end > start and json_text.is_lexical(value[start:end]):
        return value[:start] + _json_part(work, value[start:end], place) + value[end:]
    lines = value.split(b"\n")
    if len(lines) > _MOST_LINES:
        return value
    for number, line in enumerate(lines):
        found = _EMBEDDED.search(line)
        if found is not None:
            end = max(line.rfind(b"}"), line.rfind(b"]")) + 1
            start = found.start()
            if end > start and json_text.is_lexical(line[start:end]):
                part = _json_part(work, line[start:end], place)
                lines[number] = line[:start] + part + line[end:]
    return b"\n".join(lines)


def _json_part(work: Work, value: bytes, place: Place) -> bytes:
    return json_text.redact_json(work, json_text.canonical(value), place)
