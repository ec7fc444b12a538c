"""Program text where a value is expected: calls, look-ups, variables and types hold no secret
themselves, but the texts inside them may: `os.environ.get("DB_PASSWORD", "changeme")`."""

import re
from typing import Final

from store.redaction.names import Kind, Names, pieces_of
from store.redaction.placeholders import TYPE_OF_TYPES, is_placeholder, placeholder_end
from store.redaction.prose import is_message, is_sentence
from store.redaction.values import is_random

_HEAD: Final = re.compile(
    rb"(?:(?:await|async|new|try[!?]?|return|not|yield|raise|throw)[ ]{1,4}|[!*&](?=[\w$]))*+"
)
_PATH: Final = re.compile(
    rb"@?[A-Za-z_$][\w$]{0,80}+(?:(?:\?\.|!!?\.|::|->|\.)[A-Za-z_$][\w$]{0,80}+){0,12}+[!?]{0,2}"
)
_MEMBER: Final = re.compile(rb"(?:\?\.|!!?\.|::|->|\.)[A-Za-z_$][\w$]{0,80}+[!?]{0,2}|[!?]{1,2}")
_BRACKETS: Final = re.compile(
    rb"\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'|`[^`\\]*+`|[()\[\]{}]|[\"'`]"
)
_QUOTED: Final = re.compile(
    rb"([A-Za-z_]\w{0,40}[ ]?[=:][ ]?)?[bBrRuUfFnN]{0,2}"
    rb"(?:\"((?:[^\"\\\n]|\\.)*+)\"|'((?:[^'\\\n]|\\.)*+)'|`([^`\\\n]*+)`)"
)
_FALLBACK: Final = re.compile(
    rb"[ \t]{0,4}(?:\|\||\?\?=?|\?:|\+|\.\.?(?=[ ])|&(?=[ ])|%(?=[ ])|\bor\b"
    rb"|\bif\b[^\n:]{1,80}\belse\b)[ \t]{0,4}"
)
_BOUNDARY: Final = re.compile(
    rb"[ \t]{0,8}(?:[,;)}\]\"'`<|?\r\n]|$|\\[nrt\"']|//|#|--|&&|=[ >]|[!=]=|:|[.+*/-][ ]|\{"
    rb"|as\b|if\b|and\b"
    rb"|else\b|in\b|is\b|not\b|[A-Z]{2,10}\b)"
)
_CLOSED: Final = re.compile(
    rb"[ \t]{0,8}(?:[)}\],;]{0,4}(?:\s|$|[\"'`]|\\[nrt\"'])|,(?:[:?$]|\w{1,40}[ ]?=[ ]?[:?$]))"
)
"""What ends a placeholder that is little more than a sign: `:name`, `>=2`."""
_LINE_END: Final = re.compile(rb"[ \t]{0,8}(?:[\r\n\"'`;]|$|\\[nrt\"'])")
_SCHEME: Final = re.compile(rb"(?i)(?:bearer|basic|token|apikey|bot)[ ](?=[<{$&%])")
_KEYWORD: Final = re.compile(
    rb"(?:null|None|nil|undefined|NULL|nullptr|true|false|True|False)(?=[ \t]*(?:[,;)}\]|]"
    rb"|=[^=]|[\r\n]|$))"
)
_EMPTY: Final = re.compile(rb"(?:null|None|nil|undefined|NULL|nullptr|true|false|True|False)\b")
_GIVEN: Final = re.compile(rb"[ ]?=[ ]?(?![=>])")
_ORDINAL: Final = re.compile(
    rb"(?<=[ ])\d{1,2}(?=[ ]?;(?:\s|$|//|\}|\\[nr])|[ ]?\[[\w(][^\[\]\r\n]{0,200}\][ ]?;)"
)
_ARROW: Final = re.compile(rb"(?:async[ ])?\([\w\s:,?<>\[\]|]{0,120}\)[ ]{0,2}[-=]>[^\r\n;]{0,200}")
_GENERIC: Final = re.compile(TYPE_OF_TYPES + rb"(?=[\s,;)}=\]?|&]|$)")
_HUMPS: Final = re.compile(
    rb"(?:Token|Secret|Password|Credentials?|Buffer)(?=[ ]?;|[ ]\|[ ]|\|(?:null|undefined))|"
    rb"\[?(?:String|ID|Int|Float|Boolean|Bytes)\b!?\]?!?(?=[ ]?[@,)}\r\n=]|$)"
    rb"|(?:[A-Z][a-z]+|Uint8)+(?:String|Str|Type|Token|Key|Secret|Bytes|Config|Provider|Response|Request|"
    rb"Data|Value|Password|Credentials?|Hash|Array|Buffer)[?!]?(?=[ ]?[,;)}=\]]|[ ]\|[ ])"
    rb"|Secret(?:Str|String|Bytes)(?=[\s,;)}=\]|]|$)"
)
_STATEMENT: Final = re.compile(rb"(?:raise|return|pass|continue|break|throw|abort|print)\b")
_BRANCH: Final = re.compile(rb"[ \t+-]*(?:if|elif|else|while|for|def|with|except|case)\b")
_DECLARED: Final = re.compile(rb"(?:\b(?:const|let|var|final|val|self|this)[ .]|[(,][ ]?|\.)\Z")
_LOOKS_UP: Final = frozenset(
    b"get getenv env environ environment header headers fetch read load lookup find param "
    b"params input prompt ask getpass config configuration setting settings require required "
    b"query select secret secrets parameter option flag cookie field value form args arg "
    b"property var variable resolve open item key keychain exists has contains".split()
)
_ROOTS: Final = frozenset(
    b"self cls this process os env var local module data settings config cfg conf ctx context req "
    b"request props params args options opts input inputs state app rails system window document "
    b"body form event secrets vars variables values payload session parser each".split()
)
_OWN_ROOTS: Final = frozenset(
    b"self cls this process os env req request props params args ctx context".split()
)
"""Those that no one begins a password with."""
_VALUES: Final = frozenset(b"value val data raw text string default content fallback".split())
_OPTIONS: Final = frozenset(
    b"utf-8 utf8 ascii base64 latin-1 hex binary bearer basic json r rb w".split()
)
_UNQUOTED: Final = re.compile(rb"(?<![\w\"'`])[^\s,()\[\]{}=:\"'`]{6,}(?![\"'`])")
_NUMBERED: Final = re.compile(rb"[a-z]{2,}\d+")
_KNOWN: Final = re.compile(
    rb"(?:sha|md|utf|base|latin|u?int|float|arg|str|param|ecdsa|ed|hs|rs)\d+"
)
_ARGUMENT: Final = re.compile(rb"[&*!]{0,2}[A-Za-z_$][\w$.>?!-]*|[\d_.x]+")
_WORD: Final = re.compile(rb"[ ]([^\s<>]{1,80})")
_NAMED: Final = re.compile(rb"[A-Za-z_][\w.:/ -]{0,80}[:?]?[ ]?")
_CLOSES: Final = {b"(": b")", b"[": b"]", b"{": b"}"}
_LEAST: Final = 3
_LEAST_PIECES: Final = 2
_LONGEST: Final = 600
_MOST_PARTS: Final = 12

