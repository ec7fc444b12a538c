"""What all matches of a pattern have in common and is cheap to look for.

The prefilter asks one automaton for every shape of credential at once. In it a counted run such
as `[A-Za-z0-9]{40,}` has a state for each count, times the states of everything else, and on
bodies with many tokens RE2 kept making new ones: 230 ns a byte, against 15 for weakened patterns.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

RUN: Final = 10
"""Of a longer run so many characters are asked for; with fewer too much else is found."""
_TELLING: Final = 3
"""So many characters before a run tell enough without its length: after `00` alone it matters."""
_COUNTED: Final = 5
"""A run of so many or more has a state for each, times those of everything else."""

_CLASS: Final = r"\[\^?\]?(?:\\.|[^\]\\])*\]"
_ATOM: Final = re.compile(rf"({_CLASS}|\\.|[^\\\[(])((?:[*+?]|\{{(\d+)[\d,]*\}})?\??)", re.DOTALL)
_QUANTIFIER: Final = re.compile(r"(?:[*+?]|\{\d+[\d,]*\})\??")
_INSIDE: Final = re.compile(rf"{_CLASS}|\\.|[()]", re.DOTALL)


class _Piece(NamedTuple):
    """One atom of a pattern: a class, a character, a group in whole."""

    atom: str
    repeat: str
    least: int
    """How many there must be, where a number says so."""

    @property
    def text(self) -> str:
        return self.atom + self.repeat


def weakened(pattern: str) -> str:
    """A pattern that matches within everything that `pattern` matches: of each alternative what
    stands before its first long run and the run's beginning; of a run that comes first its end.
    Without the alternatives that are to be asked `apart`."""
    return "|".join(_weakened(one) for one in _alternatives(pattern) if not _digits_before_run(one))


def apart(pattern: str) -> list[tuple[str, bytes]]:
    """The alternatives that are asked by themselves, each with what must stand in a text: in
    front of their long run are a few digits only. Where texts are full of numbers and ids they
    cost ten times as much together with the others."""
    return [
        ("".join(piece.text for piece in one), digits)
        for one in _alternatives(pattern)
        if (digits := _digits_before_run(one))
    ]


def literal_end(pattern: str) -> bytes:
    """The characters that must follow the long run which `pattern` is; empty when it is more,
    or something else. Text without them need not be asked for the run."""
    first, *others = _alternatives(pattern)
    if others or not any(piece.least > RUN for piece in first):
        return b""
    end = ""
    while first and not first[-1].repeat and len(first[-1].atom) == 1 and first[-1].atom != ".":
        end = first.pop().atom + end
    return end.encode() if first and first[-1].least > RUN else b""


def _weakened(pieces: list[_Piece]) -> str:
    kept, rest = "", pieces
    if len(pieces) > 1 and (pieces[0].text == "\\b" or pieces[0].text.startswith("(?:^|")):
        kept, rest = pieces[0].text, pieces[1:]
    if (run := _early_run(rest)) is not None:
        # What follows it tells more than that it is long, and where it begins then matters not.
        kept, rest = rest[run].atom, rest[run + 1 :]
    for number, piece in enumerate(rest):
        if piece.least > RUN and number >= _TELLING:
            return f"{kept}{piece.atom}{{{RUN}}}"
        kept += piece.text
    return kept


def _early_run(pieces: list[_Piece]) -> int | None:
    """The last of the counted runs near the beginning of which the rest tells enough, and what
    is in front of it nothing: words stay, or every UUID would be like `sdk-` and one."""
    found = 0 if pieces[0].least > RUN and len(pieces) > 1 else None
    for number, piece in enumerate(pieces[:_TELLING]):
        if piece.atom[0] == "(":
            break
        rest = pieces[number + 1 :]
        if piece.least >= _COUNTED and sum(map(_tells, rest)) >= _TELLING:
            found = number
    return found


def _tells(piece: _Piece) -> bool:
    """Whether it is one certain character, or a counted run."""
    certain = len(piece.atom) == 1 or (piece.atom[0] == "\\" and not piece.atom[1].isalpha())
    return (certain and not piece.repeat) or piece.least >= _COUNTED


def _digits_before_run(pieces: list[_Piece]) -> bytes:
    """The digits in front of a long run, when after a word's beginning nothing else is."""
    digits = ""
    for piece in pieces[1:] if pieces[0].text == "\\b" else pieces:
        if piece.least > RUN:
            return digits.encode()
        if not piece.text.isdigit():
            return b""
        digits += piece.text
    return b""


def _alternatives(pattern: str) -> Iterator[list[_Piece]]:
    """The alternatives outside groups, each in pieces."""
    found: list[_Piece] = []
    for piece in _pieces(pattern):
        if piece.atom == "|":
            yield found
            found = []
        else:
            found.append(piece)
    yield found


def _pieces(pattern: str) -> Iterator[_Piece]:
    at = 0
    while at < len(pattern):
        if pattern[at] == "(":
            end = _close(pattern, at)
            inside = pattern[at + 3 : end - 1]
            if end == len(pattern) and pattern.startswith("(?:", at) and "|" not in inside:
                yield from _pieces(inside)
                return
            quantifier = _QUANTIFIER.match(pattern, end)
            count = quantifier[0] if quantifier else ""
            yield _Piece(pattern[at:end], count, 0)
            at = end + len(count)
            continue
        match = _ATOM.match(pattern, at)
        assert match is not None, "a pattern that compiles"
        yield _Piece(match[1], match[2], int(match[3] or 0))
        at = match.end()


def _close(pattern: str, start: int) -> int:
    """The end of the group that opens at `start`."""
    depth = 0
    for match in _INSIDE.finditer(pattern, start):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if depth == 0:
            return match.end()
    raise AssertionError("a pattern that compiles")
