"""What a user may change about redaction: the `[redaction]` table of the configuration."""

import msgspec


class UserPattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A shape of the user's own. `pattern` is RE2 syntax; group 1, when there is one, is what
    is cut, else the whole match."""

    name: str
    """What the rule is called where cuts are told."""
    pattern: str
    """RE2 expression; group 1 is what is cut, else the whole match."""


class OrganizationRedaction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Additions for one organization."""

    names: tuple[str, ...] = ()
    """Further names of fields, for this organization alone."""
    patterns: tuple[UserPattern, ...] = ()
    """Further shapes of secrets, for this organization alone."""


class RedactionOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of redaction. Everything adds to the default rules except `disabled_rules`."""

    names: tuple[str, ...] = ()
    """Further names of fields, headers and parameters whose values are cut."""
    patterns: tuple[UserPattern, ...] = ()
    """Further shapes of secrets."""
    paths: tuple[str, ...] = ()
    """Further URL path templates, e.g. `hooks.example.com/catch/*/{}`."""
    ibans: bool = False
    """Cut bank account numbers (IBAN)."""
    emails: bool = False
    """Cut e-mail addresses."""
    disabled_rules: tuple[str, ...] = ()
    """Default rules that are not to be applied; refused unless `allow_disabled_rules`."""
    allow_disabled_rules: bool = False
    """Says that someone knows that secrets may be kept because of `disabled_rules`."""
    deadline_ms: float = 500.0
    """A body that takes longer is kept as size and digest only."""
    organizations: dict[str, OrganizationRedaction] = {}
    """Additions per organization, by its name or UUID."""
