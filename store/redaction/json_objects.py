"""Secrets in JSON that only the neighbours of a value betray.

`{"name": "DB_PASSWORD", "value": ...}` and its many spellings, `["Authorization", "Bearer ..."]`,
flat lists of headers, options of commands, and what `json_contexts` knows.
"""

import re
from typing import Final

from store.redaction.json_containers import Containers, Member, Span
from store.redaction.json_contexts import cut_contexts
from store.redaction.json_tables import column
from store.redaction.json_trail import Place
from store.redaction.names import Kind, pieces_of
from store.redaction.work import Work

_LISTED: Final = frozenset(
    b"header headers trailer trailers pairs params parameters arguments metadata labels env "
    b"environment fields attributes properties kv".split()
)
_SETTING: Final = re.compile(rb'(?i)"(?:HM?SET|HSETNX|M?SET(?:NX|EX)?|CONFIG|setenv|export|env)"')

_FILE: Final = re.compile(
    rb"(?:[\w.@-]{1,60}/){0,12}[\w.-]{1,80}\.(?:py|[jt]sx?|go|rs|rb|java|kts?|cs|php|[ch](?:pp)?|sh|ya?ml|json|toml"
    rb"|ini|cfg|conf|md|rst|txt|html?|css|xml|env|sql|tf|lua|swift|scala|vue|properties|ipynb|diff)"
)
"""A file is read by what it holds, whatever it is called."""
_ACTION: Final = re.compile(
    rb"(?:list|get|create|delete|update|rotate|revoke|generate|validate|check|verify|reset|search|find|fetch"
    rb"|add|remove|send|read|set)(?:_|(?=[A-Z]))"
)
_ASKED: Final = re.compile(
    rb"(?i)(?:how|do|does|did|why|where|when|is|are|was|were|have|has|can|could|should|would|will)\b.*\?"
)
"""What is asked about secrets, not for one."""

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
    containers = Containers(document, masked)
    objects = _Objects(work, containers, place)
    for left, right, kind in names:
        objects.named(left, right, kind)
    return _merged(edits, objects.edits + cut_contexts(work, containers, place))


def _merged(edits: list[Edit], more: list[Edit]) -> list[Edit]:
    """All edits in order, of overlapping ones the widest."""
    merged: list[Edit] = []
    for edit in sorted((*edits, *more), key=lambda e: (e[0], -e[1])):
        if merged and edit[0] < merged[-1][1]:
            continue
        merged.append(edit)
    return merged


class _Objects:
    def __init__(self, work: Work, containers: Containers, place: Place) -> None:
        self._work = work
        self._in = containers
        self._place = place
        self.edits: list[Edit] = []

    def named(self, left: int, right: int, kind: Kind) -> None:
        """A string value that is a secret's name: its neighbour may be the secret."""
        number = self._in.around(left)
        if number < 0:
            return
        span = self._in.spans[number]
        name = self._in.text[left + 1 : right]
        for cell in column(self._in, left):
            self._cut(name, kind, cell)
        if not self._in.is_object(span):
            self._in_list(span, left, name, kind)
            return
        at = self._in.position(span, left)
        if at >= 0:
            self._pair(self._in.members(span), at, name, kind)

    def _in_list(self, span: Span, left: int, name: bytes, kind: Kind) -> None:
        items = self._in.members(span)
        index = self._in.position(span, left)
        if index < 0:
            return
        if name.startswith(b"-"):
            if index + 1 < len(items):
                self._cut(name.lstrip(b"-"), kind, items[index + 1])
            return
        parent = self._in.spans[span.parent] if span.parent >= 0 else None
        holder = b""
        if parent is not None and self._in.is_object(parent):
            members, at = self._in.members(parent), self._in.position(parent, span.start)
            if at >= 0 and index == len(items) - 1:
                self._pair(members, at, name, kind)
            holder = members[at].key if at >= 0 else b""
        elif parent is not None and len(items) == 2 and index == 0:
            self._cut(name, kind, items[1])
            return
        if index + 1 < len(items) and self._is_flat(items, index, holder):
            self._cut(name, kind, items[index + 1])

    def _is_flat(self, items: list[Member], index: int, holder: bytes) -> bool:
        """Whether names and values take turns: `"rawHeaders": ["Host", "h", "Cookie", ...]`."""
        if not self._in.is_string(items[index + 1]):
            return False
        if index and _SETTING.fullmatch(self._in.raw(items[0])):
            return True
        listed = pieces_of(holder)[-1:]
        return len(items) % 2 == index % 2 == 0 and bool(listed) and listed[0].encode() in _LISTED

    def _pair(self, members: list[Member], at: int, name: bytes, kind: Kind) -> None:
        role = "".join(pieces_of(members[at].key))
        if role not in self._work.rules.pair_names:
            return
        if role in ("type", "id", "path", "target") and kind is Kind.JUDGED:
            return
        if _FILE.fullmatch(name) or _ASKED.fullmatch(name):
            return
        for member in (*members[:at], *members[at + 1 :]):
            if _ACTION.match(name) and self._in.inside(member) is not None:
                # What a tool is called with has names of its own.
                continue
            if self._holds_value(member.key):
                self._cut(name, kind, member)

    def _holds_value(self, key: bytes) -> bool:
        pieces = pieces_of(key)
        return pieces[-1:] == ["value"] or "".join(pieces) in self._work.rules.pair_values

    def _cut(self, name: bytes, kind: Kind, member: Member) -> None:
        """Cut the value of `member` as if it stood under `name`."""
        key = name.rpartition(b"/")[2] or name
        raw = self._in.raw(member)
        inside = self._work.text(b'{"' + key.replace(b'"', b"") + b'":' + raw + b"}", self._place)
        changed = inside[inside.index(b'":') + 2 : -1]
        if changed != raw:
            self.edits.append((member.start, member.end, changed))
