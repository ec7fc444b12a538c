"""The containers of a JSON text, found by their brackets, and what they hold."""

import re
from bisect import bisect_right
from typing import Final, NamedTuple

_TOKEN: Final = re.compile(rb'"[^"]*+"?|[{}\[\]]')
_KEY: Final = re.compile(rb'[\s,]*+"([^"]*+)"\s*+:\s*+')
_ITEM: Final = re.compile(rb"[\s,]*+")
_SCALAR: Final = re.compile(rb"[^\s,\]}]++")
_MOST_ITEMS: Final = 400


class Span(NamedTuple):
    """A container: where it starts and ends, and the number of the one around it, or -1."""

    start: int
    end: int
    parent: int


class Member(NamedTuple):
    """A member of an object, or with an empty key an element: where its value stands."""

    key: bytes
    start: int
    end: int


class Containers:
    """The containers of one document. `masked` is `text` with escapes hidden, byte for byte."""

    def __init__(self, text: bytes, masked: bytes) -> None:
        self.text = text
        self.masked = masked
        self.spans = _spans(masked)
        self._starts = [span.start for span in self.spans]
        self._index = {start: number for number, start in enumerate(self._starts)}
        self._held: dict[int, list[Member]] = {}
        self._places: dict[int, dict[int, int]] = {}

    def around(self, position: int) -> int:
        """The number of the innermost container around `position`, or -1."""
        number = bisect_right(self._starts, position) - 1
        while number >= 0 and self.spans[number].end <= position:
            number = self.spans[number].parent
        return number

    def is_object(self, span: Span) -> bool:
        """Whether it is an object, not a list."""
        return self.masked[span.start : span.start + 1] == b"{"

    def is_string(self, member: Member) -> bool:
        """Whether its value is a string."""
        return self.masked[member.start : member.start + 1] == b'"'

    def raw(self, member: Member) -> bytes:
        """Its value as it is written."""
        return self.text[member.start : member.end]

    def inside(self, member: Member) -> Span | None:
        """The container that is its value."""
        number = self._index.get(member.start)
        return None if number is None else self.spans[number]

    def members(self, span: Span) -> list[Member]:
        """What `span` holds directly; of a long list the first elements."""
        held = self._held.get(span.start)
        if held is None:
            held = self._members(span) if self.is_object(span) else self._items(span)
            self._held[span.start] = held
        return held

    def position(self, span: Span, start: int) -> int:
        """Which of the members of `span` has its value at `start`, or -1."""
        places = self._places.get(span.start)
        if places is None:
            places = {member.start: at for at, member in enumerate(self.members(span))}
            self._places[span.start] = places
        return places.get(start, -1)

    def _members(self, span: Span) -> list[Member]:
        members, at = [], span.start + 1
        while (key := _KEY.match(self.masked, at, span.end)) is not None:
            end = self._value_end(key.end(), span.end)
            members.append(Member(self.text[key.start(1) : key.end(1)], key.end(), end))
            at = end
        return members

    def _items(self, span: Span) -> list[Member]:
        items: list[Member] = []
        at = span.start + 1
        while True:
            gap = _ITEM.match(self.masked, at, span.end)
            start = gap.end() if gap else at
            if start >= span.end - 1 or len(items) > _MOST_ITEMS:
                return items
            end = self._value_end(start, span.end)
            if end <= start:
                return items
            items.append(Member(b"", start, end))
            at = end

    def _value_end(self, start: int, limit: int) -> int:
        first = self.masked[start : start + 1]
        if first == b'"':
            end = self.masked.find(b'"', start + 1, limit)
            return limit if end < 0 else end + 1
        if first in (b"{", b"["):
            return self.spans[self._index[start]].end if start in self._index else limit
        scalar = _SCALAR.match(self.masked, start, limit)
        return scalar.end() if scalar else start


def _spans(masked: bytes) -> list[Span]:
    """Every container of the document, in order of its start."""
    spans: list[Span] = []
    open_ones: list[int] = []
    for match in _TOKEN.finditer(masked):
        token = match[0]
        if token in (b"{", b"["):
            parent = open_ones[-1] if open_ones else -1
            open_ones.append(len(spans))
            spans.append(Span(match.start(), len(masked), parent))
        elif token in (b"}", b"]") and open_ones:
            number = open_ones.pop()
            spans[number] = spans[number]._replace(end=match.end())
    return spans
