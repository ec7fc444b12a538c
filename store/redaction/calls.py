"""Secrets among the arguments of calls in program text, where only the position tells."""

import re
from typing import Final, NamedTuple

from store.redaction.json_trail import Place
from store.redaction.placeholders import is_placeholder
from store.redaction.work import MARK, Work

_TEXT: Final = rb"[bBuUrRN@$]?(?:\"(?:[^\"\\\r\n]|\\.){0,400}\"|'(?:[^'\\\r\n]|\\.){0,400}')"
_OTHER: Final = (
    rb"(?:"
    + _TEXT
    + rb"|[^\s,\"'()\[\]{}]{1,80}(?:\([^()\n]{0,80}\)|\{[^{}\n]{0,120}\})?|\{[^{}\n]{0,200}\})"
)
_SECRET: Final = rb"[bBuUrRN@$]?(?:\"((?:[^\"\\\r\n]|\\.){1,400})\"|'((?:[^'\\\r\n]|\\.){1,400})')"


class _Call(NamedTuple):
    """A call, the last group of which is a secret, and what every match contains."""

    needs: bytes
    pattern: re.Pattern[bytes]


def _call(needs: bytes, names: bytes, before: int) -> _Call:
    """A call of one of `names` with so many arguments in front of the secret."""
    comma = rb"\s{0,40},\s{0,40}"
    arguments = b"".join((_OTHER + comma,) * before)
    return _Call(needs, re.compile(rb"\b(?:" + names + rb")\s?\(\s{0,40}" + arguments + _SECRET))


_CALLS: Final = (
    _call(b"onnection(", rb"getConnection|createConnection", 2),
    _call(b"mysql", rb"mysqli(?:_connect)?|mysql_p?connect", 2),
    _call(b"pg_connect", rb"pg_connect", 2),
    _call(b"PDO", rb"PDO|PDO->__construct", 2),
    _call(b"ssh2_auth", rb"ssh2_auth_password", 2),
    _call(b"ftp_login", rb"ftp_login", 2),
    _call(b"redential", rb"NetworkCredential|UsernamePasswordCredentials?|PlainCredentials?", 1),
    _call(b"PasswordAuthentication", rb"PasswordAuthentication", 1),
    _call(b"asicAuth", rb"(?i:(?:set|with|http)?_?basicauth(?:entication)?)", 1),
    _call(b"asic_auth", rb"(?i:(?:set|with|http)?_?basic_auth(?:entication)?)", 1),
    _call(b"uth", rb"auth\.basic|PlainAuth", 1),
    _call(b"login(", rb"(?:smtp|server|imap|client|session|ftp|mail|conn|s)\.login", 1),
    _call(b"jwt", rb"(?i:jwt)\.(?:sign|encode|verify|decode)", 1),
    _call(b"WiFi", rb"WiFi\.(?:begin|softAP)", 1),
    _call(b"pgp_sym", rb"pgp_sym_(?:en|de)crypt(?:_bytea)?", 1),
    _call(b"AES_", rb"AES_(?:EN|DE)CRYPT", 1),
    _call(b"createHmac", rb"createHmac", 1),
    _call(b"hash_hmac", rb"hash_hmac", 2),
    _call(b"hmac.new", rb"hmac\.new", 0),
    _call(b"HMAC.new", rb"HMAC\.new", 0),
)
_LEAST: Final = 3


def cut_calls(work: Work, value: bytes, place: Place) -> bytes:
    """`value` without what such calls are given."""
    if b"(" not in value:
        return value
    for call in _CALLS:
        if call.needs in value:
            value = _cut(work, call.pattern, value, place)
    return value


def _cut(work: Work, pattern: re.Pattern[bytes], value: bytes, place: Place) -> bytes:
    out: list[bytes] = []
    end = 0
    for match in pattern.finditer(value):
        group = match.lastindex or 0
        secret = match[group]
        if len(secret) < _LEAST or MARK.search(secret) or is_placeholder(secret):
            continue
        out += (value[end : match.start(group)], work.cut(secret, place, "argument"))
        end = match.end(group)
    return b"".join((*out, value[end:])) if out else value
