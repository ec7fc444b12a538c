"""The one place that dials upstreams: name to addresses, checks, connection.

Every address is checked after the name was resolved and the checked address is what gets
connected, so that no name can resolve to something else in between.
"""

import asyncio
import errno
import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv6Address, ip_network
from typing import Final

from addons.errors import DialError
from addons.forwarded import Address, embedded_address, plain_address, within
from addons.settings import ConnectTo, RelaySettings
from store.activity import ErrorCode

# Where clouds hand out credentials to whoever asks from inside. Link-local covers most of them; the
# others are those of AWS, Google, Oracle, Scaleway, Alibaba, Azure and (before) Oracle.
_METADATA: Final = tuple(
    ip_network(text)
    for text in (
        "169.254.0.0/16",
        "fe80::/10",
        "fd00:ec2::/32",
        "fd20:ce::254/128",
        "fd00:c1::a9fe:a9fe/128",
        "fd00:42::42/128",
        "100.100.100.200/32",
        "168.63.129.16/32",
        "192.0.0.192/32",
    )
)
_PATIENCE: Final = 3.0
"""Seconds for one address while there are others left to try."""


class AddressRules:
    """Which addresses may be dialled."""

    def __init__(self, own: Sequence[tuple[str, int]]) -> None:
        self._ports = frozenset(port for _, port in own)
        self._own = frozenset((str(plain_address(host)), port) for host, port in own)
        self._any = frozenset(
            port for host, port in own if (a := plain_address(host)) and a.is_unspecified
        )

    def refuse(
        self, address: Address, port: int, *, allow_private: bool, asked: bool
    ) -> str | None:
        """Why an address must not be dialled, or `None`. `asked`: a client named it, not the
        settings."""
        if address.is_unspecified:
            # Connecting to it reaches this machine.
            loopback = plain_address("127.0.0.1" if address.version == 4 else "::1")
            assert loopback is not None
            address = loopback
        # A gateway may lead an address that embeds one to that one.
        embedded = embedded_address(address)
        both = (address,) if embedded is None else (address, embedded)
        for one in both:
            if port in self._ports and self._is_own(one, port):
                return "this is an address of the proxy itself"
            if asked and within(one, _METADATA):
                return "link-local and metadata addresses are not allowed"
            if asked and not allow_private and not one.is_global:
                return "private addresses are not allowed here"
        return None

    def _is_own(self, address: Address, port: int) -> bool:
        if (str(address), port) in self._own:
            return True
        if port in self._any:
            return address.is_loopback or _is_local(address)
        # A listener on 127.0.0.1 does not answer on ::1, and the other way round.
        return False


def _is_local(address: Address) -> bool:
    """Whether an interface of this machine has the address: only then can it be bound."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
    return True


class Dialler:
    """Opens connections to upstreams."""

    def __init__(self, settings: RelaySettings) -> None:
        self._rules = AddressRules(settings.own_addresses)
        self._exact: dict[tuple[str, int], ConnectTo] = {
            (entry.host.lower(), entry.port): entry for entry in settings.connect_to
        }

    async def dial(
        self,
        host: str,
        port: int,
        protocol: Callable[[], asyncio.BaseProtocol],
        *,
        seconds: float,
        asked: bool,
        allow_private: bool,
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        """A connection to `host:port`, or to what the settings put in its place.

        Raises:
            DialError: none could be had; its code says why.
        """
        instead = self._instead(host, port)
        if instead is not None:
            host, port, asked = instead.address, instead.address_port, False
        try:
            async with asyncio.timeout(seconds):
                addresses = await _resolve(host, port)
                for address in addresses:
                    why = self._rules.refuse(
                        address, port, allow_private=allow_private, asked=asked
                    )
                    if why is not None:
                        raise DialError(why, ErrorCode.BLOCKED)
                return await _connect(addresses, port, protocol)
        except TimeoutError:
            raise DialError(
                f"no connection within {seconds:g} s", ErrorCode.CONNECT_TIMEOUT
            ) from None

    def _instead(self, host: str, port: int) -> ConnectTo | None:
        exact = self._exact
        if not exact:
            return None
        host = host.lower()
        for key in ((host, port), (host, 0), ("*", port), ("*", 0)):
            if key in exact:
                return exact[key]
        return None


async def _resolve(host: str, port: int) -> list[Address]:
    literal = plain_address(host)
    if literal is not None:
        return [literal]
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        raise DialError("the name does not resolve", ErrorCode.DNS) from None
    addresses: list[Address] = []
    for entry in found:
        address = plain_address(str(entry[4][0]))
        if address is not None and address not in addresses:
            addresses.append(address)
    if not addresses:
        raise DialError("the name has no address", ErrorCode.DNS)
    return addresses


async def _connect(
    addresses: Sequence[Address], port: int, protocol: Callable[[], asyncio.BaseProtocol]
) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    for index, address in enumerate(addresses):
        family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
        patience = _PATIENCE if index + 1 < len(addresses) else None
        try:
            async with asyncio.timeout(patience):
                return await loop.create_connection(protocol, str(address), port, family=family)
        except TimeoutError as error:
            if patience is None:
                raise
            failure = error
        except OSError as error:
            failure = error
    assert failure is not None
    raise _dial_error(failure)


def _dial_error(error: OSError) -> DialError:
    if isinstance(error, ConnectionRefusedError):
        return DialError("connection refused", ErrorCode.CONNECT_REFUSED)
    if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        return DialError("the address does not answer", ErrorCode.CONNECT_TIMEOUT)
    if isinstance(error, ConnectionResetError):
        return DialError("the upstream reset the connection", ErrorCode.RESET)
    reason = errno.errorcode.get(error.errno or 0, type(error).__name__)
    return DialError(f"connection failed ({reason})", ErrorCode.CONNECT_FAILED)
