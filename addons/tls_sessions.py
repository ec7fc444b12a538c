"""TLS sessions of upstreams, so that a new connection need not verify certificates again."""

from collections import OrderedDict
from functools import partial
from typing import Any, Final

from mitmproxy.connection import Server
from OpenSSL import SSL

_UPSTREAMS: Final = 256
_EACH: Final = 8


class SessionStock:
    """A few sessions for each upstream, name and ALPN offer. Each is used once, as RFC 8446 (C.4)
    wants it; a connection that resumed one gives a fresh one back."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], list[SSL.Session]] = OrderedDict()

    def prepare(self, ssl: SSL.Connection, server: Server) -> None:
        """Let a connection that is about to be made resume a session, if there is one for it,
        and know where its own goes; see `keep_session`."""
        key = (server.address, server.sni, tuple(server.alpn_offers))
        ssl.set_app_data(partial(self._keep, key))
        kept = self._kept.get(key)
        if kept:
            ssl.set_session(kept.pop())

    def _keep(self, key: tuple[object, ...], session: SSL.Session) -> None:
        kept = self._kept.setdefault(key, [])
        self._kept.move_to_end(key)
        kept.append(session)
        del kept[:-_EACH]
        if len(self._kept) > _UPSTREAMS:
            self._kept.popitem(last=False)


def keep_session(ssl: SSL.Connection) -> None:
    """Put the session of a verified connection by, at most once for each connection: with TLS 1.3
    its tickets come behind the handshake, so after the first answer is the time."""
    keep: Any = ssl.get_app_data()
    if keep is None:
        return
    ssl.set_app_data(None)
    session = ssl.get_session()
    if session is not None:
        keep(session)
