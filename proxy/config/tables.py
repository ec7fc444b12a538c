"""The tables of the config file as types. Defaults, and the sentence under each field, are what
`wiretrail check --settings` and the README's table of settings show."""

from typing import Annotated, Any, Final

import msgspec

from proxy.config.units import Duration, Size
from store.activity import ActivityType
from store.classification.rules import Integration, Organization, Rule
from store.redaction.options import RedactionOptions

OFF: Final = "off"
"""In place of an address: nothing listens."""


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the tables."""


class ProxyUser(Table, frozen=True, kw_only=True):
    """`[[listen.credential]]`: who may use the forward proxy."""

    user: str
    """User name of `Proxy-Authorization`."""
    password_file: str | None = None
    """File that holds the password; it is read at the start."""
    password_digest: str | None = None
    """Instead of a file: what `wiretrail token digest` prints for a password."""
    organization: str | None = None
    """Organization to which this user's traffic belongs."""

    def __repr__(self) -> str:
        return f"<ProxyUser {self.user}>"


class Listen(Table, frozen=True, kw_only=True):
    """`[listen]`: the forward proxy that a service's outgoing calls go through."""

    forward: str = "127.0.0.1:8080"
    """Address of the forward proxy, or `off`."""
    organization: str | None = None
    """Organization to which all of its traffic belongs; unset: a context header may tell."""
    credential: tuple[ProxyUser, ...] = ()
    """Users; when there is one, every client needs one."""
    allowed_clients: tuple[str, ...] = ()
    """Networks whose clients may use it; empty: any that reaches it."""
    allow_private: bool | None = None
    """Whether private addresses may be dialled; unset: yes on loopback, no elsewhere."""


class Incoming(Table, frozen=True, kw_only=True):
    """`[[incoming]]`: a reverse proxy route for partners' webhooks."""

    listen: str
    """Address that takes the webhooks; several routes may share one."""
    path: str = "/"
    """Path prefix of this route; the longest that fits wins."""
    upstream: str
    """URL of the service; a path in it replaces the prefix, without one the target stays."""
    organization: str | None = None
    """Organization to which the traffic of this route belongs."""
    integration: str | None = None
    """Integration to which it belongs; unset: found from the request."""
    durable: bool = False
    """Commit each request to the store before the service sees it."""
    trusted_hops: tuple[str, ...] = ()
    """Networks of load balancers whose `X-Forwarded-*` headers are believed."""
    connect_timeout: Duration = "10s"
    """Until a connection to the service stands."""
    answer_timeout: Duration = "60s"
    """From the end of the request until the head of the answer."""
    idle_timeout: Duration = "300s"
    """Between two bytes of a body."""


class SkipBody(Table, frozen=True, kw_only=True):
    """`[[capture.skip_body]]`: exchanges whose bodies are not kept; what is set must all fit."""

    host: str | None = None
    """Host, `*` stands for any characters."""
    path: str | None = None
    """Path, `*` stands for any characters."""
    content_type: str | None = None
    """Media type, e.g. `image/*`; only the side that has such a body loses it."""
    activity_type: ActivityType | None = None
    """Type of activity."""


class Capture(Table, frozen=True, kw_only=True):
    """`[capture]`: what a row keeps of an exchange."""

    organization: str = "default"
    """Organization of traffic that nothing else assigns."""
    body_limit: Size = "64KB"
    """First bytes of each body that are kept."""
    durable_limit: Size = "1MB"
    """Largest request body of a durable route; beyond it the sender gets 413."""
    ip_address: bool = True
    """Keep the client's address."""
    user_agent: bool = True
    """Keep the client's user agent."""
    skip_body: tuple[SkipBody, ...] = ()
    """Exchanges whose bodies are not kept."""


class Retention(Table, frozen=True, kw_only=True):
    """`[retention]`: how long rows stay."""

    keep: Duration = "90d"
    """Age at which a row is deleted, or `never`."""
    keep_bodies: Duration = "never"
    """Age at which bodies and headers are deleted before their row, or `never`."""
    compress_after: Duration = "1d"
    """Age at which bodies are compressed, or `never`."""
    keep_counts: Duration = "400d"
    """Age at which the counts behind charts are deleted, or `never`; not before their rows."""
    organizations: dict[str, Duration] = {}
    """`keep` for single organizations, by name."""


class Search(Table, frozen=True, kw_only=True):
    """`[search]`: how words are found."""

    index: bool = False
    """Keep an index of words beside the store, so that `q` is fast in large logs, too."""


