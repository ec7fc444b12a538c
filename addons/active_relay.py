"""What a conversation and the relay that it has arrived at say to each other."""

from typing import Any, Protocol

from mitmproxy.proxy import commands, events

from store.activity import ErrorCode


class DeadlineExpired(events.Event):
    """The deadline of the active relay has passed."""


class Continued(events.Event):
    """Others have had their turn, or a peer reads again."""


class Finished(events.Event):
    """Work that a relay gave to `Conversation.run` is done."""

    def __init__(self, result: Any) -> None:
        self.result = result


class AbortConnection(commands.CloseConnection):
    """Close without sending what waits to be sent; the peer sees a reset."""


class DetainConnection(commands.CloseConnection):
    """Send what waits and an end of stream, read no more, close in a while."""


class ActiveRelay(Protocol):
    """The HTTP/1.1 relay that a conversation has arrived at."""

    deadline: float
    """Seconds of `clock`; infinity: none."""

    @property
    def idle(self) -> bool:
        """Whether the client has asked for nothing that is under way."""
        ...

    def abandon(self, code: ErrorCode, message: str) -> bool:
        """The connections are gone: end the exchange in flight, if there is one. True when only
        a reset can tell the client that what it has got is not complete."""
        ...

    def wind_down(self) -> bool:
        """Take no further exchange; True when none is in flight."""
        ...
