"""The operator's own classification rules, as the config file spells them, and the answer.

`Organization`, `Integration` and `Rule` are the config's `[[organization]]`, `[[integration]]` and
`[[rule]]` tables. Patterns are globs, or RE2 expressions after `re:` (`store.classification.glob`).
"""

from uuid import UUID

import msgspec

from store.activity import ActivityType, Direction
from store.identity import integration_id, organization_id

type Patterns = str | list[str]
"""One pattern, or several of which any may match."""

DEFAULT_ORGANIZATION = "default"


class Organization(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An organization whose traffic is recorded; without `id` its UUID derives from the name."""

    name: str
    """Readable name, unique."""
    id: UUID | None = None
    """UUID that rows bear; unset: derived from the name."""

    @property
    def uuid(self) -> UUID:
        """The id that rows bear."""
        return self.id or organization_id(self.name)


class Integration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A partner connection. Calls belong to it by `hosts`; without hosts, by `provider`."""

    name: str
    """Readable name, unique within its organization."""
    id: UUID | None = None
    """UUID that rows bear; unset: derived from organization and name."""
    organization: str | None = None
    """Name or UUID; without one it serves every organization."""
    provider: str | None = None
    """A name of the provider catalogue, or any other word."""
    hosts: Patterns = []
    """Hosts that it calls."""

    def uuid(self, organization: UUID) -> UUID:
        """The id that rows of this organization bear."""
        return self.id or integration_id(organization, self.name)


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What matches every given pattern gets the given answers; the first matching rule rules."""

    host: Patterns = []
    """Hosts that it is for; empty: all."""
    path: Patterns = []
    """Paths without query; empty: all."""
    method: Patterns = []
    """HTTP methods; empty: all."""
    direction: Direction | None = None
    """`outgoing` or `incoming`; unset: both."""
    activity_type: ActivityType | None = None
    """Type that these activities get; unset: as the catalogue says."""
    integration: str | None = None
    """Integration that they belong to; unset: found otherwise."""
    provider: str | None = None
    """Provider that they get; unset: as the catalogue says."""
    organization: str | None = None
    """Organization that they belong to; unset: found otherwise."""


class ClassificationRules(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of the operator's that the classifier needs."""

    organizations: list[Organization] = []
    integrations: list[Integration] = []
    rules: list[Rule] = []
    default_organization: str = DEFAULT_ORGANIZATION


class Classification(msgspec.Struct, frozen=True, kw_only=True):
    """Whose an exchange was, and what it was for. Names may come from the traffic: the recorder
    redacts them before a row bears them."""

    organization: str
    organization_id: UUID
    integration: str
    integration_id: UUID
    provider: str | None
    activity_type: ActivityType
    path_template: str
    """The path without query, its variable pieces replaced by `{id}` or the provider's names."""
    event: str | None = None
    """A webhook's event name, from its headers or body."""
    signature_header: str | None = None
    """The name of the signature header that a webhook bears."""
    unknown_organization: str | None = None
    """A claimed organization that the configuration does not know."""
    unknown_activity_type: str | None = None
    """A claimed activity type that is none of the closed list."""
