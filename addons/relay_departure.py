"""The HTTP/1.1 relay when the client leaves, only ends its side, or a deadline passes."""

from mitmproxy.connection import ConnectionState

from addons.errors import MalformedRequest
from addons.relay_commit import CommittingRelay
from addons.relay_state import Stage, State
from store.activity import ErrorCode


class DepartingRelay(CommittingRelay):
    """What an end of stream or of patience means in each state."""

    def _client_closed(self) -> None:
        gone = self.client.tls or self.client.state is ConnectionState.CLOSED
        self._client_ended = True
        # Who has the status and closes, as senders of webhooks do, has got what it wanted.
        self._left_waiting = self.stage not in (Stage.BODY, Stage.DONE)
        early = self._backlog if self.state is State.IDLE else self.parser.pending
        if early and not gone:
            return
        if self.state is State.RELAY:
            if not self.parser.complete and self.stage is not Stage.DONE:
                self._client_left("the client closed in the middle of its request")
            elif gone:
                self._client_left("the client closed before the end of the answer")
            elif self.link is not None and self.link.open:
                self._pass_on_end(self.link)
            return
        if self.state is State.HEAD:
            self._open_unparsed().fail(
                ErrorCode.CLIENT_CLOSED, "the client closed in the head of its request"
            )
            self._end_exchange()
        if self.state is not State.HANDED:
            self._close_client()

    def _expired(self) -> None:
        if self.state is State.HEAD:
            self._malformed(
                MalformedRequest("the head did not arrive in time", 408, ErrorCode.CLIENT_TIMEOUT)
            )
        elif self.state is State.RELAY:
            self._expired_in_relay()
        else:
            self._close_client()

    def _expired_in_relay(self) -> None:
        if self.stage is Stage.DIAL:
            self._fail(ErrorCode.CONNECT_TIMEOUT, "no connection in time")
        elif self.stage is Stage.DONE:
            self._keep_client = False
            self._finish()
        elif self.stage is Stage.LEFT:
            if self.conversation.refused(self.client):
                self._client_left("the client closed before the answer came")
            else:
                self._finish()
        elif self.stage is Stage.BODY:
            self._fail(ErrorCode.IDLE_TIMEOUT, "the answer stopped in the middle")
        elif self.parser.complete:
            self._fail(ErrorCode.UPSTREAM_TIMEOUT, "no answer in time")
        elif self.link is not None and self.conversation.stalled(self.link.server):
            self._fail(ErrorCode.UPSTREAM_TIMEOUT, "the upstream stopped reading the request")
        else:
            self._fail(ErrorCode.CLIENT_TIMEOUT, "the request stopped in the middle")
