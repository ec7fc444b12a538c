"""What is lost with a worker that dies: counted once the keeper has all that it sent, and told to
the keeper, which records the gap."""

import logging
import time
from typing import Final

from proxy.accounting import CounterBlock
from proxy.child_process import ChildProcess
from proxy.control import Lost

log = logging.getLogger("wiretrail.supervisor")

# How long exchanges of a dead worker may be on their way to the store before they count as lost.
_PATIENCE_SECONDS: Final = 10.0


class Losses:
    """The slots of ended workers, until each is folded and its loss is reported."""

    def __init__(self, counters: CounterBlock) -> None:
        self._counters = counters
        self._ended: dict[int, float] = {}
        self._unreported: list[Lost] = []
        self._keeper_ready_at = 0.0

    @property
    def slots(self) -> frozenset[int]:
        """Slots that are not folded yet."""
        return frozenset(self._ended)

    def ended(self, slot: int) -> None:
        """The worker of this slot has ended."""
        self._counters.ended(slot)
        self._ended[slot] = time.monotonic()

    def keeper_is_ready(self) -> None:
        """A keeper takes captures from now on."""
        self._keeper_ready_at = time.monotonic()

    def fold(self, keeper_ready: bool) -> None:
        """Count what ended workers have left, where nothing of it is on its way any more."""
        now = time.monotonic()
        for slot, since in list(self._ended.items()):
            # Without a keeper it may all still be in the link's backlog.
            waited = now - max(since, self._keeper_ready_at) if keeper_ready else 0.0
            if not self._counters.is_drained(slot) and waited < _PATIENCE_SECONDS:
                continue
            del self._ended[slot]
            if lost := self._counters.fold(slot):
                log.warning("%d exchanges were lost with a worker", lost)
                until = time.time_ns() // 1_000_000
                since_ms = until - round((now - since) * 1000)
                self._unreported.append(Lost(count=lost, since=since_ms, until=until))

    def report(self, keeper: ChildProcess) -> None:
        """Tell the keeper of losses."""
        while self._unreported and keeper.ready and keeper.send(self._unreported[0]):
            del self._unreported[0]
