"""What redaction costs an exchange, beside plain JSON work on the same bodies.

    .venv/bin/python -m tests.bench.redaction

Each line is one kind of exchange, both sides with the same body: the best of several rounds in
microseconds of this process, the same for `json.loads` and `json.dumps` of both bodies in the
same run, their ratio, and the budget. Exits with 1 when a budget is broken.
"""

import json
import sys
import timeit
from typing import Final
from uuid import UUID

from store.activity import Direction
from store.capture import Capture, Phase
from store.redaction.options import RedactionOptions
from store.redaction.redactor import Redactor
from store.redaction.rules import build_rules

CASES: Final = (
    ("1 KB", 0, 40),
    ("1 KB", 1, 120),
    ("1 KB", 3, None),
    ("10 KB", 0, 150),
    ("10 KB", 1, 400),
    ("10 KB", 9, None),
)
"""Size of each body, secrets in each (with any, a bearer token in the request too), and budget
in microseconds an exchange, both sides."""
SIZES: Final = {"1 KB": (6, 1_500), "10 KB": (62, 300)}
"""Items in the body, and exchanges a round."""
ROUNDS: Final = 9


def body(items: int, secrets: int) -> bytes:
    """A list as APIs answer it, with so many keys in it."""
    listed = []
    holders = {number * items // secrets for number in range(secrets)} if secrets else set()
    for number in range(items):
        customer: dict[str, object] = {"id": f"cus_{number}", "city": "Berlin"}
        if number in holders:
            customer["api_key"] = f"s3cr3tValue{number}xYz"
        listed.append(
            {
                "id": f"itm_{number:05}",
                "name": f"Widget {number}",
                "price": 19.99,
                "tags": ["red", "large"],
                "created_at": "2026-01-02T03:04:05Z",
                "customer": customer,
            }
        )
    return json.dumps({"items": listed}).encode()


def exchange(content: bytes, with_secrets: bool) -> Capture:
    """A call with everyday headers."""
    headers = [
        (b"Host", b"api.example.test"),
        (b"User-Agent", b"python-httpx/0.28"),
        (b"Accept", b"*/*"),
        (b"Content-Type", b"application/json"),
        (b"Content-Length", b"1000"),
        (b"X-Request-Id", b"5f2c8a51-1"),
    ]
    answer = [
        (b"Content-Type", b"application/json"),
        (b"Date", b"Mon, 23 Nov 2026 09:00:00 GMT"),
        (b"Server", b"nginx"),
        (b"X-Request-Id", b"5f2c8a51-1"),
        (b"Content-Length", b"1000"),
    ]
    if with_secrets:
        headers.append((b"Authorization", b"Bearer abcdefgh1234567890XYZ"))
    return Capture(
        id=bytes(16),
        phase=Phase.FINAL,
        direction=Direction.OUTGOING,
        listener="bench",
        method="POST",
        scheme="https",
        host="api.example.test",
        port=443,
        target="/v1/things/123?page=7",
        request_headers=headers,
        request_body=content,
        request_size=len(content),
        response_status=200,
        response_headers=answer,
        response_body=content,
        response_size=len(content),
        created_at=1,
    )


def best(work: object, count: int) -> float:
    """Microseconds of one call, the best round."""
    return min(timeit.repeat(work, number=count, repeat=ROUNDS)) / count * 1e6  # type: ignore[arg-type]


def worst_rules() -> tuple[str, float]:
    """The shape that needs longest for its worst megabyte, and the milliseconds it needs."""
    rules = build_rules(RedactionOptions())
    slowest = ("", 0.0)
    for shape in (*rules.shapes,):
        for unit in ("a", "0", "A", "-", "eyJ", "://a", "AA.", "$2", "sk-"):
            text = (unit * (1 << 20))[: 1 << 20].encode()
            needed = min(
                timeit.repeat(lambda s=shape, t=text: s.pattern.found(t), number=1, repeat=2)
            )  # type: ignore[misc]
            if needed * 1000 > slowest[1]:
                slowest = (shape.rule, needed * 1000)
    return slowest


def main() -> int:
    """Print the table."""
    redactor = Redactor(b"bench key, 32 bytes long.......!", RedactionOptions())
    broken = False
    print(
        f"{'bodies':8} {'secrets':8} {'cuts':>4} {'us':>8} {'json us':>8} {'ratio':>6}"
        f" {'budget':>7}"
    )
    for size, secrets, budget in CASES:
        items, count = SIZES[size]
        content = body(items, secrets)
        shown = exchange(content, secrets > 0)
        needed = best(lambda c=shown: redactor.redact(c, UUID(int=1)), count)
        plain = 2 * best(lambda b=content: json.dumps(json.loads(b)), count)
        cuts = redactor.redact(shown, UUID(int=1)).redactions
        over = budget is not None and needed > budget
        broken = broken or over
        print(
            f"{size:8} {secrets:8} {cuts:4} {needed:8.1f} {plain:8.1f} {needed / plain:6.2f}"
            f" {budget or '-':>7}{'  OVER' if over else ''}"
        )
    rule, milliseconds = worst_rules()
    print(f"slowest shape on its worst megabyte: {rule}, {milliseconds:.1f} ms (budget 50)")
    return int(broken or milliseconds > 50)


if __name__ == "__main__":
    sys.exit(main())
