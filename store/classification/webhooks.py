"""Recognises incoming webhooks: their sender, event and signature header."""

import fnmatch
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from typing import Final

import msgspec

from store.classification.catalogue import ProviderEntry, WebhookSigns, built_in_catalogue
from store.classification.conditions import form_field
from store.errors import RuleError

MAX_EVENT: Final = 120

# Where senders that the catalogue does not know put the event's name.
_COMMON_EVENTS: Final = (
    "header x-event-type",
    "header x-event-name",
    "header x-webhook-event",
    "header x-webhook-topic",
    "header x-event",
    "header ce-type",
    "body type",
    "body event",
    "body event_type",
    "body eventType",
    "body event_name",
    "body action",
    "body topic",
)
_COMMON_HEADERS: Final = frozenset(
    rule.removeprefix("header ").encode() for rule in _COMMON_EVENTS if rule.startswith("header ")
)
_COMMON_MEMBERS: Final = frozenset(
    rule.removeprefix("body ") for rule in _COMMON_EVENTS if rule.startswith("body ")
)
_signature_name = re.compile(rb"(?:.*[-_])?(?:signature|hmac)(?:[-_](?:v?\d+|sha\d+|\d+))*")
_event_name = re.compile(r"[\w.:/@+\- ]{1,120}")

_decode_object: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_array: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode

type Path = tuple[str, ...]
type Sign = tuple[Path, Callable[[str], object] | None]
"""A member of a body, and what its text is to be like."""
type _Finder = Callable[["_Request"], str | None]


@lru_cache(4096)
def _is_signature(header: bytes) -> bool:
    """Whether a header of that name, in lower case, carries a signature."""
    return _signature_name.fullmatch(header) is not None


class Webhook(msgspec.Struct, frozen=True):
    """What was recognised. `event` and the name of the signature header are the sender's words."""

    provider: str | None = None
    event: str | None = None
    signature_header: bytes | None = None
    """In lower case."""


class _Request:
    """One request; its body is parsed at most once, and only when something asks for it."""

    def __init__(self, headers: Mapping[bytes, bytes], body: bytes) -> None:
        self.headers = headers
        self.body = body

    @cached_property
    def members(self) -> dict[str, msgspec.Raw] | None:
        """The undecoded members of a JSON body."""
        return members(self.body)


class _Sender(msgspec.Struct, frozen=True):
    provider: str
    signatures: tuple[bytes, ...]
    events: tuple[_Finder, ...]


class WebhookTable:
    """The catalogue's `webhooks` entries, compiled. Immutable once made."""

    def __init__(self, entries: Sequence[ProviderEntry]) -> None:
        self._senders: list[_Sender] = []
        self._by_header: dict[bytes, list[tuple[int, Callable[[str], object] | None]]] = {}
        self._by_agent: list[tuple[bytes, int]] = []
        self._by_body: dict[str, list[tuple[int, tuple[Sign, ...]]]] = {}
        self._carried: dict[str, list[tuple[int, tuple[Sign, ...]]]] = {}
        for entry in entries:
            if entry.webhooks is not None:
                self._add(entry.name, entry.webhooks)
        self._common = tuple(_finder(rule, "common") for rule in _COMMON_EVENTS)
        self._agents = tuple(agent for agent, _ in self._by_agent)

    def _add(self, name: str, signs: WebhookSigns) -> None:
        number = len(self._senders)
        signatures = tuple(header.lower().encode() for header in signs.signature)
        events = tuple(_finder(rule, name) for rule in signs.event)
        self._senders.append(_Sender(name, signatures, events))
        for sign in signs.detect:
            header, fits = _sign(sign)
            self._by_header.setdefault(header.lower().encode(), []).append((number, fits))
        self._by_agent += [(agent.lower().encode(), number) for agent in signs.agent]
        if signs.body:
            body = tuple((_path(path), fits) for path, fits in map(_sign, signs.body))
            if signs.via is None:
                self._by_body.setdefault(body[0][0][0], []).append((number, body))
            else:
                self._carried.setdefault(signs.via, []).append((number, body))

    def recognise(self, headers: Mapping[bytes, bytes], body: bytes) -> Webhook:
        """What a request is; names of headers in lower case."""
        request = _Request(headers, body)
        sender = self._sender(request)
        if sender is None:
            signature = next(filter(_is_signature, headers), None)
            provider, events = None, self._common if _may_tell(request) else ()
        else:
            signature = next((name for name in sender.signatures if name in headers), None)
            provider, events = sender.provider, sender.events
        event = next(filter(None, (find(request) for find in events)), None)
        return Webhook(provider, event, signature)

    def _sender(self, request: _Request) -> _Sender | None:
        # Several may fit (many send Standard Webhooks headers too); the file's order decides.
        found = min(self._candidates(request.headers), default=None)
        if found is not None:
            found = self._behind(found, request)
        elif request.body[:1] in (b"{", b"[", b" ", b"\n"):
            found = next(self._by_members(request), None)
        return None if found is None else self._senders[found]

    def _behind(self, sender: int, request: _Request) -> int:
        """Who sent by a carrier, where the body tells; else the sender itself."""
        carried = self._carried.get(self._senders[sender].provider, ())
        return next((n for n, body in carried if _fits_body(request.members, body)), sender)

    def _candidates(self, headers: Mapping[bytes, bytes]) -> Iterator[int]:
        for name in headers.keys() & self._by_header.keys():
            for number, fits in self._by_header[name]:
                if fits is None or fits(headers[name].decode("latin-1")):
                    yield number
        agent = headers.get(b"user-agent", b"").lower()
        if agent.startswith(self._agents):
            for beginning, number in self._by_agent:
                if agent.startswith(beginning):
                    yield number

    def _by_members(self, request: _Request) -> Iterator[int]:
        members = request.members
        # Few bodies have a member that any sender's first path begins with.
        if members is None or members.keys().isdisjoint(self._by_body):
            return
        possible = [
            each for key in members.keys() & self._by_body.keys() for each in self._by_body[key]
        ]
        for number, body in sorted(possible, key=lambda each: each[0]):
            if _fits_body(members, body):
                yield number


