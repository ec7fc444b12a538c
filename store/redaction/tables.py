"""Secrets in columns: CSV and its relatives, SQL's `INSERT`, Kubernetes' secrets in YAML."""

import re
from typing import Final

from store.redaction import markup
from store.redaction.json_trail import Place, readable, shown
from store.redaction.named import rule_of
from store.redaction.names import Kind, pieces_of
from store.redaction.values import is_benign
from store.redaction.work import Work

_COLUMNS: Final = re.compile(
    rb"[ \t]*\|?[ ]?\"?[\w .-]{1,60}\"?(?:([,;\t|])[ ]?\"?[\w .-]{1,60}\"?){1,200}\|?[ \t]*"
)
_LEAD: Final = re.compile(rb"(?:[ \t]*(?:#[^\n]*|sep=.)?\r?\n){1,20}|\xef\xbb\xbf")
_RULE: Final = re.compile(rb"[+|]?(?:[-=:]{2,300}[+|])+[-=:]{0,300}")
_RECORD: Final = re.compile(rb"-\[ RECORD \d{1,9} \]|\*{5,40} \d{1,9}\. row")
_FIELD: Final = re.compile(rb"[ ]{0,40}([\w .-]{1,60}?)([ ]{0,40}(?:\||:)[ ])(.*?)([ \t\r]*)")
_AROUND: Final = b" '\"\r\t|"
_SETTING: Final = re.compile(rb"[\"']?[A-Z][A-Z0-9]{0,60}(?:_[A-Z0-9]{1,60}){0,8}[\"']?([,;\t|])")
_ALONE: Final = re.compile(rb"[\"']?[\w.-]{2,60}[\"']?\r?")
_MOST_TABLES: Final = 50
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
    if b"!!" in value or b"||" in value:
        value = _cut_wiki(work, value, place)
    if b"-+-" in value or b"[ RECORD " in value:
        value = _cut_drawn(work, value, place)
    if b"nto" in value or b"NTO" in value:
        value = _cut_inserts(work, value, place)
    if b"COPY" in value:
        value = _COPY.sub(lambda match: _copied(work, match, place), value)
    if b"Secret" in value and (_SECRET_KIND.search(value) or b"stringData" in value):
        value = _SECRET_DATA.sub(lambda match: _secret_data(work, match, shown(place)), value)
    return value


def _cut_wiki(work: Work, value: bytes, place: Place) -> bytes:
    """Tables of wikis: headings between `!!` or `||`, and cells between `||` or `|`."""
    lines = value.split(b"\n")
    if len(lines) > _MOST_ROWS:
        return value
    table: _Table | None = None
    for number, line in enumerate(lines):
        bare = line.strip()
        if bare[:1] == b"!" and b"!!" in bare:
            table = _Table(work, bare[1:].replace(b"!!", b"||"), b"||", place)
        elif bare[:2] == b"||" == bare[-2:]:
            table = _Table(work, bare[2:-2].replace(b"||", b"|"), b"|", place)
        elif table is not None and table.secret and bare[:1] == b"|":
            start = line.index(b"|") + 1
            end = len(line.rstrip(b" |\r")) if bare.endswith(b"|") else len(line)
            lines[number] = line[:start] + table.row(line[start:end]) + line[end:]
    return b"\n".join(lines)


def _cut_drawn(work: Work, value: bytes, place: Place) -> bytes:
    """Tables as the clients of databases draw them, with a heading, or one record after another."""
    lines = value.split(b"\n")
    if len(lines) > _MOST_ROWS:
        return value
    table: _Table | None = None
    record = False
    for number, line in enumerate(lines):
        if _RECORD.match(line):
            record, table = True, None
        elif _RULE.fullmatch(line.strip()):
            record = False
            heading = lines[number - 1] if number else b""
            below = lines[number + 1] if number + 1 < len(lines) else b""
            for names in (heading, below):
                if table is None and names.count(b"|") and not _RULE.fullmatch(names.strip()):
                    table = _Table(work, names, b"|", place)
        elif record and (pair := _FIELD.fullmatch(line)) is not None:
            kind = work.names.kind(pair[1])
            if work.is_secret(kind, pair[3]):
                where = f"{shown(place)}.{readable(pair[1])}"
                lines[number] = (
                    pair[1] + pair[2] + work.cut(pair[3], where, rule_of(pair[1])) + pair[4]
                )
        elif table is not None and table.secret:
            if b"|" in line:
                lines[number] = table.row(line)
            elif not line.strip():
                table = None
    return b"\n".join(lines)


def _copied(work: Work, match: re.Match[bytes], place: Place) -> bytes:
    """PostgreSQL's `COPY t (a, b) FROM stdin;` and its tab-separated rows."""
    heading = b"\t".join(name.strip(b' "') for name in match[2].split(b",")) + b"\n"
    rows = _cut_columns(work, heading + match[3], place)
    return match[1] + rows[rows.index(b"\n") + 1 :]


