"""Where a request goes: targets, path-prefix routes, deadlines by host."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from addons.exchange import Binding
from addons.settings import Deadlines, Listener, RelaySettings, Route

_KNOWN_TARGETS: Final = 1024


class Target:
    """One upstream and how it is spoken to."""

    __slots__ = ("base", "binding", "deadlines", "durable", "host", "key", "port", "prefix", "tls")

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: bool,
        deadlines: Deadlines,
        binding: Binding | None = None,
        durable: bool = False,
        prefix: bytes = b"",
        base: bytes | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.tls = tls
        self.deadlines = deadlines
        self.binding = binding
        """`None`: the listener's or credential's."""
        self.durable = durable
        self.prefix = prefix
        self.base = base
        """The path that replaces the prefix; `None`: targets stay as they were sent."""
        self.key = (host, port, tls)

    def path(self, sent: bytes) -> bytes:
        """The request target for the upstream."""
        if self.base is None or sent == b"*":
            return sent
        rest = sent[len(self.prefix) :]
        if rest[:1] == b"/" or not rest or rest[:1] == b"?":
            return (self.base + rest) or b"/"
        return self.base + b"/" + rest


class RouteTable:
    """The routes of one incoming listener, longest prefix first."""

    def __init__(self, listener: Listener, settings: RelaySettings) -> None:
        targets = [_target(route, listener, settings) for route in listener.routes]
        self._targets = sorted(targets, key=lambda target: -len(target.prefix))

    def find(self, sent: bytes) -> Target | None:
        """The target of a path, or `None` when no route covers it. Prefixes cover whole
        segments: `/hooks` covers `/hooks` and `/hooks/a`, not `/hooksmith`."""
        for target in self._targets:
            prefix = target.prefix
            if sent.startswith(prefix):
                behind = sent[len(prefix) : len(prefix) + 1]
                if behind in (b"", b"/", b"?"):
                    return target
        if sent == b"*" and self._targets:
            return self._targets[-1]
        return None


def _target(route: Route, listener: Listener, settings: RelaySettings) -> Target:
    url = urlsplit(route.upstream)
    tls = url.scheme == "https"
    assert url.hostname is not None
    path = url.path.rstrip("/").encode()
    organization = route.organization or listener.organization
    return Target(
        url.hostname,
        url.port or (443 if tls else 80),
        tls=tls,
        deadlines=route.deadlines or settings.incoming_deadlines,
        binding=Binding(organization, route.integration),
        durable=route.durable,
        prefix=route.prefix.rstrip("/").encode(),
        base=path or None,
    )


class HostPatterns:
    """Host names of a setting; `*.example.com` covers the sub-domains, `*` everything."""

    def __init__(self, patterns: Sequence[str]) -> None:
        lowered = [pattern.lower() for pattern in patterns]
        self._exact = frozenset(p for p in lowered if not p.startswith("*"))
        self._suffixes = tuple(p[1:] for p in lowered if p.startswith("*."))
        self._all = "*" in lowered

    def __contains__(self, host: str) -> bool:
        host = host.lower()
        return self._all or host in self._exact or host.endswith(self._suffixes)


class Destinations:
    """Targets of a forward listener, made once for each host and port."""

    def __init__(self, settings: RelaySettings) -> None:
        self._settings = settings
        self._known: dict[tuple[str, int, bool], Target] = {}
        self._deadlines = [
            (HostPatterns((entry.host,)), entry.deadlines) for entry in settings.host_deadlines
        ]

    def target(self, host: str, port: int, *, tls: bool) -> Target:
        """The target of a host that a client named."""
        key = (host, port, tls)
        target = self._known.get(key)
        if target is None:
            if len(self._known) >= _KNOWN_TARGETS:
                self._known.clear()
            target = self._known[key] = Target(host, port, tls=tls, deadlines=self._for(host))
        return target

    def _for(self, host: str) -> Deadlines:
        for patterns, deadlines in self._deadlines:
            if host in patterns:
                return deadlines
        return self._settings.outgoing_deadlines