def _may_tell(request: _Request) -> bool:
    """Whether an event's name may stand in one of the common places: to look whether any of them
    is there takes a tenth of asking each."""
    return not (
        _COMMON_HEADERS.isdisjoint(request.headers)
        and _COMMON_MEMBERS.isdisjoint(request.members or ())
    )


@cache
def built_in_webhooks() -> WebhookTable:
    """The table of the installed catalogue."""
    return WebhookTable(built_in_catalogue().entries)


def members(body: bytes) -> dict[str, msgspec.Raw] | None:
    """The undecoded members of a JSON object, or of an array under their numbers; `None` when
    the text is neither (or was cut)."""
    try:
        if body.lstrip()[:1] == b"[":
            return {str(number): item for number, item in enumerate(_decode_array(body))}
        return _decode_object(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _sign(text: str) -> tuple[str, Callable[[str], object] | None]:
    """A name, and the test of its value where `NAME: GLOB` sets one."""
    name, colon, value = text.partition(": ")
    return name, re.compile(fnmatch.translate(value)).match if colon else None


def _fits_body(found: dict[str, msgspec.Raw] | None, body: tuple[Sign, ...]) -> bool:
    for path, fits in body:
        value = lookup(found, path)
        if value is None or (fits is not None and not fits(_text(value) or "")):
            return False
    return True


def _path(text: str) -> Path:
    """A dotted path, e.g. `entry.0.field`, in pieces."""
    return tuple(text.split("."))


def lookup(found: dict[str, msgspec.Raw] | None, path: Path) -> bytes | None:
    """The undecoded value at a path."""
    value = b""
    for piece in path:
        raw = None if found is None else found.get(piece)
        if raw is None:
            return None
        value = bytes(raw)
        found = members(value) if value[:1] in (b"{", b"[") else None
    return value


def _finder(rule: str, where: str) -> _Finder:
    place, _, rest = rule.partition(" ")
    if place == "header":
        header = rest.lower().encode()
        return lambda request: _header(request.headers.get(header))
    if place == "body":
        where_in_body = _path(rest)
        return lambda request: _text(lookup(request.members, where_in_body))
    if place == "keys":
        keys = rest.split()
        return lambda request: next((key for key in keys if key in (request.members or ())), None)
    if place == "form":
        field, dot, inner = rest.partition(".")
        in_field = _path(inner) if dot else ()
        return lambda request: _form_value(request.body, field, in_field)
    raise RuleError(f"providers: {where}: {rule!r} is no place of an event")


def _form_value(body: bytes, field: str, path: Path) -> str | None:
    value = form_field(body, field)
    if not path or not value:
        return _clean(value)
    return _text(lookup(members(value.encode()), path))


def _header(value: bytes | None) -> str | None:
    return _clean(value.decode("latin-1")) if value else None


def _text(value: bytes | None) -> str | None:
    if not value or value[:1] not in b'"0123456789':
        return None
    decoded = msgspec.json.decode(value)
    return _clean(decoded) if isinstance(decoded, str) else str(decoded)[:MAX_EVENT]


def _clean(text: str) -> str | None:
    """A name as it is; what looks like no event's name is none."""
    return text if _event_name.fullmatch(text) else None
