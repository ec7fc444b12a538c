"""Secrets in columns: CSV and its relatives, SQL's `INSERT`, Kubernetes' secrets in YAML."""

import re
from typing import Final

from store.redaction import markup
from store.redaction.json_trail import Place, readable, shown
from store.redaction.named import rule_of
from store.redaction.names import Kind
from store.redaction.work import Work

_COLUMNS: Final = re.compile(
    rb"[ \t]*\|?[ ]?\"?[\w .-]{1,60}\"?(?:([,;\t|])[ ]?\"?[\w .-]{1,60}\"?){1,200}\|?[ \t]*"
)
_MOST_ROWS: Final = 20_000
_INSERT: Final = re.compile(
    rb"(?i)insert\s{1,9}into\s{1,9}[^\s(]{1,200}\s{0,9}\(([^()]{1,4000})\)\s{0,9}values?\s{0,9}"
)
_TUPLE: Final = re.compile(rb"\s*,?\s*\(((?:[^()']|'(?:[^'\\]|''|\\.)*')*+)\)")
_CELL: Final = re.compile(rb"\s*('(?:[^'\\]|''|\\.)*'|[^,']+)\s*(?:,|$)")
_COPY: Final = re.compile(
    rb"(COPY [^\s(]{1,200} \(([^()\n]{1,4000})\) FROM stdin;\r?\n)((?:(?!\\\.)[^\n]*\n)+)"
)
_SECRET_KIND: Final = re.compile(rb"(?m)^[ ]*kind:[ ]*[\"']?Secret[\"']?[ \t]*\r?$")
_SECRET_DATA: Final = re.compile(
    rb"(?m)^[ ]*(?:data|stringData):[ \t]*\r?\n((?:[ ]{2,}[^\n]*\n?)+)"
)


def cut_tables(work: Work, value: bytes, place: Place) -> bytes:
    """`value` without the cells that stand under secret names."""
    value = _cut_columns(work, value, place)
    if b"nto" in value or b"NTO" in value:
        value = _cut_inserts(work, value, place)
    if b"COPY" in value:
        value = _COPY.sub(lambda match: _copied(work, match, place), value)
    if b"Secret" in value and (_SECRET_KIND.search(value) or b"stringData" in value):
        value = _SECRET_DATA.sub(lambda match: _secret_data(work, match, shown(place)), value)
    return value


def _copied(work: Work, match: re.Match[bytes], place: Place) -> bytes:
    """PostgreSQL's `COPY t (a, b) FROM stdin;` and its tab-separated rows."""
    heading = b"\t".join(name.strip(b' "') for name in match[2].split(b",")) + b"\n"
    rows = _cut_columns(work, heading + match[3], place)
    return match[1] + rows[rows.index(b"\n") + 1 :]


def _secret_data(work: Work, match: re.Match[bytes], place: str) -> bytes:
    cut = markup.cut_container(work, match[1], Kind.SECRET, place)
    return match[0][: match.start(1) - match.start()] + cut


def _cut_inserts(work: Work, value: bytes, place: Place) -> bytes:
    out, end = list[bytes](), 0
    for insert in _INSERT.finditer(value):
        kinds = [work.names.kind(name.strip(b' `"[]')) for name in insert[1].split(b",")]
        at = insert.end()
        while (row := _TUPLE.match(value, at)) is not None:
            at = row.end()
            for kind, cell in zip(kinds, _CELL.finditer(row[1]), strict=False):
                secret = cell[1].strip().strip(b"'")
                if kind is Kind.PLAIN or not work.is_secret(kind, secret):
                    continue
                first = row.start(1) + cell.start(1) + cell[1].index(secret)
                out += (value[end:first], work.cut(secret, place, "sql"))
                end = first + len(secret)
    return b"".join((*out, value[end:])) if out else value


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
