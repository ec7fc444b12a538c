"""Secrets in XML, HTML, property lists and other pairs of a name and a value apart."""

import re
from typing import Final

from store.redaction import json_text
from store.redaction.json_secrets import cut_strings
from store.redaction.named import describes, least_of, names_another, rule_of
from store.redaction.names import Kind
from store.redaction.value_ends import is_mixed
from store.redaction.values import is_benign, is_random
from store.redaction.work import Work

_BEFORE: Final = 60
_LONGEST_ELEMENT: Final = 4_096
_WITHIN: Final = 600
_OPEN_TAG: Final = re.compile(rb"<(?:[\w.-]{1,40}:)?\Z")
_CELL: Final = re.compile(
    rb"(?i)<(td|th|dt)\b[^<>]{0,60}>\s{0,20}(?:\w{1,20} )?(?:<\w{1,10}>\s{0,20})?(?:\w{1,20} )?\Z"
)
_NEXT_CELL: Final = re.compile(
    rb"(?i)[?*]?\s{0,80}(?:</\w{1,10}>\s{0,80}){1,2}<(td|dd)\b[^<>]{0,200}>"
    rb"(?:\s{0,80}<[\w:.-]{1,40}[^<>]{0,200}>)?\s{0,80}([^<]+)"
)
_METAVAR: Final = re.compile(rb"(?:^|[\s\[|,])--?\w[\w-]{0,40}[ =]<\Z")
_GOES_ON: Final = re.compile(
    rb"[?!]?>(?:[\"'`](?=[\s,;.:)\]]|\Z)|[,;.:)\]&}|>\\]|\s*\Z|[ \t]+<[\w-]{1,40}>\s"
    rb"|[ \t]+([^\s<]{1,80})|\r?\n)"
)
_TAG_END: Final = re.compile(rb"(?=[\s/>])[^<>]{0,2000}>")
_ROLE: Final = re.compile(
    rb"""(?i)(?:^|[\s<,{(\["'_-])(?:(?:name|key|id|field|header|param(?:eter)?|property"""
    rb"""|setting|variable|var|k|n|label|for|itemprop|http-equiv)["']?\s{0,4}(?:=|:"""
    rb"""|>)\s{0,4}\\?["']?|variable[ ]["'])\Z"""
)
_TYPE: Final = re.compile(rb"""(?i)<input\b[^<>]{0,200}\stype=["']?\Z""")
_ATTRIBUTE: Final = re.compile(
    rb"""(?i)(?:\\?["']|(?=[\s]))[^<>]{0,200}?\b(?:value|content|val|default|data)\s{0,4}=\s{0,4}(?:"([^"<>]*)"|'([^'<>]*)'|([^\s"'<>\\]+))"""
)
_EARLIER: Final = re.compile(
    rb"""(?i)\b(?:value|content|val)\s{0,4}=\s{0,4}(?:"([^"<>]*)"|'([^'<>]*)'|([^\s"'<>\\]+))[^<>]*\Z"""
)
_CONTENT: Final = re.compile(
    rb"""["'][^<>]{0,200}>(?:\s{0,80}<(?:value|string|val)>\s{0,80})?(?:<!\[CDATA\[)?((?:[^<\]]|\](?!\]>))+)"""
)
_SIBLING: Final = re.compile(
    rb"""</[\w:.-]{1,40}>\s{0,200}<[\w:.-]{1,40}[^<>]{0,200}>(?:\s{0,80}<[\w:.-]{1,40}[^<>]{0,200}>)?(?:<!\[CDATA\[)?((?:[^<\]]|\](?!\]>))+)"""
)
_BELOW: Final = re.compile(
    rb"""(?i)\\?["']?\s{0,4},?\s{0,80}-?\s{0,4}\\?["']?(?:value|val|default|content)\\?["']?\s{0,4}[:=]\s{0,4}(?:\\?"([^"\r\n\\]*)|'([^'\r\n]*)|([^\r\n,}"']+))"""
)
_BLOCK_DEFAULT: Final = re.compile(
    rb"""["'][ ]{0,4}\{[^{}]{0,1000}?\bdefault[ \t]{0,20}=[ \t]{0,20}"([^"\r\n]*)"""
)
_ABOVE: Final = re.compile(
    rb"""(?i)(?:^|[\n{,])[ \t]{0,80}(?:-[ \t]{1,4})?["']?(?:value|val|default|content)["']?"""
    rb"""[ \t]{0,4}[:=][ \t]{0,4}(?:"([^"\r\n\\]+)"|'([^'\r\n]+)'|([^\s,}"'][^\r\n,}"']*))"""
    rb"""[ \t]{0,4},?(?:[ \t]*\r?\n)?[ \t]{0,80}["']?[\w-]{1,40}["']?[ \t]{0,4}[:=]"""
    rb"""[ \t]{0,4}["']?\Z"""
)
_PART: Final = re.compile(
    rb"""["'][^\r\n]{0,200}(?:\r?\n[\w-]{1,40}:[^\r\n]{0,200}){0,6}\r?\n\r?\n([^\r\n]+)"""
)
_CDATA: Final = re.compile(rb"\s*<!\[CDATA\[(.*?)(?:\]\]>|\Z)", re.DOTALL)
_NODE: Final = re.compile(rb"<(?:[\w.-]{1,40}:)?([\w.-]{1,60})[^<>]{0,2000}>([^<>]+)(?=<|\Z)")
_INNER: Final = re.compile(
    rb"""(?:([\w.-]{1,60})["']?\s{0,4}(?:=>|[:=])\s{0,4})?(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')(?!\s{0,4}:)"""
)
_ITEMS: Final = re.compile(rb"(?P<name>\Z)?(?P<value>[^\s,\[\]{}:\"'-][^\r\n,\[\]{}\"']*)")
_FLOW_ITEM: Final = re.compile(
    rb"(?P<name>[\w.-]{1,60})\s{0,4}[:=]\s{0,4}(?P<value>[^\s,{}\[\]][^,{}\[\]]*)"
)
_YAML_ITEM: Final = re.compile(
    rb"(?m)^[ \t]*+(?:-\s{1,80}+)?(?:(?P<name>[\w.-]{1,80})[ \t]{0,80}:\s{1,80}+)?"
    rb"(?P<value>[^\s#][^\r\n]*+)"
)


