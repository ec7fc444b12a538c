"""Where the value begins and ends that running text assigns to a name."""

import re
import sys
from typing import Final

from store.redaction.expressions import read, stands
from store.redaction.names import Kind, Names, pieces_of
from store.redaction.placeholders import placeholder_end
from store.redaction.prose import is_prose, is_sentence
from store.redaction.values import is_random

_QUOTE: Final = rb"""(?:\"{3}|'{3}|\\*["'`]|&quot;|&#0?34;|&#x22;|&apos;|&#0?39;|%(?:25)*2[27])"""
_SEPARATOR: Final = re.compile(
    rb"(?i)(?:\.{2,60})?(?:"
    + _QUOTE
    + rb"|\]|%(?:25)*5d|\)|[*_]{1,3}){0,3}(?:[ \t]|%(?:25)*20){0,40}"
    rb"(?:/\*[^*\r\n]{0,80}\*/[ \t]{0,8}|(?<=[ ])\([a-z][\w ,]{0,60}\)(?=:))?"
    rb"(=>|:=|::|==?|;s:\d{1,7}:|[ \t]\.[ \t](?=[\"'])|:|%(?:25)*3[da]|&#61;|->|\xef\xbc\x9a)"
    rb"(?:[ \t]|%(?:25)*(?:20|0[9ad])|\\\r?\n){0,40}"
)
_LATER: Final = re.compile(rb"[ \t\r\n]{0,40}")
_OPENING: Final = re.compile(_QUOTE + rb"|\xe2\x80[\x98\x9c]|\xc2\xab")
_CLOSING: Final = {
    b"\xe2\x80\x98": b"\xe2\x80\x99",
    b"\xe2\x80\x9c": b"\xe2\x80\x9d",
    b"\xc2\xab": b"\xc2\xbb",
}
_ENDS_IN_URL: Final = (b"", b"&", b"#", b";", b'"', b"'", b" ", b"\n", b")", b"<", b"\\")
_QUOTES: Final = (b'"', b"'", b"`")
_GOT: Final = re.compile(
    rb"""[\\"'`]{0,3}[ ](?:got|has|had|received|with|was)[ ](?:given[ ])?(?:an?[ ]|the[ ])?"""
    rb"""(?:invalid[ ]|wrong[ ]|bad[ ])?value:?[ ](?=[\\"'`])"""
)
_SPOKEN: Final = re.compile(
    rb"(?i)[ \t]+(?:is|was|set to|to|are|will be|lautet|ist|est|es|\xc3\xa8|jest|\xc3\xa9)[ \t]*:?[ \t]+"
)
_SPACED: Final = re.compile(rb"[ \t]+(?=[^\s-])")
_CHANGE: Final = re.compile(rb"""["'][ ](?:->|=>|\xe2\x86\x92)[ ](?:"[^"\r\n]*"|'[^'\r\n]*')""")
_QUOTED_NEXT: Final = re.compile(rb"[ \t]+(?=[\"'`])")
_MARK: Final = re.compile(rb"\[REDACTED(?::[0-9a-f]{8})?\]")
_IN_URL: Final = re.compile(rb"""(?:[^&\s"'<>#\\;]|;(?![\w.-]{1,64}=))*+""")
_IN_CODED: Final = re.compile(
    rb"""(?:[^&\s"'<>%\\]|%(?!(?:25){0,4}(?:26|22|23|3[BbEeCc]|7[Dd]|5[Dd]|2[Cc]|0[Aa])))*+"""
)
_BARE: Final = re.compile(
    rb"""(?:[^\s"'<>,;&|\\]|[,;&|](?!\s|$|["'{\[]|[\w.-]{1,64}[=:])|\\(?![nrt"'/\\]))*+"""
)
_LINE: Final = re.compile(rb"(?:[^\r\n\\]|\\(?![nr]))*+")
_LINE_START: Final = re.compile(
    rb"(?i)[ \t]*(?:(?:export|set|setx|env|arg|-|\*|#|//|\"|'|>|\+|\d{1,3}[.)])[ \t]*)*\$?(?:env:)?"
)
_NEXT_PAIR: Final = re.compile(
    rb"(?:[;,]\s*|\s+)[\w.$-]{1,64}\s?[=:](?!//)|;|\s+\w+=|\s+(?:&&|\|\|?)\s"
)
_PARAMETERS: Final = re.compile(rb"[A-Za-z][\w-]{0,40}[ ]{1,4}[\w.-]{1,40}=[\"'\w]")
_BLOCK: Final = re.compile(rb"[|>][+-]?\d?[ \t]*(?:#[^\r\n]*)?\r?\n")
_TYPE: Final = re.compile(rb"\[?[A-Z][A-Za-z]*!?\]?!?[,)\s]*")
_STRONG: Final = re.compile(rb"(?i)passw|passphrase|pwd|secret")
_USE: Final = re.compile(
    rb"(?i)\b(?:use|enter|(?:using|with)[ ](?:the|this|your))[ ]"
    rb"(?:(?:the|this|your)[ ])?(?:\w{1,20}[ ])?\Z"
)
_SETTING: Final = re.compile(rb"(?i)[ \t]*(?:env|setenv|setx|set)[ \t]+(?:-\w+[ \t]+)*")
_PAIRED: Final = re.compile(
    rb"""["']\s{0,8},\s{0,40}(?:"([^"]*)"|'([^']*)')\s{0,8}(?:\)|,\s{0,8}[\w.]{1,40}\s{0,8}\))"""
)
_SCOPE: Final = re.compile(rb"[a-z_*-]{1,12}(?:[\s,;:)\"'`\]]|$)")
_WRAPPED: Final = re.compile(
    rb"""\s{0,9}(?:@|[bBrRuUfFnNeE]{1,2}|[A-Za-z_][\w.:]{0,40}\(\s{0,9}|string\(\d{1,7}\)\s{0,9})(?=["'])"""
)
_DECORATED: Final = re.compile(
    rb"(?:(?:&[A-Za-z][\w-]{0,60}|!(?:![a-z]+|[a-z<][\w:.,/>-]{0,80})?)[ \t]+|[*_`]{1,3}[ \t]+|(?:\s{0,9}</?[a-zA-Z]\w{0,9}[^<>]{0,80}>\s{0,9}){1,4})"
)
_TYPED: Final = re.compile(
    rb"(?i)(?:(?:[ \t]*:[ \t]*(?:&(?:'[a-z]{1,20}[ ])?(?:mut[ ])?)?[a-z][\w<>\[\]?.|&']{0,40}(?:[ ]\|[ ][a-z]{1,20}){0,4}|[ \t]+as[ \t]+\w{1,40})[ \t]*"
    rb"|[ \t]{0,8}\r?\n\s{0,40})(=)\s{0,40}(?=[\"'`])"
)
_CODED_CONTAINER: Final = re.compile(rb"%(?:25)*(?:7[Bb]|5[Bb])")
_SCHEME_OF_HASH: Final = re.compile(rb"\{[A-Za-z0-9-]{2,16}\}[^\s,}]")
_DASHED: Final = re.compile(rb"[ \t]+(?:-|\xe2\x80[\x93\x94])[ \t]+")
_SAID: Final = re.compile(rb"(?:[ ][\w.@'-]{1,24}){1,5}[ ]?[:=][ ]{0,4}")
_FOR: Final = re.compile(rb"[ ](?:for|of|f\xc3\xbcr|pour|para|per)[ ]")
_PROTOCOL: Final = re.compile(rb"[\w/.?=&%-]{0,200} HTTP/\d")
_PATH_BEFORE: Final = re.compile(rb"(?:\A|[\s\"'(])/\Z")
_ABOUT_OPTION: Final = re.compile(
    rb"(?:via|is|are|was|on the|option|options|flag|flags|argument|instead|and|or|from|with|when|if|to|has|"
    rb"cannot|can|must|should|requires?|needs?|was|will|may)(?:[ .,;:)]|$)"
)
_ARGUMENT: Final = re.compile(
    rb"""\(\s{0,8}[bBrRuUnNeE]?(?:"((?:[^"\\\r\n]|\\.)+)"|'((?:[^'\\\r\n]|\\.)+)')\s{0,8}\)"""
)
_PAIR: Final = re.compile(
    rb"""\(\s{0,8}["'][^"'\r\n]{0,200}["']\s{0,8},\s{0,8}(?:"([^"\r\n]+)"|'([^'\r\n]+)')\s{0,8},?\s{0,8}\)"""
)
_END_OF_TEXT: Final = re.compile(rb"'(?=[\s,);]|$)")
_DEFAULT: Final = re.compile(rb"(?::[-=]?|[-=])([^{}$?+\s][^{}$\r\n]{0,200})\}")
_INDEX: Final = re.compile(rb"\w\[[\"']\Z")
_INDEX_END: Final = re.compile(rb"[:.][A-Za-z]{1,40}(?:[:.][A-Za-z]{1,40}){0,4}[\"']\]")
_DIRECTIVE: Final = re.compile(rb"[ \t]*")
_ALLOWED: Final = re.compile(
    rb"\((?:self|src|\*|\\?\"https?://[\w.*:-]{1,100}\\?\"|[ ])*\)(?=[\s,;\"]|\Z)"
)
_PAIR_NEXT: Final = re.compile(rb"[\w.-]{1,64}=")
_SIGNED: Final = re.compile(
    rb"""(?:[ ][\w-]{1,20}){1,8}[ ](?:"([A-Za-z0-9+/=_.-]{20,500})"|'([A-Za-z0-9+/=_.-]{20,500})')"""
)
_QUOTED_END: Final = re.compile(rb"[\"'][ \t]*;?[ \t]*(?:[\r\n]|\Z)")
_LISTED: Final = re.compile(rb",[ ]?[\w.-]{1,64}=\Z")
_NUMBER: Final = re.compile(rb"(\d{3,12})(?:[\s,.;)]|$)")
_PLAIN_WORDS: Final = re.compile(
    rb"[a-z]{1,20}[ .,!?]{0,2}(?:(?:[a-z]{1,20}|\d{1,5})[ .,!?]{0,2}){0,30}"
)
_ASIDE: Final = re.compile(
    rb"\((?:[A-Za-z]{1,20}|\d{1,5})(?:[ ,.:]{1,2}(?:[A-Za-z]{1,20}|\d{1,5})){0,12}\)"
)
_PHRASE: Final = re.compile(rb"(?i)phrase|mnemonic|seed|answer")
_ENTRY: Final = re.compile(
    rb"""(?i)(?:entry|value)[ ]['"]([^'"\r\n]{1,200})['"][ ]for[ ](?:key|column|field|index)"""
    rb"""[ ]['"`(]\Z"""
)
_LONGEST_ENTRY: Final = 300
_COMMENT: Final = re.compile(rb"[ \t]+#[^\r\n]*$")

