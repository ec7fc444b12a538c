"""Users and passwords that stand together: in URLs (RFC 3986, 3.2.1), in front of a host
without a scheme, and in the password files of clients."""

import re
from typing import Final

from store.redaction.json_trail import Place
from store.redaction.values import is_nothing, is_random
from store.redaction.work import MARK, Work

_AUTHORITY: Final = re.compile(
    rb"""(?<!/)//((?:[^\s"'<>\\@/?#:]{0,256}(?::[^\s"'<>\\@]{0,512})?+@)++)"""
)
_HOST: Final = re.compile(rb"(?:[\w-]{1,63}\.){1,9}[\w-]{2,63}|localhost\b|\[[\da-fA-F:]+\]")
_PORT: Final = re.compile(rb"\d{1,5}[/?#]")
_BARE: Final = re.compile(
    rb"""(?<![\w.+/@:%-])([\w.+-]{1,64}+):([^\s:@/"'<>\\]{3,128}+)@"""
    rb"(?:(?:(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z0-9-]{1,63}|localhost)(?::\d{2,5}|/)"
    rb"|(?:tcp6?|unix)?\()"
)
_PGPASS: Final = re.compile(
    rb"(?m)^(?:[\w-]+(?:\.[\w-]+)+|localhost|\*):(?:\d{4,5}|\*):(?:[A-Za-z_][\w-]*|\*):"
    rb"(?:[A-Za-z_][\w.-]*|\*):([^\s]{1,200})[ \t]*\r?$"
)
_NO_USER: Final = frozenset(
    b"mailto acct email e-mail mail to cc bcc from user username login sip sips xmpp im http "
    b"https git npm name author owner contact sender recipient id ssh scp docker sha256 url uri "
    b"replyto reply-to host address member account customer by note created_by updated_by "
    b"redacted".split()
)
_LEAST_COLONS: Final = 4


def cut_logins(work: Work, value: bytes, place: Place) -> bytes:
    """Passwords behind a user's name."""
    if b"@" in value:
        if b"//" in value:
            value = cut_userinfo(work, value, place)
        value = _cut_bare(work, value, place)
    if value.count(b":") >= _LEAST_COLONS:
        out: list[bytes] = []
        end = 0
        for match in _PGPASS.finditer(value):
            out += (value[end : match.start(1)], work.cut(match[1], place, "pgpass"))
            end = match.end(1)
        value = b"".join((*out, value[end:])) if out else value
    return value


def _cut_bare(work: Work, value: bytes, place: Place) -> bytes:
    """`ann:password@db.example.com:5432/app` and `ann:password@tcp(127.0.0.1:3306)/app`."""
    out: list[bytes] = []
    end = 0
    for match in _BARE.finditer(value):
        if match[1].lower() in _NO_USER or MARK.fullmatch(match[2]) or is_nothing(match[2]):
            continue
        out += (value[end : match.start(2)], work.cut(match[2], place, "userinfo"))
        end = match.end(2)
    return b"".join((*out, value[end:])) if out else value


def cut_userinfo(work: Work, value: bytes, place: Place) -> bytes:
    """`user:password@` in URLs: the user stays unless it is a token itself."""
    out: list[bytes] = []
    end = 0
    for authority in _AUTHORITY.finditer(value):
        start, stop = authority.start(1), authority.end() - 1
        inside = value[start:stop]
        marked = MARK.match(inside)
        end_of_user = marked.end() if marked else 0
        user, colon, password = inside[end_of_user:].partition(b":")
        user = inside[:end_of_user] + user
        if start < end or _PORT.match(password):
            continue
        if value[start - 3 : start - 2] != b":" and not (
            password and _HOST.match(value, authority.end())
        ):
            # Without a scheme it must look like an address.
            continue
        if is_random(user, 16) or (colon and not password and len(user) > 8):
            out += (value[end:start], work.cut(user, place, "userinfo"))
            end = start + len(user)
        if password and not is_nothing(password) and not MARK.fullmatch(password):
            start += len(user) + 1
            out += (value[end:start], work.cut(password, place, "userinfo"))
            end = start + len(password)
    return b"".join((*out, value[end:])) if out else value
