"""Secrets in JSON that only the neighbours of a value betray.

`{"name": "DB_PASSWORD", "value": ...}` and its many spellings, `["Authorization", "Bearer ..."]`,
an OAuth `code` beside `grant_type`, the private numbers of a JSON Web Key (RFC 7517), and the
`data` of a Kubernetes Secret.
"""

import re
from bisect import bisect_right
from typing import Final, NamedTuple

from store.redaction.json_strings import unquoted
from store.redaction.json_trail import Place, shown
from store.redaction.names import Kind, pieces_of
from store.redaction.values import is_nothing
from store.redaction.work import Work

_TOKEN: Final = re.compile(rb'"[^"]*+"?|[{}\[\]]')
_KEY: Final = re.compile(rb'[\s,]*+"([^"]*+)"\s*+:\s*+')
_ITEM: Final = re.compile(rb"[\s,]*+")
_SCALAR: Final = re.compile(rb"[^\s,\]}]++")
_GRANT: Final = frozenset(
    b"code code_verifier device_code user_code refresh_token assertion client_secret otp "
    b"client_assertion subject_token actor_token".split()
)
_KEY_NUMBERS: Final = frozenset(b"d p q dp dq qi k oth".split())


class _Span(NamedTuple):
    start: int
    end: int
    parent: int


class _Member(NamedTuple):
    key: bytes
    start: int
    end: int


type Edit = tuple[int, int, bytes]


def cut_related(
    work: Work,
    document: bytes,
    masked: bytes,
    place: Place,
    names: list[tuple[int, int, Kind]],
    edits: list[Edit],
) -> list[Edit]:
    """`edits` with those added that neighbours ask for. `names` are the string values that
    are secret names themselves."""
    objects = _Objects(work, document, masked, place)
    for left, right, kind in names:
        objects.named(left, right, kind)
    objects.contexts()
    return _merged(edits, objects.edits)


def _merged(edits: list[Edit], more: list[Edit]) -> list[Edit]:
    """All edits in order, of overlapping ones the widest."""
    merged: list[Edit] = []
    for edit in sorted((*edits, *more), key=lambda e: (e[0], -e[1])):
        if merged and edit[0] < merged[-1][1]:
            continue
        merged.append(edit)
    return merged