type Span = tuple[int, int]


def read(
    value: bytes, left: int, start: int, name: bytes, sign: bytes, names: Names
) -> list[Span] | None:
    """The texts of an expression at `start` that may be secrets; `None` when it is none and may
    be a secret itself."""
    typed = _GENERIC.match(value, start) or (_HUMPS.match(value, start) if sign == b":" else None)
    given = _GIVEN.match(value, typed.end()) if typed else None
    if given is not None:
        return _Expression(value, left, name, names).read(given.end(), text=True)
    if stands(value, start):
        return []
    for pattern in (_KEYWORD, _ARROW, _GENERIC):
        if pattern.match(value, start):
            return []
    if sign == b"=" and _ORDINAL.match(value, start):
        return []
    if sign == b":" and _HUMPS.match(value, start):
        return []
    if sign == b":" and _STATEMENT.match(value, start) and _BRANCH.match(value, _line(value, left)):
        return []
    return _Expression(value, left, name, names).read(start, bare=_is_bare(value, start, sign))


def stands(value: bytes, start: int) -> bool:
    """Whether a placeholder stands at `start`, and nothing behind it belongs to it."""
    scheme = _SCHEME.match(value, start)
    kept = placeholder_end(value, scheme.end() if scheme else start)
    if kept < 0 or not _is_closed(value, start, kept):
        return False
    return _BOUNDARY.match(value, kept) is not None or _goes_on(value, kept)


def _is_closed(value: bytes, start: int, end: int) -> bool:
    """Whether a placeholder that is little more than a sign ends where one may."""
    if value[start : start + 1] not in b":^~<>=" or value[end - 1 : end] in b">$":
        return True
    return _CLOSED.match(value, end) is not None


