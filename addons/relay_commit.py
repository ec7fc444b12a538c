"""The HTTP/1.1 relay on durable routes: stage COMMIT. A request is read whole and committed
before the upstream sees a byte of it.
"""

import asyncio
from typing import Final

from addons.entrance import Entrance
from addons.errors import Refusal
from addons.exchange import Exchange, clock
from addons.http1_head import RequestHead
from addons.relay_answer import AnsweringRelay
from addons.relay_core import NEVER
from addons.relay_state import Stage
from store.activity import ErrorCode

_RETRY_LATER: Final = (b"Retry-After: 5\r\n",)


class CommittingRelay(AnsweringRelay):
    """Holds requests back until they are in the store."""

    def _read_durable(self, head: RequestHead, exchange: Exchange) -> None:
        """Read the whole request; commit it before the upstream sees a byte."""
        limit = self.entrance.settings.durable_limit
        self._take_body(head, exchange)
        if max(exchange.request_size, head.length) > limit:
            self._refuse(Refusal("the durable request is too large", 413, ErrorCode.TOO_LARGE))
        elif self.parser.complete:
            self.deadline = NEVER
            self.conversation.run(self._commit(self.entrance, exchange))
        else:
            if head.expects and exchange.request_size == 0:
                self._to_client(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._watch()

    async def _commit(self, entrance: Entrance, exchange: Exchange) -> tuple[Exchange, bool]:
        try:
            async with asyncio.timeout(entrance.settings.durable_wait):
                return exchange, await entrance.recording.commit(exchange.request())
        except TimeoutError:
            return exchange, False

    def _committed(self, result: tuple[Exchange, bool]) -> None:
        exchange, done = result
        if exchange is not self.exchange or self.stage is not Stage.COMMIT:
            return
        head, target = self.head, self.target
        assert head is not None
        assert target is not None
        if not done:
            self._refuse(
                Refusal("the request could not be stored", 503, ErrorCode.NOT_DURABLE, _RETRY_LATER)
            )
            return
        if head.expects:
            # We have answered the expectation ourselves.
            head.lines = [line for line in head.lines if not line.lower().startswith(b"expect:")]
        self.parser.parts = exchange.request_parts
        exchange.request_parts = []
        exchange.request_size = 0
        self._began = clock()
        self._send(head, exchange, target)
