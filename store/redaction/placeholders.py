"""Values that stand for a secret without being one: literals, types, placeholders, references."""

import re
from typing import Final

_LITERAL: Final = frozenset(
    b"true false null none nil undefined yes no on off n/a na unknown required optional string str "
    b"text number integer int bool boolean varchar uuid object array any void hidden redacted "
    b"masked filtered basic bearer digest oauth oauth2 jwt apikey api_key header cookie query "
    b"enabled disabled default same-origin no-check () (self)".split()
)
_OPTION: Final = frozenset(
    b"read write selected include omit nocheck mschapv2 mschap peap scram gssapi".split()
)
"""What a setting says in running text; sent as a password it may be one."""
_TYPE: Final = (
    rb"(?:string|str|null|none|undefined|number|int|bool|boolean|bytes|any|object|unknown|never)"
)
_PATH_PIECE: Final = rb"[a-z]+(?:[._-][a-z]+)*"
TYPE_OF_TYPES: Final = (
    rb"[A-Z][A-Za-z]{0,40}<(?:[A-Z&'?]|(?:[uif]\d|str|int|num|bool|any|unknown|void|char|byte|dyn|obj))"
    rb"[\w<>, .&'?\[\]|:*]{0,120}>"
)
"""`Option<String>`, which no element of HTML looks like."""
_TEMPLATES: Final = (
    rb"\$\{(?:[a-z]{2,10}:[^{}]{0,80}|[\w.\[\]()'\" ]{0,80}(?::?\?[^{}]{0,120})?"
    rb"|[a-z][a-z0-9.-]{0,80})\}"
    rb"|\$\{\{[^{}]{0,80}\}\}|\{\{[^{}]{0,80}\}\}|[#%]\{[^{}\"']{1,80}\}|<%=?[^%]{1,80}%>"
    rb"|<[A-Za-z][\w -]{0,40}>|&lt;[A-Za-z][\w -]{0,40}&gt;|[*x.\xe2\x80\xa2\xa6]{2,}"
    rb"|\((?i:sensitive|hidden|none|unknown|empty|null|redacted|masked|unset|encrypted)\)"
    rb"|(?i:(?:hmac[-_]?)?(?:sha-?\d{1,3}|md5|rsa|ecdsa|ed25519|[hrep]s\d{3})"
    rb"(?:[-_]?(?:with|and|rsa|ecdsa|encryption|hmac|sha-?\d{1,3}|pss|rsae|v\d)){0,5})"
    rb"|(?i:n?(?:var)?char2?|(?:var)?binary|character(?: varying)?|string|raw|bit)\(\d{1,5}\)?"
    rb"|\[?(?i:filtered|redacted|masked|hidden|secret|removed)\]|%s|%\(\w{0,40}\)s"
    rb"|(?i:" + _TYPE + rb"(?:\[\])?(?:\s?\|\s?" + _TYPE + rb"){1,4})"
    rb"|arn:aws[\w-]{0,12}:[a-z0-9-]{1,40}:[a-z0-9-]{0,24}:\d{0,12}:[\w/:.+=@*-]{1,300}"
    rb"|@Microsoft\.KeyVault\([^()]{1,300}\)"
    rb"|projects/[\w-]{1,60}/secrets/[\w-]{1,255}(?:/versions/[\w-]{1,20})?"
)
_TEMPLATE: Final = re.compile(_TEMPLATES)
"""What no one has for a password, even where a whole value is one."""
_PLACEHOLDER: Final = re.compile(
    _TEMPLATES
    + rb"|\$[A-Z_][A-Z0-9_]{0,60}|\$[a-z_]{0,30}(?:pass|pwd|token|secret|key|cred|auth)[a-z_]{0,20}"
    rb"|\$\d{1,2}|%[A-Z_]{2,60}%|\$env:\w{1,60}"
    rb"|\$\((?!echo|printf)[^()\"'\r\n]{1,200}\)"
    rb"|\([a-z]+(?: [a-z]+){1,4}\)|\((?i:set|optional|required|secret|unchanged)\)"
    rb"|%\(?\w{0,40}\)?s|:\w{1,20}"
    rb"|" + TYPE_OF_TYPES + rb"(?=\Z|[\s,;)}=\]?|&])"
    rb"|!(?:secret|env|env_var|include|[Rr]ef(?:erence)?|[Gg]et[Aa]tt|[Ss]ub|[Ii]mport[Vv]alue)"
    rb"[ ][\w.:/-]{1,120}"
    rb"|\^[^\s]{0,200}(?:\[[^\s\]]+\]|\\[dwsDWS]|\(\?|\.[*+]|\{\d)[^\s]{0,200}\$"
    rb"|[\^~<>=]{1,2}[ ]?\d{1,4}(?:\.\d{1,4}){0,3}"
    rb"|(?:op|vault|keyring|(?:ref\+)?[a-z]{2,16}sm"
    rb"|ref\+[a-z]{2,16})://[\w .-]{1,60}(?:/[\w .#?=-]{1,60}){1,6}"
    rb"|(?:(?i:cn|ou|dc|uid|o|c)=[^,=\s]{1,80},){1,12}(?i:cn|ou|dc|uid|o|c)=[^,=\s]{1,80}"
    rb"|(?:GPIO|gpio)_?\d{1,3}"
    rb"|env:[A-Z_][A-Z0-9_]{1,60}|fd:\d{1,2}|secretref:[a-z-]{1,60}"
    rb"|(?:file:)?(?:\.{1,2}|~)?(?:/" + _PATH_PIECE + rb"){2,12}/?"
    rb"|https?://[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}(?::\d{2,5})?"
    rb"(?:/(?:[a-z]{1,20}(?:[._-][a-z]{1,20}){0,6}|v\d{1,2}|oauth2|\d{4}|\d{6}|(?=[A-Za-z]*[A-Z][a-z]{3})(?:[A-Z][a-z]{1,14}){1,5}))*/?"
)
_ONE_WORD: Final = re.compile(
    rb"x{2,}|(?i:hmac|sha|md5|rsa|ecdsa|ed25519|[hrep]s\d|gpio|n?(?:var)?char|binary|string|raw|bit).*"
)
_DRAWN: Final = re.compile(rb"(?=[A-Za-z]{0,20}\d)(?=\d{0,20}[A-Za-z])[A-Za-z0-9]{10,}")
_DEFAULT: Final = (b"default(", b"default:", b"|| ", b"??", b" or ")


def is_placeholder(value: bytes) -> bool:
    """Whether `value`, in running text, only names a secret, its type, or where it is kept."""
    return value.lower() in _OPTION or _stands_for(_PLACEHOLDER, value)


def is_template(value: bytes) -> bool:
    """Whether `value`, sent whole as a secret, can be none: a template, a type, a literal. A
    path, a reference or a word of some setting may be a password there."""
    return _stands_for(_TEMPLATE, value)


def _stands_for(pattern: re.Pattern[bytes], value: bytes) -> bool:
    if value.lower() in _LITERAL:
        return True
    if value.isalnum() and _ONE_WORD.fullmatch(value) is None:
        # Most values are such a token; one look at it is cheaper than all of the others.
        return False
    if pattern.fullmatch(value) is None:
        return False
    if value[:1] in b"{<$" and _DRAWN.search(value):
        return False
    # A template may bring a literal for when there is no other.
    return b"{" not in value or not any(word in value for word in _DEFAULT)


def placeholder_end(value: bytes, start: int) -> int:
    """Where the placeholder ends that stands at `start`, or -1."""
    match = _PLACEHOLDER.match(value, start)
    if match is None or match.end() == start or not is_placeholder(match[0]):
        return -1
    return match.end()
