"""What a request's target and Host mean on its listener: where to, on whose behalf."""

import re
from typing import Final, NamedTuple

from addons.entrance import Entrance
from addons.errors import MalformedRequest, Refusal
from addons.http1_head import RequestHead, parse_authority
from addons.routing import Target
from store.activity import ErrorCode

_ABSOLUTE: Final = re.compile(rb"([A-Za-z][A-Za-z0-9+.\-]*)://([^/?]*)(.*)")

_PORTS: Final = {"http": 80, "https": 443}


class Named(NamedTuple):
    """Where a client says a request goes."""

    scheme: str
    host: str
    port: int
    path: bytes
    """Path and query, or `*`."""


def name_incoming(head: RequestHead, local: tuple[str, int]) -> Named:
    """The name of a request to a reverse proxy; `local` is where it was received, for
    HTTP/1.0 requests without a Host.

    Raises:
        MalformedRequest: the target is neither a path nor the Host's own absolute form.
    """
    path = _origin_form(head)
    if head.host:
        host, port = parse_authority(head.host)
        return Named("http", host, port or 80, path)
    return Named("http", local[0], local[1], path)


def name_tunnelled(head: RequestHead, tunnel: Target) -> Named:
    """The name of a request inside a CONNECT tunnel: the tunnel's host, whatever Host says.

    Raises:
        MalformedRequest: the target is not a path.
    """
    return Named("https" if tunnel.tls else "http", tunnel.host, tunnel.port, _origin_form(head))


def name_forward(head: RequestHead) -> Named:
    """The name of a request to a forward proxy. The Host field that goes up is the target's, not
    what the client sent beside it (RFC 9112, 3.2.2).

    Raises:
        MalformedRequest: the target is not an absolute http or https URL.
    """
    _no_fragment(head.target)
    match = _ABSOLUTE.fullmatch(head.target)
    if match is None:
        raise MalformedRequest("a forward proxy needs an absolute target")
    scheme = match[1].lower().decode()
    usual = _PORTS.get(scheme)
    if usual is None:
        raise MalformedRequest("only http and https can be relayed")
    host, port = parse_authority(match[2])
    if head.host is None or not _same(head.host, host, port or usual, usual):
        _replace_host(head, match[2])
    path = match[3]
    if not path.startswith(b"/"):
        # RFC 9112, 3.2.4: OPTIONS without a path asks about the server as a whole.
        path = b"*" if head.method == b"OPTIONS" and not path else b"/" + path
    return Named(scheme, host, port or usual, path)


def _same(sent: bytes, host: str, port: int, usual: int) -> bool:
    if not sent:
        return False
    named, given = parse_authority(sent)
    return named == host and (given or usual) == port


def _replace_host(head: RequestHead, authority: bytes) -> None:
    line = b"Host: %b\r\n" % authority
    if head.host is None:
        head.lines.insert(0, line)
    else:
        head.lines = [line if other[:5].lower() == b"host:" else other for other in head.lines]


def name_unparsed(target: str) -> Named | None:
    """What the absolute target of a head that cannot be used names; `None` where it is none."""
    match = _ABSOLUTE.fullmatch(target.encode("ascii", "replace"))
    if match is None:
        return None
    scheme = match[1].lower().decode()
    try:
        host, port = parse_authority(match[2])
    except MalformedRequest:
        return None
    return Named(scheme, host, port or _PORTS.get(scheme, 0), match[3])


def name_connect(head: RequestHead) -> Named:
    """The name of a CONNECT; its path is the authority.

    Raises:
        MalformedRequest: the target is not host:port, or the request has a body.
    """
    host, port = parse_authority(head.target)
    if port is None:
        raise MalformedRequest("CONNECT needs a port")
    if head.length or head.chunked:
        raise MalformedRequest("CONNECT with a body")
    return Named("https", host, port, head.target)


def route(entrance: Entrance, named: Named) -> Target:
    """The target of an incoming request.

    Raises:
        Refusal: 404; no route covers the path.
    """
    target = entrance.routes.find(named.path)
    if target is None:
        raise Refusal("no route covers this path", 404, ErrorCode.NO_ROUTE)
    return target


def _origin_form(head: RequestHead) -> bytes:
    sent = head.target
    _no_fragment(sent)
    if sent.startswith(b"/"):
        return sent
    if sent == b"*" and head.method == b"OPTIONS":
        return sent
    match = _ABSOLUTE.fullmatch(sent)
    # RFC 9112, 3.2.2: a server must accept the absolute form.
    if match is not None and match[1].lower() == b"http" and match[2] == head.host:
        return match[3] if match[3].startswith(b"/") else b"/" + match[3]
    raise MalformedRequest("the target is not a path")


def _no_fragment(target: bytes) -> None:
    if b"#" in target:
        raise MalformedRequest("a fragment in the target")
