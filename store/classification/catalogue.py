"""The provider catalogue (`providers.toml`) as compiled tables: host -> provider, call -> type."""

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from store.activity import ActivityType
from store.classification.conditions import Condition, compile_condition
from store.classification.path_template import PLACE
from store.errors import RuleError

PROVIDERS_FILE: Final = Path(__file__).with_name("providers.toml")
KINDS: Final = frozenset(
    {"action", "area", "collection", "from", "kind", "region", "resource", "style", "to"}
    | {"type", "verb", "version"}
)
"""Names of pieces that tell calls apart, where those of other pieces stand for one thing of many:
`/v1/{collection}/{id}` is a path of its own for customers and for charges."""
_PIECE: Final = re.compile(r"\{(\w+)\}")
_BORDERS: Final = re.compile(r"([/:])")


class WebhookSigns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a provider's webhooks are known and read; the file's head explains each field."""

    detect: list[str] = []
    agent: list[str] = []
    body: list[str] = []
    via: str | None = None
    signature: list[str] = []
    event: list[str] = []


class ProviderEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[provider]]` as the file has it."""

    name: str
    title: str
    hosts: list[str]
    integration: str | None = None
    """Name of the integration, with the host's pieces in braces; default: the provider's name."""
    calls: list[str] = []
    webhooks: WebhookSigns | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    provider: list[ProviderEntry]


class Call(msgspec.Struct, frozen=True, eq=False):
    """One compiled line of `calls`."""

    methods: frozenset[str]
    template: str
    fits: Callable[[str], object]
    activity_type: ActivityType
    condition: Condition | None
    is_full: bool
    """The template names every piece of the path."""
    has_kinds: bool

    def path_template(self, path: str) -> str:
        """The template of a path that fits; `path` is what `path_template` makes of it."""
        if not self.is_full:
            return path
        return _with_kinds(self.template, path) if self.has_kinds else self.template


class Provider(msgspec.Struct, frozen=True, eq=False):
    """One provider, compiled. Known by identity: caches would hash all of its calls each time."""

    name: str
    title: str
    integration: str
    calls: tuple[Call, ...]

    def integration_name(self, pieces: Mapping[str, str]) -> str:
        """The default name of the integration of a host whose braces matched `pieces`."""
        name = self.integration
        for key, value in pieces.items():
            name = name.replace("{" + key + "}", value)
        return self.name if "{" in name else name


class _HostPattern(msgspec.Struct, frozen=True):
    fits: re.Pattern[str]
    weight: int
    provider: Provider


class Catalogue:
    """All providers. Immutable once made; share it."""

    def __init__(self, entries: list[ProviderEntry]) -> None:
        self.entries: Final = entries
        self.providers: Final = {entry.name: _compile_provider(entry) for entry in entries}
        self._exact: dict[str, Provider] = {}
        self._by_suffix: dict[str, list[_HostPattern]] = {}
        for entry in entries:
            for host in entry.hosts:
                self._add_host(host, self.providers[entry.name])
        for patterns in self._by_suffix.values():
            patterns.sort(key=lambda pattern: -pattern.weight)

    def _add_host(self, host: str, provider: Provider) -> None:
        if "*" not in host and "{" not in host:
            if host in self._exact:
                raise RuleError(f"providers: host {host} stands there twice")
            self._exact[host] = provider
            return
        suffix = re.split(r"[*}][^.]*", host)[-1].lstrip(".")
        expression = re.sub(
            r"\\\{(\w+)\\\}|\\\*",
            lambda match: f"(?P<{match[1]}>[^.]+)" if match[1] else ".+",
            re.escape(host),
        )
        weight = len(re.sub(r"\{\w+\}|\*", "", host))
        pattern = _HostPattern(re.compile(expression), weight, provider)
        self._by_suffix.setdefault(suffix, []).append(pattern)

    def find(self, host: str) -> tuple[Provider, str] | None:
        """Provider and default integration name of a host (lower case, no port)."""
        provider = self._exact.get(host)
        if provider is not None:
            return provider, provider.integration_name({})
        rest = host
        while rest:
            for pattern in self._by_suffix.get(rest, ()):
                match = pattern.fits.fullmatch(host)
                if match is not None:
                    return pattern.provider, pattern.provider.integration_name(match.groupdict())
            rest = rest.partition(".")[2]
        return None


@cache
def built_in_catalogue() -> Catalogue:
    """The catalogue that is installed with the program."""
    return load_catalogue(PROVIDERS_FILE.read_text("utf-8"))


def load_catalogue(text: str) -> Catalogue:
    """A catalogue from TOML.

    Raises:
        RuleError: it cannot be used; the text says where.
    """
    try:
        return Catalogue(msgspec.convert(tomllib.loads(text), _File).provider)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise RuleError(f"providers: {error}") from None


def _compile_provider(entry: ProviderEntry) -> Provider:
    calls = tuple(_compile_call(line, entry.name) for line in entry.calls)
    return Provider(entry.name, entry.title, entry.integration or entry.name, calls)


def _compile_call(line: str, provider: str) -> Call:
    words = line.split(" ", 4)
    if len(words) == 3:
        condition = None
    elif len(words) == 5 and words[3] == "if":
        condition = compile_condition(words[4], f"providers: {provider}")
    else:
        raise RuleError(f"providers: {provider}: {line!r} is not METHODS PATH TYPE [if CONDITION]")
    methods, template, word = words[:3]
    try:
        activity_type = ActivityType(word)
    except ValueError:
        raise RuleError(f"providers: {provider}: {word!r} is no activity type") from None
    return Call(
        methods=frozenset(methods.split(",")),
        template=template,
        fits=re.compile(_template_expression(template)).fullmatch,
        activity_type=activity_type,
        condition=condition,
        is_full="...}" not in template,
        has_kinds=not KINDS.isdisjoint(_PIECE.findall(template)),
    )


def _with_kinds(template: str, path: str) -> str:
    """The template with the path's own words where it names kinds."""
    pieces = zip(_BORDERS.split(template), _BORDERS.split(path), strict=False)
    return "".join([own if _is_kind(named, own) else named for named, own in pieces])


def _is_kind(named: str, own: str) -> bool:
    return PLACE not in own and not KINDS.isdisjoint(_PIECE.findall(named))


def _template_expression(template: str) -> str:
    """The expression of a path template; a piece in braces is one segment without its verb, or
    everything when it ends in dots. A trailing slash makes no difference."""

    def piece(match: re.Match[str]) -> str:
        return ".+" if match[1] else "[^/:]+"

    pieces = re.sub(r"\\\{\w+(\\\.\\\.\\\.)?\\\}", piece, re.escape(template))
    return pieces if template == "/" else pieces + "/?"