def _goes_on(value: bytes, end: int) -> bool:
    """Whether a command goes on behind a placeholder in brackets."""
    word = _WORD.match(value, end) if value[end - 1 : end] in (b">", b"}", b")") else None
    return word is not None and not _is_mixed(word[1]) and b"</" not in value[end : end + 200]


class _Expression:
    def __init__(self, value: bytes, left: int, name: bytes, names: Names) -> None:
        self._value = value
        self._left = left
        self._name = name
        self._names = names
        self._found: list[Span] = []

    def read(self, start: int, *, text: bool = False, bare: bool = False) -> list[Span] | None:
        """Operands joined by what stands for "else": `a.b ?? c.d || "literal"`. With `text` the
        first may be a literal; `bare` is how settings are written, whose values are texts."""
        at, read = start, 0
        while read < _MOST_PARTS:
            end = self._text(at) if read or text else -1
            if end < 0:
                end = self._operand(at)
            if end < 0:
                return None
            read += 1
            more = _FALLBACK.match(self._value, end)
            if more is None:
                break
            at = more.end()
        if bare and _LINE_END.match(self._value, end) and not self._is_certain(start, end):
            return None
        return self._found if _BOUNDARY.match(self._value, end) else None

    def _is_certain(self, start: int, end: int) -> bool:
        """Whether what has a setting's line for itself is program text all the same."""
        text = self._value[start:end]
        if placeholder_end(self._value, start) >= 0 or b'"' in text or b"'" in text:
            return True
        if _EMPTY.match(text):
            return True
        head = _PATH.match(text)
        pieces = re.split(rb"\?\.|::|->|\.", head[0]) if head else []
        if not pieces:
            return False
        named = self._names.kind(pieces[-1]) is not Kind.PLAIN
        if len(pieces) > 1 and pieces[0].lower().lstrip(b"@$") in _ROOTS:
            return named or pieces[-1].isupper() or text[-1:] in (b")", b"]")
        return named and text.endswith(b"()")

    def _text(self, at: int) -> int:
        """A literal for when there is no other value."""
        match = _QUOTED.match(self._value, at)
        if match is None:
            return -1
        span = match.span(match.lastindex or 0)
        if not self._is_harmless(match, self._value[slice(*span)]):
            self._found.append(span)
        return match.end()

    def _operand(self, start: int) -> int:
        """Where the operand at `start` ends, or -1 when it may be a secret itself."""
        value = self._value
        kept = placeholder_end(value, start)
        if kept >= 0:
            return kept if _is_closed(value, start, kept) else -1
        empty = _EMPTY.match(value, start)
        if empty is not None:
            return empty.end()
        head = _HEAD.match(value, start)
        at = head.end() if head else start
        path = _PATH.match(value, at)
        if path is None:
            return -1
        callee, end, suffixes = path[0], path.end(), 0
        while True:
            opening = value[end : end + 1]
            if opening in (b"(", b"["):
                close = _close(value, end)
                if close > 0 and any(map(_is_odd, _UNQUOTED.findall(value, end + 1, close - 1))):
                    return -1
                if close < 0 or not self._is_suffix(callee, end, close):
                    return -1
                self._arguments(callee, end, close)
                end, suffixes = close, suffixes + 1
                continue
            member = _MEMBER.match(value, end) if suffixes else None
            if member is None:
                break
            callee, end = member[0], member.end()
        if suffixes:
            return end
        return end if self._is_variable(path[0], at) else -1

    def _is_suffix(self, callee: bytes, opening: int, close: int) -> bool:
        inside = self._value[opening + 1 : close - 1]
        if self._value[opening : opening + 1] == b"[":
            return (
                inside[:1] in (b'"', b"'", b":")
                or inside.isdigit()
                or (inside.isalpha() and inside.islower() and not _is_mixed(callee))
            )
        word = re.split(rb"[.:>]", callee)[-1]
        plain = re.sub(rb"(?:sha|md|b|base|utf|x)\d{1,3}", b"", word)
        if inside.isdigit() and b"." not in callee and len(pieces_of(callee)) < _LEAST_PIECES:
            return False
        return (
            b"." in callee
            or b"(" in inside
            or not any(48 <= c < 58 for c in plain)
            or b'"' in inside
        )

    def _is_variable(self, path: bytes, start: int) -> bool:
        pieces = [piece for piece in re.split(rb"\?\.|!!?\.|::|->|\.", path) if piece]
        if any(48 <= byte < 58 for byte in path) and is_random(path, 12):
            return False
        after = self._value[start + len(path) : start + len(path) + 1]
        if self._value[start - 3 : start] == b": *" and len(pieces) == 1 and not after.strip():
            # An alias in YAML.
            return not _is_mixed(path)
        if len(pieces) > 1:
            if any(48 <= byte < 58 for byte in pieces[-1]):
                return False
            root = pieces[0].lower().lstrip(b"@$")
            if root in _OWN_ROOTS:
                return True
            if root in _ROOTS:
                ends = after in (b"", b"\n", b"\r") or not self._is_code(start, start + len(path))
                return not ends or self._names.kind(pieces[-1]) is not Kind.PLAIN
            if any(48 <= byte < 58 for byte in path):
                return False
            return self._is_code(start, start + len(path)) and (
                self._names.kind(path) is not Kind.PLAIN
            )
        before = self._value[max(0, self._left - 12) : self._left]
        declared = _DECLARED.search(before) or self._name.startswith((b"self.", b"this.", b"_"))
        own = pieces_of(self._name)
        return bool(declared) and own[-len(pieces_of(path)) :] == pieces_of(path)

    def _is_code(self, start: int, end: int) -> bool:
        """Whether what stands around it is more than a line of settings, where any word may be
        a value: `DB_PASSWORD=my.secret`."""
        if self._value[start - 2 : start] == b"= ":
            return True
        after = self._value[end : end + 1]
        if after == b")":
            line = self._value[_line(self._value, self._left) : start]
            return line.count(b"(") > line.count(b")")
        return bool(after) and after in b",;}"

    def _arguments(self, callee: bytes, opening: int, close: int) -> None:
        """The texts among the arguments of a call that are no names of anything."""
        looks_up = self._value[opening : opening + 1] == b"[" or any(
            piece.encode() in _LOOKS_UP for piece in pieces_of(callee)
        )
        for number, match in enumerate(_QUOTED.finditer(self._value, opening + 1, close - 1)):
            span = match.span(match.lastindex or 0)
            text = self._value[slice(*span)]
            named = looks_up and number == 0 and _NAMED.fullmatch(text) and not _is_mixed(text)
            if not named and not self._is_harmless(match, text):
                self._found.append(span)

    def _is_harmless(self, match: re.Match[bytes], text: bytes) -> bool:
        """Whether a text among code is a name, an option or a message, not a value."""
        keyword = (match[1] or b"").rstrip(b"=: ")
        if keyword and keyword not in _VALUES and self._names.kind(keyword) is Kind.PLAIN:
            return not is_random(text)
        if len(text) < _LEAST or text.lower() in _OPTIONS or b"://" in text or is_placeholder(text):
            return True
        if is_message(text) or is_sentence(text) or pieces_of(text) == pieces_of(self._name):
            return True
        named = _NAMED.fullmatch(text) is not None and not _is_mixed(text)
        joined = text.isupper() or any(sign in text for sign in (b" ", b":", b"-", b"_", b"."))
        return named and joined and self._names.kind(text) is not Kind.PLAIN


