"""What the keeper gives its API: the store's reader, and a way to the thread that writes."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, cast
from urllib.parse import quote
from uuid import UUID

from proxy.api.notice import Notice
from proxy.api.services import About, ApiServices, ApiSettings, FullReader, ListenerAddress
from proxy.config import Config, api_address, data_folder, store_address
from proxy.config.units import seconds
from proxy.connection_tests import ConnectionTests, HarmlessRequest
from proxy.control import BoundAddress
from proxy.keeper.store_thread import OpenStore, StoreThread
from proxy.version import version
from store.accounting import Accounting
from store.activity import Direction
from store.analytics import IntegrationEntry
from store.capture import Capture
from store.classification.rules import Integration
from store.errors import EntryError
from store.identity import organization_id
from store.log_entry import (
    LogCompletion,
    LogEntry,
    LoggedExchange,
    completed_exchange,
    entry_exchange,
)
from store.open_store import open_reader as open_store_reader
from store.redaction.exchange import RedactedExchange
from store.scope import Scope
from store.tokens import TokenStore, admin_token

VIEWER: Final = Path(__file__).parents[1] / "viewer"
_DAY_SECONDS: Final = 86_400


def open_reader(config: Config, keeps: Callable[[], bool] = lambda: True) -> FullReader:
    """The store, for any number of queries; `keeps` as `open_store` has it."""
    # Every backend's reader answers analytics, too.
    return cast(FullReader, open_store_reader(store_address(config), keeps))


def open_tokens(config: Config) -> TokenStore:
    """The tokens, with that of the command line on this machine, made when there is none."""
    folder = data_folder(config)
    admin_token(folder)
    own = {entry.name: entry.uuid for entry in config.organization}
    return TokenStore(
        folder.tokens, folder.admin_token, lambda name: own.get(name) or organization_id(name)
    )


def api_settings(config: Config) -> ApiSettings:
    """How the API presents itself. A name that a page has bound to this address is refused on
    loopback; elsewhere names of every kind lead here, and nothing is shown without a token."""
    loopback = api_address(config).is_loopback
    return ApiSettings(
        allowed_hosts=frozenset(config.api.allowed_hosts if loopback else ("*",)),
        frame_ancestors=config.api.frame_ancestors,
    )


def connection_tests(config: Config, listeners: tuple[BoundAddress, ...]) -> ConnectionTests | None:
    """What sends the `[[connection_test]]` requests; `None` without a forward proxy."""
    proxy = next((one for one in listeners if one.direction == Direction.OUTGOING), None)
    if proxy is None:
        return None
    default = config.capture.organization
    own = {entry.name: entry.uuid for entry in config.organization}
    return ConnectionTests(
        [
            HarmlessRequest(
                organization=own.get(name := test.organization or default) or organization_id(name),
                integration=test.integration,
                url=test.url,
                method=test.method,
                headers=test.headers,
            )
            for test in config.connection_test
        ],
        proxy=proxy_url(config, proxy),
        ca=data_folder(config).ca_certificate,
    )


def configured_integrations(config: Config) -> tuple[IntegrationEntry, ...]:
    """The integrations that the configuration names, as the API shows them before they are used."""
    default = config.capture.organization
    own = {entry.name: entry.uuid for entry in config.organization}
    found: dict[str, IntegrationEntry] = {}
    tests = [
        Integration(name=one.integration, organization=one.organization)
        for one in config.connection_test
    ]
    for one in (*config.integration, *tests):
        name = one.organization or default
        organization = own.get(name) or organization_id(name)
        entry = IntegrationEntry(
            id=str(one.uuid(organization)),
            name=one.name,
            organization_id=str(organization),
            organization=name,
            providers=[one.provider] if one.provider else [],
            hosts=[one.hosts] if isinstance(one.hosts, str) else list(one.hosts),
            directions=[],
            activity_types=[],
            first_at=None,
            last_at=None,
        )
        found.setdefault(f"{organization}/{one.name}", entry)
    return tuple(found.values())


def proxy_url(config: Config, proxy: BoundAddress) -> str:
    """How a client on this machine reaches the forward proxy, as its first user with a password
    file where it asks for users."""
    unspecified = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - replaced, not bound
    host = unspecified.get(proxy.host, proxy.host)
    place = f"[{host}]:{proxy.port}" if ":" in host else f"{host}:{proxy.port}"
    for user in config.listen.credential:
        if user.password_file is not None:
            password = Path(user.password_file).expanduser().read_text().strip()
            return f"http://{quote(user.user, safe='')}:{quote(password, safe='')}@{place}"
    return f"http://{place}"


def about(config: Config, listeners: tuple[BoundAddress, ...]) -> About:
    """Facts of this installation."""
    keep = seconds(config.retention.keep)
    return About(
        version=version(),
        listeners=tuple(
            ListenerAddress(name=one.name, direction=one.direction, address=str(one))
            for one in listeners
        ),
        ca_file=str(data_folder(config).ca_certificate),
        retention_days=None if keep is None else max(1, round(keep / _DAY_SECONDS)),
    )


def keeper_services(
    config: Config,
    listeners: tuple[BoundAddress, ...],
    *,
    thread: StoreThread,
    notice: Notice,
    accounting: Callable[[], Accounting],
    ready: Callable[[], bool],
    explain: Callable[[Capture, UUID], RedactedExchange],
) -> ApiServices:
    """The services of a keeper's API."""
    reader = open_reader(config, lambda: thread.opened)
    entries = _Entries(reader, thread)
    return ApiServices(
        reader=reader,
        tokens=open_tokens(config),
        about=about(config, listeners),
        accounting=accounting,
        ready=ready,
        wait_for_change=notice.wait,
        submit_entry=entries.submit,
        complete_entry=entries.complete,
        explain=explain,
        test_connection=connection_tests(config, listeners),
        configured_integrations=configured_integrations(config),
        default_organization=config.capture.organization,
        viewer=VIEWER,
        settings=api_settings(config),
    )


class _Entries:
    """What services log themselves, on its way to the writer thread."""

    def __init__(self, reader: FullReader, thread: StoreThread) -> None:
        self._reader = reader
        self._thread = thread

    async def submit(self, entry: LogEntry, organization: UUID) -> bytes:
        """See `proxy.api.services.Submit`."""
        exchange = entry_exchange(entry, organization, _now())
        await self._record(exchange)
        return exchange.capture.id

    async def complete(self, identifier: bytes, completion: LogCompletion, scope: Scope) -> bool:
        """See `proxy.api.services.Complete`."""
        # With its bodies, whoever asks: redaction works on the whole exchange again.
        whole = Scope(organizations=scope.organizations, bodies=True)
        started = await self._reader.one(whole, str(UUID(bytes=identifier)))
        if started is None:
            return False
        await self._record(completed_exchange(started, completion, _now()))
        return True

    async def _record(self, exchange: LoggedExchange) -> None:
        def job(store: OpenStore) -> None:
            if reason := store.recorder.record([exchange]).rejected.get(exchange.capture.id):
                raise EntryError("activity", f"cannot be kept: {reason}")

        await self._thread.call(job)


def _now() -> int:
    return time.time_ns() // 1_000_000
