"""What an operator decides about a store: how long rows, bodies and rollups stay."""

from collections.abc import Mapping
from typing import Final

import msgspec

DAY_MS: Final = 86_400_000


class StoreOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Ages are milliseconds since creation; `None` means never."""

    keep: int | None = 90 * DAY_MS
    """Age at which a row is deleted."""
    organizations: Mapping[str, int | None] = {}
    """`keep` of single organizations, by name or UUID."""
    keep_bodies: int | None = None
    """Age at which headers and bodies are deleted before their row."""
    compress_after: int | None = DAY_MS
    """Age at which bodies are compressed."""
    keep_rollups: int | None = 400 * DAY_MS
    """Age at which the counts behind charts are deleted; never before their rows."""
    search: bool = False
    """Whether words are indexed; without, an index that is there is deleted."""
    spare_bytes: int = 32 * 1024 * 1024
    """Free space in the file that is left for new rows instead of given back."""

    def longest(self) -> int | None:
        """The longest that any row may stay."""
        ages = [self.keep, *self.organizations.values()]
        known = [age for age in ages if age is not None]
        return max(known) if len(known) == len(ages) else None
