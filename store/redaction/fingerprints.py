"""The mark that stands where a secret was.

`[REDACTED:3f9a1c2e]` holds the first eight hex digits of a keyed BLAKE2b digest (RFC 7693).
The key is derived per organization from the installation's key: equal secrets give equal marks
within one organization, and nothing links them across organizations or without the key.
"""

import hashlib
from typing import Final
from uuid import UUID

_DIGITS: Final = 4
MINIMUM_KEY: Final = 16


class Marker:
    """Makes marks for one organization."""

    def __init__(self, key: bytes, organization: UUID) -> None:
        if len(key) < MINIMUM_KEY:
            raise ValueError(f"redaction key of {len(key)} bytes, at least {MINIMUM_KEY} wanted")
        self._key = hashlib.blake2b(organization.bytes, key=key[:64], digest_size=32).digest()

    def fingerprint(self, secret: bytes) -> str:
        """Eight hex digits that tell only whether two secrets were equal."""
        return hashlib.blake2b(secret, digest_size=_DIGITS, key=self._key).hexdigest()

    def mark(self, secret: bytes) -> str:
        """The text that replaces `secret`."""
        return f"[REDACTED:{self.fingerprint(secret)}]"
