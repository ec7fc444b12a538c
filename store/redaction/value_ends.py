"""Where a value ends: a quoted text, a word, a line, an indented block, brackets."""

import re
import sys
from typing import Final

QUOTE: Final = rb"""(?:\"{3}|'{3}|\\*["'`]|&quot;|&#0?34;|&#x22;|&apos;|&#0?39;|%(?:25)*2[27])"""
OPENING: Final = re.compile(QUOTE + rb"|\xe2\x80[\x98\x9c]|\xc2\xab")
_CLOSING: Final = {
    b"\xe2\x80\x98": b"\xe2\x80\x99",
    b"\xe2\x80\x9c": b"\xe2\x80\x9d",
    b"\xc2\xab": b"\xc2\xbb",
}
_CHANGE: Final = re.compile(
    rb"""["'][ ]?(?:->|=>|\xe2\x86\x92|\.\.?|\+|&|\|\|)[ ]?(?:"[^"\r\n]*"|'[^'\r\n]*')"""
)
_BARE: Final = re.compile(
    rb"""(?:[^\s"'<>,;&|\\]|[,;&|](?!\s|$|["'{\[]|[\w.-]{1,64}[=:])|\\(?![nrt"'/\\]))*+"""
)
_LINE: Final = re.compile(rb"(?:[^\r\n\\]|\\(?![nr]))*+")
STRONG: Final = re.compile(rb"(?i)passw|passphrase|pwd|secret")
DECORATED: Final = re.compile(
    rb"(?:(?:&[A-Za-z][\w-]{0,60}|!(?:![a-z]+|[a-z<][\w:.,/>-]{0,80})?)[ \t]+"
    rb"|[*_`]{1,3}[ \t]+|(?:\s{0,9}</?[a-zA-Z]\w{0,9}[^<>]{0,80}>\s{0,9}){1,4})"
)
LONGEST_LINE: Final = 4_096

type Found = tuple[int, int, bool]
"""Start and end of a value, and whether it is a container of several."""


def with_change(value: bytes, start: int, found: Found | None) -> Found | None:
    """With what a value is changed to, `"old" -> "new"`, or joined with."""
    change = None if found is None else _CHANGE.match(value, found[1])
    return found if change is None else (start, change.end(), True)


def quoted_value(value: bytes, opening: re.Match[bytes]) -> Found | None:
    """Up to the same quote again; without it, to the end of the text or line."""
    quote, start = _CLOSING.get(opening[0], opening[0]), opening.end()
    at = start
    while True:
        end = value.find(quote, at)
        if end < 0:
            newline = value.find(b"\n", start) if quote in (b"'", b"`") else -1
            return (start, newline if newline >= 0 else len(value), False)
        if quote == b"'" and value[end : end + 4] == b"'\\''":
            # A shell's way to put a quote between quotes.
            at = end + 4
            continue
        if quote == b"'" and end > start and value[end + 1 : end + 2] == quote:
            # SQL and YAML double a quote between quotes.
            at = end + 2
            continue
        backslashes = end - len(value[start:end].rstrip(b"\\")) - start
        if backslashes % 2 == 0:
            break
        at = end + len(quote)
    return (start, end, False) if end > start else None


def token(value: bytes, start: int, limit: int = sys.maxsize) -> Found | None:
    match = _BARE.match(value, start, limit)
    if match is None or match.end() == start:
        return None
    end = start + len(match[0].rstrip(b".,;:)!?"))
    return (start, end, False) if end > start else None


def rest_of_line(value: bytes, start: int) -> bytes:
    """The rest of the line, or as much of it as is looked at."""
    line = _LINE.match(value, start, start + LONGEST_LINE)
    return line[0] if line else b""


def is_mixed(secret: bytes) -> bool:
    """Whether a word in a sentence is none: letters and digits or signs together."""
    return (
        len(secret) >= 6
        and secret.isascii()
        and not secret.isalpha()
        and not secret.isdigit()
        and (any(48 <= byte < 58 for byte in secret))
    )


def block_end(value: bytes, left: int, start: int) -> int:
    """The end of the lines from `start` that are indented deeper than the line of `left`."""
    begun = value.rfind(b"\n", max(0, left - LONGEST_LINE), left) + 1
    own = len(value[begun:left]) - len(value[begun:left].lstrip(b" \t-"))
    end = start
    while end < len(value):
        stop = value.find(b"\n", end)
        stop = len(value) if stop < 0 else stop
        line = value[end:stop]
        if line.strip() and len(line) - len(line.lstrip(b" \t")) <= own:
            break
        end = stop + 1
    return min(max(end - 1, start), len(value))


def indented(value: bytes, left: int, end: int) -> Found | None:
    """YAML: the deeper lines below a name without a value on its own line."""
    if value[end : end + 1] not in (b"\n", b"\r"):
        return None
    start = value.find(b"\n", end) + 1
    stop = block_end(value, left, start)
    first = value[start:stop].lstrip(b" \t")
    if stop <= start or not first:
        return None
    return start, stop, True


def container_end(value: bytes, start: int) -> int:
    """The end of the brackets that open at `start`; strings are skipped."""
    depth = 0
    for match in re.finditer(rb'"(?:[^"\\]|\\.)*+"?|[{}\[\]]', value[start : start + 65_536]):
        if match[0] in (b"{", b"["):
            depth += 1
        elif match[0] in (b"}", b"]"):
            depth -= 1
            if depth == 0:
                return start + match.end()
    return len(value)
