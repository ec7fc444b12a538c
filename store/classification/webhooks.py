"""Recognises incoming webhooks: their sender, event and signature header."""

import fnmatch
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, cached_property
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
_signature_name = re.compile(rb"(?:.*[-_])?(?:signature|hmac)(?:[-_](?:v?\d+|sha\d+|\d+))*")
_event_name = re.compile(r"[\w.:/@+\- ]{1,120}")

_decode_object: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_array: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode

type _Finder = Callable[["_Request"], str | None]


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
        self._by_body: list[tuple[tuple[str, ...], int]] = []
        for entry in entries:
            if entry.webhooks is not None:
                self._add(entry.name, entry.webhooks)
        self._common = tuple(_finder(rule, "common") for rule in _COMMON_EVENTS)

    def _add(self, name: str, signs: WebhookSigns) -> None:
        number = len(self._senders)
        signatures = tuple(header.lower().encode() for header in signs.signature)
        events = tuple(_finder(rule, name) for rule in signs.event)
        self._senders.append(_Sender(name, signatures, events))
        for sign in signs.detect:
            header, colon, value = sign.partition(": ")
            fits = re.compile(fnmatch.translate(value)).match if colon else None
            self._by_header.setdefault(header.lower().encode(), []).append((number, fits))
        self._by_agent += [(agent.lower().encode(), number) for agent in signs.agent]
        if signs.body:
            self._by_body.append((tuple(signs.body), number))

    def recognise(self, headers: Mapping[bytes, bytes], body: bytes) -> Webhook:
        """What a request is; names of headers in lower case."""
        request = _Request(headers, body)
        sender = self._sender(request)
        if sender is None:
            signature = next(filter(_signature_name.fullmatch, headers), None)
            provider, events = None, self._common
        else:
            signature = next((name for name in sender.signatures if name in headers), None)
            provider, events = sender.provider, sender.events
        event = next(filter(None, (find(request) for find in events)), None)
        return Webhook(provider, event, signature)

    def _sender(self, request: _Request) -> _Sender | None:
        # Several may fit (many send Standard Webhooks headers too); the file's order decides.
        found = min(self._candidates(request.headers), default=None)
        if found is None and request.body[:1] in (b"{", b"[", b" ", b"\n"):
            found = next(self._by_members(request), None)
        return None if found is None else self._senders[found]

    def _candidates(self, headers: Mapping[bytes, bytes]) -> Iterator[int]:
        for name in headers.keys() & self._by_header.keys():
            for number, fits in self._by_header[name]:
                if fits is None or fits(headers[name].decode("latin-1")):
                    yield number
        agent = headers.get(b"user-agent", b"").lower()
        for beginning, number in self._by_agent:
            if agent.startswith(beginning):
                yield number

    def _by_members(self, request: _Request) -> Iterator[int]:
        for paths, number in self._by_body:
            if all(lookup(request.members, path) is not None for path in paths):
                yield number


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


def lookup(found: dict[str, msgspec.Raw] | None, path: str) -> bytes | None:
    """The undecoded value at a dotted path, e.g. `entry.0.field`."""
    value = b""
    for piece in path.split("."):
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
        return lambda request: _clean(request.headers.get(header, b"").decode("latin-1"))
    if place == "body":
        return lambda request: _text(lookup(request.members, rest))
    if place == "keys":
        keys = rest.split()
        return lambda request: next((key for key in keys if key in (request.members or ())), None)
    if place == "form":
        field, _, path = rest.partition(".")
        return lambda request: _form_value(request.body, field, path)
    raise RuleError(f"providers: {where}: {rule!r} is no place of an event")


def _form_value(body: bytes, field: str, path: str) -> str | None:
    value = form_field(body, field)
    if not path or not value:
        return _clean(value)
    return _text(lookup(members(value.encode()), path))


def _text(value: bytes | None) -> str | None:
    if not value or value[:1] not in b'"0123456789':
        return None
    decoded = msgspec.json.decode(value)
    return _clean(decoded) if isinstance(decoded, str) else str(decoded)[:MAX_EVENT]


def _clean(text: str) -> str | None:
    """A name as it is; what looks like no event's name is none."""
    return text if _event_name.fullmatch(text) else None
