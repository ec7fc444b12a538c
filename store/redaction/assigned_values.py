"""Where the value begins and ends that running text assigns to a name."""

import re
from typing import Final

from store.redaction.expressions import read, stands
from store.redaction.names import Kind, Names
from store.redaction.placeholders import placeholder_end
from store.redaction.prose import is_message, is_prose, is_sentence
from store.redaction.spoken_values import find_spoken
from store.redaction.value_ends import (
    _LINE,
    DECORATED,
    LONGEST_LINE,
    OPENING,
    QUOTE,
    STRONG,
    Found,
    block_end,
    container_end,
    indented,
    is_mixed,
    quoted_value,
    rest_of_line,
    token,
    with_change,
)
from store.redaction.values import is_random

_SEPARATOR: Final = re.compile(
    rb"(?i)(?:\.{2,60})?(?:"
    + QUOTE
    + rb"|\]|%(?:25)*5d|\)|[*_]{1,3}){0,3}(?:[ \t]|%(?:25)*20){0,40}"
    rb"(?:/\*[^*\r\n]{0,80}\*/[ \t]{0,8}|(?<=[ ])\([a-z][\w ,]{0,60}\)(?=:))?"
    rb"(=>|:=|::|!==?|\|\|=|\?\?=|\+=|==?|;s:\d{1,7}:|[ \t]\.[ \t](?=[\"'])|:|%(?:25)*3[da]"
    rb"|&#61;|->|\xef\xbc\x9a)"
    rb"(?:[ \t]|%(?:25)*(?:20|0[9ad])|\\\r?\n){0,40}"
)
_LATER: Final = re.compile(rb"[ \t\r\n]{0,40}")
_ENDS_IN_URL: Final = (b"", b"&", b"#", b";", b'"', b"'", b" ", b"\n", b")", b"<", b"\\")
_QUOTES: Final = (b'"', b"'", b"`")
_MARK: Final = re.compile(rb"\[REDACTED(?::[0-9a-f]{8})?\]")
_IN_URL: Final = re.compile(rb"""(?:[^&\s"'<>#\\;]|;(?![\w.-]{1,64}=))*+""")
_IN_CODED: Final = re.compile(
    rb"""(?:[^&\s"'<>%\\]|%(?!(?:25){0,4}(?:26|22|23|3[BbEeCc]|7[Dd]|5[Dd]|2[Cc]|0[Aa])))*+"""
)
_LINE_START: Final = re.compile(
    rb"(?i)[ \t]*(?:(?:export|set|setx|env|arg|-|\*|#|//|\"|'|>|\+|\d{1,3}[.)])[ \t]*)*\$?(?:env:)?"
)
_NEXT_PAIR: Final = re.compile(
    rb"(?:[;,]\s*|\s+)[\w.$-]{1,64}\s?[=:](?!//)|;(?=[\s}\"'`]|\Z)|\s+\w+=|\s+(?:&&|\|\|?)\s"
)
_PARAMETERS: Final = re.compile(rb"[A-Za-z][\w-]{0,40}[ ]{1,4}[\w.-]{1,40}=[\"'\w]")
_BLOCK: Final = re.compile(rb"[|>][+-]?\d?[ \t]*(?:#[^\r\n]*)?\r?\n")
_TYPE: Final = re.compile(rb"\[?[A-Z][A-Za-z]*!?\]?!?(?=[,)\s=@]|\Z)[,)\s]*")
_SCOPE: Final = re.compile(rb"[a-z_*-]{1,12}(?:[\s,;:)]|[\"'`\]](?!\w)|$)")
_WRAPPED: Final = re.compile(
    rb"""\s{0,9}(?:@|[bBrRuUfFnNeE]{1,2}|[A-Za-z_][\w.:]{0,40}\(\s{0,9}|string\(\d{1,7}\)\s{0,9})(?=["'])"""
)
_TYPED: Final = re.compile(
    rb"(?i)(?:(?:[ \t]*:[ \t]*(?:&(?:'[a-z]{1,20}[ ])?(?:mut[ ])?)?"
    rb"[a-z][\w<>\[\]?.|&']{0,40}(?:[ ]\|[ ][a-z]{1,20}){0,4}|[ \t]+as[ \t]+\w{1,40})[ \t]*"
    rb"|[ \t]{0,8}\r?\n\s{0,40})(=)\s{0,40}(?=[\"'`])"
)
_CODED_CONTAINER: Final = re.compile(rb"%(?:25)*(?:7[Bb]|5[Bb])")
_SCHEME_OF_HASH: Final = re.compile(rb"\{[A-Za-z0-9-]{2,16}\}[^\s,}]")
_PAIR: Final = re.compile(
    rb"""\(\s{0,8}["'][^"'\r\n]{0,200}["']\s{0,8},\s{0,8}(?:"([^"\r\n]+)"|'([^'\r\n]+)')\s{0,8},?\s{0,8}\)"""
)
_END_OF_TEXT: Final = re.compile(rb"'(?=[\s,);]|$)")
_DEFAULT: Final = re.compile(rb"(?::[-=]?|[-=])([^{}$?+\s][^{}$\r\n]{0,200})\}")
_COMPARES: Final = (b"!=", b"!==", b"||=", b"??=", b"+=")
_TEMPLATE: Final = re.compile(rb"\{\{[^{}\r\n]{0,300}\}\}[^\s\"'<>,;&|\\]*+")
_VARIABLE: Final = re.compile(rb"\{([a-z_]+(?:\.[a-z_]+){0,3})\}(?=[\s\"'`]|\Z)")
_VERSION: Final = re.compile(rb"\d{1,5}(?:\.\d{1,5}){1,3}(?=[\s;,]|\Z)")
_AFTER_PROMPT: Final = re.compile(rb"[\s),;]|\Z")
_FIELD: Final = re.compile(rb"<input\b(?![^<>]{0,80}\bname=)[^<>]{0,80}?\bvalue=[\"']([^\"'<>]+)")
_INDEX: Final = re.compile(rb"\w\[[\"']\Z")
_INDEX_END: Final = re.compile(rb"[:.][A-Za-z]{1,40}(?:[:.][A-Za-z]{1,40}){0,4}[\"']\]")
_ALLOWED: Final = re.compile(
    rb"\((?:self|src|\*|\\?\"https?://[\w.*:-]{1,100}\\?\"|[ ])*\)(?=[\s,;\"]|\Z)"
)
_LISTED: Final = re.compile(rb",[ ]?[\w.-]{1,64}=\Z")
_NUMBER: Final = re.compile(rb"(\d{3,12})(?:[\s,.;)]|$)")
_PLAIN_WORDS: Final = re.compile(
    rb"[a-z]{1,20}[ .,!?]{0,2}(?:(?:[a-z]{1,20}|\d{1,5})[ .,!?]{0,2}){0,30}"
)
_ASIDE: Final = re.compile(
    rb"\((?:[A-Za-z]{1,20}|\d{1,5})(?:[ ,.:]{1,2}(?:[A-Za-z]{1,20}|\d{1,5})){0,12}\)"
)
_HEADING: Final = re.compile(rb"[A-Z](?:[a-z]|PI )")
_PHRASE: Final = re.compile(rb"(?i)phrase|mnemonic|seed|answer")
_ENTRY: Final = re.compile(
    rb"""(?i)(?:entry|value)[ ]['"]([^'"\r\n]{1,200})['"][ ]for[ ](?:key|column|field|index)"""
    rb"""[ ]['"`(]\Z"""
)
_LONGEST_ENTRY: Final = 300
_COMMENT: Final = re.compile(rb"[ \t]+#[^\r\n]*$")


