"""Taint: a value that was cut once in an exchange is cut everywhere in it.

Short or word-like values count only as whole words, and very short ones not at all: a PIN
`12` or the password `true` must not tear up the rest of the row.
"""

import base64
import html
import json
import re
from collections.abc import Iterable, Sequence
from functools import cached_property, partial
from typing import Final
from urllib.parse import quote, quote_plus

from store.redaction.engine import Linear
from store.redaction.rules import BASE64_QUAD

_STRONG: Final = 8
_WEAK: Final = 4
_CASELESS: Final = 16
"""Characters from which on a text is a secret in lower case, too."""
_LONGEST: Final = 4_096
_FEW: Final = 1
_WORD: Final = re.compile(
    rb"[A-Za-z]?[a-z]{0,15}|[A-Z]{1,15}|[\d.:-]{1,11}|[a-z]{1,10}[-_ ][a-z]{1,10}|v?\d+(?:\.\d+)*"
)
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]*")
_BASE32: Final = re.compile(r"[A-Z2-7]{16,128}")
_TRIVIAL: Final = frozenset(
    b"true false null none bearer basic token application/json text/plain redacted password secret "
    b"passwd admin user username api_key apikey key".split()
)
_ENCODED: Final = Linear(BASE64_QUAD + "{3}")
_SKIPPED: Final = (0, 2, 3)
"""Base64 characters at the start that depend on what stood before, by offset in a triple."""


class Taint:
    """The secrets of one exchange in every form that they may appear in."""

    def __init__(self, secrets: dict[bytes, str]) -> None:
        self._strong: list[tuple[str, str]] = []
        self._long: list[tuple[bytes, str]] = []
        self._weak: list[tuple[list[str], str]] = []
        for secret, fingerprint in secrets.items():
            if len(secret) > _LONGEST or secret.lower() in _TRIVIAL:
                continue
            self._add(secret, f"[REDACTED:{fingerprint}]")
        self._strong.sort(key=lambda form: -len(form[0]))

    def _add(self, secret: bytes, mark: str) -> None:
        text = secret.decode("utf-8", "replace")
        if len(secret) >= _STRONG and _WORD.fullmatch(secret) is None:
            if secret.isdigit():
                self._weak.append((_written(text), mark))
            else:
                self._strong += [(form, mark) for form in _forms(text)]
            self._long.append((secret, mark))
        elif len(secret) >= _WEAK and (
            len(secret) >= 6 or not (secret.isalpha() or secret.isdigit())
        ):
            self._weak.append((_written(text), mark))

    def _encoded_in(self, text: str) -> Sequence[tuple[str, str]]:
        """The forms in base64 that are worth looking for in `text`. Of a few secrets that are
        all: to look for each is three times as fast as to look for base64."""
        if len(self._long) <= _FEW or _ENCODED.found(text.encode("utf-8", "replace")):
            return self._encoded
        return ()

    @cached_property
    def _encoded(self) -> list[tuple[str, str]]:
        return [(form, mark) for secret, mark in self._long for form in _base64_forms(secret)]

    def hits(self, texts: Iterable[str]) -> bool:
        """Whether any of `texts` holds a secret in some form."""
        joined = "\n".join(texts)
        for form, _ in self._strong:
            if form in joined:
                return True
        for forms, _ in self._weak:
            if any(form in joined for form in forms) and _whole(forms).search(joined):
                return True
        return any(form in joined for form, _ in self._encoded_in(joined))

    def cut(self, text: str, *, keys_stay: bool = False) -> str:
        """`text` without the secrets. With `keys_stay` (JSON), word-like values are cut only
        where they are not the name of a member."""
        for form, mark in self._strong:
            if form in text:
                text = text.replace(form, mark)
        for form, mark in self._encoded_in(text):
            if form in text:
                text = re.sub(rf"[A-Za-z0-9+/_-]*{re.escape(form)}[A-Za-z0-9+/_=-]*", mark, text)
        for forms, mark in self._weak:
            if not any(form in text for form in forms):
                continue
            pattern = _whole(forms)
            if keys_stay:
                text = pattern.sub(partial(_unless_key, mark), text)
            else:
                text = pattern.sub(mark, text)
        return text


def _unless_key(mark: str, match: re.Match[str]) -> str:
    after = match.string[match.end() : match.end() + 3].replace(" ", "")
    return match[0] if after.startswith('":') else mark


def _written(text: str) -> list[str]:
    quoted = json.dumps(text, ensure_ascii=False)[1:-1]
    return sorted({text, quoted, quote(text, safe="")}, key=len, reverse=True)


def _whole(forms: list[str]) -> re.Pattern[str]:
    either = "|".join(re.escape(form) for form in forms)
    return re.compile(rf"(?<![\w:.-])(?:{either})(?![\w-]|\.\w)|(?<==)(?:{either})(?![\w-])")


def _forms(text: str) -> set[str]:
    """How a text is written in JSON, URLs and markup; and in host names, whose case is lost."""
    forms = {text}
    if len(text) >= _CASELESS:
        forms.add(text.lower())
    if _BASE32.fullmatch(text):
        # As it is shown to be typed.
        groups = [text[at : at + 4] for at in range(0, len(text), 4)]
        forms |= {form for gap in " -" for form in (gap.join(groups), gap.join(groups).lower())}
    if _UNRESERVED.fullmatch(text) is None:
        coded = quote(text, safe="")
        forms |= {coded, quote_plus(text), re.sub("%..", lambda m: m[0].lower(), coded)}
        forms |= {quote(text), quote(coded, safe=""), html.escape(text), html.escape(text, False)}
        escaped = json.dumps(text, ensure_ascii=False)[1:-1]
        forms |= {
            escaped,
            json.dumps(text)[1:-1],
            json.dumps(escaped)[1:-1],
            escaped.replace("/", "\\/"),
        }
    return forms


def _base64_forms(secret: bytes) -> set[str]:
    """The characters of base64 that the secret alone decides, at each of the three offsets."""
    forms = set()
    for offset in range(3):
        bits = (offset + len(secret)) * 8
        coded = base64.b64encode(b"\0" * offset + secret)[_SKIPPED[offset] : bits // 6].decode()
        if len(coded) >= _STRONG:
            forms |= {coded, coded.replace("+", "-").replace("/", "_")}
    return forms
