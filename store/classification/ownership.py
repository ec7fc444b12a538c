"""Whose an exchange is: organizations and integrations by what the configuration knows of them."""

from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from store.activity import Direction
from store.capture import Capture, Claims
from store.classification.glob import Matcher, compile_patterns
from store.classification.rules import ClassificationRules, Integration
from store.identity import integration_id, organization_id

_CACHED = 4096


class Owner(NamedTuple):
    """An organization by name and id; `unknown` is a claimed one that the configuration lacks."""

    name: str
    id: UUID
    unknown: str | None = None


class _Known(NamedTuple):
    integration: Integration
    organization: UUID | None
    host: Matcher | None


class Ownership:
    """Answers whose traffic is whose. Immutable: new rules make a new one."""

    def __init__(self, rules: ClassificationRules) -> None:
        """Raises `RuleError` when a host pattern cannot be used."""
        self._organizations = {entry.name: entry.uuid for entry in rules.organizations}
        self._names = {entry.uuid: entry.name for entry in rules.organizations}
        self._known = [self._compile(entry) for entry in rules.integrations]
        # Questions repeat; an answer costs a walk over all integrations, or a name-based UUID.
        self._owner = lru_cache(_CACHED)(self._named_owner)
        self._organization_of = lru_cache(_CACHED)(self._find_organization)
        self.integration = lru_cache(_CACHED)(self._named_integration)
        self.find = lru_cache(_CACHED)(self._find)
        self.of_provider = lru_cache(_CACHED)(self._find_provider)
        self.default = self._owner(rules.default_organization)
        self._names.setdefault(self.default.id, self.default.name)

    def organization(self, capture: Capture, claims: Claims, by_rule: str | None) -> Owner:
        """A listener or credential that is bound to one organization decides; else the service's
        claim, the operator's rule, the listener, the integration that the host belongs to, the
        default. Where organizations are configured, a claim must name one of them to count."""
        bound = capture.organization
        if bound is not None and not capture.may_claim_organization:
            return self._owner(bound)
        unknown = None
        if claims.organization is not None and capture.may_claim_organization:
            claimed = self._owner(claims.organization)
            if not self._organizations or claimed.id in self._names:
                return claimed
            unknown = claims.organization
        name = by_rule or bound
        # A webhook's Host is its sender's word.
        if name is None and capture.direction is Direction.OUTGOING:
            name = self._organization_of(capture.host.lower())
        owner = self.default if name is None else self._owner(name)
        return owner if unknown is None else owner._replace(unknown=unknown)

    def _named_integration(self, owner: Owner, name: str) -> tuple[str, UUID, str | None]:
        """Name, id and configured provider of the integration that is called `name` (or has
        this UUID) in an organization."""
        for entry, organization, _ in self._known:
            if organization in (None, owner.id) and name in (entry.name, str(entry.uuid(owner.id))):
                return entry.name, entry.uuid(owner.id), entry.provider
        return name, integration_id(owner.id, name), None

    def _find(self, organization: UUID, host: str, provider: str | None) -> str | None:
        """The name of the configured integration that calls of an organization to a host belong
        to: by its hosts, else by its provider when it lists no hosts."""
        candidates = [each for each in self._known if each.organization in (None, organization)]
        for entry, _, fits in candidates:
            if fits is not None and fits(host):
                return entry.name
        if provider is not None:
            for entry, _, fits in candidates:
                if fits is None and entry.provider == provider:
                    return entry.name
        return None

    def _find_provider(self, organization: UUID, provider: str) -> str | None:
        """The name of the first configured integration of a provider in an organization."""
        for entry, known, _ in self._known:
            if entry.provider == provider and known in (None, organization):
                return entry.name
        return None

    def _find_organization(self, host: str) -> str | None:
        for entry, organization, fits in self._known:
            if organization is not None and fits is not None and fits(host):
                return entry.organization
        return None

    def _named_owner(self, name_or_id: str) -> Owner:
        if name_or_id in self._organizations:
            return Owner(name_or_id, self._organizations[name_or_id])
        identifier = organization_id(name_or_id)
        return Owner(self._names.get(identifier, name_or_id), identifier)

    def _compile(self, entry: Integration) -> _Known:
        organization = None
        if entry.organization is not None:
            organization = self._organizations.get(entry.organization)
            organization = organization or organization_id(entry.organization)
        return _Known(
            entry, organization, compile_patterns(entry.hosts, f"integration {entry.name}: hosts")
        )
