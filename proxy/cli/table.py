"""Tables that fit the terminal."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from proxy.cli.terminal import columns_of, line_width, one_line, say, shortened, styled

_GAP: Final = "  "
_ALIGNED: Final = 60
"""Outside of terminals cells are whole; those up to so many columns line up."""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column: its heading, and how it behaves."""

    title: str
    right: bool = False
    least: int | None = None
    """Columns that the widest cells may shrink to when the terminal is narrow; `None`: never."""
    drop: int = 0
    """Left out on a narrow terminal, highest first; 0: never."""
    style: Callable[[str], tuple[str, ...]] | None = None
    """The styles of a cell, from its text."""


def say_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under headings, cut to the terminal's width; in full where there is none."""
    for line in table_lines(columns, rows, line_width()):
        say(line)


def table_lines(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None
) -> list[str]:
    """The lines of a table; `width` is the terminal's, `None` for no limit: then a long cell
    moves the rest of its own row, not of all rows."""
    cells = [[one_line(cell) for cell in row] for row in rows]
    widths = [
        max([columns_of(column.title), *_lengths((row[i] for row in cells), width)])
        for i, column in enumerate(columns)
    ]
    shown = list(range(len(columns)))
    if width is not None:
        shown = _fitting(columns, widths, width)
        _shrink(columns, widths, shown, width)
        cells = [[shortened(cell, widths[i]) for i, cell in enumerate(row)] for row in cells]
    head = [_padded(columns[i], columns[i].title, widths[i], i == shown[-1]) for i in shown]
    lines = [styled(_GAP.join(head).rstrip(), "bold")]
    for row in cells:
        parts = []
        for i in shown:
            column = columns[i]
            padded = _padded(column, row[i], widths[i], i == shown[-1])
            parts.append(styled(padded, *(column.style(row[i]) if column.style else ())))
        lines.append(_GAP.join(parts).rstrip())
    return lines


def _lengths(cells: Iterable[str], width: int | None) -> list[int]:
    """How wide cells are, those left out that would push a column far to the right in a pipe."""
    lengths = [columns_of(cell) for cell in cells]
    return lengths if width is not None else [one for one in lengths if one <= _ALIGNED]


def _fitting(columns: Sequence[Column], widths: list[int], width: int) -> list[int]:
    """Indexes of the columns that can be shown, the droppable ones left out as needed."""
    shown = list(range(len(columns)))
    while _least(columns, widths, shown) > width:
        droppable = [i for i in shown if columns[i].drop]
        if not droppable:
            break
        shown.remove(max(droppable, key=lambda i: columns[i].drop))
    return shown


def _least(columns: Sequence[Column], widths: list[int], shown: list[int]) -> int:
    least = 0
    for i in shown:
        limit = columns[i].least
        least += widths[i] if limit is None else min(widths[i], limit)
    return least + len(_GAP) * (len(shown) - 1)


def _shrink(columns: Sequence[Column], widths: list[int], shown: list[int], width: int) -> None:
    """Take what is too much from the widest columns that may shrink."""
    excess = sum(widths[i] for i in shown) + len(_GAP) * (len(shown) - 1) - width
    while excess > 0:
        able = [i for i in shown if widths[i] > (columns[i].least or widths[i])]
        if not able:
            return
        widths[max(able, key=lambda i: widths[i])] -= 1
        excess -= 1


def _padded(column: Column, text: str, width: int, last: bool) -> str:
    fill = " " * (width - columns_of(text))
    if column.right:
        return fill + text
    return text if last else text + fill
