"""A listener with everything precomputed that its exchanges need."""

import binascii
from base64 import b64decode
from typing import Final

from addons.errors import Refusal
from addons.exchange import Binding
from addons.forwarded import networks, plain_address, within
from addons.recording import Recording
from addons.routing import Destinations, HostPatterns, RouteTable
from addons.settings import Listener, RelaySettings
from store.activity import Direction, ErrorCode

_CHALLENGE: Final = (b'Proxy-Authenticate: Basic realm="proxy"\r\n',)


class Entrance:
    """What stays the same for all connections of a listener until the next reload."""

    def __init__(self, listener: Listener, settings: RelaySettings, recording: Recording) -> None:
        self.listener = listener
        self.settings = settings
        self.limits = settings.limits
        self.recording = recording
        self.name = listener.name
        self.direction = listener.direction
        self.incoming = listener.direction is Direction.INCOMING
        self.deadlines = (
            settings.incoming_deadlines if self.incoming else settings.outgoing_deadlines
        )
        self.binding = Binding(listener.organization)
        self.routes = RouteTable(listener, settings)
        self.destinations = Destinations(settings)
        self.hops = networks(listener.trusted_hops)
        self.pass_through = HostPatterns(settings.pass_through)
        self._allowed = networks(listener.allowed_clients)
        self._credentials = [
            (entry, Binding(entry.organization or listener.organization))
            for entry in listener.credentials
        ]

    def admit(self, peer: str, credential: bytes | None) -> Binding:
        """Whom a forward request from this address belongs to.

        Raises:
            Refusal: 403; the client's network is not allowed. 407; credentials are needed and
                these are none of ours.
        """
        if self._allowed and not within(plain_address(peer), self._allowed):
            raise Refusal("this client's network is not allowed", 403, ErrorCode.BLOCKED)
        if not self._credentials:
            return self.binding
        user, password = _basic(credential)
        found: Binding | None = None
        for entry, binding in self._credentials:
            # Every entry is compared, so that the time does not tell which user exists.
            if entry.matches(user, password):
                found = binding
        if found is None:
            raise Refusal("credentials are needed", 407, ErrorCode.BLOCKED, _CHALLENGE)
        return found


def _basic(value: bytes | None) -> tuple[bytes, bytes]:
    """User and password of a `Basic` credential (RFC 7617); empty ones when there is none."""
    scheme, _, encoded = (value or b"").partition(b" ")
    if scheme.lower() != b"basic":
        return b"", b""
    try:
        user, _, password = b64decode(encoded.strip(), validate=True).partition(b":")
    except binascii.Error:
        return b"", b""
    return user, password
