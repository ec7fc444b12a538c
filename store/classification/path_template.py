"""Path templates: a path with its variable pieces replaced, so that charts group `/users/1` and
`/users/2`, and a cache of decisions stays small."""

import re
from functools import lru_cache
from typing import Final

PLACE: Final = "{id}"
MAX_SEGMENTS: Final = 24

# Most paths need a closer look only where a segment has a digit, an unusual character or is long.
_suspicious = re.compile(r"[^A-Za-z/_.\-]|[^/]{24}").search
_version = re.compile(
    r"[vV]\d{1,3}(?:[._-]?\d{1,2}){0,2}(?:(?:alpha|beta|rc|preview|p)\d{0,2}){0,2}"
)
_plain = re.compile(r"[A-Za-z0-9_.~!$'()+,\-]+")
_extension = re.compile(r"\.[a-z]{2,5}")
_verb = re.compile(r"[A-Za-z]{2,40}")
_hexadecimal = re.compile(r"[0-9a-fA-F]{8,}")
_separator = re.compile(r"[-_.~]")
# Words with a digit or two inside: `oauth2`, `s3`, `web2print`.
_word = re.compile(r"(?=.{0,15}$)[A-Za-z]+(?:\d{1,2}[A-Za-z]*)?|")
_digit = re.compile(r"\d").search
# Discord's words for the caller itself and for an answer of its own.
_OWN: Final = frozenset({"@me", "@original"})


def path_template(path: str) -> str:
    """`path` (no query) with segments that look like identifiers replaced by `{id}`.

    Words, API versions (`v1`, `v2beta1`), file extensions and verbs after a colon (`:publish`)
    stay; numbers, UUIDs, tokens, e-mail addresses, percent-encoded and redacted pieces do not.
    """
    if _suspicious(path) is None:
        return path if path.count("/") <= MAX_SEGMENTS else _capped(path)
    if path.count("/") > MAX_SEGMENTS:
        return _capped(path)
    return "/".join([_segment(piece) for piece in path.split("/")])


def _capped(path: str) -> str:
    pieces = path.split("/", MAX_SEGMENTS + 1)[:-1]
    return "/".join([_segment(piece) for piece in pieces]) + "/..."


@lru_cache(4096)
def _segment(segment: str) -> str:
    """One path segment, or what stands for it."""
    if _suspicious(segment) is None:
        return segment
    stem, semicolon, _ = segment.partition(";")
    if semicolon:
        return _segment(stem)
    stem, colon, verb = segment.rpartition(":")
    if colon and _verb.fullmatch(verb):
        return f"{_segment(stem)}:{verb}"
    stem, dot, extension = segment.rpartition(".")
    if dot and stem and _extension.fullmatch(dot + extension):
        return f"{_segment(stem)}.{extension}"
    return PLACE if _is_variable(segment) else segment


def _is_variable(segment: str) -> bool:
    if _version.fullmatch(segment) or segment in _OWN:
        return False
    if _plain.fullmatch(segment) is None:
        return True
    pieces = _separator.split(segment)
    if not _digit(segment):
        return any(len(piece) >= 24 and _is_token(piece) for piece in pieces)
    if _hexadecimal.fullmatch(segment) or (segment.isupper() and len(segment) > 2):
        return True
    return not all(_word.fullmatch(piece) or _version.fullmatch(piece) for piece in pieces)


def _is_token(word: str) -> bool:
    """Every third letter or more in upper case: no CamelCase word is like that, tokens are."""
    return 0.3 < sum(map(str.isupper, word)) / len(word) < 0.7
