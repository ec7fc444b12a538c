"""Header fields: values that are secret by name, by scheme or by shape are cut; names stay."""

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import Final, NamedTuple

import msgspec

from store.activity import JsonText
from store.capture import HeaderList
from store.redaction import auth, cookies, shapes
from store.redaction.named import cut_value
from store.redaction.names import Kind
from store.redaction.values import is_random
from store.redaction.work import RuleSet, Work

_DIGESTS: Final = frozenset(("digest", "content-digest", "repr-digest", "unencoded-digest"))
_DIGEST: Final = re.compile(
    rb"(?:(?:^|,[ ]?)(?i:sha|sha-?256|sha-?512|md5|unixsum|unixcksum|crc32c"
    rb"|adler)=:?[A-Za-z0-9+/]+={0,2}:?)+"
)
"""Checksums of the body (RFC 3230, RFC 9530)."""
_CACHE: Final = 10_000
_LONGEST_REMEMBERED: Final = 200
_SIGNED_PARTS: Final = re.compile(rb"([\w.-]{1,20})=([^,;]+)([,;]\s*)?")
_KEPT_PARTS: Final = frozenset(
    b"t ts timestamp keyid key_id alg algorithm headers created expires v version".split()
)


class Treatment(IntEnum):
    """What is done with a header's value, decided by its name once."""

    LOOKED_THROUGH = 0
    AUTHORIZATION = 1
    COOKIE = 2
    SET_COOKIE = 3
    NAMED = 4
    PROTOCOLS = 5
    """Browsers cannot set headers on a WebSocket, so tokens travel as protocol names."""


class Known(NamedTuple):
    """What is known of a header name."""

    treatment: Treatment
    kind: Kind
    shown: str
    """The name as sent, readable."""
    folded: str
    """The same in lower case."""
    suspicious: bool
    """The name itself may hold a credential."""


class Headers(NamedTuple):
    """Header fields with what is known of their names."""

    fields: HeaderList
    known: Sequence[Known]
    looked_through: list[bytes]
    """The values that only their content can make suspicious."""


class HeaderNames:
    """Remembers how headers of each name are treated, and everyday values that are clean."""

    def __init__(self, shared: RuleSet) -> None:
        self._shared = shared
        self._known: dict[bytes, Known] = {}
        self._clean: set[bytes] = set()

    def unknown(self, values: Sequence[bytes]) -> list[bytes]:
        """Those values of which it is not known that the prefilter finds nothing in them. Most
        repeat from exchange to exchange, and are a third of what it would look at."""
        clean = self._clean
        return [value for value in values if value not in clean]

    def found_clean(self, values: Sequence[bytes]) -> None:
        """Remember values in which the prefilter found nothing."""
        if len(self._clean) >= _CACHE:
            self._clean.clear()
        self._clean.update([value for value in values if len(value) <= _LONGEST_REMEMBERED])

    def of(self, fields: HeaderList) -> Headers:
        """Header fields with what is known of their names."""
        known: list[Known] = []
        looked_through: list[bytes] = []
        find = self._known.get
        for name, value in fields:
            found = find(name) or self._learn(name)
            known.append(found)
            if not found[0]:
                looked_through.append(value)
        return Headers(fields, known, looked_through)

    def _learn(self, name: bytes) -> Known:
        if len(self._known) >= _CACHE:
            self._known.clear()
        shown = name.decode("latin-1")
        suspicious = self._shared.rules.any_shape.found(name)
        known = Known(*self._decide(name), shown, shown.lower(), suspicious)
        self._known[name] = known
        return known

    def _decide(self, name: bytes) -> tuple[Treatment, Kind]:
        lowered = name.lower()
        rules = self._shared.rules
        kind = self._shared.names.kind(name)
        if lowered in rules.safe_headers:
            return Treatment.LOOKED_THROUGH, Kind.PLAIN
        if lowered.endswith((b"authorization", b"authentication-info")):
            return Treatment.AUTHORIZATION, Kind.SECRET
        if lowered.endswith((b"cookie", b"cookie2")):
            treatment = Treatment.SET_COOKIE if b"set" in lowered else Treatment.COOKIE
            return treatment, Kind.SECRET
        if lowered == b"sec-websocket-protocol":
            return Treatment.PROTOCOLS, Kind.PLAIN
        if lowered in rules.headers:
            return Treatment.NAMED, Kind.SECRET
        if kind is not Kind.PLAIN:
            return Treatment.NAMED, kind
        return Treatment.LOOKED_THROUGH, kind


