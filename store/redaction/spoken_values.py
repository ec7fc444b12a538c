"""Values that running text gives a name without a sign between them: `--password x`, `the password
is x`, `setPassword("x")`."""

import re
from typing import Final

from store.redaction.names import Kind, Names, pieces_of
from store.redaction.prose import is_prose
from store.redaction.value_ends import (
    DECORATED,
    LONGEST_LINE,
    OPENING,
    STRONG,
    Found,
    is_mixed,
    quoted_value,
    token,
)
from store.redaction.values import is_random

_GOT: Final = re.compile(
    rb"""[\\"'`]{0,3}[ ](?:got|has|had|received|with|was)[ ](?:given[ ])?(?:an?[ ]|the[ ])?"""
    rb"""(?:invalid[ ]|wrong[ ]|bad[ ])?value:?[ ](?=[\\"'`])"""
)
_SPOKEN: Final = re.compile(
    rb"(?i)[ \t]+(?:is|was|set to|to|are|will be|lautet|ist|est|es|\xc3\xa8|jest"
    rb"|\xc3\xa9)[ \t]*:?[ \t]+"
)
_SPACED: Final = re.compile(rb"[ \t]+(?=[^\s-])")
_QUOTED_NEXT: Final = re.compile(rb"[ \t]+(?:[NE](?='))?(?=[\"'`])")
_USE: Final = re.compile(
    rb"(?i)\b(?:use|enter|(?:using|with)[ ](?:the|this|your))[ ]"
    rb"(?:(?:the|this|your)[ ])?(?:\w{1,20}[ ])?\Z"
)
_SETTING: Final = re.compile(rb"(?i)[ \t]*(?:env|setenv|setx|set)[ \t]+(?:-\w+[ \t]+)*")
_PAIRED: Final = re.compile(
    rb"""["']\s{0,8},\s{0,40}(?:"([^"]*)"|'([^']*)')\s{0,8}(?:\)|,\s{0,8}[\w.]{1,40}\s{0,8}\))"""
)
_DASHED: Final = re.compile(rb"[ \t]+(?:-|\xe2\x80[\x93\x94])[ \t]+")
_SAID: Final = re.compile(rb"(?:[ ][\w.@'-]{1,24}){1,5}[ ]?[:=][ ]{0,4}")
_FOR: Final = re.compile(rb"[ ](?:for|of|f\xc3\xbcr|pour|para|per)[ ]")
_PROTOCOL: Final = re.compile(rb"[\w/.?=&%-]{0,200} HTTP/\d")
_PATH_BEFORE: Final = re.compile(rb"(?:\A|[\s\"'(])/\Z")
_ABOUT_OPTION: Final = re.compile(
    rb"(?:via|is|are|was|on the|option|options|flag|flags|argument|instead|and|or|from|with"
    rb"|when|if|to|has|"
    rb"cannot|can|must|should|requires?|needs?|was|will|may)(?:[ .,;:)]|$)"
)
_ARGUMENT: Final = re.compile(
    rb"""\(\s{0,8}[bBrRuUnNeE]?(?:"((?:[^"\\\r\n]|\\.)+)"|'((?:[^'\\\r\n]|\\.)+)')\s{0,8}\)"""
)
_DIRECTIVE: Final = re.compile(rb"[ \t]*")
_PAIR_NEXT: Final = re.compile(rb"[\w.-]{1,64}=")
_SIGNED: Final = re.compile(
    rb"(?:[ ][\w-]{1,20}){1,8}[ ]"
    rb"(?:\"([A-Za-z0-9+/=_.-]{20,500})\"|'([A-Za-z0-9+/=_.-]{20,500})')"
)
_QUOTED_END: Final = re.compile(rb"[\"'][ \t]*;?[ \t]*(?:[\r\n]|\Z)")


