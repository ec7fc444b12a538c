"""Which worker takes the next connection, when several share a listening socket."""

from typing import Protocol


class Crowd(Protocol):
    """The client connections of all workers. Both calls are on the way of every accepted
    connection: reads and writes of shared memory, nothing more."""

    def publish(self, connections: int) -> None:
        """This worker has so many client connections now."""
        ...

    def least(self) -> int:
        """The fewest client connections that any running worker has, this one included."""
        ...


class Alone:
    """One worker takes everything."""

    def publish(self, connections: int) -> None:
        """Nobody wants to know."""

    def least(self) -> int:
        """Always more than this worker has."""
        return 1 << 30
