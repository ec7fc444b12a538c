"""Exchanges as the relay would hand them to its sink."""

import time

import msgspec

from store.activity import Direction
from store.capture import Capture, Phase
from store.identity import activity_id


class Exchange:
    """An open exchange with an id of its own."""

    def __init__(self, target: str = "/v1/devices", **fields: object) -> None:
        self.created_at = time.time_ns() // 1_000_000
        self.id = activity_id(self.created_at)
        self._target = target
        self._fields = fields

    def started(self) -> Capture:
        return Capture(
            id=self.id,
            phase=Phase.STARTED,
            direction=Direction.OUTGOING,
            listener="test",
            method="POST",
            scheme="https",
            host="api.example.com",
            port=443,
            target=self._target,
            created_at=self.created_at,
        )

    def final(self, body: bytes = b'{"a": 1}') -> Capture:
        return msgspec.structs.replace(
            self.started(),
            phase=Phase.FINAL,
            request_headers=[(b"Content-Type", b"application/json")],
            request_body=body,
            request_size=len(body),
            response_status=200,
            response_body=body,
            response_size=len(body),
            response_time_ms=1.5,
            completed_at=self.created_at + 2,
            **self._fields,
        )

    def request(self, body: bytes = b"{}") -> Capture:
        return msgspec.structs.replace(self.final(body), phase=Phase.REQUEST, durable=True)
