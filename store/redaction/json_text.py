"""Cuts secrets out of JSON text (RFC 8259) without parsing it into objects.

Order, white space, numbers, repeated keys stay as sent, and the same code serves prefixes of
longer documents, NDJSON and concatenated documents: all that is needed is that strings are in
step. Only places where the prefilter found something are looked at.
"""

import re
from typing import Final

from store.redaction import shapes
from store.redaction.json_contexts import CALL, RELATED, STORED
from store.redaction.json_objects import cut_related
from store.redaction.json_secrets import cut_hosts, cut_numbers, cut_strings
from store.redaction.json_strings import quoted, unquoted
from store.redaction.json_trail import Place, Trail
from store.redaction.named import (
    cut_named,
    cut_value,
    has_own_form,
    rule_of,
)
from store.redaction.names import Kind
from store.redaction.prose import is_prose
from store.redaction.values import is_card
from store.redaction.work import DEPTH, Work

_ESCAPE: Final = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_NEEDED: Final = frozenset((0x22, 0x5C, 0x7F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF))
_COLON: Final = re.compile(rb"[ \t\r\n]*+:[ \t\r\n]*+")
_SCALAR: Final = re.compile(rb"[^\s,\]}\"]++")
_BRACKET: Final = re.compile(rb'"[^"]*+"?|[{}\[\]]')
_NUMBER: Final = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_LEXICAL: Final = re.compile(
    rb'(?:[{}\[\],:\s\x1e]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"|[-+0-9.eE]++|true|false|null|NaN|-?Infinity)*+'
    rb'(?:"[^"\\]*+(?:\\.[^"\\]*+)*+\\?|[a-z]{1,4})?\Z',
    re.DOTALL,
)
_ERRORS: Final = re.compile(r"(?i)error|violation|message|invalid|validation|detail|issues")
_PROBABILITY: Final = re.compile(
    rb'\s*,\s*"(?:logprob|bytes|start_offset|end_offset|position|lemma|pos)"'
)
_LONGEST_NAME: Final = 120


def canonical(document: bytes) -> bytes:
    """The same JSON with needless escapes undone (`\\/`, `\\u0041`), so that names and values
    can be found as bytes."""
    if b"\\" not in document or (b"\\/" not in document and b"\\u" not in document):
        return document
    return _ESCAPE.sub(_unescape, document)


def _unescape(match: re.Match[bytes]) -> bytes:
    if match[1]:
        code = int(match[1], 16)
        needed = code < 0x20 or code in _NEEDED or 0xD800 <= code <= 0xDFFF
        return match[0] if needed else chr(code).encode()
    return b"/" if match[2] == b"/" else match[0]


def is_lexical(document: bytes) -> bool:
    """Whether `document` consists of JSON's tokens, the last one perhaps cut short: then it is
    a prefix of JSON, NDJSON, or JSON with small faults."""
    start = document.lstrip()[:1]
    return start in (b"{", b"[") and b'"' in document and _LEXICAL.match(document) is not None


def redact_json(work: Work, document: bytes, place: Place) -> bytes:
    """`document`, canonical and in step, without its secrets."""
    return _Document(work, document, place).redacted()


