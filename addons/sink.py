"""Where captures go. The worker's link implements this; tests collect into a list."""

from typing import Protocol

from store.capture import Capture


class OpenExchange(Protocol):
    """An exchange whose request head was read and whose end was not seen yet."""

    @property
    def id(self) -> bytes:
        """The UUIDv7 that every capture of this exchange bears."""
        ...

    def started(self) -> Capture:
        """A capture with `Phase.STARTED`: who, when and where to, nothing else."""
        ...


class CaptureSink(Protocol):
    """Takes captures. `opened` and `closed` are on the hot path: they must not block, await
    or raise; traffic goes on whatever becomes of a capture."""

    def opened(self, exchange: OpenExchange) -> None:
        """An exchange is seen. Still open at the next interval: the sink asks for `started()`."""
        ...

    def closed(self, exchange: OpenExchange, capture: Capture | None, reason: str = "") -> None:
        """The exchange ended; called exactly once. `None`: it could not be captured and is
        dropped for `reason`."""
        ...

    async def commit(self, capture: Capture) -> bool:
        """Keep the request of a durable route; True once its row is committed. The caller sets
        the deadline by cancelling."""
        ...
