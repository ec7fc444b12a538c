"""Fills a store with a believable past: seeded, so that two runs give the same rows.

    python tests/bench/seed.py DIR --rows 1000000 [--days 90] [--seed 1] [--light]
        [--bodies 1] [--times 10]

Twelve integrations of several kinds, two calls in three outgoing, about one in fifteen failed
in bursts as real outages come, daily and weekly rhythm, JSON bodies of about 1 KB. `--light`
takes bodies of about 200 bytes out of a small stock: a third of the time and space, for
measuring what does not read bodies. `--bodies` keeps headers and bodies of so many days, as
`retention.keep_bodies` does. `--times` multiplies every row within its hour, in SQL: large
stores in a tenth of the time.
"""

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Iterator
from itertools import batched
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from store.activity import ActivityRow, ActivityType, Direction, Status, Timing
from store.data_folder import DataFolder
from store.identity import integration_id, organization_id
from store.sqlite.writer import SqliteWriter
from tests.bench.multiply import multiply

HOUR = 3_600_000


class Partner(NamedTuple):
    """One integration: what its calls look like and how often they come."""

    name: str
    provider: str
    origin: str
    direction: Direction
    weight: int
    typical_ms: float
    calls: tuple[tuple[str, str, ActivityType], ...]


OUT, IN = Direction.OUTGOING, Direction.INCOMING
T = ActivityType
PARTNERS = (
    Partner("Golioth", "golioth", "https://api.golioth.io", OUT, 20, 120, (
        ("GET", "/v1/projects/{id}/devices", T.SYNC_IMPORT),
        ("POST", "/v1/projects/{id}/devices", T.DEVICE_CREATE),
        ("PATCH", "/v1/projects/{id}/devices/{id}", T.DEVICE_UPDATE),
        ("DELETE", "/v1/projects/{id}/devices/{id}", T.DEVICE_DELETE),
    )),
    Partner("AWS IoT", "aws", "https://iot.eu-west-1.amazonaws.com", OUT, 15, 60, (
        ("POST", "/things/{id}", T.DEVICE_CREATE),
        ("GET", "/things", T.SYNC_IMPORT),
        ("POST", "/topics/{id}", T.SYNC_EXPORT),
    )),
    Partner("Azure IoT", "azure", "https://acme-hub.azure-devices.net", OUT, 8, 95, (
        ("PUT", "/devices/{id}", T.DEVICE_UPDATE),
        ("GET", "/devices", T.SYNC_BIDIRECTIONAL),
    )),
    Partner("Google Pub/Sub", "google", "https://pubsub.googleapis.com", OUT, 8, 45, (
        ("POST", "/v1/projects/{id}/topics/{id}:publish", T.SYNC_EXPORT),
    )),
    Partner("Slack", "slack", "https://slack.com", OUT, 6, 180, (
        ("POST", "/api/chat.postMessage", T.NOTIFICATION_SLACK),
        ("POST", "/api/auth.test", T.TEST_CONNECTION),
    )),
    Partner("SendGrid", "sendgrid", "https://api.sendgrid.com", OUT, 4, 220, (
        ("POST", "/v3/mail/send", T.NOTIFICATION_EMAIL),
    )),
    Partner("Stripe", "stripe", "https://api.stripe.com", OUT, 5, 310, (
        ("POST", "/v1/payment_intents", T.API_CALL),
        ("GET", "/v1/customers/{id}", T.API_CALL),
        ("GET", "/v1/charges", T.API_CALL),
    )),
    Partner("Ops webhook", "generic", "https://hooks.ops.example", OUT, 2, 75, (
        ("POST", "/notify/{id}", T.NOTIFICATION_WEBHOOK),
    )),
    Partner("Stripe webhooks", "stripe", "https://shop.example", IN, 10, 22, (
        ("POST", "/webhooks/stripe", T.WEBHOOK_RECEIVED),
    )),
    Partner("GitHub", "github", "https://shop.example", IN, 6, 18, (
        ("POST", "/webhooks/github", T.WEBHOOK_RECEIVED),
    )),
    Partner("Golioth webhooks", "golioth", "https://shop.example", IN, 14, 12, (
        ("POST", "/webhooks/golioth/{id}", T.WEBHOOK_RECEIVED),
    )),
    Partner("Shopify", "shopify", "https://shop.example", IN, 2, 35, (
        ("POST", "/webhooks/shopify", T.WEBHOOK_RECEIVED),
    )),
)  # fmt: skip
AGENTS = ("python-httpx/0.28.1", "axios/1.7.7", "aws-sdk-js/3.600.0 os/linux", "Go-http-client/2.0")
SENDERS = ("Stripe/1.0 (+https://stripe.com/docs/webhooks)", "GitHub-Hookshot/a1b2c3d")
WORDS = [
    "temperature", "humidity", "battery", "voltage", "status", "online", "offline", "firmware",
    "update", "region", "zone", "customer", "invoice", "order", "shipped", "pending", "sensor",
    "gateway", "signal", "alert", "threshold", "window", "door", "pump", "valve", "motor",
    "speed", "pressure", "level", "tank", "route", "driver", "vehicle", "location", "depot",
    "batch",
]  # fmt: skip
FAILURES = (
    (Status.FAILED, 429, None), (Status.FAILED, 500, None), (Status.FAILED, 503, None),
    (Status.FAILED, 404, None), (Status.FAILED, 401, None),
    (Status.ERROR, None, "connect_refused"), (Status.ERROR, None, "dns"),
    (Status.ERROR, None, "reset"), (Status.TIMEOUT, None, "upstream_timeout"),
)  # fmt: skip
_METADATA = '{"event":"device.updated","signature":"x-signature"}'
MESSAGES = {
    "connect_refused": "connection refused by the upstream",
    "dns": "the name does not resolve",
    "reset": "connection reset by peer",
    "upstream_timeout": "no answer within 30 s",
}


