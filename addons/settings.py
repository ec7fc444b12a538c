"""What the relay is told before it starts: listeners, routes, deadlines, limits. Values only."""

from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Final

import msgspec

from store.activity import Direction


class Deadlines(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds until a part of an exchange is given up; `None` waits for ever."""

    connect: float = 10.0
    """Until a TCP (and TLS) connection to the upstream stands."""
    request_head: float = 10.0
    """From the first byte of a request until its head is complete."""
    answer_head: float | None = None
    """From the end of the request until the answer's final head."""
    idle: float | None = None
    """Between two bytes of a body, in either direction."""


OUTGOING_DEADLINES: Final = Deadlines()
INCOMING_DEADLINES: Final = Deadlines(answer_head=60.0, idle=300.0)


class HostDeadlines(msgspec.Struct, frozen=True, kw_only=True):
    """Deadlines of outgoing calls to one host; `*.example.com` covers its sub-domains."""

    host: str
    deadlines: Deadlines


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Where requests below a path prefix of an incoming listener go. The longest prefix wins."""

    prefix: str = "/"
    upstream: str
    """`http://host:port` or `https://host:port`. With a path of its own (`http://host/base`)
    the prefix is replaced by that path; without one the target stays as it was sent."""
    organization: str | None = None
    """Name or UUID; `None`: the listener's."""
    integration: str | None = None
    durable: bool = False
    """The request is committed to the store before the upstream sees a byte of it."""
    deadlines: Deadlines | None = None
    """`None`: `RelaySettings.incoming_deadlines`."""


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """Who may use a forward listener (`Proxy-Authorization: Basic`)."""

    user: str
    password_digest: str
    """As `password_digest()` gives it."""
    organization: str | None = None
    """Binds the traffic of this user to an organization; `None`: the listener's."""

    def matches(self, user: bytes, password: bytes) -> bool:
        """Compares both parts in constant time."""
        salt, _, _ = self.password_digest.partition("$")
        expected = password_digest(password, salt)
        same_user = compare_digest(user, self.user.encode())
        return compare_digest(expected, self.password_digest) and same_user

    def __repr__(self) -> str:
        return f"<Credential of {self.user}>"


def password_digest(password: bytes, salt: str = "") -> str:
    """`salt$hex`, a salted SHA-256. Meant for generated passwords: a slow hash would stop the
    worker's other traffic while it is computed."""
    return f"{salt}${sha256(salt.encode() + b'$' + password).hexdigest()}"


class ConnectTo(msgspec.Struct, frozen=True, kw_only=True):
    """Dial another address; name, SNI and Host stay. `host` may be `*`, `port` may be 0 (any)."""

    host: str
    port: int
    address: str
    address_port: int


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """One listening socket. `direction` says whether it is a forward proxy (outgoing) or a
    reverse proxy for webhooks (incoming)."""

    name: str
    direction: Direction
    organization: str | None = None
    """Name or UUID that binds all traffic of this listener; `None`: context headers may tell."""
    routes: tuple[Route, ...] = ()
    trusted_hops: tuple[str, ...] = ()
    """CIDR networks whose `X-Forwarded-*` and `Forwarded` headers are believed."""
    credentials: tuple[Credential, ...] = ()
    """When not empty a forward request needs one of them."""
    allowed_clients: tuple[str, ...] = ()
    """CIDR networks; when not empty other clients are refused."""
    allow_private: bool = True
    """Whether a forward listener may dial private, loopback and unique-local addresses."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of what one peer can make a worker hold."""

    head_bytes: int = 80 * 1024
    """Request line and headers, or an answer's head; beyond: 431, or 502. Leaves room for one
    value of 64 KB beside the usual rest."""
    headers: int = 200
    connections: int = 10_000
    """Client connections of one worker; beyond: 503."""
    stream_messages: int = 100
    """Messages of a WebSocket or event stream that a capture keeps."""


class RelaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a worker's relay needs beside its listeners."""

    body_limit: int = 65536
    """Bytes of each body that a capture keeps."""
    durable_limit: int = 1 << 20
    """Largest request body of a durable route; beyond: 413."""
    durable_wait: float = 10.0
    """Seconds that a durable request waits for its commit; beyond: 503."""
    ca_dir: Path
    """Folder with `mitmproxy-ca.pem`; made when missing."""
    upstream_ca: Path | None = None
    """PEM bundle that replaces the built-in one: merged already with the system's."""
    connect_to: tuple[ConnectTo, ...] = ()
    pass_through: tuple[str, ...] = ()
    """Hosts (`*.` allowed) whose CONNECT is tunnelled without interception."""
    h2_hosts: tuple[str, ...] = ()
    """Hosts (`*.` allowed) for which HTTP/2 is offered although the client speaks HTTP/1.1."""
    outgoing_deadlines: Deadlines = OUTGOING_DEADLINES
    incoming_deadlines: Deadlines = INCOMING_DEADLINES
    host_deadlines: tuple[HostDeadlines, ...] = ()
    limits: Limits = Limits()
    own_addresses: tuple[tuple[str, int], ...] = ()
    """Addresses that this installation listens on, never to be dialled. An unspecified address
    (`0.0.0.0`, `::`) covers every address of this machine."""
