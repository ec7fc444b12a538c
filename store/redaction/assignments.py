"""Secrets in running text that a name gives away: `password=...`, `token: ...`, `<Secret>...`,
`--api-key ...`, YAML, `.env`, logs, connection strings, GraphQL, XML, program text.

The words pattern finds places where a secret name may stand; the name is then taken whole,
classified, and its value found by what separates the two.
"""

import re
from typing import Final

from store.redaction import auth, cookies, markup
from store.redaction.assigned_values import find_value
from store.redaction.engine import Linear
from store.redaction.json_trail import Place, readable, shown
from store.redaction.named import cut_value, rule_of
from store.redaction.names import Kind
from store.redaction.work import Work

_NAME_BYTES: Final = bytes(
    byte
    for byte in range(256)
    if (chr(byte).isalnum() and byte < 128) or chr(byte) in "_-.$[]%@" or byte >= 128
)
_RIGHT_BYTES: Final = _NAME_BYTES.translate(None, b"%]@\xef")
_WINDOW: Final = 80
_NEXT_WORD: Final = re.compile(rb"[ ](\w{2,20})")
_COLUMNS: Final = re.compile(
    rb"[ \t]*\"?[\w .-]{1,60}\"?(?:([,;\t|])[ ]?\"?[\w .-]{1,60}\"?){1,200}[ \t]*"
)
_MOST_ROWS: Final = 20_000


def cut_assignments(work: Work, value: bytes, place: Place) -> bytes:
    """`value` without what is assigned to secret names in it."""
    if work.rules.words.found(value):
        value = _cut_columns(work, value, place)
        value = _cut_named(work, work.rules.words, value, place)
    if work.rules.judged.found(value):
        value = _cut_named(work, work.rules.judged, value, place)
    return value


def _cut_named(work: Work, words: Linear, value: bytes, place: Place) -> bytes:
    out, done = list[bytes](), 0
    for start, stop in words.spans(value):
        hit = start + 1
        if hit < done:
            continue
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
    kind = work.names.kind(name)
    while kind is Kind.PLAIN and right - left < _WINDOW:
        # "Api key: ..." is one name of two words.
        word = _NEXT_WORD.match(value, right)
        if word is None or right >= stop:
            break
        right = word.end()
        name = value[left:right]
        kind = work.names.kind(name)
    if kind is Kind.PLAIN:
        return None
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
            return first, last, _clean(work, name, secret, where)
    found = find_value(value, left, right, name)
    if found is None:
        return None
    first, last, container = found
    secret = value[first:last]
    if container:
        return first, last, markup.cut_container(work, secret, kind, where)
    if not _wanted(work, kind, name, secret):
        return None
    return first, last, _clean(work, name, secret, where)


def _wanted(work: Work, kind: Kind, name: bytes, secret: bytes) -> bool:
    if name.lower().endswith((b"authorization", b"cookie")):
        return bool(secret.strip())
    return work.is_secret(kind, secret, uuid=b"ecret" in name)


def _clean(work: Work, name: bytes, secret: bytes, place: str) -> bytes:
    lowered = name.lower()
    if lowered.endswith(b"authorization"):
        return auth.redact_authorization(work, secret, place)
    if lowered.endswith(b"cookie"):
        return cookies.redact_cookie(work, secret, place, lowered.endswith(b"set-cookie"))
    return cut_value(work, name, secret, place)


def _cut_columns(work: Work, value: bytes, place: Place) -> bytes:
    """Tables with a heading: CSV and its relatives."""
    heading, newline, _ = value.partition(b"\n")
    match = _COLUMNS.fullmatch(heading.rstrip(b"\r")) if newline else None
    if match is None:
        return value
    separator = match[1]
    names = [name.strip(b' "\r') for name in heading.split(separator)]
    kinds = [work.names.kind(name) for name in names]
    secret = [index for index, kind in enumerate(kinds) if kind is not Kind.PLAIN]
    rows = value.split(b"\n")
    if not secret or len(rows) > _MOST_ROWS:
        return value
    for number, row in enumerate(rows[1:], 1):
        cells = _cells(row, separator)
        if len(cells) != len(names):
            continue
        for index in secret:
            cell = cells[index].strip(b' "\r')
            if work.is_secret(kinds[index], cell):
                mark = work.cut(
                    cell, f"{shown(place)}.{readable(names[index])}", rule_of(names[index])
                )
                cells[index] = cells[index].replace(cell, mark)
        rows[number] = separator.join(cells)
    return b"\n".join(rows)


def _cells(row: bytes, separator: bytes) -> list[bytes]:
    """The cells of one row; a quoted cell may hold the separator."""
    if b'"' not in row:
        return row.split(separator)
    cells: list[bytes] = []
    open_quote = False
    for piece in row.split(separator):
        if open_quote:
            cells[-1] += separator + piece
        else:
            cells.append(piece)
        if piece.count(b'"') % 2:
            open_quote = not open_quote
    return cells
