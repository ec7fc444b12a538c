"""Scope: which organizations a reader may see, and whether bodies too."""

from uuid import UUID

import msgspec


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """No query can be built without one. `organizations` is `None` for a service scope, which
    crosses organizations; an empty set sees nothing."""

    organizations: frozenset[UUID] | None
    bodies: bool

    def allows(self, organization: UUID) -> bool:
        """Whether rows of this organization may be seen."""
        return self.organizations is None or organization in self.organizations


SERVICE = Scope(organizations=None, bodies=True)
"""The scope of the operator of this machine: all organizations, with bodies."""