_LONGEST_LINE: Final = 4_096

type Found = tuple[int, int, bool]
"""Start and end of a value, and whether it is a container of several."""


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
        return _unseparated(value, left, right, name, names)
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
    decorated = _DECORATED.match(value, start)
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
    opening = _OPENING.match(value, start)
    if opening is not None:
        if opening[0] == before and value[right : right + 1] == separator[1][:1]:
            # A prompt: `read -p "Password: " PASSWORD`.
            return None
        return _changed(value, start, _quoted(value, opening))
    first = value[start : start + 1]
    if first == before == b"(":
        # PostgreSQL: `Key (token)=(...) already exists.`
        close = value.find(b")", start)
        return (start + 1, close, False) if close > start + 1 else None
    pair = _PAIR.match(value, start) if first == b"(" else None
    if pair is not None:
        # `auth=("ada", "x")`
        return (*pair.span(1 if pair[1] is not None else 2), False)
    if first in (b"{", b"[") and not _SCHEME_OF_HASH.match(value, start):
        return start, _container_end(value, start), True
    if sign.startswith(b"%"):
        end = _IN_CODED.match(value, start)
        return (start, end.end(), False) if end and end.end() > start else None
    if one_token and len(_rest(value, start)) >= _LONGEST_LINE:
        return _token(value, start, start + _LONGEST_LINE)
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


