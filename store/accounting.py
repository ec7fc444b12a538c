"""Accounting: what became of every exchange that the sidecar saw."""

import msgspec


class Accounting(msgspec.Struct, frozen=True, kw_only=True):
    """One consistent reading of the counters, counted in exchanges (not rows) since the start.

    `seen = stored + sum(dropped) + in_flight` holds at any moment.
    """

    seen: int = 0
    """Exchanges that a worker has opened."""
    stored: int = 0
    """Exchanges whose final row is committed."""
    dropped: dict[str, int] = {}
    """Exchanges that left no final row, by reason (`queue_full`, `worker_died`, `poison`, ...)."""
    in_flight: int = 0
    """Exchanges still open, or captured and not yet committed."""

    @property
    def balanced(self) -> bool:
        """Whether every exchange is accounted for."""
        return self.seen == self.stored + sum(self.dropped.values()) + self.in_flight
