"""From a config to what the relay is told: its settings, and each listening socket."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import msgspec

from addons.settings import (
    ConnectTo,
    Credential,
    Deadlines,
    HostDeadlines,
    Limits,
    Listener,
    RelaySettings,
    Route,
    password_digest,
)
from proxy.config.problems import ConfigError, Problem
from proxy.config.tables import OFF, Config, Incoming, ProxyUser, Upstream, UpstreamHost
from proxy.config.units import (
    Address,
    Duration,
    parse_address,
    parse_connect_to,
    parse_network,
    seconds,
    size_in_bytes,
)
from store.activity import Direction
from store.data_folder import DataFolder, default_path, named_path


class BoundListener(msgspec.Struct, frozen=True, kw_only=True):
    """Where a listener's socket is opened, and what the relay does with its connections."""

    address: Address
    listener: Listener


def data_folder(config: Config) -> DataFolder:
    """The data folder that the config names, or the default one; nothing is created."""
    return DataFolder(default_path() if config.data is None else named_path(config.data))


def api_address(config: Config) -> Address:
    """Where API and viewer listen."""
    return parse_address(config.api.listen)


def listeners(config: Config) -> tuple[BoundListener, ...]:
    """The forward listener (if any) and one for each address of `[[incoming]]`.

    Raises:
        ConfigError: the password file of a proxy user cannot be read.
    """
    found = [] if config.listen.forward == OFF else [_forward(config)]
    by_address: defaultdict[Address, list[Incoming]] = defaultdict(list)
    for route in config.incoming:
        by_address[parse_address(route.listen)].append(route)
    found += [_reverse(config, address, routes) for address, routes in by_address.items()]
    return tuple(found)


def relay_settings(
    config: Config,
    *,
    upstream_ca: Path | None = None,
    own_addresses: Iterable[Address] | None = None,
) -> RelaySettings:
    """What a worker's relay is told. `upstream_ca` is the merged bundle (`upstream_bundle`);
    `own_addresses` those really bound, default: as configured."""
    own = _configured_addresses(config) if own_addresses is None else own_addresses
    limits = config.limits
    return RelaySettings(
        body_limit=size_in_bytes(config.capture.body_limit),
        durable_limit=size_in_bytes(config.capture.durable_limit),
        durable_wait=_finite(limits.durable_wait),
        ca_dir=data_folder(config).ca_dir,
        upstream_ca=upstream_ca,
        connect_to=tuple(map(_connect_to, config.upstream.connect_to)),
        pass_through=config.upstream.pass_through,
        h2_hosts=config.upstream.h2_hosts,
        outgoing_deadlines=_deadlines(config.upstream, config),
        host_deadlines=tuple(
            HostDeadlines(host=host.host.lower(), deadlines=_deadlines(host, config))
            for host in config.upstream.host
        ),
        limits=Limits(
            head_bytes=size_in_bytes(limits.head_bytes),
            headers=limits.headers,
            connections=limits.connections,
            stream_messages=limits.stream_messages,
        ),
        own_addresses=tuple((address.host, address.port) for address in own),
    )


def upstream_bundle(config: Config) -> Path | None:
    """The bundle that upstreams' certificates are verified with, written into the data folder;
    `None` when no `upstream.ca` is given, so that the built-in one is used.

    Raises:
        ConfigError: a file of `upstream.ca` is of no use.
    """
    if not config.upstream.ca:
        return None
    from proxy.trust import write_bundle

    target = data_folder(config).ca_dir / "upstream-bundle.pem"
    return write_bundle(target, check_authorities(config))


def check_authorities(config: Config) -> list[bytes]:
    """Look at the files of `upstream.ca`; returns their certificates (PEM).

    Raises:
        ConfigError: some are of no use; all of them are named.
    """
    if not config.upstream.ca:
        return []
    from proxy.trust import NoCertificate, certificates_in

    found: list[bytes] = []
    problems = []
    flags = len(_flags_of(config, "upstream", "ca"))  # those of the file come after them
    for index, file in enumerate(config.upstream.ca):
        try:
            found += certificates_in(_expanded(file))
        except NoCertificate as error:
            by_flag = index < flags
            where = "--upstream-ca" if by_flag else _place(config)
            key = "" if by_flag else f"upstream.ca[{index - flags}]"
            problems.append(Problem(where, key, str(error)))
    if problems:
        raise ConfigError(problems)
    return found


def _connect_to(text: str) -> ConnectTo:
    host, port, address, address_port = parse_connect_to(text)
    return ConnectTo(host=host, port=port, address=address, address_port=address_port)


def _flags_of(config: Config, table: str, key: str) -> list[str]:
    """What flags, not the file, said for a list."""
    found: list[str] = config.origin.overrides.get(table, {}).get(key, [])
    return found


def _expanded(file: str) -> Path:
    return Path(file).expanduser()


def _place(config: Config) -> str:
    return config.origin.file or "settings"


def _configured_addresses(config: Config) -> list[Address]:
    texts = {config.api.listen, *(route.listen for route in config.incoming)}
    if config.listen.forward != OFF:
        texts.add(config.listen.forward)
    return [parse_address(text) for text in sorted(texts)]


def _forward(config: Config) -> BoundListener:
    listen = config.listen
    address = parse_address(listen.forward)
    private = address.is_loopback if listen.allow_private is None else listen.allow_private
    return BoundListener(
        address=address,
        listener=Listener(
            name=f"forward {address}",
            direction=Direction.OUTGOING,
            organization=listen.organization,
            credentials=tuple(
                _credential(user, f"listen.credential[{i}]", config)
                for i, user in enumerate(listen.credential)
            ),
            allowed_clients=tuple(map(parse_network, listen.allowed_clients)),
            allow_private=private,
        ),
    )


def _credential(user: ProxyUser, place: str, config: Config) -> Credential:
    digest = user.password_digest
    if user.password_file is not None:
        try:
            password = Path(user.password_file).expanduser().read_bytes().strip()
        except OSError as error:
            message = f"{user.password_file} cannot be read: {error.strerror}"
            problem = Problem(_place(config), f"{place}.password_file", message)
            raise ConfigError([problem]) from None
        if not password:
            problem = Problem(
                _place(config), f"{place}.password_file", f"{user.password_file} is empty"
            )
            raise ConfigError([problem])
        digest = password_digest(password)
    assert digest is not None, "checked before"
    return Credential(user=user.user, password_digest=digest, organization=user.organization)


def _reverse(config: Config, address: Address, routes: list[Incoming]) -> BoundListener:
    hops = dict.fromkeys(parse_network(hop) for route in routes for hop in route.trusted_hops)
    return BoundListener(
        address=address,
        listener=Listener(
            name=f"incoming {address}",
            direction=Direction.INCOMING,
            routes=tuple(
                Route(
                    prefix=route.path,
                    upstream=route.upstream,
                    organization=route.organization,
                    integration=route.integration,
                    durable=route.durable,
                    deadlines=_deadlines(route, config),
                )
                for route in routes
            ),
            trusted_hops=tuple(hops),
        ),
    )


def _deadlines(table: Incoming | Upstream | UpstreamHost, config: Config) -> Deadlines:
    return Deadlines(
        connect=_finite(table.connect_timeout),
        request_head=_finite(config.limits.request_head_timeout),
        answer_head=seconds(table.answer_timeout),
        idle=seconds(table.idle_timeout),
    )


def _finite(duration: Duration) -> float:
    found = seconds(duration)
    assert found is not None, "checked before"
    return found
