"""Who sent a request that came through other proxies: `X-Forwarded-*`, believed from trusted
hops only."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from addons.http1_head import RequestHead, without_forwarded
from store.capture import HeaderList

type Network = IPv4Network | IPv6Network
type Address = IPv4Address | IPv6Address

_FOR: Final = b"x-forwarded-for"
_TRANSLATED: Final = tuple(
    ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96")
)
"""Prefixes of translators: the well-known and the local one of NAT64 (RFC 6052, RFC 8215), SIIT."""


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """The networks of a setting. Raises `ValueError` when one is not CIDR notation."""
    return tuple(ip_network(text, strict=False) for text in texts)


def plain_address(text: str) -> Address | None:
    """The address, an IPv4 one out of its IPv6 mapping; `None` when it is none."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _without_port(text: str) -> str:
    """An address as some load balancers write it, with the port: `192.0.2.1:5678`,
    `[2001:db8::1]:5678`."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def embedded_address(address: Address) -> IPv4Address | None:
    """The IPv4 address inside an IPv6 one that translates to it: NAT64, SIIT, 6to4
    (RFC 3056), and the old IPv4-compatible form."""
    if not isinstance(address, IPv6Address):
        return None
    if address.sixtofour is not None:
        return address.sixtofour
    head, last = address.packed[:12], address.packed[12:]
    if within(address, _TRANSLATED) or (not any(head) and int(address) > 1):
        return IPv4Address(last)
    return None


def within(address: Address | None, allowed: Sequence[Network]) -> bool:
    """Whether the address lies in one of the networks."""
    return address is not None and any(
        address.version == network.version and address in network for network in allowed
    )


class ForwardedRule:
    """What to do with forwarding headers of one incoming client connection."""

    __slots__ = ("_hops", "_peer", "trusted")

    def __init__(self, peer: str, hops: Sequence[Network]) -> None:
        self._peer = peer
        self._hops = hops
        self.trusted = bool(hops) and within(plain_address(peer), hops)
        """Whether the peer is one of our own proxies."""

    def sender(self, headers: HeaderList) -> str:
        """The address of who sent the request: the last one that no trusted hop added."""
        if not self.trusted:
            return self._peer
        listed = b",".join(value for name, value in headers if name.lower() == _FOR)
        for entry in reversed(listed.decode("latin-1").split(",")):
            address = plain_address(_without_port(entry.strip()))
            if address is None:
                break
            if not within(address, self._hops):
                return str(address)
        return self._peer

    def lines(self, head: RequestHead) -> bytes:
        """The forwarding lines for the upstream; takes what is not believed off `head.lines`."""
        peer = self._peer.encode()
        if not head.forwarded:
            return self._own(peer, head.host)
        if not self.trusted:
            head.lines = without_forwarded(head.lines)
            return self._own(peer, head.host)
        present = {name.lower() for name, _ in head.headers}
        chain = b", ".join(value for name, value in head.headers if name.lower() == _FOR)
        lines = without_forwarded(head.lines, only_misspelt=True)
        head.lines = [line for line in lines if not line.lower().startswith(_FOR + b":")]
        own = b"X-Forwarded-For: %b\r\n" % (chain + b", " + peer if chain else peer)
        if b"x-forwarded-proto" not in present:
            own += b"X-Forwarded-Proto: http\r\n"
        if b"x-forwarded-host" not in present and head.host:
            own += b"X-Forwarded-Host: %b\r\n" % head.host
        return own

    @staticmethod
    def _own(peer: bytes, host: bytes | None) -> bytes:
        return b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: http\r\n%b" % (
            peer,
            b"X-Forwarded-Host: %b\r\n" % host if host else b"",
        )
