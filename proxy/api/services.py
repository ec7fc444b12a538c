"""What the API is given: everything it reaches outside its own folder goes through here."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from uuid import UUID

import msgspec
from prometheus_client import CollectorRegistry

from proxy.api.zones import Zones
from store.accounting import Accounting
from store.analytics import AnalyticsReader, IntegrationEntry
from store.backend import Reader
from store.capture import Capture
from store.log_entry import LogCompletion, LogEntry
from store.redaction.exchange import RedactedExchange
from store.scope import Scope
from store.tokens import TokenStore


class ListenerAddress(msgspec.Struct, frozen=True, kw_only=True):
    """One listening socket of the proxy, told to clients that ask how to reach it."""

    name: str
    direction: str
    """`outgoing`: a forward proxy; `incoming`: a reverse proxy for webhooks."""
    address: str
    """`host:port`."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Facts of this installation that the viewer shows."""

    version: str
    listeners: tuple[ListenerAddress, ...] = ()
    ca_file: str | None = None
    """Where the certificate lies that clients trust."""
    retention_days: int | None = None
    """`None`: activities are kept for ever."""


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the API presents itself."""

    allowed_hosts: frozenset[str] = frozenset()
    """Names that the `Host` header may bear beside `localhost` and IP addresses; `*`: any."""
    frame_ancestors: tuple[str, ...] = ()
    """Origins whose pages may frame the embeddable tab; none: it may not be framed."""
    body_limit: int = 1 << 20
    """Largest request body in bytes; beyond: 413."""
    streams: int = 256
    """Live streams open at once; beyond: 503."""
    heartbeat_seconds: float = 15.0
    """Longest silence on a live stream."""
    stall_seconds: float = 30.0
    """A live stream whose reader takes nothing for this long is closed."""


class ConnectionTest(msgspec.Struct, frozen=True, kw_only=True):
    """What a connection test found. The exchange itself is in the log as `test_connection`."""

    ok: bool
    method: str
    url: str
    """Without query and userinfo."""
    response_status: int | None = None
    response_time_ms: float | None = None
    error: str | None = None
    """Why there was no answer, without content."""


type Submit = Callable[[LogEntry, UUID], Awaitable[bytes]]
"""Keep an entry of a service under an organization; returns the new activity's id once the row
is committed. Raises `EntryError`, or `StoreUnavailable`."""

type Complete = Callable[[bytes, LogCompletion, Scope], Awaitable[bool]]
"""Complete a started activity; False when the scope sees no such activity that is still open.
Raises `EntryError`, or `StoreUnavailable`."""

type Explain = Callable[[Capture, UUID], RedactedExchange]
"""Redact without keeping anything; returns the redacted exchange. Called in a thread."""


class ConnectionTester(Protocol):
    """Sends the harmless requests that are configured for integrations, through the proxy."""

    def configured(self, organization: UUID, integration: str) -> bool:
        """Whether there is a request for this integration."""
        ...

    async def run(self, organization: UUID, integration: str) -> ConnectionTest | None:
        """Send it; `None` when nothing is configured."""
        ...


class FullReader(Reader, AnalyticsReader, Protocol):
    """Everything that the API asks of a store."""


def _wall_clock() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiServices:
    """The seams of the API. What is `None` is answered with 501 and a reason."""

    reader: FullReader
    tokens: TokenStore
    about: About
    accounting: Callable[[], Accounting] = Accounting
    ready: Callable[[], bool] = lambda: True
    wait_for_change: Callable[[int], Awaitable[int]] | None = None
    """The highest `seq` that is committed, once that is above the argument (early is harmless).
    `None`: another process writes this store, so it is asked twice a second."""
    submit_entry: Submit | None = None
    complete_entry: Complete | None = None
    explain: Explain | None = None
    test_connection: ConnectionTester | None = None
    configured_integrations: tuple[IntegrationEntry, ...] = ()
    """Known before their first activity."""
    default_organization: str = "default"
    """Whose an entry is that names no organization, where the token does not settle it."""
    viewer: Path | None = None
    """Folder of the viewer's files."""
    settings: ApiSettings = field(default_factory=ApiSettings)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    """Where the keeper registers metrics of its own; `/metrics` shows them too."""
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set it before the server stops: live streams end, so that it need not wait for them."""
    zones: Zones = field(default_factory=Zones)
    clock: Callable[[], int] = _wall_clock
    """Unix milliseconds."""