def _secret_data(work: Work, match: re.Match[bytes], place: str) -> bytes:
    cut = markup.cut_container(work, match[1], Kind.SECRET, place, every=True)
    return match[0][: match.start(1) - match.start()] + cut


def _cut_inserts(work: Work, value: bytes, place: Place) -> bytes:
    out: list[bytes] = []
    end = 0
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
    """Tables with a heading, one or several with empty lines between them."""
    gap = b"\r\n\r\n" if b"\r\n\r\n" in value else b"\n\n"
    blocks = value.split(gap)
    if len(blocks) > _MOST_TABLES:
        return _cut_block(work, value, place)
    return gap.join([_cut_block(work, block, place) for block in blocks])


def _cut_block(work: Work, value: bytes, place: Place) -> bytes:
    """CSV and its relatives."""
    lead = _LEAD.match(value)
    start = lead.end() if lead else 0
    heading, newline, _ = value[start:].partition(b"\n")
    if value.count(b"\n") > _MOST_ROWS:
        return value
    rows = value[start:].split(b"\n")
    separator = _is_settings(rows)
    if separator:
        table = _Table(work, b"name" + separator + b"value", separator, place)
        return value[:start] + b"\n".join([table.row(row) for row in rows])
    if newline and _ALONE.fullmatch(heading):
        return value[:start] + _cut_column(work, rows, place)
    match = _COLUMNS.fullmatch(heading.rstrip(b"\r")) if newline else None
    if match is None:
        return value
    table = _Table(work, heading, match[1], place)
    if table.pair is None and not table.secret:
        return value
    rows[1:] = [table.row(row) for row in rows[1:]]
    return value[:start] + b"\n".join(rows)


class _Table:
    """What the heading of a table says about its columns."""

    def __init__(self, work: Work, heading: bytes, separator: bytes, place: Place) -> None:
        self._work = work
        self._separator = separator
        self._place = place
        self._names = [name.strip(_AROUND) for name in heading.split(separator)]
        self._kinds = [work.names.kind(name) for name in self._names]
        self.secret = [at for at, kind in enumerate(self._kinds) if kind is not Kind.PLAIN]
        self.pair = self._name_and_value()

    def _name_and_value(self) -> tuple[int, int] | None:
        """The columns of a table of settings, `key,value`."""
        glued = ["".join(pieces_of(name)) for name in self._names]
        rules = self._work.rules
        names = [at for at, name in enumerate(glued) if name in rules.pair_names]
        values = [at for at, name in enumerate(glued) if name in rules.pair_values]
        return (names[0], values[0]) if names and values and names[0] != values[0] else None

    def row(self, row: bytes) -> bytes:
        """One row without its secret cells."""
        cells = _cells(row, self._separator)
        if len(cells) != len(self._names):
            return row
        for index in self.secret:
            self._cut(cells, index, self._kinds[index], self._names[index])
        if self.pair is not None:
            name = cells[self.pair[0]].strip(_AROUND)
            self._cut(cells, self.pair[1], self._work.names.kind(name), name)
        return self._separator.join(cells)

    def _cut(self, cells: list[bytes], index: int, kind: Kind, name: bytes) -> None:
        cell = cells[index].strip(_AROUND)
        if self._work.is_secret(kind, cell) and cell.strip(b"-:="):
            place = f"{shown(self._place)}.{readable(name)}"
            cells[index] = cells[index].replace(cell, self._work.cut(cell, place, rule_of(name)))


def _is_settings(rows: list[bytes]) -> bytes:
    """The separator of rows of two cells without a heading, of which every first cell is like
    `DB_HOST`; empty where they are none."""
    filled = [row for row in rows if row.strip()]
    first = _SETTING.match(filled[0]) if len(filled) > 1 else None
    if first is None or not any(b"_" in row.partition(first[1])[0] for row in filled):
        return b""
    matches = map(_SETTING.match, filled)
    return first[1] if all(match and match[1] == first[1] for match in matches) else b""


def _cut_column(work: Work, rows: list[bytes], place: Place) -> bytes:
    """A table of one column: a name, and under it nothing but single words."""
    name = rows[0].strip(_AROUND)
    kind = work.names.kind(name)
    if kind is Kind.PLAIN or any(b" " in row.strip() for row in rows):
        return b"\n".join(rows)
    where = f"{shown(place)}.{readable(name)}"
    for number, row in enumerate(rows[1:], 1):
        cell = row.strip(_AROUND)
        if work.is_secret(kind, cell) and not is_benign(cell):
            rows[number] = row.replace(cell, work.cut(cell, where, rule_of(name)))
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