def find_value(
    value: bytes, left: int, right: int, name: bytes, names: Names, *, one_token: bool = False
) -> Found | None:
    """The value assigned to the name that stands at `left:right`, or `None`. With `one_token`
    only a single token counts, which keeps the look at a long line short."""
    before = value[left - 1 : left]
    if before and before in b"'\"`(":
        earlier = _ENTRY.search(value, max(0, left - _LONGEST_ENTRY), left)
        if earlier is not None:
            return (*earlier.span(1), False)
    typed = _TYPED.match(value, right)
    separator = typed or _SEPARATOR.match(value, right)
    if separator is None:
        return find_spoken(value, left, right, name, names)
    sign = separator[1].lower()
    if before == b"{" and value[left - 2 : left - 1] == b"$":
        return _default(value, right)
    if _INDEX.search(value, max(0, left - 4), left) and _INDEX_END.match(value, right):
        # `configuration["Jwt:Key"]`
        return None
    if sign == b":" and value[max(0, left - 2) : left] == b"//":
        # The user of a URL: its password is found as such.
        return None
    start = separator.end()
    quoted_name = separator.start(1) > right and value[right : right + 1] not in (b" ", b"\t")
    later = _LATER.match(value, start)
    following = b"" if later is None else value[later.end() : later.end() + 1]
    if (
        later is not None
        and following
        and (
            following in b"\"'`" or (following in b"[{" and (quoted_name or sign in (b"=>", b":=")))
        )
    ):
        start = later.end()
    if _MARK.match(value, start) or _CODED_CONTAINER.match(value, start):
        # Percent-coded JSON is looked at decoded.
        return None
    if value[start : start + 1] in (b"<", b"!") and stands(value, start):
        return None
    decorated = DECORATED.match(value, start)
    if decorated is not None and b"<input" in decorated[0]:
        # The value of a label's field is in the field; one with a name tells itself.
        given = _FIELD.search(value, start, decorated.end())
        return (*given.span(1), False) if given else None
    if decorated is not None:
        start = decorated.end()
    if _ALLOWED.match(value, start):
        # `Permissions-Policy: otp-credentials=(), publickey-credentials-get=(self)`
        return None
    if value[start : start + 1] not in _QUOTES:
        in_url = sign == b"=" and before and before in b"&?"
        texts = (
            _placeholder(value, start) if in_url else read(value, left, start, name, sign, names)
        )
        if texts is not None:
            return (texts[0][0], texts[-1][1], False) if texts else None
    wrapped = _WRAPPED.match(value, start)
    if wrapped is not None:
        start = wrapped.end()
    opening = OPENING.match(value, start)
    if opening is None and sign in _COMPARES:
        # `if (password != repeated)`
        return None
    if opening is not None:
        asks = sign == b":" and value[right : right + 1] == sign
        if asks and opening[0] == before and _AFTER_PROMPT.match(value, opening.end()):
            # A prompt: `read -p "Password: " PASSWORD`.
            return None
        return with_change(value, start, quoted_value(value, opening))
    first = value[start : start + 1]
    if first == before == b"(":
        # PostgreSQL: `Key (token)=(...) already exists.`
        close = value.find(b")", start)
        return (start + 1, close, False) if close > start + 1 else None
    pair = _PAIR.match(value, start) if first == b"(" else None
    if pair is not None:
        # `auth=("ada", "x")`
        return (*pair.span(1 if pair[1] is not None else 2), False)
    variable = _VARIABLE.match(value, start)
    if variable is not None and names.kind(variable[1]) is not Kind.PLAIN:
        # `f"token: {token}"`
        return None
    template = _TEMPLATE.match(value, start)
    if template is not None:
        return start, template.end(), False
    if first in (b"{", b"[") and not _SCHEME_OF_HASH.match(value, start):
        return start, container_end(value, start), True
    if sign.startswith(b"%"):
        end = _IN_CODED.match(value, start)
        return (start, end.end(), False) if end and end.end() > start else None
    if one_token and len(rest_of_line(value, start)) >= LONGEST_LINE:
        return token(value, start, start + LONGEST_LINE)
    return _bare(value, left, start, name, sign)