class _Document:
    """One document on its way: edits are collected from left to right, then applied."""

    def __init__(self, work: Work, document: bytes, place: Place) -> None:
        self._work = work
        self._text = document
        self._masked = document
        if b"\\" in document:
            # Same offsets, but a quote now always begins or ends a string.
            self._masked = document.replace(b"\\\\", b"__").replace(b'\\"', b"__")
        self._place = place
        self._trail = Trail(self._masked, place)
        self._edits: list[tuple[int, int, bytes]] = []
        self._names: list[tuple[int, int, Kind]] = []
        self._related = False

    def redacted(self) -> bytes:
        done = 0
        for start in self._work.rules.suspicion.starts(self._text):
            at = start + 1
            if at >= done:
                self._work.check()
                done = self._look(start, at, done)
        if self._related or self._names:
            self._edits = cut_related(
                self._work, self._text, self._masked, self._place, self._names, self._edits
            )
        out: list[bytes] = []
        end = 0
        for first, last, replacement in self._edits:
            out += (self._text[end:first], replacement)
            end = last
        return b"".join((*out, self._text[end:])) if out else self._text

    def _look(self, start: int, at: int, done: int) -> int:
        """Handle the token around a suspicious place; returns where to go on."""
        masked = self._masked
        if masked[start : start + 1].isdigit() and masked.count(b'"', 0, start) % 2 == 0:
            return self._number(start)
        left = masked.rfind(b'"', 0, at)
        if left < done - 1 or left < 0:
            return done
        if masked.count(b'"', 0, left) % 2:
            # Between two strings: the match began before the string that it is about.
            left = masked.find(b'"', at)
            if left < 0:
                return len(masked)
        right = masked.find(b'"', left + 1)
        if right < 0:
            right = len(masked)
        colon = _COLON.match(masked, right + 1)
        if colon is not None:
            return self._member(left, right, colon.end())
        self._value(left, right, lambda: self._trail.of_value(left))
        return right + 1

    def _member(self, left: int, right: int, start: int) -> int:
        """A key, and its value when the key says something; returns where to go on."""
        name = self._text[left + 1 : right]
        kind = self._work.names.kind(name)
        if RELATED.match(self._text, left):
            self._related = True
        if kind is Kind.PLAIN:
            clean = shapes.cut_shapes(self._work, name, self._place)
            if clean != name:
                self._edits.append((left + 1, right, clean))
            return right + 1
        first = self._masked[start : start + 1]
        if first == b'"':
            end = self._masked.find(b'"', start + 1)
            end = len(self._masked) if end < 0 else end
            self._secret_string(name, kind, start, end, left)
            return end + 1
        if first in (b"{", b"["):
            return self._container(name, kind, start, left)
        return self._scalar(name, kind, start, left)

    def _secret_string(self, name: bytes, kind: Kind, start: int, end: int, key: int) -> None:
        value = unquoted(self._text[start + 1 : end])
        place = self._trail.to(key, name)
        if has_own_form(name):
            clean = cut_named(self._work, name, value, place)
        elif self._is_model_token(name, end):
            return
        elif self._work.is_secret(kind, value, uuid=b"ecret" in name):
            if b" " in value and is_prose(value) and _ERRORS.search(place):
                clean = self._work.text(value, place)
            else:
                clean = cut_value(self._work, name, value, place)
        else:
            self._value(start, end, place)
            return
        if clean != value:
            self._edits.append((start + 1, end, quoted(clean)))

    def _is_model_token(self, name: bytes, end: int) -> bool:
        """Whether this is a word of a text: a language model's beside its probability, a
        search engine's beside its position."""
        return name == b"token" and _PROBABILITY.match(self._text, end + 1) is not None

    def _container(self, name: bytes, kind: Kind, start: int, key: int) -> int:
        end = self._close(start)
        place = self._trail.to(key, name)
        if self._work.depth >= DEPTH:
            mark = self._work.cut(self._text[start:end], place, "too deep")
            self._edits.append((start, end, b'"' + mark + b'"'))
            return end
        self._work.depth += 1
        try:
            document = redact_json(self._work, self._text[start:end], place)
        finally:
            self._work.depth -= 1
        listed = self._text[start : start + 1] == b"["
        if kind is Kind.LIKELY and not listed:
            document = cut_hosts(self._work, document, name, place)
        elif not (_ERRORS.search(place) and b" " in document):
            document = cut_strings(self._work, document, name, kind, place)
        if listed and kind >= Kind.SECRET and b'"' not in document:
            document = cut_numbers(self._work, document, name, place)
        if document != self._text[start:end]:
            self._edits.append((start, end, document))
        return end

    def _scalar(self, name: bytes, kind: Kind, start: int, key: int) -> int:
        match = _SCALAR.match(self._text, start)
        if match is None:
            return start
        value = match[0]
        digits = sum(byte in b"0123456789" for byte in value)
        if _NUMBER.fullmatch(value) and (
            (kind is Kind.NUMERIC and digits >= 3)
            or (kind is Kind.SECRET and digits >= 6 and value.isdigit())
            or is_card(value)
        ):
            mark = self._work.cut(value, self._trail.to(key, name), rule_of(name))
            self._edits.append((start, match.end(), b'"' + mark + b'"'))
        return match.end()

    def _number(self, start: int) -> int:
        match = re.compile(rb"[0-9.eE+-]+").match(self._text, start)
        end = match.end() if match else start + 1
        if is_card(self._text[start:end]) and self._text[start - 1 : start] in b" :,[\t\r\n":
            mark = self._work.cut(self._text[start:end], self._trail.to(start), "card")
            self._edits.append((start, end, b'"' + mark + b'"'))
        return end

    def _value(self, left: int, right: int, place: Place) -> None:
        """A string whose own name says nothing: by its content, or as the name of another."""
        raw = self._text[left + 1 : right]
        value = unquoted(raw)
        if STORED in raw or raw == b"SecureString" or b"$" in raw or CALL.match(self._text, left):
            self._related = True
        clean = self._work.text(value, place)
        if clean != value:
            self._edits.append((left + 1, right, quoted(clean)))
        elif len(raw) <= _LONGEST_NAME and (kind := self._work.names.kind(raw)) is not Kind.PLAIN:
            self._names.append((left, right, kind))

    def _close(self, start: int) -> int:
        """The end of the container that opens at `start`."""
        depth = 0
        for match in _BRACKET.finditer(self._masked, start):
            token = match[0]
            if token in (b"{", b"["):
                depth += 1
            elif token in (b"}", b"]"):
                depth -= 1
                if depth == 0:
                    return match.end()
        return len(self._masked)