class _Objects:
    """The containers of one document."""

    def __init__(self, work: Work, document: bytes, masked: bytes, place: Place) -> None:
        self._work = work
        self._text = document
        self._masked = masked
        self._place = place
        self._spans = _spans(masked)
        self._starts = [span.start for span in self._spans]
        self._index = {start: number for number, start in enumerate(self._starts)}
        self.edits: list[Edit] = []

    def named(self, left: int, right: int, kind: Kind) -> None:
        """A string value that is a secret's name: its neighbour may be the secret."""
        number = self._around(left)
        if number < 0:
            return
        span = self._spans[number]
        name = self._text[left + 1 : right]
        if self._masked[span.start : span.start + 1] == b"{":
            members = self._members(span)
            own = next((member for member in members if member.start == left), None)
            if own is not None:
                self._pair(members, own, name, kind)
            return
        items = self._items(span)
        if name.startswith(b"-"):
            starts = [item.start for item in items]
            after = starts.index(left) + 1 if left in starts else len(items)
            if after < len(items):
                self._cut(name.lstrip(b"-"), kind, items[after])
            return
        parent = self._spans[span.parent] if span.parent >= 0 else None
        if parent is None:
            return
        if self._masked[parent.start : parent.start + 1] == b"{":
            members = self._members(parent)
            own = next((member for member in members if member.start == span.start), None)
            if own is not None and items and items[-1].start == left:
                self._pair(members, own, name, kind)
        elif len(items) == 2 and items[0].start == left:
            self._cut(name, kind, items[1])
            return

    def _pair(self, members: list[_Member], own: _Member, name: bytes, kind: Kind) -> None:
        role = "".join(pieces_of(own.key))
        if role not in self._work.rules.pair_names:
            return
        if role in ("type", "id", "path", "target") and kind is Kind.JUDGED:
            return
        for member in members:
            if member is not own and self._holds_value(member.key):
                self._cut(name, kind, member)

    def _holds_value(self, key: bytes) -> bool:
        pieces = pieces_of(key)
        return pieces[-1:] == ["value"] or "".join(pieces) in self._work.rules.pair_values

    def _cut(self, name: bytes, kind: Kind, member: _Member) -> None:
        """Cut the value of `member` as if it stood under `name`."""
        key = name.rpartition(b"/")[2] or name
        raw = self._text[member.start : member.end]
        inside = self._work.text(b'{"' + key.replace(b'"', b"") + b'":' + raw + b"}", self._place)
        changed = inside[inside.index(b'":') + 2 : -1]
        if changed != raw:
            self.edits.append((member.start, member.end, changed))

    def contexts(self) -> None:
        """Objects that are recognised by a member."""
        for span in self._spans:
            if self._masked[span.start : span.start + 1] != b"{":
                continue
            members = self._members(span)
            keys = {member.key.lower() for member in members}
            if keys & {b"grant_type", b"code_verifier", b"verification_uri", b"client_id"}:
                self._all(members, _GRANT)
            if b"kty" in keys:
                self._all(members, _KEY_NUMBERS)
            kinds = [self._text[m.start : m.end] for m in members if m.key.lower() == b"kind"]
            if b"stringdata" in keys or any(kind.lower() == b'"secret"' for kind in kinds):
                for member in members:
                    if member.key.lower() in (b"data", b"stringdata"):
                        self._cut(b"secret", Kind.SECRET, member)

    def _all(self, members: list[_Member], wanted: frozenset[bytes]) -> None:
        for member in members:
            value = self._text[member.start + 1 : member.end - 1]
            quoted = self._masked[member.start : member.start + 1] == b'"'
            if member.key.lower() in wanted and quoted and not is_nothing(value):
                place = f"{shown(self._place)}.{member.key.decode('utf-8', 'replace')}"
                mark = self._work.cut(unquoted(value), place, "context")
                self.edits.append((member.start, member.end, b'"' + mark + b'"'))

    def _around(self, position: int) -> int:
        number = bisect_right(self._starts, position) - 1
        while number >= 0 and self._spans[number].end <= position:
            number = self._spans[number].parent
        return number

    def _members(self, span: _Span) -> list[_Member]:
        members, at = [], span.start + 1
        while (key := _KEY.match(self._masked, at, span.end)) is not None:
            end = self._value_end(key.end(), span.end)
            members.append(_Member(self._text[key.start(1) : key.end(1)], key.end(), end))
            at = end
        return members

    def _items(self, span: _Span) -> list[_Member]:
        items, at = list[_Member](), span.start + 1
        while True:
            gap = _ITEM.match(self._masked, at, span.end)
            start = gap.end() if gap else at
            if start >= span.end - 1 or len(items) > 64:
                return items
            end = self._value_end(start, span.end)
            if end <= start:
                return items
            items.append(_Member(b"", start, end))
            at = end

    def _value_end(self, start: int, limit: int) -> int:
        first = self._masked[start : start + 1]
        if first == b'"':
            end = self._masked.find(b'"', start + 1, limit)
            return limit if end < 0 else end + 1
        if first in (b"{", b"["):
            return self._spans[self._index[start]].end if start in self._index else limit
        scalar = _SCALAR.match(self._masked, start, limit)
        return scalar.end() if scalar else start


def _spans(masked: bytes) -> list[_Span]:
    """Every container of the document, in order of its start."""
    spans: list[_Span] = []
    open_ones: list[int] = []
    for match in _TOKEN.finditer(masked):
        token = match[0]
        if token in (b"{", b"["):
            parent = open_ones[-1] if open_ones else -1
            open_ones.append(len(spans))
            spans.append(_Span(match.start(), len(masked), parent))
        elif token in (b"}", b"]") and open_ones:
            number = open_ones.pop()
            spans[number] = spans[number]._replace(end=match.end())
    return spans