_YAML_PAIR: Final = re.compile(rb"([\w.-]{1,80}):[ \t]")


def find(
    work: Work, value: bytes, left: int, right: int, name: bytes, kind: Kind
) -> tuple[int, int, bool] | None:
    """The value that markup puts under the name at `left:right`, or `None`."""
    before = value[max(0, left - _BEFORE) : left]
    if _OPEN_TAG.search(before):
        if b"</" + name not in value and (_METAVAR.search(before) or _is_placeholder(value, right)):
            # Help: `--password <pw>  the password to use`.
            return None
        return _element(work, value, right, name, kind)
    if before.endswith((b">", b" ")) and _CELL.search(before):
        cell = _NEXT_CELL.match(value, right)
        found = None if cell is None else _group(work, cell, kind)
        return None if found is None else (*found, False)
    if _ROLE.search(before):
        found = _apart(work, value, left, right, kind)
        return None if found is None else (*found, False)
    if before.endswith((b"=", b"'", b'"')):
        tag = value.rfind(b"<", max(0, left - _WITHIN), left)
        if tag >= 0 and _TYPE.match(value, tag, left):
            match = _EARLIER.search(value, tag, left) or _ATTRIBUTE.match(value, right)
            found = None if match is None else _group(work, match, kind)
            return None if found is None else (*found, False)
    return None


def _is_placeholder(value: bytes, right: int) -> bool:
    """Whether what stands behind `<token` goes on as behind a placeholder or a type."""
    match = _GOES_ON.match(value, right)
    return (
        match is not None
        and (match[1] is None or not is_random(match[1], 8))
        and not (match[1] is not None and any(48 <= byte < 58 for byte in match[1]))
    )


def _element(
    work: Work, value: bytes, right: int, name: bytes, kind: Kind
) -> tuple[int, int, bool] | None:
    """`<Password ...>x</Password>`: the content, or the elements in it."""
    tag = _TAG_END.match(value, right)
    if tag is None or tag[0].endswith(b"/>"):
        return None
    start = tag.end()
    data = _CDATA.match(value, start)
    if data is not None:
        return (*data.span(1), False) if work.is_secret(kind, data[1].strip()) else None
    close = value.find(b"</", start)
    end = len(value) if close < 0 else close
    inside = value[start:end]
    if b"<" in inside:
        limit = start + _LONGEST_ELEMENT
        close = value.find(name + b">", end, limit)
        return start, min(limit, len(value)) if close < 0 else close, True
    trimmed = inside.strip()
    start += len(inside) - len(inside.lstrip())
    return (start, start + len(trimmed), False) if work.is_secret(kind, trimmed) else None


