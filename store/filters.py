"""Filters: which activities a reader asks for, from the parameters of the API or command line.

Parameters are column names, repeatable for any-of; different parameters narrow each other.
In text columns `*` stands for any run of characters. `metadata` takes `key:value`, compared as
text, or a key alone, which then has to be there. `q` is a small language of its own:
words that must occur in endpoint, error, headers or bodies, `key:value` for every parameter
here, `-` before either for "not", and double quotes around what has spaces.
"""

import difflib
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec

from store.activity import ActivityType, Direction, Status
from store.errors import FilterError

PARAMETERS: Final[Mapping[str, str]] = {
    "organization": "name of the organization",
    "organization_id": "UUID of the organization",
    "integration": "name of the integration",
    "integration_id": "UUID of the integration",
    "provider": "provider as recognised, such as `slack`",
    "direction": "`outgoing` or `incoming`",
    "status": "`started`, `success`, `failed`, `error` or `timeout`",
    "activity_type": "type of activity, such as `api_call` or `webhook_received`",
    "method": "HTTP method",
    "host": "host of the partner; `*` matches any characters",
    "path": "path without query; `*` matches any characters",
    "endpoint": "whole URL; `*` matches any characters",
    "response_status": "HTTP status (`404`), class (`5xx`), or `none` for no answer",
    "error_code": "why there was no complete answer, such as `dns` or `reset`",
    "user_id": "user on whose behalf the exchange was made, a UUID or a name",
    "ip_address": "address of the client; `*` matches any characters",
    "user_agent": "User-Agent of the client; `*` matches any characters",
    "metadata": "key of `metadata` (`event`), or key and value (`user:bob`; there `*` matches any"
    " characters)",
    "trace_id": "W3C trace id",
    "provider_request_id": "request id that the provider answered with",
    "since": "earliest creation time: RFC 3339, or how long ago: `15m`, `24h`, `7d`",
    "until": "creation time before which: RFC 3339, or how long ago: `15m`, `24h`, `7d`",
    "min_ms": "shortest response time in milliseconds",
    "max_ms": "longest response time in milliseconds",
    "q": "words anywhere in endpoint, error, headers and bodies; `key:value`, `-key:value`",
}
"""Every parameter of a filter with its meaning; API documents and `--help` are made of it."""

WILDCARD_COLUMNS: Final = frozenset({"host", "path", "endpoint", "ip_address", "user_agent"})

MAX_VALUES: Final = 100
MAX_LENGTH: Final = 2048
MAX_MS: Final = 1e12
"""The longest response time that can be asked for, some thirty years."""
_SCALARS: Final = frozenset({"since", "until", "min_ms", "max_ms", "q"})
_SPAN: Final = re.compile(r"(\d{1,9})(s|m|h|d|w)", re.ASCII)
_SPAN_MS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_TERM: Final = re.compile(r'(-?)(?:([A-Za-z_]+):)?(?:"([^"]*)"?|([^\s"]\S*))?')


class Condition(msgspec.Struct, frozen=True):
    """One column holds one of `values` (or, negated, none of them). Values are normalised:
    lower-case names of closed lists, canonical UUIDs, upper-case methods."""

    column: str
    values: tuple[str, ...]
    negated: bool = False


class ActivityFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Conditions that all hold. Times are Unix milliseconds of `created_at`, `since`
    inclusive and `until` exclusive; durations are milliseconds, both inclusive."""

    conditions: tuple[Condition, ...] = ()
    since: int | None = None
    until: int | None = None
    min_ms: float | None = None
    max_ms: float | None = None
    words: tuple[str, ...] = ()
    """Each occurs (letter case aside) in endpoint, error, headers or bodies."""
    without: tuple[str, ...] = ()
    """None of them occurs there."""


EVERYTHING: Final = ActivityFilter()


def parse_filter(params: Mapping[str, Sequence[str]], now: int) -> ActivityFilter:
    """The filter that parameters describe; `now` (Unix ms) is what relative times count from.

    Raises:
        FilterError: an unknown parameter (the nearest known one is named), or a value that
            cannot be understood.
    """
    found = _Found(now)
    for name, values in params.items():
        if name not in PARAMETERS:
            raise FilterError(name, f"unknown filter{nearest(name, PARAMETERS)}")
        if len(values) > MAX_VALUES:
            raise FilterError(name, f"{len(values)} values, the limit is {MAX_VALUES}")
        if any("\0" in value for value in values):
            raise FilterError(name, "holds a NUL character, which no text here has")
        if name not in _SCALARS:
            found.condition(name, values, negated=False)
            continue
        if len(values) > 1:
            raise FilterError(name, "may be given once")
        for value in values:
            if name == "q":
                found.search(value)
            else:
                found.bound(name, value)
    return found.filter()


def parse_time(field: str, text: str, now: int) -> int:
    """Unix milliseconds of an RFC 3339 time, a date (midnight UTC), or a span before `now`.

    Raises:
        FilterError: none of these.
    """
    if span := _SPAN.fullmatch(text.strip()):
        return max(0, now - int(span[1]) * _SPAN_MS[span[2]])
    try:
        time = datetime.fromisoformat(text.strip())
        if time.tzinfo is None:
            if len(text.strip()) > 10:
                raise FilterError(field, f"{shown(text)} has no time zone; add Z or an offset")
            time = time.replace(tzinfo=UTC)
        return max(0, int(time.timestamp() * 1000))
    except (ValueError, OverflowError):
        raise FilterError(
            field, f"{shown(text)} is no time; expected RFC 3339 or a span such as 15m, 24h, 7d"
        ) from None


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean X?` for an error text, or nothing when no known name is near."""
    close = difflib.get_close_matches(name.lower(), list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


class _Found:
    """What was read so far."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.conditions: list[Condition] = []
        self.times: dict[str, int] = {}
        self.spans: dict[str, float] = {}
        self.words: list[str] = []
        self.without: list[str] = []

    def condition(self, column: str, values: Iterable[str], *, negated: bool) -> None:
        read = _READERS.get(column, _text)
        normal = tuple(dict.fromkeys(read(column, value) for value in values))
        if normal:
            self.conditions.append(Condition(column, normal, negated))

    def bound(self, name: str, value: str) -> None:
        if name in ("since", "until"):
            time = parse_time(name, value, self.now)
            narrow = max if name == "since" else min
            self.times[name] = narrow(time, self.times.get(name, time))
        else:
            number = _milliseconds(name, value)
            narrow_ms = max if name == "min_ms" else min
            self.spans[name] = narrow_ms(number, self.spans.get(name, number))

    def search(self, text: str) -> None:
        """Read the `q` language."""
        if len(text) > MAX_LENGTH:
            raise FilterError("q", f"{len(text)} characters, the limit is {MAX_LENGTH}")
        same: dict[tuple[str, bool], list[str]] = {}
        for minus, key, quoted, bare in _TERM.findall(text):
            value = quoted or bare
            if key and key.lower() in PARAMETERS and key.lower() != "q":
                self._keyed(key.lower(), value, minus == "-", same)
                continue
            if (
                key
                and key.lower() != "q"
                and (hint := _misspelt(key))
                and value
                and not value.startswith("//")
            ):
                raise FilterError("q", f"unknown key {shown(key)}{hint}")
            word = f"{key}:{value}" if key else value
            if word:
                (self.without if minus else self.words).append(word)
        for (column, negated), values in same.items():
            self.condition(column, values, negated=negated)

    def _keyed(
        self, key: str, value: str, negated: bool, same: dict[tuple[str, bool], list[str]]
    ) -> None:
        if not value:
            raise FilterError("q", f"{key}: has no value")
        if key not in _SCALARS:
            same.setdefault((key, negated), []).append(value)
        elif negated:
            raise FilterError("q", f"-{key}: cannot be negated")
        else:
            self.bound(key, value)

    def filter(self) -> ActivityFilter:
        since, until = self.times.get("since"), self.times.get("until")
        if since is not None and until is not None and since >= until:
            raise FilterError("until", "is not after since")
        shortest, longest = self.spans.get("min_ms"), self.spans.get("max_ms")
        if shortest is not None and longest is not None and shortest > longest:
            raise FilterError("max_ms", "is below min_ms")
        return ActivityFilter(
            conditions=tuple(self.conditions),
            since=since,
            until=until,
            min_ms=shortest,
            max_ms=longest,
            words=tuple(self.words),
            without=tuple(self.without),
        )


def _misspelt(key: str) -> str:
    close = difflib.get_close_matches(key.lower(), PARAMETERS.keys() - {"q"}, n=1, cutoff=0.8)
    return f"; did you mean {close[0]}?" if close else ""


def shown(text: str) -> str:
    """A text that was found, for an error text: quoted, and cut when it is long."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _text(column: str, value: str) -> str:
    if not value or len(value) > MAX_LENGTH:
        raise FilterError(column, "is empty" if not value else f"is over {MAX_LENGTH} characters")
    return value


def _one_of(names: type[Direction] | type[Status] | type[ActivityType]) -> Callable[..., str]:
    known = [member.value for member in names]

    def read(column: str, value: str) -> str:
        if value.lower() in known:
            return value.lower()
        raise FilterError(
            column, f"{shown(value)} is none of {', '.join(known)}{nearest(value, known)}"
        )

    return read


def _uuid(column: str, value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        raise FilterError(column, f"{shown(value)} is no UUID") from None


def _user(column: str, value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        return _text(column, value)


def _metadata(column: str, value: str) -> str:
    if _text(column, value).startswith(":"):
        raise FilterError(column, f"{shown(value)} has no key; expected KEY or KEY:VALUE")
    return value


def _response_status(column: str, value: str) -> str:
    text = value.lower()
    if text == "none" or re.fullmatch(r"[1-5]xx|[1-9][0-9]{2}", text, re.ASCII):
        return text
    raise FilterError(column, f"{shown(value)} is no status (404), class (5xx) or none")


def _milliseconds(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not 0 <= number <= MAX_MS:
        raise FilterError(name, f"{shown(value)} is no number of milliseconds")
    return number


def _lower(column: str, value: str) -> str:
    return _text(column, value).lower()


def _upper(column: str, value: str) -> str:
    return _text(column, value).upper()


_READERS: Final[Mapping[str, Callable[..., str]]] = {
    "organization_id": _uuid,
    "integration_id": _uuid,
    "direction": _one_of(Direction),
    "status": _one_of(Status),
    "activity_type": _one_of(ActivityType),
    "response_status": _response_status,
    "method": _upper,
    "host": _lower,
    "user_id": _user,
    "metadata": _metadata,
    "trace_id": _lower,
}
