"""Tables in JSON: names of columns in one list, the rows in another one beside it."""

from collections.abc import Iterator
from typing import Final

from store.redaction.json_containers import Containers, Member, Span

_COLUMNS: Final = frozenset(
    b"columns columnnames column_names cols fields fieldnames field_names header headers headings "
    b"names keys rowtype schema columninfo column_info".split()
)
_ROWS: Final = frozenset(b"rows row data values records items result results tuples".split())


def column(containers: Containers, left: int) -> Iterator[Member]:
    """The cells of the column that the string at `left` names, if it names one."""
    span = _span(containers, containers.around(left))
    start = left
    if span is not None and containers.is_object(span):
        # `{"name": "token", "type": "text"}`
        start, span = span.start, _span(containers, span.parent)
    if span is None or containers.is_object(span):
        return
    index = containers.position(span, start)
    owner = _span(containers, span.parent)
    while owner is not None and (index < 0 or not _is_heading(containers, owner, span)):
        # BigQuery has its fields in a schema of their own.
        span, owner = owner, _span(containers, owner.parent)
    if owner is None:
        return
    for member in containers.members(owner):
        rows = containers.inside(member) if member.key.lower() in _ROWS else None
        if rows is not None and rows != span and not containers.is_object(rows):
            yield from _cells(containers, rows, index)


def _span(containers: Containers, number: int) -> Span | None:
    return containers.spans[number] if number >= 0 else None


def _is_heading(containers: Containers, owner: Span, span: Span) -> bool:
    if not containers.is_object(owner):
        return False
    at = containers.position(owner, span.start)
    if at < 0 or containers.members(owner)[at].key.lower() not in _COLUMNS:
        return False
    return any(member.key.lower() in _ROWS for member in containers.members(owner))


def _cells(containers: Containers, rows: Span, index: int) -> Iterator[Member]:
    for row in containers.members(rows):
        inside = containers.inside(row)
        if inside is not None and containers.is_object(inside):
            # BigQuery: `{"f": [{"v": ...}, ...]}`
            listed = [m for m in containers.members(inside) if m.key in (b"f", b"values", b"cells")]
            inside = containers.inside(listed[0]) if listed else None
        if inside is None or containers.is_object(inside):
            continue
        cells = containers.members(inside)
        if index < len(cells):
            cell = cells[index]
            held = containers.inside(cell)
            if held is not None and containers.is_object(held):
                cell = next((m for m in containers.members(held) if m.key == b"v"), cell)
            yield cell
