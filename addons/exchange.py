"""One exchange in flight: takes the capture while heads and bodies pass by."""

import time
from collections.abc import Sequence
from typing import Final

from addons.http1_head import AnswerHead
from addons.stream_count import StreamCounter, counter_for
from store.activity import Direction, ErrorCode, Timing
from store.capture import Capture, Claims, HeaderList, Phase, Stream
from store.identity import activity_id

clock = time.perf_counter
"""The one monotonic clock of every time stamp and deadline of the relay, in seconds."""

_NO_TIMING: Final = Timing()
_TIMED_MESSAGES: Final = 200


class Binding:
    """Whom the traffic of a listener, route or credential belongs to."""

    __slots__ = ("integration", "may_claim", "organization")

    def __init__(self, organization: str | None, integration: str | None = None) -> None:
        self.organization = organization
        self.integration = integration
        self.may_claim = organization is None


class Exchange:
    """What is known of one request and its answer so far. Times are seconds of `clock`."""

    __slots__ = (
        "answered_at",
        "binding",
        "body_limit",
        "claims",
        "client_address",
        "connect",
        "counter",
        "created_at",
        "direction",
        "durable",
        "ended_at",
        "error_code",
        "error_message",
        "host",
        "http_version",
        "id",
        "listener",
        "message_times",
        "method",
        "notes",
        "port",
        "proxy_status",
        "request_headers",
        "request_parts",
        "request_size",
        "request_trailers",
        "response_headers",
        "response_parts",
        "response_size",
        "response_status",
        "response_trailers",
        "scheme",
        "sent_at",
        "started_at",
        "target",
        "tls",
        "upstream_address",
        "upstream_ready_at",
    )

    def __init__(
        self,
        *,
        listener: str,
        direction: Direction,
        binding: Binding,
        body_limit: int,
        started_at: float,
        client_address: str | None,
        method: str,
        scheme: str,
        host: str,
        port: int,
        target: str,
        http_version: str,
        headers: HeaderList,
        claims: Claims | None,
    ) -> None:
        self.ended_at = 0.0
        """When it ended, where that is found out later; else 0."""
        self.listener = listener
        self.direction = direction
        self.binding = binding
        self.body_limit = body_limit
        self.started_at = started_at
        self.created_at = time.time_ns() // 1_000_000
        self.id = activity_id(self.created_at)
        self.client_address = client_address
        self.method = method
        self.scheme = scheme
        self.host = host
        self.port = port
        self.target = target
        self.http_version = http_version
        self.request_headers = headers
        self.claims = claims
        self.request_parts: list[bytes] = []
        self.request_size = 0
        self.request_trailers: HeaderList = []
        self.response_status: int | None = None
        self.response_headers: HeaderList = []
        self.response_parts: list[bytes] = []
        self.response_size = 0
        self.response_trailers: HeaderList = []
        self.proxy_status: int | None = None
        self.error_code: ErrorCode | None = None
        self.error_message: str | None = None
        self.upstream_address: str | None = None
        self.upstream_ready_at: float | None = None
        self.sent_at: float | None = None
        self.answered_at: float | None = None
        self.connect: float | None = None
        self.tls: float | None = None
        self.counter: StreamCounter | None = None
        self.message_times: list[float] = []
        self.durable = False
        self.notes: dict[str, str] | None = None

    def __repr__(self) -> str:
        return f"<Exchange {self.id.hex()}>"

    def take_request(self, data: bytes) -> None:
        """Bytes of the request's body pass by."""
        size = self.request_size
        if size < self.body_limit:
            room = self.body_limit - size
            self.request_parts.append(data if len(data) <= room else data[:room])
        self.request_size = size + len(data)

    def take_answer_head(self, head: AnswerHead) -> None:
        """The final head of the answer passes by."""
        self.response_status = head.status
        self.response_headers = head.headers
        if head.content_type is not None:
            self.counter = counter_for(head.content_type)

    def take_answer(self, data: bytes) -> None:
        """Bytes of the answer's body pass by."""
        size = self.response_size
        if size < self.body_limit:
            room = self.body_limit - size
            self.response_parts.append(data if len(data) <= room else data[:room])
        self.response_size = size + len(data)
        if self.counter is not None:
            self.counter.feed(data)
            self._note_messages(self.counter)

    def _note_messages(self, counter: StreamCounter) -> None:
        """When the first messages of a stream came: all that this piece completed came now."""
        if len(self.message_times) == _TIMED_MESSAGES:
            return
        new = min(counter.count, _TIMED_MESSAGES) - len(self.message_times)
        if new > 0:
            at = round((clock() - self.started_at) * 1000.0, 3)
            self.message_times.extend([at] * new)

    def fail(self, code: ErrorCode, message: str) -> None:
        """Keep why the exchange has no complete answer; the first reason stays."""
        if self.error_code is None:
            self.error_code = code
            self.error_message = message

    def note(self, name: str, value: str) -> None:
        """A fact of the relay's own for the metadata."""
        if self.notes is None:
            self.notes = {}
        self.notes[name] = value

    def started(self) -> Capture:
        """Who, when and where to. The headers are for redaction alone: what they show to be a
        secret is cut in the rest."""
        binding = self.binding
        return Capture(
            id=self.id,
            phase=Phase.STARTED,
            direction=self.direction,
            listener=self.listener,
            organization=binding.organization,
            integration=binding.integration,
            may_claim_organization=binding.may_claim,
            claims=self.claims,
            method=self.method,
            scheme=self.scheme,
            host=self.host,
            port=self.port,
            target=self.target,
            http_version=self.http_version,
            request_headers=self.request_headers,
            created_at=self.created_at,
            client_address=self.client_address,
        )

    def request(self) -> Capture:
        """The whole request of a durable route."""
        capture = self.started()
        capture.phase = Phase.REQUEST
        capture.durable = True
        capture.request_trailers = self.request_trailers
        capture.request_body = _joined(self.request_parts)
        capture.request_size = self.request_size
        return capture

    def final(self, ended_at: float) -> Capture:
        """The capture of the exchange that has ended, now unless `self.ended_at` tells when."""
        ended_at = self.ended_at or ended_at
        binding = self.binding
        elapsed = (ended_at - self.started_at) * 1000.0
        return Capture(
            id=self.id,
            phase=Phase.FINAL,
            direction=self.direction,
            listener=self.listener,
            organization=binding.organization,
            integration=binding.integration,
            may_claim_organization=binding.may_claim,
            claims=self.claims,
            method=self.method,
            scheme=self.scheme,
            host=self.host,
            port=self.port,
            target=self.target,
            http_version=self.http_version,
            request_headers=self.request_headers,
            request_trailers=self.request_trailers,
            request_body=_joined(self.request_parts),
            request_size=self.request_size,
            response_status=self.response_status,
            proxy_status=self.proxy_status,
            response_headers=self.response_headers,
            response_trailers=self.response_trailers,
            response_body=_joined(self.response_parts),
            response_size=self.response_size,
            error_code=self.error_code,
            error_message=self.error_message,
            timing=self._timing(ended_at),
            created_at=self.created_at,
            completed_at=self.created_at + round(elapsed),
            response_time_ms=elapsed,
            client_address=self.client_address,
            upstream_address=self.upstream_address,
            stream=self._stream(),
            durable=self.durable,
            notes=self.notes or {},
        )

    def _stream(self) -> Stream | None:
        if self.counter is None:
            return None
        stream = self.counter.stream()
        stream.times = self.message_times
        return stream

    def _timing(self, ended_at: float) -> Timing:
        ready = self.upstream_ready_at
        if ready is None:
            return _NO_TIMING
        sent = self.sent_at
        answered = self.answered_at
        return Timing(
            self.connect,
            self.tls,
            (sent - ready) * 1000.0 if sent is not None else None,
            # An answer may begin before the request has ended.
            max(0.0, answered - sent) * 1000.0 if answered and sent else None,
            (ended_at - answered) * 1000.0 if answered is not None else None,
        )


def _joined(parts: Sequence[bytes]) -> bytes:
    return parts[0] if len(parts) == 1 else b"".join(parts)