def _unseparated(value: bytes, left: int, right: int, name: bytes, names: Names) -> Found | None:
    """`--password x`, `password is x`, `PASSWORD 'x'`."""
    if _PATH_BEFORE.search(value, max(0, left - 2), left) and _PROTOCOL.match(value, right):
        # `GET /reset-password HTTP/1.1`
        return None
    if value[right : right + 1] == b"(":
        return _called(value, right, name)
    if name.startswith(b"-"):
        gap = _SPACED.match(value, right)
        if gap is not None and not _ABOUT_OPTION.match(value, gap.end()):
            opening = _OPENING.match(value, gap.end())
            found = _quoted(value, opening) if opening else _token(value, gap.end())
            return None if _is_metavar(name, value, found) else found
    spoken = _SPOKEN.match(value, right)
    if spoken is not None:
        decorated = _DECORATED.match(value, spoken.end())
        start = decorated.end() if decorated else spoken.end()
        opening = _OPENING.match(value, start)
        found = _quoted(value, opening) if opening else _token(value, start)
        if found is not None:
            secret = value[found[0] : found[1]]
            if opening or any(48 <= byte < 58 for byte in secret) or is_random(secret, 8):
                return found
        return None
    got = _GOT.match(value, right)
    if got is not None:
        opening = _OPENING.match(value, got.end())
        return _quoted(value, opening) if opening else None
    in_call = value[max(0, left - 20) : max(0, left - 1)].rstrip(b" ").endswith(b"(")
    paired = _PAIRED.match(value, right) if in_call else None
    if paired is not None:
        found = paired.span(1 if paired[1] is not None else 2)
        return (*found, False) if found[1] > found[0] else None
    gap = _SPACED.match(value, right)
    if gap is not None and value[left - 1 : left] == b"=" and _PAIR_NEXT.match(value, gap.end()):
        # `reason=bad_password attempts=5`
        return None
    if gap is not None and not is_prose(value[gap.end() : gap.end() + 20]):
        found = _token(value, gap.end())
        begun = value.rfind(b"\n", max(0, left - _LONGEST_LINE), left) + 1
        opening = _OPENING.match(value, gap.end())
        if (
            opening
            and _DIRECTIVE.fullmatch(value[begun:left][:40])
            and (names.kind(name) >= Kind.SECRET)
        ):
            # `masterauth "x"`
            quoted = _quoted(value, opening)
            return quoted if quoted and _QUOTED_END.match(value, quoted[1]) else None
        if found and (
            (_DIRECTIVE.fullmatch(value[begun:left][:40]) and _ends_line(value, found))
            or (_STRONG.search(name) and _mixed(value[found[0] : found[1]]))
            or (
                _USE.search(value, max(0, left - 40), left)
                and is_random(value[found[0] : found[1]], 8)
            )
            or (left - begun <= 40 and _SETTING.fullmatch(value[begun:left]))
        ):
            return found
    for pattern, least in ((_SAID, 12), (_DASHED, 6)):
        said = pattern.match(value, right)
        found = _token(value, said.end()) if said is not None else None
        if found is not None:
            secret = value[found[0] : found[1]]
            told = pattern is _DASHED or (_FOR.match(value, right) and _STRONG.search(name))
            if is_random(secret, least) or (told and _mixed(secret)):
                return found
    signed = _SIGNED.match(value, right)
    if signed is not None and is_random(signed[1] or signed[2], 20):
        return (*signed.span(1 if signed[1] else 2), False)
    following = _QUOTED_NEXT.match(value, right)
    if following is not None and _STRONG.search(name) and not name.lower().startswith(b"secret"):
        opening = _OPENING.match(value, following.end())
        return _quoted(value, opening) if opening else None
    return None


