"""The demo's calls and webhooks. What looks like a secret is made up on the spot."""

import base64
import hashlib
import hmac
import secrets
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import msgspec


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange that the demo makes."""

    what: str
    """For people."""
    method: str
    url: str
    headers: dict[str, str] = {}
    body: bytes | None = None


_JSON: Final = {"Content-Type": "application/json"}
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


def outgoing_calls(closed_port: int) -> list[Call]:
    """What the service calls; nobody listens on `closed_port`."""
    made_up = secrets.token_hex(12)
    stripe = base64.b64encode(f"sk_test_{made_up}:".encode()).decode()
    return [
        _call(
            "a Slack message", "https://slack.com/api/chat.postMessage",
            {"channel": "#alerts", "text": "Pump 7 is back"},
            {"Authorization": f"Bearer xoxb-1234-{made_up}"},
        ),
        Call(
            what="a declined payment",
            method="POST",
            url="https://api.stripe.com/v1/payment_intents",
            headers=_FORM | {"Authorization": f"Basic {stripe}"},
            body=b"amount=1999&currency=eur&payment_method=pm_card_visa",
        ),
        _call(
            "a new device", "https://api.golioth.io/v1/projects/demo/devices",
            {"name": "thermostat-7", "hardwareIds": ["a1b2"]}, {"X-API-Key": made_up},
        ),
        _call(
            "an e-mail", "https://api.sendgrid.com/v3/mail/send",
            {
                "personalizations": [{"to": [{"email": "ada@example.com"}]}],
                "from": {"email": "noreply@example.com"},
                "subject": "Your order",
                "content": [{"type": "text/plain", "value": "It is on its way."}],
            },
            {"Authorization": f"Bearer SG.{made_up}.{made_up}"},
        ),
        Call(
            what="a connection test",
            method="GET",
            url="https://api.github.com/user",
            headers={"Authorization": f"token ghp_{made_up}{made_up}"},
        ),
        _call(
            "a failing partner", "https://api.example.com/v1/orders",
            {"sku": "A-7", "quantity": 2, "customer_password": made_up}, {},
        ),
        Call(what="a slow partner", method="GET", url="https://api.example.com/v1/report"),
        Call(
            what="a refused connection",
            method="GET",
            url=f"http://127.0.0.1:{closed_port}/health?api_key={made_up}",
        ),
    ]  # fmt: skip


def webhooks(address: str) -> list[Call]:
    """What partners send; `address` is the sidecar's listener for webhooks."""
    secret = secrets.token_bytes(24)
    stripe = msgspec.json.encode(
        {"id": "evt_1Demo", "type": "invoice.paid", "data": {"object": {"amount_paid": 1999}}}
    )
    now = str(int(time.time()))
    signature = _hmac(secret, f"{now}.".encode() + stripe)
    push = msgspec.json.encode({"ref": "refs/heads/main", "repository": {"full_name": "o/r"}})
    return [
        Call(
            what="a Stripe webhook",
            method="POST",
            url=f"{address}/webhooks/stripe",
            headers=_JSON | {"Stripe-Signature": f"t={now},v1={signature}"},
            body=stripe,
        ),
        Call(
            what="a GitHub webhook",
            method="POST",
            url=f"{address}/webhooks/github",
            headers=_JSON
            | {
                "X-GitHub-Event": "push",
                "X-GitHub-Delivery": secrets.token_hex(16),
                "X-Hub-Signature-256": f"sha256={_hmac(secret, push)}",
            },
            body=push,
        ),
    ]


def send(calls: Iterable[Call], *, proxy: str | None, ca: Path, tell: Callable[[str], None]) -> int:
    """Make the calls one after the other, through `proxy` where given; returns how many."""
    context = ssl.create_default_context(cafile=str(ca))
    # The machine's own proxy settings are not the demo's.
    proxies = {} if proxy is None else {"http": proxy, "https": proxy}
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler(proxies), urllib.request.HTTPSHandler(context=context)
    )
    count = 0
    for call in calls:
        request = urllib.request.Request(  # noqa: S310 - our own addresses
            call.url, call.body, call.headers, method=call.method
        )
        try:
            with opener.open(request, timeout=30) as answer:
                answer.read()
                tell(f"{call.what}: {answer.status}")
        except urllib.error.HTTPError as error:
            error.read()
            tell(f"{call.what}: {error.code}")
        except OSError as error:
            tell(f"{call.what}: {error}")
        count += 1
    return count


def _call(what: str, url: str, body: Any, headers: dict[str, str]) -> Call:
    return Call(
        what=what,
        method="POST",
        url=url,
        headers=_JSON | headers,
        body=msgspec.json.encode(body),
    )


def _hmac(secret: bytes, content: bytes) -> str:
    return hmac.new(secret, content, hashlib.sha256).hexdigest()
