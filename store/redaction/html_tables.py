"""Secrets in the columns of HTML's tables (HTML Standard, 4.9): the cells below a heading."""

import re
from typing import Final

from store.redaction.json_trail import Place, readable, shown
from store.redaction.named import rule_of
from store.redaction.names import Kind
from store.redaction.work import Work

_ROW: Final = re.compile(rb"(?i)<tr\b[^<>]{0,200}>")
_CELL: Final = re.compile(rb"(?i)<(t[hd])\b[^<>]{0,200}>")
_CELL_END: Final = re.compile(rb"(?i)</t[hdr]>|<t[hdr]")
_TAG: Final = re.compile(rb"<[^<>]{0,200}>")
_MOST_ROWS: Final = 20_000

type Headings = list[tuple[bytes, Kind]]


def cut_html_tables(work: Work, value: bytes, place: Place) -> bytes:
    """`value` without the cells below the names of secrets."""
    if b"<th" not in value and b"<TH" not in value:
        return value
    starts = [match.start() for match in _ROW.finditer(value)]
    if not 1 < len(starts) <= _MOST_ROWS:
        return value
    out = [value[: starts[0]]]
    headings: Headings = []
    for start, end in zip(starts, (*starts[1:], len(value)), strict=True):
        row = value[start:end]
        cells = list(_CELL.finditer(row))
        if len(cells) > 1 and all(cell[1].lower() == b"th" for cell in cells):
            names = [_text(row, cell)[0] for cell in cells]
            headings = [(name, work.names.kind(name)) for name in names]
        elif len(cells) == len(headings):
            work.check()
            row = _row(work, row, cells, headings, shown(place))
        out.append(row)
    return b"".join(out)


def _row(
    work: Work, row: bytes, cells: list[re.Match[bytes]], headings: Headings, place: str
) -> bytes:
    out: list[bytes] = []
    end = 0
    for cell, (name, kind) in zip(cells, headings, strict=True):
        secret, start, stop = _text(row, cell)
        if kind is Kind.PLAIN or not work.is_secret(kind, secret):
            continue
        mark = work.cut(secret, f"{place}.{readable(name)}", rule_of(name))
        out += (row[end:start], mark)
        end = stop
    return b"".join((*out, row[end:]))


def _text(row: bytes, cell: re.Match[bytes]) -> tuple[bytes, int, int]:
    """What a cell says without the elements in it, and where it stands."""
    close = _CELL_END.search(row, cell.end())
    inside = row[cell.end() : close.start() if close else len(row)]
    text = _TAG.sub(b"", inside).strip()
    at = inside.find(text)
    if at < 0:
        return text, cell.end(), cell.end() + len(inside)
    return text, cell.end() + at, cell.end() + at + len(text)
