"""What types alone cannot say: values that contradict each other or cannot be used."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from proxy.config.keeping import capture_options, classification_rules
from proxy.config.problems import nearest
from proxy.config.tables import OFF, Config, Incoming
from proxy.config.units import (
    Address,
    parse_address,
    parse_connect_to,
    parse_network,
    seconds,
    size_in_bytes,
)
from store.errors import RuleError

type Mistake = tuple[str, str]


def check(config: Config) -> Iterator[Mistake]:
    """Dotted path and message of everything that is wrong, in the order of the file."""
    yield from _values(config)
    yield from _listeners(config)
    yield from _routes(config)
    yield from _connection_tests(config)
    yield from _names(config)
    yield from _hosts(config)
    yield from _rules(config)
    yield from _patterns(config)


def _hosts(config: Config) -> Iterator[Mistake]:
    """Where a host belongs there is no URL, which would never match anything."""
    upstream = config.upstream
    hosts: dict[str, str] = {
        f"upstream.host[{i}].host": h.host for i, h in enumerate(upstream.host)
    }
    for place, names in (
        *((f"integration[{i}].hosts", one.hosts) for i, one in enumerate(config.integration)),
        *((f"rule[{i}].host", one.host) for i, one in enumerate(config.rule)),
        ("upstream.pass_through", upstream.pass_through),
        ("upstream.h2_hosts", upstream.h2_hosts),
    ):
        if isinstance(names, str):
            hosts[place] = names
        else:
            hosts |= {f"{place}[{j}]": name for j, name in enumerate(names)}
    for place, host in hosts.items():
        if "/" in host and not host.startswith("re:"):
            yield place, f'expected a host such as "api.example.com", found "{host}"'


def _rules(config: Config) -> Iterator[Mistake]:
    """Each rule says something: one that does not would hide those after it."""
    for i, rule in enumerate(config.rule):
        answers = (rule.activity_type, rule.integration, rule.provider, rule.organization)
        if not any(answers):
            yield (
                f"rule[{i}]",
                "expected at least one of activity_type, integration, provider, organization",
            )


def _patterns(config: Config) -> Iterator[Mistake]:
    """Every pattern can be compiled: the same is done when the rules come into force."""
    # What compiles them takes a moment to import; commands that only read never come here.
    from store.capture_options import CompiledOptions
    from store.classification.classifier import Classifier
    from store.redaction.mistakes import mistakes
    from store.redaction.redactor import Redactor

    attempts: tuple[tuple[str, Callable[[], object]], ...] = (
        ("rule", lambda: Classifier(classification_rules(config))),
        ("capture.skip_body", lambda: CompiledOptions(capture_options(config))),
    )
    found = [(f"redaction.{key}", text) for key, text in mistakes(config.redaction)]
    yield from found
    if not found:
        attempts += (("redaction", lambda: Redactor(bytes(32), config.redaction)),)
    for path, compiled in attempts:
        try:
            compiled()
        except RuleError as error:
            yield path, str(error)


def _try(parse: Callable[[Any], object], value: Any, path: str) -> Iterator[Mistake]:
    try:
        parse(value)
    except ValueError as error:
        yield path, str(error)


def _values(config: Config) -> Iterator[Mistake]:
    """Durations, sizes, networks and addresses that stand alone."""
    durations: dict[str, Any] = {}
    deadlines = ("connect_timeout", "answer_timeout", "idle_timeout")
    timed: list[tuple[str, Any]] = [("upstream", config.upstream)]
    timed += [(f"incoming[{i}]", route) for i, route in enumerate(config.incoming)]
    timed += [(f"upstream.host[{i}]", host) for i, host in enumerate(config.upstream.host)]
    for place, table in timed:
        durations |= {f"{place}.{name}": getattr(table, name) for name in deadlines}
    for name in ("keep", "keep_bodies", "compress_after", "keep_counts"):
        durations[f"retention.{name}"] = getattr(config.retention, name)
    for name, duration in config.retention.organizations.items():
        durations[f"retention.organizations.{name}"] = duration
    finite = {
        f"limits.{name}": getattr(config.limits, name)
        for name in ("request_head_timeout", "durable_wait", "shutdown_grace")
    } | {key: value for key, value in durations.items() if key.endswith("connect_timeout")}
    for path, duration in (durations | finite).items():
        parse = _finite if path in finite else seconds
        yield from _try(_age if path.startswith("retention.") else parse, duration, path)
    for path, size in {
        "capture.body_limit": config.capture.body_limit,
        "capture.durable_limit": config.capture.durable_limit,
        "limits.head_bytes": config.limits.head_bytes,
        "limits.queue_bytes": config.limits.queue_bytes,
    }.items():
        yield from _try(size_in_bytes, size, path)
    for i, text in enumerate(config.upstream.connect_to):
        yield from _try(parse_connect_to, text, f"upstream.connect_to[{i}]")
    for i, text in enumerate(config.listen.allowed_clients):
        yield from _try(parse_network, text, f"listen.allowed_clients[{i}]")
    for i, route in enumerate(config.incoming):
        for j, text in enumerate(route.trusted_hops):
            yield from _try(parse_network, text, f"incoming[{i}].trusted_hops[{j}]")
    if config.store is not None:
        yield from _try(_store_url, config.store, "store")


def _finite(duration: Any) -> float:
    found = seconds(duration)
    if found is None:
        raise ValueError('"never" is not allowed here; expected a duration such as "10s"')
    return found


def _age(duration: Any) -> float | None:
    """Ages need their unit: `keep = 90` means days to people, and would be 90 seconds."""
    if isinstance(duration, int | float):
        raise ValueError(f'expected a duration with its unit such as "90d", found {duration}')
    return seconds(duration)


def _store_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("", "sqlite") or parts.netloc or len(parts.path) < 2:
        # An address may hold a password, so it is not shown.
        raise ValueError('expected a URL such as "sqlite:////var/lib/wiretrail/activity.db"')


def _listeners(config: Config) -> Iterator[Mistake]:
    taken: dict[Address, str] = {}
    places = [("api.listen", config.api.listen)]
    if config.listen.forward != OFF:
        places.insert(0, ("listen.forward", config.listen.forward))
    for path, text in places:
        try:
            address = parse_address(text)
        except ValueError as error:
            yield path, str(error)
            continue
        if address.port and address in taken:
            yield path, f"{address} is taken by {taken[address]} already"
        taken[address] = path
        if path == "listen.forward":
            yield from _forward_access(config, address)
    for i, route in enumerate(config.incoming):
        try:
            address = parse_address(route.listen)
        except ValueError as error:
            yield f"incoming[{i}].listen", str(error)
            continue
        if address.port and address in taken:
            yield f"incoming[{i}].listen", f"{address} is taken by {taken[address]} already"


def _forward_access(config: Config, address: Address) -> Iterator[Mistake]:
    """No open proxy: whoever can reach the listener must be known."""
    listen = config.listen
    if not address.is_loopback and not listen.credential and not listen.allowed_clients:
        yield (
            "listen.forward",
            f"{address} can be reached from other machines; expected [[listen.credential]] or "
            "listen.allowed_clients beside it",
        )
    users = [credential.user for credential in listen.credential]
    for i, credential in enumerate(listen.credential):
        place = f"listen.credential[{i}]"
        if not credential.user or ":" in credential.user:
            yield f"{place}.user", "expected a name without a colon"
        elif credential.user in users[:i]:
            yield f"{place}.user", f'"{credential.user}" is there twice'
        if (credential.password_file is None) == (credential.password_digest is None):
            yield place, "expected either password_file or password_digest"
        digest = credential.password_digest
        if digest is not None and not re.fullmatch(r"[^$]*\$[0-9a-f]{64}", digest):
            yield f"{place}.password_digest", "expected what `wiretrail token digest` prints"


def _routes(config: Config) -> Iterator[Mistake]:
    seen: dict[tuple[str, str], int] = {}
    for i, route in enumerate(config.incoming):
        place = f"incoming[{i}]"
        if not route.path.startswith("/") or "?" in route.path or "#" in route.path:
            yield f"{place}.path", f'expected a path that begins with "/", found "{route.path}"'
        key = (route.listen, route.path.rstrip("/"))
        if key in seen:
            yield (
                f"{place}.path",
                f'"{route.path}" on {route.listen} is the path of incoming[{seen[key]}] already',
            )
        seen.setdefault(key, i)
        yield from _upstream(route, place)


def _connection_tests(config: Config) -> Iterator[Mistake]:
    for i, test in enumerate(config.connection_test):
        place = f"connection_test[{i}]"
        if not _is_web_address(test.url):
            yield f"{place}.url", "expected a URL such as https://slack.com/api/api.test"
        if not re.fullmatch(r"[A-Z]{1,32}", test.method):
            yield f"{place}.method", f'expected an HTTP method such as GET, found "{test.method}"'
        for name, value in test.headers.items():
            sound = re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) and value.isprintable()
            if not sound:
                # The value may be a secret, so it is not shown.
                yield f"{place}.headers.{name}", "expected a header's name and a printable value"


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _upstream(route: Incoming, place: str) -> Iterator[Mistake]:
    if not _is_web_address(route.upstream):
        yield (
            f"{place}.upstream",
            f'expected a URL such as "http://127.0.0.1:3000", found "{_without_user(route)}"',
        )
        return
    parts = urlsplit(route.upstream)
    if parts.username is not None or parts.query or parts.fragment:
        yield f"{place}.upstream", "expected a URL without user, query and fragment"


def _without_user(route: Incoming) -> str:
    return re.sub(r"//[^/@]*@", "//...@", route.upstream)


def _names(config: Config) -> Iterator[Mistake]:
    """Organizations and integrations that are named are there, once. Without any
    `[[organization]]` every name is allowed."""
    for i, organization in enumerate(config.organization):
        if not organization.name:
            yield f"organization[{i}].name", "expected a name"
        elif organization.name in [other.name for other in config.organization[:i]]:
            yield f"organization[{i}].name", f'"{organization.name}" is there twice'
    pairs = [(entry.organization, entry.name) for entry in config.integration]
    for i, pair in enumerate(pairs):
        if pair in pairs[:i]:
            yield f"integration[{i}].name", f'"{pair[1]}" is there twice'
    known = {organization.name for organization in config.organization}
    known |= {str(organization.id) for organization in config.organization if organization.id}
    if not known:
        return
    known.add(config.capture.organization)
    for path, name in _named_organizations(config):
        if name is not None and name not in known and not _is_uuid(name):
            yield path, f'unknown organization "{name}"{nearest(name, known)}'


def _named_organizations(config: Config) -> Iterator[tuple[str, str | None]]:
    yield "listen.organization", config.listen.organization
    for i, credential in enumerate(config.listen.credential):
        yield f"listen.credential[{i}].organization", credential.organization
    for i, route in enumerate(config.incoming):
        yield f"incoming[{i}].organization", route.organization
    for i, integration in enumerate(config.integration):
        yield f"integration[{i}].organization", integration.organization
    for i, rule in enumerate(config.rule):
        yield f"rule[{i}].organization", rule.organization
    for i, test in enumerate(config.connection_test):
        yield f"connection_test[{i}].organization", test.organization
    for name in config.retention.organizations:
        yield f"retention.organizations.{name}", name


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
