"""Patterns that are matched in time linear in the text: RE2, or `re` where RE2 is missing.

The default rules are written so that `re` cannot backtrack far in them either (no nested
repetition); a user's patterns are taken only with RE2, which guarantees it.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from store.errors import RuleError
from store.re2_errors import reason_of

try:
    import re2
except ImportError:  # pragma: no cover - the wheel brings it on every platform we support
    re2 = None

MEMORY: Final = 64 << 20
"""Bytes that RE2 may use for one pattern's automaton before it starts over."""


class Linear:
    """One compiled pattern over bytes."""

    __slots__ = ("_compiled", "_first", "_needs")

    def __init__(self, pattern: str, *, user: bool = False, needs: bytes = b"") -> None:
        """Compile `pattern`; `user` ones need RE2. `needs` are bytes that every match contains.

        Raises:
            RuleError: the pattern cannot be compiled, or no linear engine is here for it.
        """
        if user and re2 is None:
            raise RuleError("patterns of your own need the google-re2 package, which is missing")
        self._compiled: Any = _compile(pattern)
        self._first = _first_match(self._compiled)
        self._needs = needs

    def found(self, text: bytes) -> bool:
        """Whether `text` holds a match."""
        if self._needs and not self._may_match(text):
            return False
        return self._first(text, 0) is not None

    def _may_match(self, text: bytes) -> bool:
        # One byte is found ten times faster than two, and mostly there is not even that.
        return self._needs[:1] in text and self._needs in text

    def starts(self, text: bytes) -> list[int]:
        """Where matches start, left to right, not overlapping."""
        found: list[int] = []
        if self._needs and not self._may_match(text):
            return found
        first, at = self._first, 0
        while (span := first(text, at)) is not None:
            found.append(span[0])
            at = max(span[1], at + 1)
        return found

    def spans(self, text: bytes) -> Iterator[tuple[int, int]]:
        """Matches: group 1 where the pattern has one and it took part, else the whole."""
        grouped = self._compiled.groups > 0
        for match in self._compiled.finditer(text):
            span = match.span(1) if grouped else (-1, -1)
            yield match.span() if span[0] < 0 else span

    def touching(self, text: bytes) -> Iterator[tuple[int, int]]:
        """Matches of which the last byte may be the first of the next one: the pattern asks for
        something around what it looks for, and one byte may stand between two."""
        first, at = self._first, 0
        while (span := first(text, at)) is not None:
            yield span
            at = max(span[1] - 1, span[0] + 1)


class AnyOf:
    """Several patterns, asked as one. Joined into one, their automaton would need a state for
    each combination of how far each has come: on bodies full of tokens it kept making new ones,
    900 ns a byte, against 15 for some that are asked one after the other."""

    __slots__ = ("_patterns",)

    def __init__(self, *patterns: Linear) -> None:
        self._patterns = patterns

    def found(self, text: bytes) -> bool:
        """Whether `text` holds a match of any of them."""
        for pattern in self._patterns:  # noqa: SIM110 - any() is slower, and this is hot
            if pattern.found(text):
                return True
        return False

    def starts(self, text: bytes) -> list[int]:
        """Where matches start, left to right; those of different patterns may overlap."""
        found = [starts for pattern in self._patterns if (starts := pattern.starts(text))]
        if len(found) == 1:
            return found[0]
        return sorted({start for starts in found for start in starts})


def _first_match(compiled: Any) -> Callable[[bytes, int], tuple[int, int] | None]:
    """What finds the first match at or behind a position. RE2's wrapper makes a generator and an
    object for each, which costs as much as a look at 300 bytes: here its inner call is used."""
    inner = getattr(compiled, "_regexp", None)
    if inner is None:

        def search(text: bytes, at: int) -> tuple[int, int] | None:
            match = compiled.search(text, at)
            return None if match is None else match.span()

        return search
    match, anywhere = inner.Match, re2._re2.RE2.Anchor.UNANCHORED

    def first(text: bytes, at: int) -> tuple[int, int] | None:
        if at > len(text):
            return None
        span: tuple[int, int] = match(anywhere, text, at, len(text))[0]
        return None if span[0] < 0 else span

    return first


def _compile(pattern: str) -> Any:
    if re2 is None:
        try:
            return re.compile(pattern.encode())
        except re.error as error:
            raise RuleError(f"pattern cannot be compiled: {error.msg}") from None
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = MEMORY
    options.log_errors = False
    try:
        return re2.compile(pattern.encode(), options)
    except re2.error as error:
        raise RuleError(f"pattern cannot be compiled: {reason_of(error)}") from None