def _placeholder(value: bytes, start: int) -> list[tuple[int, int]] | None:
    end = placeholder_end(value, start)
    return [] if end >= 0 and value[end : end + 1] in _ENDS_IN_URL else None


def _default(value: bytes, right: int) -> Found | None:
    """`${DB_PASSWORD:-x}`: what is taken when there is no such variable."""
    match = _DEFAULT.match(value, right)
    if match is None or placeholder_end(value, match.start(1)) == match.end(1):
        return None
    return (*match.span(1), False)


def _bare(value: bytes, left: int, start: int, name: bytes, sign: bytes) -> Found | None:
    """A value without quotes: to the end of the parameter, of the word or of the line."""
    if value[left - 1 : left] == b";" and (
        found := _until_semicolon(value, start, rest_of_line(value, start))
    ):
        return found
    if left and value[left - 1 : left] in (b"&", b"?", b"#", b";") and sign == b"=":
        match = _IN_URL.match(value, start)
        end = match.end() if match else start
        question = value.find(b"?", start, end) if value[left - 1 : left] == b";" else -1
        end = end if question < 0 else question
        return (start, end, False) if end > start else None
    if name.startswith(b"$") and (_TYPE.match(value, start) or value[start : start + 1] == b"$"):
        return None
    if (
        value[start : start + 1] == b"$"
        and sign == b":"
        and re.match(rb"\$\w+[\s,)}]", value[start : start + 80])
    ):
        return None
    if name.lower().endswith(b"authorization") and _PARAMETERS.match(value, start):
        quote = value[left - 1 : left] if left else b""
        told = rest_of_line(value, start)
        told = told.partition(quote)[0] if quote and quote in b"\"'" else told
        return start, start + len(told.rstrip()), False
    block = _BLOCK.match(value, start)
    if block is not None:
        return start, block_end(value, left, block.end()), False
    rest = rest_of_line(value, start)
    if name.startswith(b"[") and b"]" in name + rest and b"]" not in name:
        # "[password=...] [user=...]"
        return (start, start + rest.index(b"]"), False) if rest[:1] != b"]" else None
    if sign == b":" and value[start - 1 : start] == b":" and _SCOPE.match(rest):
        # `secrets:read` is a permission.
        return None
    if rest.startswith(b"# ") or (sign == b"==" and _VERSION.match(rest)):
        # A comment, and a package of that version.
        return None
    if not rest:
        # `def f(user, password):` goes on with code.
        between = value[left + len(name) : start]
        return None if between.count(b")") > between.count(b"(") else indented(value, left, start)
    begun = value.rfind(b"\n", max(0, left - LONGEST_LINE), left) + 1
    if len(rest) >= LONGEST_LINE:
        # Too long to be told apart: all of it may be the value.
        line = _LINE.match(value, start)
        return (start, line.end(), False) if line else None
    if left - begun <= 40 and _LINE_START.fullmatch(value[begun:left]):
        return _whole_line(start, name, sign, rest)
    if sign == b":" and (
        is_prose(rest)
        or is_message(rest.partition(b"<")[0])
        or _is_text(name, rest.partition(b"<")[0])
        or (not STRONG.search(name) and re.match(rb"[a-z]+(?:[\s.,;:)]|$)", rest))
    ):
        return None
    return _until_semicolon(value, start, rest) or token(value, start)