def _ends_line(value: bytes, found: Found) -> bool:
    """Whether a setting of two words ends with `found`, which is no plain word."""
    secret = value[found[0] : found[1]]
    return value[found[1] : found[1] + 1] in (b"", b"\n", b"\r") and (
        _mixed(secret) or is_random(secret, 8)
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
    sets = pieces_of(name)[0] in ("set", "with") or name.isupper() or _mixed(secret)
    return (*span, False) if sets or is_random(secret, 8) else None


def _is_metavar(name: bytes, value: bytes, found: Found | None) -> bool:
    """Whether help text repeats the option's name in capitals: `--token TOKEN`."""
    shown = b"" if found is None else value[found[0] : found[1]]
    return shown.isupper() and name.upper().replace(b"-", b"_").endswith(shown.replace(b"-", b"_"))


def _changed(value: bytes, start: int, found: Found | None) -> Found | None:
    """With what a value is changed to: `"old" -> "new"`."""
    change = None if found is None else _CHANGE.match(value, found[1])
    return found if change is None else (start, change.end(), True)


def _quoted(value: bytes, opening: re.Match[bytes]) -> Found | None:
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


def _token(value: bytes, start: int, limit: int = sys.maxsize) -> Found | None:
    match = _BARE.match(value, start, limit)
    if match is None or match.end() == start:
        return None
    end = start + len(match[0].rstrip(b".,;:)!?"))
    return (start, end, False) if end > start else None


def _bare(value: bytes, left: int, start: int, name: bytes, sign: bytes) -> Found | None:
    """A value without quotes: to the end of the parameter, of the word or of the line."""
    if value[left - 1 : left] == b";" and (
        found := _until_semicolon(value, start, _rest(value, start))
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
        told = _rest(value, start)
        told = told.partition(quote)[0] if quote and quote in b"\"'" else told
        return start, start + len(told.rstrip()), False
    block = _BLOCK.match(value, start)
    if block is not None:
        return start, _block_end(value, left, block.end()), False
    rest = _rest(value, start)
    if name.startswith(b"[") and b"]" in name + rest and b"]" not in name:
        # "[password=...] [user=...]"
        return (start, start + rest.index(b"]"), False) if rest[:1] != b"]" else None
    if sign == b":" and value[start - 1 : start] == b":" and _SCOPE.match(rest):
        # `secrets:read` is a permission.
        return None
    if not rest:
        # `def f(user, password):` goes on with code.
        between = value[left + len(name) : start]
        return None if between.count(b")") > between.count(b"(") else _indented(value, left, start)
    begun = value.rfind(b"\n", max(0, left - _LONGEST_LINE), left) + 1
    if len(rest) >= _LONGEST_LINE:
        # Too long to be told apart: all of it may be the value.
        line = _LINE.match(value, start)
        return (start, line.end(), False) if line else None
    if left - begun <= 40 and _LINE_START.fullmatch(value[begun:left]):
        return _whole_line(start, name, rest)
    if sign == b":" and (
        is_prose(rest)
        or _is_text(name, rest.partition(b"<")[0])
        or (not _STRONG.search(name) and re.match(rb"[a-z]+(?:[\s.,;:)]|$)", rest))
    ):
        return None
    return _until_semicolon(value, start, rest) or _token(value, start)


def _rest(value: bytes, start: int) -> bytes:
    """The rest of the line, or as much of it as is looked at."""
    line = _LINE.match(value, start, start + _LONGEST_LINE)
    return line[0] if line else b""


def _mixed(secret: bytes) -> bool:
    """Whether a word in a sentence is none: letters and digits or signs together."""
    return (
        len(secret) >= 6
        and secret.isascii()
        and not secret.isalpha()
        and not secret.isdigit()
        and (any(48 <= byte < 58 for byte in secret))
    )


def _whole_line(start: int, name: bytes, rest: bytes) -> Found | None:
    """A value that has its line for itself, unless another pair follows on it, or a sentence
    or a command goes on behind what can only be the value."""
    word = rest.split(None, 1)
    if _is_text(name, rest):
        return None
    if len(word) > 1 and _mixed(word[0]) and _ASIDE.fullmatch(word[1]):
        return start, start + len(word[0]), False
    if len(word) > 1 and (is_random(word[0]) or (_mixed(word[0]) and b" -" in rest)):
        return start, start + len(word[0]), False
    if len(word) > 1 and _mixed(word[0]) and _PLAIN_WORDS.fullmatch(word[1]):
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
    """Whether a sentence stands behind a name; a password may be some words, a phrase is."""
    if _PHRASE.search(name):
        return False
    return is_sentence(rest, strict=_STRONG.search(name) is not None and not name.endswith(b"s"))


def _until_semicolon(value: bytes, start: int, rest: bytes) -> Found | None:
    """In connection strings (`Server=...;Password=a b;Port=1`) only `;` ends a value."""
    semicolon = rest.find(b";")
    if semicolon <= 0 or not re.match(rb"\s*(?:[\w .-]{1,40}=|$|[\"'])", rest[semicolon + 1 :]):
        return None
    kept = rest[:semicolon]
    quote = _END_OF_TEXT.search(kept)
    begun = value.rfind(b"\n", max(0, start - _LONGEST_LINE), start) + 1
    if quote is not None and value.count(b"'", begun, start) % 2:
        return start, start + quote.start(), False
    listed = value[start - 1 : start] == b"=" and _LISTED.search(value, max(0, start - 80), start)
    if b'"' in kept or b"&" in kept or re.search(rb"\s[\w.-]+=", kept):
        return None
    if listed and re.search(rb",[\w.-]{1,40}=", kept):
        # A member of `a=1,token=x,b=2;c=3`.
        return None
    return start, start + semicolon, False


def _block_end(value: bytes, left: int, start: int) -> int:
    """The end of the lines from `start` that are indented deeper than the line of `left`."""
    begun = value.rfind(b"\n", max(0, left - _LONGEST_LINE), left) + 1
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


def _indented(value: bytes, left: int, end: int) -> Found | None:
    """YAML: the deeper lines below a name without a value on its own line."""
    if value[end : end + 1] not in (b"\n", b"\r"):
        return None
    start = value.find(b"\n", end) + 1
    stop = _block_end(value, left, start)
    first = value[start:stop].lstrip(b" \t")
    if stop <= start or not first:
        return None
    return start, stop, True


def _container_end(value: bytes, start: int) -> int:
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
