"""How precise redaction is on real traffic: for each vendor the values of its exchanges, how many
were cut and by which rule, what was cut that is no secret (a loss), and what is one and was kept (a
leak).

`python -m tests.sdk.precision` runs every job and every sample webhook through a sidecar, compares
its rows with what the stub of the vendors saw, and ends with 1 when there is a loss or a leak.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit
from uuid import UUID

from store.activity import Direction
from store.capture import Capture, Phase
from store.redaction.options import RedactionOptions
from store.redaction.redactor import Redactor
from store.redaction.work import Work
from tests.canary.looking import Evidence
from tests.sdk.conftest import JOBS, Desk, open_desk
from tests.sdk.samples import CANARY, KNOWN_HEADERS, MORE, WEBHOOKS, Sample
from tests.sdk.test_webhooks import deliver
from tests.sdk.vendors import answer
from tests.support.partner import Answer, Received
from tests.support.sidecar import ROOT

PROVIDERS = {
    "boto3 (AWS)": "aws",
    "Azure IoT Hub": "azure_iot",
    "PyGithub": "github_calls",
    "Golioth": "golioth",
    "Gmail": "google_api",
    "SendGrid": "mail",
    "Pub/Sub": "pubsub",
    "Resend": "resend_mail",
    "Slack": "slack",
    "Stripe": "stripe_calls",
    "Twilio": "twilio_sms",
    "Teams, Standard Webhooks": "webhook_out",
}
_CORE = CANARY.rstrip("0123456789abcdef")
"""What of the canary stands in nothing else."""
_SIGNATURES = re.compile(
    r"request\.headers\.(authorization.*|webhook-signature|x-amz-security-token)", re.IGNORECASE
)
"""Where a job's secret shows in a form that only its key can tell: signatures made with it."""

_JUSTIFIED = (
    (re.compile(r"path template"), "the address of a hook is its only credential, all of it"),
)
"""Rules that cut what bears no canary, and why they may."""


@dataclass
class Exchange:
    """An exchange as the other side saw it, and its row."""

    request: Received
    answer: Answer
    row: dict[str, Any]

    def capture(self) -> Capture:
        """What the sidecar took of it."""
        url = urlsplit(self.row["endpoint"])
        host = next((v for n, v in self.request.headers if n.lower() == "host"), "")
        return Capture(
            id=bytes(16),
            phase=Phase.FINAL,
            direction=Direction(self.row["direction"]),
            listener="precision",
            method=self.request.method,
            scheme=url.scheme,
            host=host,
            port=443,
            target=self.request.target,
            request_headers=[(n.encode(), v.encode()) for n, v in self.request.headers],
            request_body=self.request.body,
            request_size=len(self.request.body),
            response_status=self.answer.status,
            response_headers=[(n.encode(), v.encode()) for n, v in self.answer.headers.items()],
            response_body=self.answer.body,
            response_size=len(self.answer.body),
            created_at=0,
        )

    def values(self) -> Iterator[str]:
        """Every single value of it: headers, path pieces, query, leaves of the bodies."""
        yield from (value for _, value in self.request.headers)
        yield from self.answer.headers.values()
        url = urlsplit(self.request.target)
        yield from filter(None, url.path.split("/"))
        yield from (value for _, value in parse_qsl(url.query, keep_blank_values=True))
        for body in (self.request.body, self.answer.body):
            yield from _leaves(body.decode("utf-8", "replace"))


def _leaves(text: str) -> Iterator[str]:
    if not text:
        return
    try:
        value = json.loads(text)
    except ValueError:
        if "=" in text and "\n" not in text and " " not in text:
            yield from (unquote_plus(value) for _, value in parse_qsl(text))
        else:
            yield from re.findall(r">([^<>\s][^<>]*)<", text) or [text]
        return
    yield from _json_leaves(value)


def _json_leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _json_leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _json_leaves(inner)
    else:
        yield str(value)


class _Watching(Redactor):
    """Remembers what it cut, so that marks can be told apart."""

    work: Work

    def begin(self, organization: UUID) -> Any:
        work, known = super().begin(organization)
        self.work = work
        return work, known


@dataclass
class Report:
    """What became of the values of one vendor."""

    name: str
    exchanges: int = 0
    values: int = 0
    cut: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    justified: Counter[str] = field(default_factory=Counter)
    losses: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)

    def add(self, exchange: Exchange, redactor: _Watching) -> None:
        """Judge one exchange."""
        row = exchange.row
        self.exchanges += 1
        self.values += sum(1 for _ in exchange.values())
        places = json.loads(row["redaction_places"] or "[]")
        self.cut += len(places)
        self.rules.update(rule for _, rule in places)
        redactor.redact(exchange.capture(), UUID(row["organization_id"]))
        meant = {fingerprint: value for value, fingerprint in redactor.work.secrets.items()}
        for cut in redactor.work.cuts:
            value = meant[cut.fingerprint].decode("utf-8", "replace")
            if _is_secret(value, cut.place):
                continue
            if why := next((text for rule, text in _JUSTIFIED if rule.match(cut.rule)), None):
                self.justified[f"{cut.place}: {why}"] += 1
            else:
                self.losses.append(f"{cut.place}: {value[:60]!r} by {cut.rule}")
        self._look_for_leaks(exchange, meant)

    def _look_for_leaks(self, exchange: Exchange, meant: dict[str, bytes]) -> None:
        found = Evidence()
        found.add("row", json.dumps(exchange.row))
        owners = {_CORE: "canary"}
        owners |= dict.fromkeys(re.findall(r"[A-Za-z0-9]{24,}", _signed(exchange)), "signature")
        for owner in found.sightings(owners):
            self.leaks.append(f"{exchange.row['endpoint']}: {owner}")


