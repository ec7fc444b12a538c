"""A flow of mitmproxy's HTTP layer in flight: what is taken of it, and its deadlines."""

from typing import Final

from addons.entrance import Entrance
from addons.exchange import Exchange, clock
from addons.handover import FlowOrigin
from addons.routing import Target

_AFTER_DIALLER: Final = 0.5
"""Seconds."""


class FlowTake:
    """A flow in flight."""

    __slots__ = ("answered", "connect_by", "deadline", "entrance", "exchange", "origin", "target")

    def __init__(
        self, exchange: Exchange, entrance: Entrance, origin: FlowOrigin, target: Target | None
    ) -> None:
        self.exchange = exchange
        self.entrance = entrance
        self.origin = origin
        self.target = target
        self.answered = False
        self.connect_by = float("inf")
        self.deadline = float("inf")

    def request_bytes(self, data: bytes) -> bytes:
        """Bytes of the request pass by."""
        if data:
            self.exchange.take_request(data)
            self.watch_idle()
        return data

    def answer_bytes(self, data: bytes) -> bytes:
        """Bytes of the answer pass by."""
        if data:
            self.exchange.take_answer(data)
            self.watch_idle()
        return data

    def watch_connecting(self) -> None:
        """The upstream is dialled, if it is not connected yet. The dialler keeps the time for TCP
        and speaks first; what comes behind is TLS."""
        if self.target is not None:
            self.connect_by = clock() + self.target.deadlines.connect + _AFTER_DIALLER

    def watch_idle(self) -> None:
        """Something moved."""
        if self.target is not None and (idle := self.target.deadlines.idle) is not None:
            self.deadline = clock() + idle

    def watch_answer(self) -> None:
        """The request is complete."""
        if self.target is not None and (wait := self.target.deadlines.answer_head) is not None:
            self.deadline = clock() + wait
