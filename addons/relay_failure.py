"""The HTTP/1.1 relay: exchanges without a proper answer get a page of our own, or the end."""

from typing import Final

from addons import http1_write
from addons.active_relay import AbortConnection
from addons.destination import name_unparsed
from addons.errors import MalformedRequest, Refusal
from addons.exchange import Exchange
from addons.opening import open_unparsed
from addons.relay_core import RelayCore
from addons.relay_state import Stage, State
from store.activity import ErrorCode

_STATUS: Final = {
    ErrorCode.CONNECT_TIMEOUT: 504,
    ErrorCode.UPSTREAM_TIMEOUT: 504,
    ErrorCode.IDLE_TIMEOUT: 504,
    ErrorCode.CLIENT_TIMEOUT: 408,
    ErrorCode.BLOCKED: 403,
}


class FailingRelay(RelayCore):
    """Refusals, malformed requests, failures."""

    def _fail(self, code: ErrorCode, message: str, sentence: str = "") -> None:
        """No complete answer: a page when the client has seen nothing of one, else the end."""
        exchange = self.exchange
        if exchange is None:
            return
        exchange.fail(code, message)
        if self.stage in (Stage.BODY, Stage.DONE):
            unframed = self.answer is not None and self.answer.unframed
            self._end_exchange()
            if unframed:
                self.state = State.CLOSED
                self._out.append(AbortConnection(self.client))
            else:
                self._close_client()
        else:
            self._page(_STATUS.get(code, 502), sentence=sentence)

    def _refuse(self, refusal: Refusal) -> None:
        exchange, head = self.exchange, self.head
        assert exchange is not None
        if head is not None:
            self._take_body(head, exchange)
        exchange.fail(refusal.code, str(refusal))
        self._page(refusal.status, refusal.headers)

    def _malformed(self, fault: MalformedRequest) -> None:
        exchange = self.exchange or self._open_unparsed()
        exchange.fail(fault.code, str(fault))
        self._keep_client = False
        self._backlog = b""
        self.state = State.RELAY
        if self.stage in (Stage.BODY, Stage.DONE):
            self._end_exchange()
            self._close_client()
        else:
            self._page(fault.status)

    def _open_unparsed(self) -> Exchange:
        """The exchange of a head that cannot be used; its row tells the place and, when they
        were understood, method and path."""
        if self.tunnel is not None:
            place = ("https" if self.tunnel.tls else "http", self.tunnel.host, self.tunnel.port)
        else:
            place = ("http", self.client.sockname[0], self.client.sockname[1])
        method, target = self.parser.glimpse()
        asked = self.tunnel is None and not self.entrance.incoming
        if asked and (named := name_unparsed(target)) is not None:
            place, target = named[:3], named.path.decode("ascii") or "/"
        self.exchange = open_unparsed(
            self.entrance,
            binding=self.binding,
            began=self._began,
            client_address=self.peer,
            place=place,
            method=method,
            target=target,
        )
        return self.exchange

    def _client_left(self, message: str) -> None:
        assert self.exchange is not None
        self.exchange.fail(ErrorCode.CLIENT_CLOSED, message)
        self._end_exchange()
        self._close_client()

    def _page(self, status: int, headers: tuple[bytes, ...] = (), *, sentence: str = "") -> None:
        """Answer the request in flight ourselves."""
        exchange, head = self.exchange, self.head
        assert exchange is not None
        keep = (
            self._keep_client
            and self.parser.complete
            and not self._client_ended
            and not self._winding_down
        )
        exchange.proxy_status = status
        self._to_client(
            http1_write.page(
                status,
                close=not keep,
                headers=headers,
                body=head is None or head.method != b"HEAD",
                sentence=sentence,
            )
        )
        whole = self.parser.complete
        self._end_exchange()
        if keep:
            self._await_next()
        elif whole and not self._backlog:
            self._close_client()
        else:
            self._linger()