def _signed(exchange: Exchange) -> str:
    """The signatures of a request."""
    return " ".join(
        found
        for _, value in exchange.request.headers
        for found in re.findall(r"(?:Signature=|sig=|v1,|v1=)([A-Za-z0-9%+/=]{24,})", value)
    )


def _is_secret(value: str, place: str) -> bool:
    found = Evidence()
    found.add("cut", value)
    if found.sightings({_CORE: "known"}):
        return True
    return _SIGNATURES.match(place) is not None


def richly(request: Received) -> Answer:
    """The stub's answer with everything beside it that a vendor would send."""
    plain = answer(request)
    host = next((value for name, value in request.headers if name.lower() == "host"), "")
    body = plain.body
    more = MORE.get(host)
    if more is not None and body.startswith((b"{", b"[")):
        value = json.loads(body)
        full = [more | each for each in value] if isinstance(value, list) else more | value
        body = json.dumps(full).encode()
    return Answer(plain.status, body, KNOWN_HEADERS | plain.headers)


class _Noting:
    """Answers richly and remembers both sides."""

    def __init__(self) -> None:
        self.seen: list[tuple[Received, Answer]] = []

    def __call__(self, request: Received) -> Answer:
        given = richly(request)
        self.seen.append((request, given))
        return given


def _job(desk: Desk, noting: _Noting, job: str) -> list[Exchange]:
    noting.seen.clear()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "proxy", "run", "--data", str(desk.sidecar.data), "--"),
            *(sys.executable, str(JOBS / f"{job}.py"), CANARY),
        ],
        cwd=ROOT,
        env=desk.environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stdout.decode() + done.stderr.decode())
    return _paired(desk, noting)


def _webhook(desk: Desk, noting: _Noting, sample: Sample) -> list[Exchange]:
    noting.seen.clear()
    headers = {
        "Host": "hooks.example.com",
        "Content-Type": sample.content_type,
        "User-Agent": f"{sample.provider}/1.0 (+https://example.com)",
        **sample.headers,
    }
    deliver(desk.webhook_url, headers, sample.body)
    return _paired(desk, noting)


def _paired(desk: Desk, noting: _Noting) -> list[Exchange]:
    rows = desk.new_rows(len(noting.seen))
    pairs = zip(noting.seen, rows, strict=True)
    return [Exchange(request, given, row) for (request, given), row in pairs]


def measure(folder: Path) -> list[Report]:
    """The reports of all vendors."""
    reports = []
    with open_desk(folder) as desk:
        key = (desk.sidecar.data / "redaction-key").read_bytes()
        redactor = _Watching(key, RedactionOptions())
        noting = _Noting()
        desk.vendors.answering = noting
        for name, job in PROVIDERS.items():
            reports.append(_report(name, _job(desk, noting, job), redactor))
        assert desk.service is not None
        desk.service.answering = noting
        for sample in WEBHOOKS:
            exchanges = _webhook(desk, noting, sample)
            reports.append(_report(f"webhook: {sample.provider}", exchanges, redactor))
    return reports


def _report(name: str, exchanges: list[Exchange], redactor: _Watching) -> Report:
    report = Report(name)
    for exchange in exchanges:
        report.add(exchange, redactor)
    return report


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        reports = measure(Path(folder))
    print(f"{'vendor':28}{'pairs':>6}{'values':>8}{'cut':>6}{'losses':>8}{'leaks':>7}  rules")
    for one in reports:
        rules = ", ".join(f"{rule} {count}" for rule, count in one.rules.most_common())
        counts = f"{one.exchanges:6}{one.values:8}{one.cut:6}{len(one.losses):8}{len(one.leaks):7}"
        print(f"{one.name:28}{counts}  {rules}")
    for one in reports:
        for why, count in one.justified.items():
            print(f"justified: {one.name}: {why} ({count})")
        for kind, found in (("loss", one.losses), ("leak", one.leaks)):
            for line in found:
                print(f"{kind}: {one.name}: {line}")
    total = (sum(r.values for r in reports), sum(r.cut for r in reports))
    lost, leaked = sum(len(r.losses) for r in reports), sum(len(r.leaks) for r in reports)
    print(f"{total[0]} values, {total[1]} cut, {lost} losses, {leaked} leaks")
    return 1 if lost or leaked else 0


if __name__ == "__main__":
    raise SystemExit(main())