def cut_elements(work: Work, value: bytes, kind: Kind, place: str) -> bytes:
    """Cut the texts of the elements inside a secret one, except of those that describe."""
    out: list[bytes] = []
    end = 0
    for match in _NODE.finditer(value):
        text = match[2].strip()
        if describes(work, match[1]) or not work.is_secret(kind, text):
            continue
        start = value.index(text, match.start(2))
        out += (value[end:start], work.cut(text, place, rule_of(place.encode())))
        end = start + len(text)
    return b"".join((*out, value[end:]))


def _apart(work: Work, value: bytes, left: int, right: int, kind: Kind) -> tuple[int, int] | None:
    """`name="password" value="x"`, `<key>password</key><string>x`, `name: ...` with `value:`
    on the next line, a multipart field."""
    tag = value.rfind(b"<", max(0, left - _WITHIN), left)
    if tag >= 0:
        earlier = _EARLIER.search(value, tag, left)
        if earlier is not None:
            return _group(work, earlier, kind)
    line = max(value.rfind(b"\n", max(0, left - _WITHIN), left), left - _WITHIN, 0)
    above = max(value.rfind(b"\n", max(0, line - _WITHIN), line), line - _WITHIN, 0)
    earlier = _ABOVE.search(value, above, left)
    if earlier is not None:
        return _group(work, earlier, kind)
    for pattern in (_BLOCK_DEFAULT, _ATTRIBUTE, _CONTENT, _SIBLING, _BELOW, _PART):
        match = pattern.match(value, right)
        if match is not None:
            return _group(work, match, kind)
    return None


def _group(work: Work, match: re.Match[bytes], kind: Kind) -> tuple[int, int] | None:
    group = match.lastindex or 0
    if group == 0:
        return None
    text = match[group]
    start = match.start(group) + len(text) - len(text.lstrip())
    trimmed = text.strip()
    label = trimmed.rstrip(b":*? ")
    if is_benign(label) and work.names.kind(label) is not Kind.PLAIN:
        # The name again, as a label.
        return None
    return (start, start + len(trimmed)) if work.is_secret(kind, trimmed) else None


def cut_container(
    work: Work, value: bytes, kind: Kind, place: str, *, every: bool = False
) -> bytes:
    """Cut the strings of a list or map that running text assigns to a secret name; of those
    whose name describes a secret only with `every`."""
    if json_text.is_lexical(value):
        name = place.rpartition(".")[2].encode()
        return cut_strings(work, value, name, kind, place)
    out: list[bytes] = []
    end = 0
    rule, least = rule_of(place.encode()), least_of(place.encode())
    quoted = False
    for match in _INNER.finditer(value):
        quoted = True
        group = 2 if match[2] is not None else 3
        if match[1] and describes(work, match[1]):
            continue
        if work.is_secret(kind, match[group], least=least):
            out += (value[end : match.start(group)], work.cut(match[group], place, rule))
            end = match.end(group)
    if quoted or (value[:1] in (b"[", b"{") and b'"' in value):
        return b"".join((*out, value[end:]))
    inner = value[1:-1]
    braced = value[:1] == b"{" and _FLOW_ITEM.search(inner) is None
    if braced and (
        is_random(inner, 8)
        or (kind >= Kind.SECRET and is_mixed(inner))
        or (b";" in inner and not is_benign(inner))
    ):
        # ODBC puts braces around a password that holds a semicolon.
        return b"{" + work.cut(inner, place, rule) + value[-1:]
    pattern = {b"[": _ITEMS, b"{": _FLOW_ITEM}.get(value[:1], _YAML_ITEM)
    for match in pattern.finditer(value):
        nested = _YAML_PAIR.match(match["value"])
        if nested is not None and (every or not describes(work, nested[1])):
            nested = None
        if nested is not None:
            continue
        if match["name"] and not every and describes(work, match["name"]):
            continue
        secret = match["value"].rstrip(b" ,;")
        if names_another(work, place.encode(), secret):
            continue
        if work.is_secret(kind, secret, least=least):
            start = match.start("value")
            out += (value[end:start], work.cut(secret, place, rule))
            end = start + len(secret)
    return b"".join((*out, value[end:]))