def find_spoken(value: bytes, left: int, right: int, name: bytes, names: Names) -> Found | None:
    """`--password x`, `password is x`, `PASSWORD 'x'`."""
    if _PATH_BEFORE.search(value, max(0, left - 2), left) and _PROTOCOL.match(value, right):
        # `GET /reset-password HTTP/1.1`
        return None
    if value[right : right + 1] == b"(":
        return _called(value, right, name)
    if name.startswith(b"-"):
        gap = _SPACED.match(value, right)
        if gap is not None and not _ABOUT_OPTION.match(value, gap.end()):
            opening = OPENING.match(value, gap.end())
            found = quoted_value(value, opening) if opening else token(value, gap.end())
            return None if _is_metavar(name, value, found) else found
    spoken = _SPOKEN.match(value, right)
    if spoken is not None:
        decorated = DECORATED.match(value, spoken.end())
        start = decorated.end() if decorated else spoken.end()
        opening = OPENING.match(value, start)
        found = quoted_value(value, opening) if opening else token(value, start)
        if found is not None:
            secret = value[found[0] : found[1]]
            if opening or any(48 <= byte < 58 for byte in secret) or is_random(secret, 8):
                return found
        return None
    got = _GOT.match(value, right)
    if got is not None:
        opening = OPENING.match(value, got.end())
        return quoted_value(value, opening) if opening else None
    in_call = value[max(0, left - 20) : max(0, left - 1)].rstrip(b" ").endswith(b"(")
    paired = _PAIRED.match(value, right) if in_call else None
    if paired is not None:
        first, last = paired.span(1 if paired[1] is not None else 2)
        return (first, last, False) if last > first else None
    gap = _SPACED.match(value, right)
    if gap is not None and value[left - 1 : left] == b"=" and _PAIR_NEXT.match(value, gap.end()):
        # `reason=bad_password attempts=5`
        return None
    if gap is not None and not is_prose(value[gap.end() : gap.end() + 20]):
        found = token(value, gap.end())
        begun = value.rfind(b"\n", max(0, left - LONGEST_LINE), left) + 1
        opening = OPENING.match(value, gap.end())
        if (
            opening
            and _DIRECTIVE.fullmatch(value[begun:left][:40])
            and (names.kind(name) >= Kind.SECRET)
        ):
            # `masterauth "x"`
            quoted = quoted_value(value, opening)
            if quoted and _QUOTED_END.match(value, quoted[1]):
                return quoted
        if found and (
            (_DIRECTIVE.fullmatch(value[begun:left][:40]) and _ends_line(value, found))
            or (STRONG.search(name) and is_mixed(value[found[0] : found[1]]))
            or (
                _USE.search(value, max(0, left - 40), left)
                and is_random(value[found[0] : found[1]], 8)
            )
            or (left - begun <= 40 and _SETTING.fullmatch(value[begun:left]))
        ):
            return found
    for pattern, least in ((_SAID, 12), (_DASHED, 6)):
        said = pattern.match(value, right)
        found = token(value, said.end()) if said is not None else None
        if found is not None:
            secret = value[found[0] : found[1]]
            told = pattern is _DASHED or (_FOR.match(value, right) and STRONG.search(name))
            if is_random(secret, least) or (told and is_mixed(secret)):
                return found
    signed = _SIGNED.match(value, right)
    if signed is not None and is_random(signed[1] or signed[2], 20):
        return (*signed.span(1 if signed[1] else 2), False)
    following = _QUOTED_NEXT.match(value, right)
    if following is not None and STRONG.search(name) and not name.lower().startswith(b"secret"):
        opening = OPENING.match(value, following.end())
        return quoted_value(value, opening) if opening else None
    return None


def _ends_line(value: bytes, found: Found) -> bool:
    """Whether a setting of two words ends with `found`, which is no plain word."""
    secret = value[found[0] : found[1]]
    return value[found[1] : found[1] + 1] in (b"", b"\n", b"\r") and (
        is_mixed(secret) or is_random(secret, 8)
    )


def _called(value: bytes, right: int, name: bytes) -> Found | None:
    """`setPassword("x")`, `PASSWORD('x')`: not what looks a secret up by another name."""
    text = _ARGUMENT.match(value, right)
    if text is None or not {
        "get",
        "find",
        "read",
        "load",
        "fetch",
        "lookup",
        "check",
        "verify",
        "validate",
        "is",
        "has",
        "require",
    }.isdisjoint(pieces_of(name)):
        return None
    span = text.span(1 if text[1] is not None else 2)
    secret = value[slice(*span)]
    sets = pieces_of(name)[0] in ("set", "with") or name.isupper() or is_mixed(secret)
    return (*span, False) if sets or is_random(secret, 8) else None


def _is_metavar(name: bytes, value: bytes, found: Found | None) -> bool:
    """Whether help text repeats the option's name in capitals: `--token TOKEN`."""
    shown = b"" if found is None else value[found[0] : found[1]]
    return shown.isupper() and name.upper().replace(b"-", b"_").endswith(shown.replace(b"-", b"_"))
