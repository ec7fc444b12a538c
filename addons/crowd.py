"""Which worker takes the next connection, when several share a listening socket."""

from typing import Protocol


class Crowd(Protocol):
    """The client connections of all workers. `publish` and `least` are on the way of every
    accepted connection: reads and writes of shared memory, nothing more."""

    def publish(self, connections: int) -> None:
        """This worker accepts, and has so many client connections now."""
        ...

    def leave(self) -> None:
        """This worker accepts nothing more."""
        ...

    def least(self) -> int:
        """The fewest client connections that any accepting worker has, this one included."""
        ...


class Alone:
    """One worker takes everything."""

    def publish(self, connections: int) -> None:
        """Nobody wants to know."""

    def leave(self) -> None:
        """Nobody is left."""

    def least(self) -> int:
        """Always more than this worker has."""
        return 1 << 30
