"""Whether the name of a field, header or parameter says that its value is a secret.

Names are taken apart into word pieces (camelCase, `-`, `_`, `.`, spaces, brackets, percent and
backslash-u escapes), so `author`, `monkey` and `tokenizer` are no secrets and `dbPassword`,
`X-Api-Key` and `client[secret]` are.
"""

import re
import unicodedata
from enum import IntEnum
from typing import Final
from urllib.parse import unquote_to_bytes

from store.redaction.rules import NameRules
from store.redaction.values import is_random

_LIMIT: Final = 200
_MOST_SPLIT: Final = 6
_CACHE: Final = 20_000
_LONGEST_WORD: Final = 30
_DIGITS: Final = re.compile(rb"\d+")
_LEAST_RUNS: Final = 4
_DRAWN: Final = re.compile(rb"[A-Za-z0-9+/]+=*")
_PIECES: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+|\d+|[^\W\d_a-zA-Z]+")
_ESCAPE: Final = re.compile(r"[\\%]u([0-9a-fA-F]{4})")
_ABOUT: Final = frozenset(("for", "of", "from", "by"))
_VERSION: Final = re.compile(r"\d+")


class Kind(IntEnum):
    """How much a name says."""

    PLAIN = 0
    JUDGED = 1
    """Cut when the value looks random."""
    LIKELY = 2
    """Cut unless the value is benign: a plain word, a date, a small number."""
    SECRET = 3
    """Cut."""
    NUMERIC = 4
    """Cut, and numbers too."""


class Names:
    """Classifies names by one set of rules, and remembers what it said."""

    def __init__(self, rules: NameRules) -> None:
        self._rules = rules
        self._known: dict[bytes, Kind] = {}

    def kind(self, name: bytes) -> Kind:
        """What `name` (UTF-8, as sent) says of its value."""
        known = self._known.get(name)
        if known is None:
            if len(self._known) >= _CACHE:
                self._known.clear()
            pieces = [] if is_drawn(name) else pieces_of(name[-_LIMIT:])
            known = self._known[name] = self._classify(pieces)
        return known

    def _classify(self, pieces: list[str]) -> Kind:
        rules = self._rules
        whole = " ".join(pieces)
        if whole in rules.extra:
            return Kind.SECRET
        if whole in rules.keep or any(whole.endswith(" " + kept) for kept in rules.keep):
            return Kind.PLAIN
        for index, piece in enumerate(pieces):
            if index and piece in _ABOUT:
                # "tokenForUser" is a token.
                pieces = pieces[:index]
                break
        while len(pieces) > 1 and (pieces[-1] in rules.modifiers or _VERSION.fullmatch(pieces[-1])):
            pieces = pieces[:-1]
        whole = " ".join(pieces)
        if not pieces:
            return Kind.PLAIN
        last = pieces[-1]
        if (
            whole in rules.numeric
            or last in rules.numeric
            or " ".join(pieces[-2:]) in rules.numeric
        ):
            return Kind.NUMERIC
        tail = self._tail(pieces)
        if tail is not Kind.PLAIN:
            return tail
        if whole in rules.judged:
            return Kind.JUDGED
        if last in rules.neutral or (len(pieces) > 1 and last in rules.neutral_tails):
            return Kind.PLAIN
        if last in rules.judged:
            return Kind.JUDGED
        return Kind.LIKELY if self._inside(pieces) else Kind.PLAIN

    def _tail(self, pieces: list[str]) -> Kind:
        """What the last pieces say: there a secret word is the thing itself."""
        rules = self._rules
        last = pieces[-1]
        if any(" ".join(pieces[-length:]) in rules.phrases for length in (2, 3, 4)):
            return Kind.SECRET
        if any("".join(pieces[-length:]) in rules.glued for length in range(2, _MOST_SPLIT)):
            return Kind.SECRET
        if last in rules.loose:
            return Kind.LIKELY
        if last in rules.harmless:
            return Kind.PLAIN
        if last.endswith(rules.loose_endings):
            return Kind.LIKELY
        if last in rules.pieces or last.endswith(rules.endings):
            return Kind.SECRET
        return Kind.PLAIN

    def _inside(self, pieces: list[str]) -> bool:
        rules = self._rules
        if any(
            piece in rules.pieces or piece.endswith(rules.endings)
            for piece in pieces
            if piece not in rules.harmless
        ):
            return True
        padded = f" {' '.join(pieces)} "
        return any(f" {phrase} " in padded for phrase in rules.phrases)


def is_drawn(name: bytes) -> bool:
    """Whether what stands where names do is a run of base64."""
    return (
        len(name) >= _LONGEST_WORD
        and _DRAWN.fullmatch(name) is not None
        and len(_DIGITS.findall(name)) >= _LEAST_RUNS
        and is_random(name)
    )


def pieces_of(name: bytes) -> list[str]:
    """The lower-case word pieces of a name."""
    if b"%" in name:
        name = unquote_to_bytes(unquote_to_bytes(name))
    text = name.decode("utf-8", "replace")
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    if "\\" in text or "%u" in text:
        text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    return [piece.lower() for piece in _PIECES.findall(text)]
