"""Captures of believable traffic, as workers hand them to the keeper."""

import json
import random
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from store.activity import ActivityRow, Direction, Timing
from store.capture import Capture, HeaderList, Phase
from tests.bench.seed import Past

type Workload = Callable[[], Iterable[Capture]]

_HOUR: Final = 3_600_000


def repeated() -> Iterator[Capture]:
    """One webhook over and over, as a load generator sends it through nginx."""
    body = b'{"device":"dev_1","reading":"' + b"1" * 960 + b'"}'
    answer = b'{"id":"evt_1","ok":true,"data":"' + b"x" * 900 + b'"}'
    yield Capture(
        id=b"",
        phase=Phase.FINAL,
        direction=Direction.INCOMING,
        listener="incoming 127.0.0.1:8081",
        method="POST",
        scheme="http",
        host="127.0.0.1",
        port=8081,
        target="/v1/x",
        request_headers=[
            (b"Host", b"127.0.0.1:8081"),
            (b"Content-Type", b"application/json"),
            (b"Content-Length", b"%d" % len(body)),
        ],
        request_body=body,
        request_size=len(body),
        response_status=200,
        response_headers=[
            (b"Server", b"nginx/1.22.1"),
            (b"Date", b"Tue, 03 Mar 2026 10:11:12 GMT"),
            (b"Content-Type", b"application/json"),
            (b"Content-Length", b"%d" % len(answer)),
            (b"Connection", b"keep-alive"),
        ],
        response_body=answer,
        response_size=len(answer),
        timing=Timing(None, None, 0.05, 0.31, 0.02),
        created_at=0,
        response_time_ms=0.43,
        client_address="127.0.0.1",
        upstream_address="127.0.0.1:9000",
    )


def partners() -> Iterator[Capture]:
    """Calls to, and webhooks of, twelve partners; each outgoing one with a bearer token."""
    chance = random.Random(7)
    for row in Past(2_000, 1, 1_772_000_000_000, 1, 1).rows():
        yield _capture(row, chance)


def _capture(row: ActivityRow, chance: random.Random) -> Capture:
    incoming = row.direction is Direction.INCOMING
    request = _headers(row.request_headers)
    token = ("sk_" + "live_" if incoming else "tok-") + f"{chance.getrandbits(160):040x}"
    request = [
        (name, b"Bearer " + token.encode() if name == b"Authorization" else value)
        for name, value in request
        if not (incoming and name == b"Authorization")
    ]
    body = (row.request_body or "").encode()
    answer = (row.response_body or "").encode()
    return Capture(
        id=b"",
        phase=Phase.FINAL,
        direction=row.direction,
        listener="incoming 127.0.0.1:8081" if incoming else "forward 127.0.0.1:8080",
        method=row.method,
        scheme="https",
        host=row.host,
        port=443,
        target=row.path + row.query,
        request_headers=request,
        request_body=body,
        request_size=len(body),
        response_status=row.response_status,
        response_headers=_headers(row.response_headers),
        response_body=answer,
        response_size=len(answer),
        error_code=row.error_code,
        error_message=row.error_message,
        timing=row.timing or Timing(),
        created_at=0,
        response_time_ms=row.response_time_ms,
        client_address=row.ip_address,
        upstream_address="203.0.113.7:443",
    )


def _headers(text: str | None) -> HeaderList:
    fields: dict[str, str] = json.loads(text or "{}")
    return [(name.encode(), value.encode()) for name, value in fields.items()]


WORKLOADS: Final[dict[str, Workload]] = {"repeated": repeated, "partners": partners}
