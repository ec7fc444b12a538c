"""The HTTP/1.1 relay: one mitmproxy layer, one client connection, one exchange at a time. The
table of its states is in `addons.relay_state`; here are the events that drive them.
"""

from typing import Any

from mitmproxy.proxy import events
from mitmproxy.proxy.context import Context

from addons.active_relay import Continued, DeadlineExpired, Finished
from addons.conversation import Conversation
from addons.exchange import Binding
from addons.listening_port import ListeningPort
from addons.relay_request import RequestingRelay
from addons.relay_state import State
from addons.routing import Target
from store.activity import ErrorCode


class Http1Relay(RequestingRelay):
    """Relays the HTTP/1.1 exchanges of one client connection and takes their captures."""

    def __init__(
        self,
        conversation: Conversation,
        port: ListeningPort,
        *,
        context: Context | None = None,
        tunnel: Target | None = None,
        binding: Binding | None = None,
    ) -> None:
        super().__init__(conversation, port, context=context, tunnel=tunnel, binding=binding)
        conversation.relay = self

    def _handle_event(self, event: events.Event) -> Any:
        return self.handle_event(event)

    def handle_event(self, event: events.Event) -> Any:
        """The commands that follow from an event: a plain list, which costs less than mitmproxy's
        chain of generators and never pauses."""
        out = self._out = []
        if type(event) is events.DataReceived:
            if event.connection is not self.client:
                self._from_upstream(event)
            elif self.state is State.IDLE and (
                self._backlog or self.conversation.stalled(self.client)
            ):
                self._keep_for_later(event.data)
            else:
                self._from_client(event.data)
        elif isinstance(event, events.ConnectionClosed):
            if event.connection is self.client:
                self._client_closed()
            else:
                self._from_upstream(event)
        elif isinstance(event, events.CommandCompleted):
            self._completed(event)
        elif isinstance(event, DeadlineExpired):
            self._expired()
        elif isinstance(event, Finished):
            self._committed(event.result)
        elif isinstance(event, Continued) and self.parser.pending:
            self._take_pending()
        if self._backlog and self.state is State.IDLE:
            self._take_backlog()
        return out

    def abandon(self, code: ErrorCode, message: str) -> bool:
        """See `ActiveRelay.abandon`."""
        self._out = []
        unframed = False
        if self.state is State.HEAD:
            self._open_unparsed()
        if self.exchange is not None:
            unframed = self.answer is not None and self.answer.unframed
            self.exchange.fail(code, message)
            self._end_exchange()
        self.state = State.CLOSED
        self.parser.close()
        return unframed

    @property
    def idle(self) -> bool:
        """See `ActiveRelay.idle`."""
        return self.state is State.IDLE and not self._backlog

    def wind_down(self) -> bool:
        """Take no further exchange; True when none is in flight."""
        self._winding_down = True
        return self.exchange is None and self.state is not State.HANDED
