"""Authorization values of every scheme: the scheme and the parts that are no secret stay.

Forms: `Scheme token` (RFC 6750, 7617), `Scheme name=value, ...` (Digest RFC 7616, OAuth 1.0
RFC 5849, AWS Signature Version 4, Hawk, Azure shared access signatures, HTTP signatures),
`Scheme id:signature` (AWS version 2, Azure SharedKey), and a bare token.
"""

import base64
import binascii
import re
from typing import Final
from urllib.parse import unquote_to_bytes

from store.redaction import shapes
from store.redaction.json_trail import Place
from store.redaction.names import Kind, pieces_of
from store.redaction.values import is_nothing, is_random
from store.redaction.work import MARK, Work, is_marked

_SCHEME: Final = re.compile(rb"([A-Za-z][\w!#$%&'*.^`|~+-]*)([ \t]+|:[ \t]*)(\S.*)", re.DOTALL)
_PARAMETERS: Final = re.compile(
    rb"""([\w.*-]+)(\s*=\s*)("(?:[^"\\]|\\.)*"?|(?:[^\s,;&"]|;(?![\w.*-]+=))+)([\s,;&]*)"""
)
_TEMPLATE: Final = re.compile(
    rb"\{[a-z_][\w.]{0,60}\}|[\"'`]?\s?\+\s?\w[\w.]{0,60}|#\{[^{}]{1,80}\}"
)
_NEXT: Final = re.compile(rb", (?=(?:Basic|Bearer|Digest|Token) \S)")
_OWNED: Final = re.compile(rb"[^=\s]{1,200}[@!][^=\s]{1,200}=")
_LEAST: Final = 2
_LEAST_DRAWN: Final = 12


def redact_authorization(work: Work, value: bytes, place: Place) -> bytes:
    """An `Authorization`-like value without its secrets."""
    schemed = _SCHEME.fullmatch(value)
    if b"[" in value and (is_marked(value) or MARK.sub(b"", value).strip(b" ,") == b""):
        return value
    token = schemed is not None and b" " not in schemed[3] and not schemed[3].isalpha()
    if not value.strip(b" ,") or (not token and is_nothing(value)):
        return value
    following = _NEXT.search(value) if b", " in value else None
    if following is not None and following.start():
        # Two credentials that were joined on the way.
        first = redact_authorization(work, value[: following.start()], place)
        rest = redact_authorization(work, value[following.end() :], place)
        return first + following[0] + rest
    if schemed is None:
        return _bare(work, value, place)
    scheme, gap, rest = schemed.groups()
    if gap.startswith(b":") and is_random(scheme, _LEAST_DRAWN):
        # `id:secret` whose left half may be a secret as well.
        work.taint(scheme)
        work.taint(rest)
        return _bare(work, value, place)
    if is_nothing(rest) or (not rest[:1].isalnum() and _TEMPLATE.fullmatch(rest)):
        return value
    lowered = scheme.lower()
    if (
        lowered in work.rules.authorization_pairs
        and b":" in rest
        and b"=" not in rest.partition(b":")[0]
    ):
        if MARK.fullmatch(rest[rest.rfind(b"[") :]) is not None:
            return value
        identity, _, signature = rest.rpartition(b":")
        clean = shapes.cut_shapes(work, identity, place)
        return scheme + gap + clean + b":" + work.cut(signature, place, "authorization")
    if lowered not in (b"basic", b"bearer") or b'="' in rest:
        parameters = _parameters(work, rest, place)
        if parameters is not None:
            return scheme + gap + parameters
    if lowered == b"basic":
        taint_basic(work, rest)
    if MARK.search(rest):
        rest = (
            rest
            if not MARK.sub(b"", rest).strip(b" ,;")
            else work.cut(rest, place, "authorization")
        )
        return scheme + gap + rest
    _taint_words(work, rest)
    return scheme + gap + work.cut(rest, place, "authorization")


def _bare(work: Work, value: bytes, place: Place) -> bytes:
    parameters = _parameters(work, value, place) if b'="' in value else None
    if parameters is not None:
        return parameters
    name, equals, rest = value.partition(b"=")
    if equals and rest.strip(b"=") and len(name) < 24 and name.isalpha():
        owned = _OWNED.match(rest)
        kept = owned[0] if owned else b""
        return name + equals + kept + work.cut(rest[len(kept) :], place, "authorization")
    return work.cut(value, place, "authorization")


def _parameters(work: Work, rest: bytes, place: Place) -> bytes | None:
    """`name=value` lists; `None` when `rest` is not one."""
    out: list[bytes] = []
    at = 0
    for match in _PARAMETERS.finditer(rest):
        if match.start() != at:
            return None
        name, equals, raw, gap = match.groups()
        at = match.end()
        quote = raw[:1] == b'"'
        inner = raw[1:].removesuffix(b'"') if quote else raw
        clean = _parameter(work, name, inner, place)
        out.append(name + equals + (b'"' + clean + b'"' if quote else clean) + gap)
    padding = len(out) == 1 and not rest.partition(b"=")[2].strip(b"=")
    if not out or at != len(rest) or padding:
        return None
    return b"".join(out)


def _parameter(work: Work, name: bytes, value: bytes, place: Place) -> bytes:
    lowered = name.lower()
    if lowered == b"credential":
        identity, slash, scope = value.partition(b"/")
        return (
            work.cut(identity, place, "authorization") + slash + scope
            if slash
            else (shapes.cut_shapes(work, value, place))
        )
    if lowered in work.rules.authorization_keep:
        return work.text(value, place)
    if len(value) < _LEAST or is_nothing(value):
        return value
    last = pieces_of(name)[-1:]
    if (
        last
        and last[0] in work.rules.names.neutral
        and (work.names.kind(name) is Kind.PLAIN and not is_random(value))
    ):
        return work.text(value, place)
    plain = unquote_to_bytes(value)
    if plain != value:
        work.taint(plain)
    return work.cut(value, place, f"authorization:{lowered.decode()}")


def taint_basic(work: Work, encoded: bytes) -> bool:
    """Remember user and password of basic credentials (RFC 7617); whether they were such."""
    try:
        decoded = base64.b64decode(encoded.strip() + b"==", validate=False)
    except (binascii.Error, ValueError):
        return False
    user, colon, password = decoded.partition(b":")
    if not colon or not all(byte >= 0x20 or byte == 9 for byte in decoded):
        return False
    work.taint(decoded)
    if len(password) >= _LEAST:
        work.taint(password)
    elif len(user) >= 12:
        work.taint(user)
    return True


def _taint_words(work: Work, rest: bytes) -> None:
    for word in re.split(rb"[\s,]+", rest):
        if len(word) >= 12:
            work.taint(word)
