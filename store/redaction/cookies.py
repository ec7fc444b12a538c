"""Cookie and Set-Cookie values (RFC 6265): names and attributes stay, values are cut unless
they are plain words or small numbers under a harmless name."""

import re
from typing import Final

from store.redaction.json_trail import Place
from store.redaction.names import Kind
from store.redaction.values import is_random
from store.redaction.work import Work

_PLAIN: Final = re.compile(
    rb"[A-Za-z]{1,12}(?:[-_/ ][A-Za-z]{1,12}){0,3}|-?\d{1,4}|\d+(?:\.\d+){1,3}|\d{3,4}x\d{3,4}|"
    rb"\d{4}-\d\d-\d\d|[a-z]{2}(?:[-_][A-Za-z]{2})?|light|dark|[a-z]+[0-9]?"
)
_ATTRIBUTE: Final = re.compile(
    rb"(?i)path=/[\w/-]{0,40}|max-age=-?\d{1,10}|samesite=[a-z]{3,6}"
    rb"|domain=\.?(?:[\w-]{1,63}\.){1,8}[\w-]{1,63}"
    rb"|expires=(?:[a-z]{3,9}, )?(?:\d{1,2}[ -][a-z]{3}[ -]\d{2,4} [\d:]{5,8}(?: [a-z]{3,4})?"
    rb"|-?\d{1,4})"
)
"""What a script writes behind a cookie, too."""
_FOLDED: Final = re.compile(rb"(,[ \t]*)(?=[\w!#$%&'*+.^`|~-]{1,80}=)")
_LONGEST: Final = 4_096
"""Bytes of text behind a cookie's name in which there is no cookie yet; more are not looked at."""


def redact_cookie(work: Work, value: bytes, place: Place, attributes: bool) -> bytes:
    """A cookie header's value; with `attributes` only the first pair is the cookie, and others
    may follow behind a comma (RFC 7230 tells not to fold them, some do)."""
    if attributes and b"," in value:
        folded = _FOLDED.split(value)
        folded[::2] = [_redacted(work, one, place, attributes) for one in folded[::2]]
        return b"".join(folded)
    return _redacted(work, value, place, attributes)


def _redacted(work: Work, value: bytes, place: Place, attributes: bool) -> bytes:
    if len(value) > _LONGEST and work.is_often_long():
        return work.cut(value, place, "cookie")
    separator = b"; " if b"; " in value else b";"
    if b"=" not in value:
        cut = is_random(value, 8) or len(value) > _LONGEST
        return work.cut(value, place, "cookie") if cut else value
    parts = value.split(separator)
    for index, part in enumerate(parts):
        if attributes and index:
            parts[index] = work.text(part, place)
            continue
        name, equals, secret = part.partition(b"=")
        if index and _ATTRIBUTE.fullmatch(part.strip()):
            continue
        if not equals:
            parts[index] = work.text(part, place)
            continue
        parts[index] = name + b"=" + _value(work, name.strip(), secret, place)
    return separator.join(parts)


def _value(work: Work, name: bytes, value: bytes, place: Place) -> bytes:
    inner = value.strip()
    quoted = len(inner) > 1 and inner[:1] == b'"' == inner[-1:]
    if quoted:
        inner = inner[1:-1]
    if not inner or inner.lower() in (b"deleted", b"true", b"false", b"null"):
        return value
    if work.names.kind(name) < Kind.LIKELY and _PLAIN.fullmatch(inner) and len(inner) <= 24:
        return value
    mark = work.cut(inner, place, f"cookie:{name.decode('latin-1')[:40].lower()}")
    return b'"' + mark + b'"' if quoted else mark
