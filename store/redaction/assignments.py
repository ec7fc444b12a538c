"""Secrets in running text that a name gives away: `password=...`, `token: ...`, `<Secret>...`,
`--api-key ...`, YAML, `.env`, logs, connection strings, GraphQL, XML, program text.

The words pattern finds places where a secret name may stand; the name is then taken whole,
classified, and its value found by what separates the two.
"""

import re
from typing import Final

from store.redaction import markup, tables
from store.redaction.assigned_values import find_value
from store.redaction.engine import Linear
from store.redaction.html_tables import cut_html_tables
from store.redaction.json_trail import Place, readable, shown
from store.redaction.named import cut_named, has_own_form
from store.redaction.names import Kind
from store.redaction.placeholders import is_placeholder
from store.redaction.work import Work

_NAME_BYTES: Final = bytes(
    byte
    for byte in range(256)
    if (chr(byte).isalnum() and byte < 128) or chr(byte) in "_-.$[]%@" or byte >= 128
)
_RIGHT_BYTES: Final = _NAME_BYTES.translate(None, b"%]@\xef")
_WINDOW: Final = 80
_ADDRESS: Final = re.compile(rb"(?<![\w-])(?:arn|urn):[a-z][a-z0-9-]{0,31}:[^\s\"'<>,;&?#=]*\Z")
_WORD_BEFORE: Final = re.compile(rb"(?<![\w-])([A-Za-z]{2,20})[ ]\Z")
_METRIC: Final = re.compile(rb"(?:\A|\n)[a-zA-Z_:][\w:]{2,100}\{[^{}\n]*\Z")
_NEXT_WORD: Final = re.compile(rb"[ ](\w{2,20})")


def cut_assignments(work: Work, value: bytes, place: Place) -> bytes:
    """`value` without what is assigned to secret names in it."""
    if work.rules.words.found(value):
        value = tables.cut_tables(work, value, place)
        value = cut_html_tables(work, value, place)
        value = _cut_named(work, work.rules.words, value, place)
    if work.rules.judged.found(value):
        value = _cut_named(work, work.rules.judged, value, place)
    return value


def _cut_named(work: Work, words: Linear, value: bytes, place: Place) -> bytes:
    out: list[bytes] = []
    done = 0
    for start, stop in words.touching(value):
        hit = start + 1
        if hit < done:
            continue
        work.check()
        found = _at(work, value, hit, stop, done, place)
        if found is not None:
            first, last, clean = found
            if first >= done and clean != value[first:last]:
                out += (value[done:first], clean)
                done = last
    return b"".join((*out, value[done:])) if out else value


def _at(
    work: Work, value: bytes, hit: int, stop: int, done: int, place: Place
) -> tuple[int, int, bytes] | None:
    """The cut that the name around `hit` asks for."""
    before = value[max(done, hit - _WINDOW) : hit]
    left = hit - len(before) + len(before.rstrip(_NAME_BYTES))
    after = value[hit : hit + _WINDOW]
    right = hit + len(after) - len(after.lstrip(_RIGHT_BYTES))
    name = value[left:right].rstrip(b".-")
    right = left + len(name)
    if _in_address(value, left) or b"[REDACTED" in name:
        return None
    kind = work.names.kind(name)
    while kind is Kind.PLAIN and right - left < _WINDOW:
        # "Api key: ..." is one name of two words.
        word = _NEXT_WORD.match(value, right)
        if word is None or right >= stop:
            break
        right = word.end()
        name = value[left:right]
        kind = work.names.kind(name)
    if kind is Kind.JUDGED and (word := _NEXT_WORD.match(value, right)) and word.end() <= stop:
        # "Private key: ..." says more than "private".
        longer = work.names.kind(value[left : word.end()])
        if longer >= Kind.SECRET:
            right, kind = word.end(), longer
            name = value[left:right]
    if kind is Kind.PLAIN or _is_qualified(work, value, left, name, kind):
        return None
    if kind > Kind.LIKELY and left and _METRIC.search(value, max(0, left - 300), left):
        # A label of a metric mostly names something.
        kind = Kind.LIKELY
    where = f"{shown(place)}.{readable(name)}"
    if left and (
        value[left - 1 : left] in (b"<", b":")
        or b"=" in value[max(0, left - 6) : left]
        or value[left - 1 : left] in (b'"', b"'", b">", b" ")
    ):
        marked = markup.find(work, value, left, right, name, kind)
        if marked is not None:
            first, last, container = marked
            secret = value[first:last]
            if container:
                return first, last, markup.cut_elements(work, secret, kind, where)
            return first, last, cut_named(work, name, secret, where)
    found = find_value(value, left, right, name, work.names, one_token=kind is Kind.JUDGED)
    if found is None:
        return None
    first, last, container = found
    secret = value[first:last]
    if container:
        return first, last, markup.cut_container(work, secret, kind, where)
    if not _wanted(work, kind, name, secret):
        return None
    return first, last, cut_named(work, name, secret, where)


def _is_qualified(work: Work, value: bytes, left: int, name: bytes, kind: Kind) -> bool:
    """Whether the word before makes it another name: `public key: ...`."""
    if kind is not Kind.JUDGED or value[left - 1 : left] != b" ":
        return False
    word = _WORD_BEFORE.search(value, max(0, left - 30), left)
    return word is not None and work.names.kind(word[1] + b" " + name) is Kind.PLAIN


def _in_address(value: bytes, left: int) -> bool:
    """Whether the name stands inside the address of a resource (ARN, URN; RFC 8141)."""
    before = value[max(0, left - _WINDOW * 2) : left]
    return b":" in before and _ADDRESS.search(before) is not None


def _wanted(work: Work, kind: Kind, name: bytes, secret: bytes) -> bool:
    if has_own_form(name):
        return bool(secret.strip())
    return not is_placeholder(secret) and work.is_secret(kind, secret, uuid=b"ecret" in name)