def _is_mixed(text: bytes) -> bool:
    return is_random(text, 8) or (any(48 <= c < 58 for c in text) and not text.isupper())


def _is_odd(token: bytes) -> bool:
    """Whether an argument without quotes is no name or number."""
    named = _ARGUMENT.fullmatch(token) is not None
    if named and _NUMBERED.fullmatch(token):
        return _KNOWN.fullmatch(token) is None
    return is_random(token, 12) if named else _is_mixed(token)


def _is_bare(value: bytes, start: int, sign: bytes) -> bool:
    """Whether no blank stands around the sign: `NAME=value`."""
    return (
        sign == b"=" and value[start - 1 : start] == b"=" and value[start - 2 : start - 1] != b" "
    )


def _line(value: bytes, left: int) -> int:
    return value.rfind(b"\n", max(0, left - _LONGEST), left) + 1


def _close(value: bytes, opening: int) -> int:
    """Behind the bracket that closes the one at `opening`, or -1."""
    expected: list[bytes] = []
    for match in _BRACKETS.finditer(value, opening, opening + _LONGEST):
        if match[0] in (b"(", b"[", b"{"):
            expected.append(_CLOSES[match[0]])
        elif match[0] in (b")", b"]", b"}"):
            if match[0] != expected.pop():
                return -1
            if not expected:
                return match.end()
    return -1