class Past:
    """Makes rows, oldest first, ending at `until` (Unix ms)."""

    def __init__(
        self,
        rows: int,
        days: float,
        until: int,
        seed: int,
        organizations: int,
        *,
        light: bool = False,
        bodies: float | None = None,
    ) -> None:
        self._random = random.Random(seed)
        self._bodies_since = 0 if bodies is None else until - int(bodies * 24 * HOUR)
        self._rows = rows
        self._begin = until - int(days * 24 * HOUR)
        self._until = until
        names = ["acme", "globex", "initech", *(f"tenant-{n}" for n in range(3, organizations))]
        self._organizations = [(name, organization_id(name)) for name in names[:organizations]]
        self._integrations = {
            (name, partner.name): integration_id(identifier, partner.name).bytes
            for name, identifier in self._organizations
            for partner in PARTNERS
        }
        self._outages = self._plan_outages()
        self._stock = [self._body(n, until, readings=2, words=8) for n in range(500 * light)]

    def rows(self) -> Iterator[ActivityRow]:
        """Every row of this past."""
        weights = [partner.weight for partner in PARTNERS]
        for number, created in enumerate(self._times()):
            (partner,) = self._random.choices(PARTNERS, weights)
            yield self._row(number, created, partner)

    def _times(self) -> Iterator[int]:
        hours = range(self._begin, self._until, HOUR)
        rhythm = [
            (1.5 + math.sin((hour // HOUR % 24 - 9) / 24 * math.tau))
            * (0.5 if hour // (24 * HOUR) % 7 in (2, 3) else 1.0)
            for hour in hours
        ]
        due, made, scale = 0.0, 0, self._rows / sum(rhythm)
        for hour, weight in zip(hours, rhythm, strict=True):
            due += weight * scale
            count = round(due) - made
            made += count
            width = min(HOUR, self._until - hour)
            yield from sorted(hour + self._random.randrange(width) for _ in range(count))

    def _plan_outages(self) -> dict[str, list[tuple[int, int]]]:
        length = self._until - self._begin
        plan: dict[str, list[tuple[int, int]]] = {}
        for partner in PARTNERS:
            starts = [self._begin + int(self._random.random() * length) for _ in range(4)]
            plan[partner.name] = [
                (s, s + self._random.randrange(HOUR // 6, 8 * HOUR)) for s in starts
            ]
        return plan

    def _row(self, number: int, created: int, partner: Partner) -> ActivityRow:
        chance = self._random.random
        name, organization = self._organizations[int(chance() ** 2 * len(self._organizations))]
        method, template, kind = partner.calls[int(chance() ** 1.5 * len(partner.calls))]
        outage = any(a <= created < b for a, b in self._outages[partner.name])
        status, answer, error = Status.SUCCESS, 201 if method == "POST" else 200, None
        if chance() < (0.6 if outage else 0.02):
            status, answer, error = FAILURES[int(chance() ** 1.5 * len(FAILURES))]
        elapsed = partner.typical_ms * math.exp(self._random.gauss(0.4 if outage else 0, 0.6))
        elapsed = 30_000.0 if status is Status.TIMEOUT else round(elapsed, 3)
        path = template
        while "{id}" in path:
            path = path.replace("{id}", f"{self._random.getrandbits(40):010x}", 1)
        whole = created >= self._bodies_since
        request, response = self._bodies(number, created) if whole else ("", "")
        incoming = partner.direction is IN
        agents = SENDERS if incoming else AGENTS
        head = created << 80 | 0x7 << 76 | (number & 0xFFF) << 64
        return ActivityRow(
            id=(head | 0b10 << 62 | self._random.getrandbits(62)).to_bytes(16),
            organization_id=organization.bytes,
            organization=name,
            integration_id=self._integrations[name, partner.name],
            integration=partner.name,
            provider=partner.provider,
            direction=partner.direction,
            activity_type=kind,
            method=method,
            origin=partner.origin,
            host=partner.origin.removeprefix("https://"),
            path=path,
            query=f"?page={number % 7}" if method == "GET" else "",
            path_template=template,
            request_headers=(
                self._request_headers(partner, agents[number % len(agents)]) if whole else None
            ),
            request_body=request if whole and method != "GET" else None,
            request_size=len(request) if method != "GET" else 0,
            response_status=answer,
            response_headers=self._response_headers(number) if whole and answer else None,
            response_body=response if whole and answer else None,
            response_size=len(response) if answer else 0,
            response_time_ms=elapsed,
            status=status,
            error_code=error,
            error_message=MESSAGES.get(error or ""),
            ip_address=f"198.51.100.{number % 90}" if incoming else "10.0.3.7",
            user_agent=agents[number % len(agents)],
            metadata=_METADATA if incoming else self._user(),
            timing=Timing(None, None, 0.2, round(elapsed * 0.9, 3), round(elapsed * 0.1, 3)),
            trace_id=f"{self._random.getrandbits(128):032x}" if not incoming else None,
            provider_request_id=f"req_{self._random.getrandbits(56):014x}" if answer else None,
            redactions=1,
            redaction_places='[["request_headers.Authorization","header"]]' if whole else None,
            rule_version=1,
            created_at=created,
            completed_at=created + int(elapsed),
        )

    def _user(self) -> str | None:
        """Metadata with the name of a user, of some."""
        chance = self._random.random
        return f'{{"user":"user-{int(chance() ** 2 * 400)}"}}' if chance() < 0.5 else None

    def _bodies(self, number: int, created: int) -> tuple[str, str]:
        stock = self._stock
        if stock:
            return stock[number % len(stock)], stock[number * 7 % len(stock)]
        return self._body(number, created), self._body(number, created + 1)

    def _body(self, number: int, created: int, *, readings: int = 12, words: int = 24) -> str:
        choose = self._random.choices
        measured = [
            {"name": word, "value": self._random.randrange(1000) / 10, "unit": "C", "at": created}
            for word in choose(WORDS, k=readings)
        ]
        note = " ".join(choose(WORDS, k=words))
        device = UUID(int=self._random.getrandbits(128))
        return json.dumps(
            {"device_id": str(device), "sequence": number, "readings": measured, "note": note},
            separators=(",", ":"),
        )

    def _request_headers(self, partner: Partner, agent: str) -> str:
        trace = f"00-{self._random.getrandbits(128):032x}-{self._random.getrandbits(64):016x}-01"
        return json.dumps(
            {
                "Host": partner.origin.removeprefix("https://"),
                "User-Agent": agent,
                "Accept": "*/*",
                "Accept-Encoding": "gzip, deflate, br",
                "Content-Type": "application/json",
                "Authorization": f"Bearer [REDACTED:{self._random.getrandbits(32):08x}]",
                "traceparent": trace,
            },
            separators=(",", ":"),
        )

    def _response_headers(self, number: int) -> str:
        return json.dumps(
            {
                "Date": f"Tue, 03 Mar 2026 {number % 24:02d}:{number % 60:02d}:07 GMT",
                "Content-Type": "application/json; charset=utf-8",
                "Content-Length": "1041",
                "Connection": "keep-alive",
                "Server": "nginx",
                "Cache-Control": "no-store, max-age=0",
                "X-Request-Id": f"req_{self._random.getrandbits(56):014x}",
                "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
            },
            separators=(",", ":"),
        )


def seed(path: Path, past: Past, batch: int = 2_000) -> int:
    """Write a past into the store at `path`; returns the number of rows."""
    writer = SqliteWriter(path)
    written = 0
    try:
        for rows in batched(past.rows(), batch, strict=False):
            written += writer.write(rows).inserted
    finally:
        writer.close()
    return written


def main() -> None:
    """Command line."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("data", type=Path, help="data folder, made if missing")
    arguments.add_argument("--rows", type=int, default=100_000)
    arguments.add_argument("--days", type=float, default=90)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--organizations", type=int, default=3)
    arguments.add_argument("--light", action="store_true", help="small bodies out of a stock")
    arguments.add_argument("--bodies", type=float, help="days of headers and bodies; default: all")
    arguments.add_argument("--times", type=int, default=1, help="every row so many times")
    given = arguments.parse_args()
    folder = DataFolder(given.data).ensure()
    now = int(time.time() * 1000)
    past = Past(
        given.rows,
        given.days,
        now,
        given.seed,
        given.organizations,
        light=given.light,
        bodies=given.bodies,
    )
    begun = time.perf_counter()
    written = seed(folder.activity_db, past)
    if given.times > 1:
        single = folder.activity_db.rename(folder.activity_db.with_name("single.db"))
        written = multiply(single, folder.activity_db, given.times)
        single.unlink()
    took = time.perf_counter() - begun
    print(f"{written} rows in {took:.1f} s, {folder.activity_db.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
