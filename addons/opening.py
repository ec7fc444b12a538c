"""Opens exchanges: from a parsed head, or from what could be seen of one that is malformed."""

from functools import lru_cache
from typing import Final

from addons.context_headers import read_claims
from addons.destination import Named
from addons.entrance import Entrance
from addons.exchange import Binding, Exchange
from addons.http1_head import RequestHead
from store.capture import Claims

_VERSIONS: Final = ("HTTP/1.0", "HTTP/1.1")


@lru_cache(64)
def _method(raw: bytes) -> str:
    return raw.decode("ascii", "replace")


def readable_target(raw: bytes) -> str:
    """A request target as text; bytes beyond ASCII are percent-encoded."""
    if raw.isascii():
        return raw.decode("ascii")
    return "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in raw)


def claims_of(head: RequestHead, entrance: Entrance, *, trusted_hop: bool) -> Claims | None:
    """The context headers' claims. A partner's are not believed: on an incoming listener only
    one of our own proxies may make them."""
    if head.context is None or (entrance.incoming and not trusted_hop):
        return None
    return read_claims(head.context)


def open_exchange(
    entrance: Entrance,
    head: RequestHead,
    named: Named,
    *,
    binding: Binding,
    began: float,
    client_address: str,
    claims: Claims | None,
) -> Exchange:
    """The exchange of a request, announced to the sink."""
    exchange = Exchange(
        listener=entrance.name,
        direction=entrance.direction,
        binding=binding,
        body_limit=entrance.settings.body_limit,
        started_at=began,
        client_address=client_address,
        method=_method(head.method),
        scheme=named.scheme,
        host=named.host,
        port=named.port,
        target=readable_target(named.path),
        http_version=_VERSIONS[head.minor],
        headers=head.headers,
        claims=claims,
    )
    entrance.recording.opened(exchange)
    return exchange


def open_unparsed(
    entrance: Entrance,
    *,
    binding: Binding,
    began: float,
    client_address: str,
    place: tuple[str, str, int],
    method: str = "",
    target: str = "",
) -> Exchange:
    """The exchange of something that is no request, or not a whole one, for its row.
    `place` is scheme, host and port as far as they are known."""
    scheme, host, port = place
    exchange = Exchange(
        listener=entrance.name,
        direction=entrance.direction,
        binding=binding,
        body_limit=entrance.settings.body_limit,
        started_at=began,
        client_address=client_address,
        method=method,
        scheme=scheme,
        host=host,
        port=port,
        target=target,
        http_version="HTTP/1.1",
        headers=[],
        claims=None,
    )
    entrance.recording.opened(exchange)
    return exchange
