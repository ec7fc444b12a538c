"""How busy the workers are, in the counters' shared memory: the relay's `Crowd`."""

from proxy.accounting import CounterBlock


class SharedCrowd:
    """One worker's view of all workers that accept from the same sockets
    (`addons.crowd.Crowd`)."""

    def __init__(self, counters: CounterBlock, slot: int) -> None:
        self._accepting = counters.accepting()
        self._slot = slot

    def publish(self, connections: int) -> None:
        """This worker accepts, and has so many client connections now."""
        # Zero is said by those that do not accept.
        self._accepting[self._slot] = connections + 1

    def leave(self) -> None:
        """This worker accepts nothing more."""
        self._accepting[self._slot] = 0

    def least(self) -> int:
        """The fewest client connections that any accepting worker has."""
        return min(filter(None, self._accepting.tolist()), default=1 << 30) - 1