def _whole_line(start: int, name: bytes, sign: bytes, rest: bytes) -> Found | None:
    """A value that has its line for itself, unless another pair follows on it, or a sentence
    or a command goes on behind what can only be the value."""
    word = rest.split(None, 1)
    if sign == b":" and _is_text(name, rest):
        return None
    if len(word) > 1 and is_mixed(word[0]) and _ASIDE.fullmatch(word[1]):
        return start, start + len(word[0]), False
    if len(word) > 1 and (is_random(word[0]) or (is_mixed(word[0]) and b" -" in rest)):
        return start, start + len(word[0]), False
    if len(word) > 1 and is_mixed(word[0]) and _PLAIN_WORDS.fullmatch(word[1]):
        # A sentence goes on behind a password that is none of its words.
        return start, start + len(word[0]), False
    number = _NUMBER.match(rest)
    if number is not None:
        return start, start + number.end(1), False
    another = _NEXT_PAIR.search(rest)
    kept = _COMMENT.sub(b"", rest) if another is None else rest[: another.start()]
    kept = kept.rstrip(b" \t,;")
    if kept.count(b"}") > kept.count(b"{"):
        kept = kept.rstrip(b"}) ")
    return (start, start + len(kept), False) if kept else None


def _is_text(name: bytes, rest: bytes) -> bool:
    """Whether a sentence stands behind a name that is written as one begins. A password may be
    some words, a phrase is."""
    if _PHRASE.search(name) or not _HEADING.match(name):
        return False
    return is_sentence(rest, strict=STRONG.search(name) is not None and not name.endswith(b"s"))


def _until_semicolon(value: bytes, start: int, rest: bytes) -> Found | None:
    """In connection strings (`Server=...;Password=a b;Port=1`) only `;` ends a value."""
    semicolon = rest.find(b";")
    if semicolon <= 0 or not re.match(rb"\s*(?:[\w .-]{1,40}=|$|[\"'])", rest[semicolon + 1 :]):
        return None
    kept = rest[:semicolon]
    quote = _END_OF_TEXT.search(kept)
    begun = value.rfind(b"\n", max(0, start - LONGEST_LINE), start) + 1
    if quote is not None and value.count(b"'", begun, start) % 2:
        return start, start + quote.start(), False
    listed = value[start - 1 : start] == b"=" and _LISTED.search(value, max(0, start - 80), start)
    if b'"' in kept or b"&" in kept or re.search(rb"\s[\w.-]+=", kept):
        return None
    if listed and re.search(rb",[\w.-]{1,40}=", kept):
        # A member of `a=1,token=x,b=2;c=3`.
        return None
    return start, start + semicolon, False