class UpstreamHost(Table, frozen=True, kw_only=True):
    """`[[upstream.host]]`: deadlines of outgoing calls to one host."""

    host: str
    """Host name; `*.example.com` covers its sub-domains."""
    connect_timeout: Duration = "10s"
    """Until a connection stands."""
    answer_timeout: Duration = "never"
    """From the end of the request until the head of the answer."""
    idle_timeout: Duration = "never"
    """Between two bytes of a body."""


class Upstream(Table, frozen=True, kw_only=True):
    """`[upstream]`: how outgoing calls reach partners."""

    ca: tuple[str, ...] = ()
    """PEM files trusted beside the system's certificates."""
    connect_to: tuple[str, ...] = ()
    """`HOST:PORT=ADDRESS:PORT`: dial another address; name, SNI and Host stay."""
    pass_through: tuple[str, ...] = ()
    """Hosts whose TLS is tunnelled unopened, for clients that pin certificates."""
    h2_hosts: tuple[str, ...] = ()
    """Hosts spoken to in HTTP/2 when a client offers both; who refuses HTTP/1.1 is learned."""
    connect_timeout: Duration = "10s"
    """Until a connection stands."""
    answer_timeout: Duration = "never"
    """From the end of the request until the head of the answer."""
    idle_timeout: Duration = "never"
    """Between two bytes of a body."""
    host: tuple[UpstreamHost, ...] = ()
    """Deadlines of single hosts."""


class Limits(Table, frozen=True, kw_only=True):
    """`[limits]`: bounds of what clients and partners can make the sidecar hold."""

    head_bytes: Size = "64KB"
    """Largest head of a request or answer; beyond it 431 or 502."""
    headers: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 200
    """Most header fields in a head."""
    connections: Annotated[int, msgspec.Meta(ge=1)] = 10_000
    """Most client connections of one worker; beyond them 503."""
    stream_messages: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 100
    """Messages of a WebSocket or event stream that a row keeps."""
    request_head_timeout: Duration = "10s"
    """From the first byte of a request until its head is complete."""
    durable_wait: Duration = "10s"
    """How long a durable request waits for its commit; beyond it 503."""
    queue_bytes: Size = "64MB"
    """Captures held while the store is unavailable; what does not fit is dropped and counted."""
    shutdown_grace: Duration = "30s"
    """How long a stop waits for running exchanges."""


class Api(Table, frozen=True, kw_only=True):
    """`[api]`: the query API and viewer."""

    listen: str = "127.0.0.1:8090"
    """Address of API and viewer."""
    allowed_hosts: tuple[str, ...] = ()
    """Names that the API may be called by beside `localhost` and IP addresses; `*`: any."""
    frame_ancestors: tuple[str, ...] = ()
    """Origins whose pages may frame the embeddable tab; none: it may not be framed."""


class ConnectionCheck(Table, frozen=True, kw_only=True):
    """`[[connection_test]]`: what "test connection" sends for an integration."""

    integration: str
    """Name of the integration."""
    organization: str | None = None
    """Organization that it belongs to; unset: the one of `capture.organization`."""
    url: str
    """Harmless address, such as `https://slack.com/api/api.test`."""
    method: str = "GET"
    """HTTP method."""
    headers: dict[str, str] = {}
    """Header fields; `env:NAME` and `file:PATH` stand for values that are kept elsewhere."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a config came from, so that it can be read again."""

    file: str | None = None
    overrides: dict[str, Any] = {}
    """What flags said, in the shape of the file."""


class Config(Table, frozen=True, kw_only=True):
    """The whole file. `origin` is no setting."""

    data: str | None = None
    """Data folder; default: the XDG data folder + `/wiretrail`."""
    store: str | None = None
    """URL of the store; default: `activity.db` in the data folder."""
    workers: Annotated[int, msgspec.Meta(ge=1, le=256)] = 1
    """Processes that relay traffic."""
    listen: Listen = Listen()
    incoming: tuple[Incoming, ...] = ()
    organization: tuple[Organization, ...] = ()
    integration: tuple[Integration, ...] = ()
    rule: tuple[Rule, ...] = ()
    capture: Capture = Capture()
    redaction: RedactionOptions = RedactionOptions()
    retention: Retention = Retention()
    search: Search = Search()
    upstream: Upstream = Upstream()
    limits: Limits = Limits()
    api: Api = Api()
    connection_test: tuple[ConnectionCheck, ...] = ()
    origin: Origin = Origin()
