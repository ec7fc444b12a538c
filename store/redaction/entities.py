"""Text with character references (`&lt;password&gt;`, HTML Standard 13.1.4), and the texts that
markup holds: looked at as what they stand for."""

import html
import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from store.redaction.encoded import realigned
from store.redaction.json_trail import Place
from store.redaction.named import cut_value
from store.redaction.work import DEPTH, Work

_REFERENCE: Final = re.compile(rb"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});")
_ESCAPED_QUOTE: Final = re.compile(rb"\\(?:u00|x)2[27]")
_ESCAPE: Final = re.compile(rb"\\(?:u00|x)([2-7][0-9A-Fa-f])")
_BETWEEN: Final = re.compile(rb"(?<=>)([^<>]{8,})(?=<)")
_SECTION: Final = b"<![CDATA["
_LEAST_SECTION: Final = 4
_DECLARED: Final = re.compile(
    rb"""(<!ENTITY\s{1,20}(?:%\s{1,20})?)([\w.:-]{1,60})(\s{1,20}["'])([^"']+)(["'])"""
)
_MOST_NODES: Final = 2_000


def cut_entities(work: Work, value: bytes, place: Place) -> bytes:
    """`value` without the secrets that show when its references are resolved."""
    if b"&" not in value or work.depth >= DEPTH or _REFERENCE.search(value) is None:
        return value
    plain = _REFERENCE.sub(_resolved, value)
    if plain == value:
        return value
    clean = work.text(plain, place)
    if clean == plain:
        return value
    kept = realigned(
        value, plain, clean, ((*m.span(), len(_resolved(m))) for m in _REFERENCE.finditer(value))
    )
    return html.escape(clean.decode("utf-8", "replace")).encode() if kept is None else kept


def cut_escapes(work: Work, value: bytes, place: Place) -> bytes:
    """`value` without the secrets that show when escapes of ASCII are resolved: programs write
    the quotes of JSON as `\\u0022` or `\\x22` inside their own texts."""
    if b"\\" not in value or work.depth >= DEPTH or _ESCAPED_QUOTE.search(value) is None:
        return value
    plain = _ESCAPE.sub(_unescaped, value)
    clean = work.text(plain, place)
    if clean == plain:
        return value
    kept = realigned(value, plain, clean, ((*m.span(), 1) for m in _ESCAPE.finditer(value)))
    return clean if kept is None else kept


def cut_declared(work: Work, value: bytes, place: Place) -> bytes:
    """`value` without what a document type declares for a reference (XML 1.0, 4.2) whose name, or
    the place where it stood, is a secret's."""
    if b"<!ENTITY" not in value:
        return value
    return _DECLARED.sub(lambda match: _declared(work, match, place), value)


def _declared(work: Work, match: re.Match[bytes], place: Place) -> bytes:
    name, secret = match[2], match[4]
    kind = work.names.kind(name)
    if b"&%b;" % name not in work.secrets and not work.is_secret(kind, secret):
        return match[0]
    return match[1] + name + match[3] + cut_value(work, name, secret, place) + match[5]


def cut_nodes(work: Work, value: bytes, place: Place) -> bytes:
    """`value`, some markup, with each text in it redacted by itself: it may be of any format."""
    if work.depth >= DEPTH or (b"</" not in value and b"<![CDATA[" not in value):
        return value
    out: list[bytes] = []
    end = 0
    for start, stop, section in islice(_nodes(value), _MOST_NODES):
        text = value[start:stop]
        if b"\n" not in text.strip() and b"&" not in text and b"%" not in text and not section:
            # On one line it says the same in the whole text.
            continue
        work.check()
        clean = work.text(text, place)
        if clean != text:
            out += (value[end:start], clean)
            end = stop
    return b"".join((*out, value[end:])) if out else value


def _nodes(value: bytes) -> Iterator[tuple[int, int, bool]]:
    """Where texts stand, in order, and whether as a section of CDATA. Once a section has no end
    no other one is looked for: each would be, to the end of the text."""
    at = 0
    while at < len(value):
        opened = value.find(_SECTION, at)
        closed = value.find(b"]]>", opened) if opened >= 0 else -1
        until = len(value) if closed < 0 else opened + 1
        for match in _BETWEEN.finditer(value, at, until):
            yield *match.span(1), False
        if closed < 0:
            return
        start = opened + len(_SECTION)
        if closed - start >= _LEAST_SECTION:
            yield start, closed, True
        at = closed + 3


def _unescaped(match: re.Match[bytes]) -> bytes:
    return bytes((int(match[1], 16),))


def _resolved(match: re.Match[bytes]) -> bytes:
    return html.unescape(match[0].decode()).encode("utf-8", "replace")
