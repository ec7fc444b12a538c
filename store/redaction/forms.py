"""Forms and queries: `name=value` pairs joined by `&` (application/x-www-form-urlencoded)."""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from store.redaction import auth, cookies, encoded
from store.redaction.json_trail import Place, readable, shown
from store.redaction.named import NamedPairs, cut_value
from store.redaction.names import Kind
from store.redaction.values import is_benign, is_nothing, is_random
from store.redaction.work import MARK, Work

_OAUTH: Final = frozenset(
    b"grant_type code_verifier client_id client_secret redirect_uri state session_state iss "
    b"response_type authuser".split()
)
_CODES: Final = frozenset(b"code device_code user_code assertion passcode".split())
_STATUS: Final = re.compile(rb"\d{1,3}")
_USERS: Final = frozenset(b"u user username login email usr".split())
_ONE_TIME: Final = re.compile(rb"\d{4,10}")
_VERIFIED: Final = frozenset(
    b"to phone phonenumber phone_number verificationsid verification_sid email".split()
)


def redact_form(work: Work, form: bytes, place: Place) -> bytes:
    """`form` without its secrets; names, order and other values stay as sent."""
    if b"%" not in form and b"+" not in form and not work.rules.suspicion.found(form):
        return form
    parts = form.split(b"&")
    pairs = [part.partition(b"=") for part in parts]
    names = {_plain(name).lower() for name, _, _ in pairs}
    named = _named(work, pairs)
    for index, (name, equals, value) in enumerate(pairs):
        work.check()
        if not value:
            if name and not equals:
                parts[index] = _leaf(work, name, place)
            continue
        plain_name = _plain(name)
        where = f"{shown(place)}.{readable(plain_name)}"
        clean = _value(work, plain_name, value, where, names, named)
        if clean != value:
            parts[index] = name + b"=" + clean
        elif b"%" in name or len(name) > 16:
            parts[index] = _leaf(work, name, place) + b"=" + value
        named.see(plain_name, _plain(value))
    return b"&".join(parts)


def _plain(coded: bytes) -> bytes:
    return unquote_to_bytes(coded.replace(b"+", b" ")) if b"%" in coded or b"+" in coded else coded


def _named(work: Work, pairs: list[tuple[bytes, bytes, bytes]]) -> NamedPairs:
    """Pairs of fields; their names are known beforehand where they are told apart by number."""
    named = NamedPairs(work)
    for name, _, value in pairs:
        if b"[" in name or b"%5B" in name or b"." in name or b"%5b" in name:
            named.see(_plain(name), _plain(value))
    if len(pairs) == 2:
        named.see(_plain(pairs[1][0]), _plain(pairs[1][2]))
    return named


def _value(
    work: Work, name: bytes, value: bytes, place: str, names: set[bytes], named: NamedPairs
) -> bytes:
    # A value may be coded more than once; every form of it is the same secret. Only the outer
    # coding writes a space as `+`.
    plain = _plain(value)
    for _ in range(2):
        once = unquote_to_bytes(plain)
        if once == plain:
            break
        plain = once
    lowered = name.lower()
    kind = work.names.kind(name)
    if kind is Kind.PLAIN:
        kind = named.kind(name)
    once = _plain(value)
    if lowered.endswith(b"authorization"):
        return encoded.recoded(value, once, auth.redact_authorization(work, once, place))
    if lowered == b"cookie":
        return encoded.recoded(value, once, cookies.redact_cookie(work, once, place, False))
    if work.is_secret(kind, plain, uuid=True) or _by_context(lowered, plain, names):
        if MARK.fullmatch(plain):
            return value
        if plain != value:
            work.taint(once)
            work.taint(value)
        clean = cut_value(work, name, plain, place)
        if b"%" in value and plain == once:
            return encoded.recoded(value, plain, clean)
        return clean.replace(b" ", b"+")
    return _leaf(work, value, place)


def _by_context(name: bytes, value: bytes, names: set[bytes]) -> bool:
    """OAuth's `code`, a one-time code, and `key=` in a query."""
    if name == b"hash" and b"auth_date" in names:
        # Telegram signs what it tells of a user so.
        return not is_nothing(value)
    if name in _CODES and not is_nothing(value) and not _STATUS.fullmatch(value):
        if names & _OAUTH or is_random(value, 10):
            return True
        return _ONE_TIME.fullmatch(value) is not None and bool(names & _VERIFIED)
    if name == b"p" and names & _USERS:
        return not is_benign(value)
    if name in (b"key", b"k"):
        return is_random(value, 12, uuid=True)
    return name in (b"sign", b"sig", b"auth") and is_random(value)


def _leaf(work: Work, value: bytes, place: Place) -> bytes:
    plain = _plain(value)
    if not work.rules.suspicion.found(plain) and b"%" not in plain:
        return value
    clean = work.text(plain, place)
    return encoded.recoded(value, plain, clean)
