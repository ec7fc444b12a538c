"""The state of one exchange on its way through redaction: what was cut, and where."""

import re
import time
from collections.abc import Callable
from typing import Final

from store.redaction.exchange import Cut
from store.redaction.fingerprints import Marker
from store.redaction.json_trail import Place, shown
from store.redaction.labels import is_label
from store.redaction.names import Kind, Names
from store.redaction.rules import Rules
from store.redaction.values import is_benign, is_nothing, is_random

MARK: Final = re.compile(rb"\[REDACTED(?::[0-9a-f]{8})?\]")
DEPTH: Final = 12
"""Texts in texts (JSON in a form in JSON ...) beyond this are cut as a whole."""
_ONLY_MARKS: Final = re.compile(
    rb"(?i:(?:bearer|basic|token|bot|digest|apikey|api-key|jwt|ssws|negotiate|key)"
    rb"(?:[ +:]|%20){1,4})?"
    rb"(?:\[REDACTED(?::[0-9a-f]{8})?(?:\]|\Z)[\s,;]{0,4})+"
)
_MOST_LONG: Final = 2
_MOST_CUTS: Final = 10_000
_MOST_SECRETS: Final = 2_000
"""Each is looked for in all of the exchange."""


def is_marked(value: bytes) -> bool:
    """Whether nothing but marks is left of `value`, and a scheme in front of them."""
    return b"[REDACTED" in value and _ONLY_MARKS.fullmatch(value) is not None


class TooMuch(Exception):
    """A part takes too long or holds too many secrets; only its size and digest are kept."""


class RuleSet:
    """Compiled rules with what is remembered about names; shared by exchanges."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.names = Names(rules.names)


class Work:
    """One exchange on its way: collects cuts and the values that must not appear elsewhere."""

    __slots__ = (
        "_begun",
        "_end",
        "_redact",
        "clean",
        "cuts",
        "depth",
        "labels",
        "long",
        "marker",
        "names",
        "rules",
        "secrets",
    )

    def __init__(self, shared: RuleSet, marker: Marker, redact: "TextRedactor") -> None:
        """`marker` is the organization's."""
        self._redact = redact
        self.rules = shared.rules
        self.names = shared.names
        self.marker = marker
        self.cuts: list[Cut] = []
        self.secrets: dict[bytes, str] = {}
        self.clean: tuple[bytes, ...] = ()
        """Bodies in which the prefilter finds nothing."""
        self.labels = False
        """Whether what is looked at is a file of labels: words there are no secrets."""
        self.depth = 0
        self.long = 0
        self._begun = time.monotonic()
        self._end: float | None = None

    def is_clean(self, plain: bytes) -> bool:
        """Whether the prefilter finds nothing in a text."""
        return b"%" not in plain and not self.rules.suspicion.found(plain)

    def knows_clean(self, body: bytes) -> bool:
        """Whether it was found out before that the prefilter finds nothing in a body."""
        for known in self.clean:  # noqa: SIM110 - any() costs a microsecond more
            if body is known:
                return True
        return False

    def text(self, value: bytes, place: Place) -> bytes:
        """`value`, any text at any depth, without its secrets."""
        return self._redact(self, value, place)

    def cut(self, secret: bytes, place: Place, rule: str) -> bytes:
        """Note that `secret` is cut at `place` by `rule`; returns the mark to put there.
        What is a mark already stays."""
        if is_marked(secret):
            return secret
        if len(self.cuts) > _MOST_CUTS or len(self.secrets) > _MOST_SECRETS:
            raise TooMuch
        self.check()
        fingerprint = self.secrets.get(secret)
        if fingerprint is None:
            fingerprint = self.secrets[secret] = self.marker.fingerprint(secret)
        self.cuts.append(Cut(shown(place), rule, fingerprint))
        return b"[REDACTED:%s]" % fingerprint.encode()

    def is_often_long(self) -> bool:
        """Count one more long value that is looked at closely; whether these were enough. A line
        of a thousand names would be looked at a thousand times."""
        self.long += 1
        return self.long > _MOST_LONG

    def check(self) -> None:
        """Raise `TooMuch` when the exchange has taken too long."""
        half = self.rules.deadline / 2
        if time.monotonic() <= self._begun + half:
            return
        # From here on the thread's own time counts: a machine that is busy with others must not
        # cost what is shown. It is not read before, as that takes 2 us.
        now = time.thread_time()
        if self._end is None:
            self._end = now + half
        elif now > self._end:
            raise TooMuch

    def taint(self, secret: bytes) -> None:
        """Remember another form of a secret: it must not appear anywhere in this exchange."""
        if secret and secret not in self.secrets and not MARK.search(secret):
            self.secrets[secret] = self.marker.fingerprint(secret)

    def is_secret(self, kind: Kind, value: bytes, *, uuid: bool = False, least: int = 16) -> bool:
        """Whether a value under a name of that kind is to be cut; `least` characters count as
        drawn by chance under a judged name."""
        if kind is Kind.PLAIN or not value:
            return False
        if is_marked(value) or (self.labels and is_label(value)):
            return False
        if kind is Kind.JUDGED:
            return is_random(value, least, uuid=uuid)
        if kind is Kind.LIKELY:
            return not is_benign(value)
        if value.isdigit():
            return len(value) >= (3 if kind is Kind.NUMERIC else 4)
        return not is_nothing(value)


type TextRedactor = Callable[[Work, bytes, Place], bytes]