def redact_headers(
    work: Work, headers: Headers, place: str, *, suspicious: bool
) -> tuple[JsonText, bytes | None]:
    """Headers as a JSON object, repeats folded into a list, and the `User-Agent` of them.
    Unless `suspicious`, only values whose name asks for it are looked at."""
    folded: dict[str, str | list[str]] = {}
    spelled: dict[str, str] = {}
    odd_names = False
    agent: bytes | None = None
    for (name, value), known in zip(headers.fields, headers.known, strict=True):
        treatment, kind, shown, lowered, odd = known
        if odd:
            odd_names = True
        if treatment:
            value = _redacted(work, treatment, kind, name, value, f"{place}.{shown}")
        elif suspicious and not (lowered in _DIGESTS and _DIGEST.fullmatch(value)):
            value = work.text(value, f"{place}.{shown}")
        readable = value.decode("ascii") if value.isascii() else _decoded(value)
        if lowered == "user-agent":
            agent = value
        if lowered not in spelled:
            spelled[lowered] = shown
            folded[shown] = readable
            continue
        first = spelled[lowered]
        earlier = folded[first]
        folded[first] = [*earlier, readable] if isinstance(earlier, list) else [earlier, readable]
    if odd_names:
        folded = {_name(work, name, place): value for name, value in folded.items()}
    return msgspec.json.encode(folded).decode(), agent


def _redacted(
    work: Work, treatment: Treatment, kind: Kind, name: bytes, value: bytes, place: str
) -> bytes:
    if treatment is Treatment.AUTHORIZATION:
        return auth.redact_authorization(work, value, place)
    if treatment in (Treatment.COOKIE, Treatment.SET_COOKIE):
        return cookies.redact_cookie(work, value, place, treatment is Treatment.SET_COOKIE)
    if treatment is Treatment.PROTOCOLS:
        return _protocols(work, value, place)
    lowered = name.lower()
    if b"sign" in lowered or b"wsse" in lowered or b"auth" in lowered or b"config" in lowered:
        structured = _structured(work, lowered, value, place)
        if structured is not None:
            return structured
    if work.is_secret(kind, value, uuid=b"key" in lowered):
        return cut_value(work, name, value, place)
    return work.text(value, place)


def _structured(work: Work, name: bytes, value: bytes, place: str) -> bytes | None:
    """Signatures with parts: `t=1492774577,v1=5257a8...`, `keyid="...",signature="..."`."""
    if b'="' in value or (b"=" in value and b" " in value.partition(b"=")[0]):
        return auth.redact_authorization(work, value, place)
    out: list[bytes] = []
    at = 0
    for match in _SIGNED_PARTS.finditer(value):
        if match.start() != at:
            return None
        at = match.end()
        part, secret, gap = match[1], match[2], match[3] or b""
        if part.lower() not in _KEPT_PARTS:
            secret = work.cut(secret.strip(), place, "name:" + name.decode("latin-1")[:60])
        out.append(part + b"=" + secret + gap)
    return b"".join(out) if out and at == len(value) else None


def _protocols(work: Work, value: bytes, place: str) -> bytes:
    parts = value.split(b",")
    for index, part in enumerate(parts):
        bare = part.strip()
        head, _, tail = bare.rpartition(b".")
        secret = tail if is_random(tail, 20) and not is_random(head, 8) else bare
        if is_random(secret, 20):
            parts[index] = part.replace(secret, work.cut(secret, place, "websocket protocol"))
    return work.text(b",".join(parts), place)


def _name(work: Work, name: str, place: str) -> str:
    raw = name.encode("latin-1", "replace")
    return shapes.cut_shapes(work, raw, place).decode("latin-1")


def _decoded(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
