"""What is cut of the lists and maps that stand under a secret name in JSON."""

import re
from typing import Final

from store.redaction.json_strings import quoted, unquoted
from store.redaction.named import (
    cut_named,
    describes,
    least_of,
    names_another,
    rule_of,
)
from store.redaction.names import Kind
from store.redaction.values import is_address, is_random
from store.redaction.work import Work

_STRING: Final = re.compile(rb'"[^"]*+"?')
_COLON: Final = re.compile(rb"[ \t\r\n]*+:[ \t\r\n]*+")
_CODE: Final = re.compile(rb"(?<![\d.eE+-])\d{6,12}(?![\d.eE])")
_SCOPES: Final = re.compile(rb"(?i)scopes?|permissions")
_HOST: Final = re.compile(rb"(?:[\w-]{1,63}\.){1,8}[a-z]{2,20}")
_PACKAGE: Final = re.compile(rb"node_modules/|@[a-z]")


def cut_numbers(work: Work, document: bytes, name: bytes, place: str) -> bytes:
    """Cut the numbers of a list that are long enough to be codes."""
    cut = lambda match: b'"' + work.cut(match[0], place, rule_of(name)) + b'"'  # noqa: E731
    return _CODE.sub(cut, document)


def cut_hosts(work: Work, document: bytes, name: bytes, place: str) -> bytes:
    """Cut what a map such as `{"bearer": {"api.example.com": "..."}}` holds for hosts."""
    out: list[bytes] = []
    end, key = 0, b""
    for match in _STRING.finditer(document):
        raw = document[match.start() + 1 : match.end() - 1]
        if _COLON.match(document, match.end()):
            key = raw
        elif _HOST.fullmatch(key) and b"\\" not in raw and work.is_secret(Kind.JUDGED, raw):
            out += (document[end : match.start() + 1], cut_named(work, name, raw, place))
            end = match.end() - 1
    return b"".join((*out, document[end:]))


def cut_strings(work: Work, document: bytes, name: bytes, kind: Kind, place: str) -> bytes:
    """Cut the strings of a container that stands under a secret name, except under keys that
    describe: `{"token": {"type": "bearer", "value": ...}}`."""
    masked = document
    if b"\\" in document:
        masked = document.replace(b"\\\\", b"__").replace(b'\\"', b"__")
    out: list[bytes] = []
    end, key, told = 0, b"", 0
    for match in _STRING.finditer(masked):
        raw = document[match.start() + 1 : match.end() - 1]
        if _COLON.match(masked, match.end()):
            key = raw
            if _SCOPES.fullmatch(key):
                told = masked.find(b"}", match.end())
            if is_random(key, 16) and not _PACKAGE.match(key) and not is_address(key):
                # A map from tokens to what they are for.
                out += (document[end : match.start() + 1], work.cut(key, place, rule_of(name)))
                end = match.end() - 1
            continue
        value = unquoted(raw)
        if match.start() < told and b" " in value:
            continue
        if names_another(work, name, value):
            continue
        if describes(work, key) or not work.is_secret(kind, value, least=least_of(name)):
            continue
        clean = cut_named(work, name, value, place)
        out += (document[end : match.start() + 1], quoted(clean))
        end = match.end() - 1
    return b"".join((*out, document[end:]))
