"""Webhooks signed as their senders sign them still verify in the service behind the proxy, by the
senders' own libraries, and leave a row with event and signature header."""

import base64
import datetime
import hashlib
import hmac
import http.client
import importlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.sdk.conftest import CANARY, Desk
from tests.support.partner import Answer, Received

# The libraries are imported here, into a test run whose warnings are errors; theirs are not ours.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

# Byte for byte is what signatures cover: odd spaces, escapes and letters beyond ASCII.
BODY = b'{ "type":"invoice.paid" ,\n "id": "evt_1", "note": "\\u00fc \xc3\xbc",  "amount": 1.00 }'


@dataclass(frozen=True)
class Sender:
    """How a webhook is signed, and how its receiver verifies it (raising or answering false)."""

    library: str
    headers: Callable[[Any, bytes], Mapping[str, str]]
    verify: Callable[[Any, bytes, dict[str, str]], Any]
    integration: str
    event: str
    signature_header: str
    body: bytes = BODY
    content_type: str = "application/json"


def _now() -> int:
    """In seconds. Receivers refuse times some minutes away, and the import may be long ago."""
    return int(time.time())


def _stripe(library: Any, body: bytes) -> Mapping[str, str]:
    now = _now()
    signed = f"{now}.{body.decode()}"
    signature = library.WebhookSignature._compute_signature(signed, "whsec_" + CANARY)
    return {"Stripe-Signature": f"t={now},v1={signature}"}


def _verify_stripe(library: Any, body: bytes, headers: dict[str, str]) -> None:
    library.Webhook.construct_event(body, headers["stripe-signature"], "whsec_" + CANARY)


def _github(_: Any, body: bytes) -> Mapping[str, str]:
    digest = hmac.new(CANARY.encode(), body, hashlib.sha256).hexdigest()
    return {
        "X-GitHub-Event": "issues",
        "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "X-Hub-Signature-256": f"sha256={digest}",
    }


def _verify_github(library: Any, body: bytes, headers: dict[str, str]) -> None:
    library.Event.from_http(headers, body, secret=CANARY)


SECRET = base64.b64encode(CANARY.encode()).decode()


def _standard(library: Any, body: bytes) -> Mapping[str, str]:
    now = _now()
    moment = datetime.datetime.fromtimestamp(now, datetime.UTC)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(now),
        "webhook-signature": library.Webhook(SECRET).sign("msg_1", moment, body.decode()),
    }


def _svix(library: Any, body: bytes) -> Mapping[str, str]:
    now = _now()
    moment = datetime.datetime.fromtimestamp(now, datetime.UTC)
    return {
        "svix-id": "msg_1",
        "svix-timestamp": str(now),
        "svix-signature": library.Webhook(SECRET).sign("msg_1", moment, body.decode()),
    }


def _verify_standard(library: Any, body: bytes, headers: dict[str, str]) -> None:
    library.Webhook(SECRET).verify(body, headers)


def _slack(library: Any, body: bytes) -> Mapping[str, str]:
    now = str(_now())
    signature = library.SignatureVerifier(CANARY).generate_signature(timestamp=now, body=body)
    return {"X-Slack-Request-Timestamp": now, "X-Slack-Signature": signature}


def _verify_slack(library: Any, body: bytes, headers: dict[str, str]) -> bool:
    return bool(library.SignatureVerifier(CANARY).is_valid_request(body, headers))


SMS = {"MessageSid": "SM1", "MessageStatus": "delivered", "Body": "caf\u00e9 & more"}
PUBLIC_URL = "https://hooks.example.com/twilio?tenant=1"


def _twilio(library: Any, _: bytes) -> Mapping[str, str]:
    return {
        "X-Twilio-Signature": library.RequestValidator(CANARY).compute_signature(PUBLIC_URL, SMS)
    }


def _verify_twilio(library: Any, body: bytes, headers: dict[str, str]) -> bool:
    url = f"https://{headers['host']}{headers['x-test-target']}"
    signature = headers["x-twilio-signature"]
    return bool(library.RequestValidator(CANARY).validate(url, SMS, signature))


SENDERS = {
    "stripe": Sender(
        "stripe", _stripe, _verify_stripe, "stripe", "invoice.paid", "Stripe-Signature"
    ),
    "github": Sender(
        *("gidgethub.sansio", _github, _verify_github),
        *("github", "issues", "X-Hub-Signature-256"),
    ),
    "standard webhooks": Sender(
        *("standardwebhooks", _standard, _verify_standard),
        *("standard-webhooks", "invoice.paid", "webhook-signature"),
    ),
    "svix": Sender(
        "svix.webhooks", _svix, _verify_standard, "svix", "invoice.paid", "svix-signature"
    ),
    "slack": Sender(
        *("slack_sdk.signature", _slack, _verify_slack),
        *("slack", "app_mention", "X-Slack-Signature"),
        body=b'{"type":"event_callback", "event": {"type":"app_mention"}, "text": "\xc3\xbc"}',
    ),
    "twilio": Sender(
        *("twilio.request_validator", _twilio, _verify_twilio),
        *("twilio", "delivered", "X-Twilio-Signature"),
        body=urlencode(SMS).encode(),
        content_type="application/x-www-form-urlencoded",
    ),
}


def deliver(url: str, headers: Mapping[str, str], body: bytes) -> int:
    """Send a webhook exactly as it is given; the status of the answer."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    try:
        connection.request("POST", "/twilio?tenant=1", body, dict(headers))
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


@pytest.mark.parametrize("name", SENDERS)
def test_signed_webhooks_verify_behind_the_proxy(desk: Desk, name: str) -> None:
    sender = SENDERS[name]
    library = pytest.importorskip(sender.library, reason="not installed (extra `sdk`)")
    problems: list[Exception] = []

    def receive(request: Received) -> Answer:
        headers = {key.lower(): value for key, value in request.headers}
        headers["x-test-target"] = request.target
        try:
            verified = sender.verify(importlib.import_module(sender.library), request.body, headers)
        except Exception as error:
            problems.append(error)
            return Answer(400)
        return Answer(400 if verified is False else 200)

    assert desk.service is not None
    desk.service.answering = receive
    desk.new_rows(0)
    headers = {
        "Host": "hooks.example.com",
        "Content-Type": sender.content_type,
        **sender.headers(library, sender.body),
    }
    assert deliver(desk.webhook_url, headers, sender.body) == 200, problems
    tampered = sender.body.replace(b"e", b"E", 1)
    if name != "twilio":  # its signature covers parsed parameters, which this test holds fixed
        assert deliver(desk.webhook_url, headers, tampered) == 400, "the check checks nothing"

    rows = desk.new_rows(1 if name == "twilio" else 2)
    row = rows[0]
    assert (row["direction"], row["activity_type"]) == ("incoming", "webhook_received")
    assert (row["status"], row["response_status"]) == ("success", 200)
    assert row["integration"] == sender.integration
    told = json.loads(row["metadata"])
    assert told["event"] == sender.event
    assert told["signature_header"] == sender.signature_header
    if sender.content_type == "application/json":
        assert json.loads(row["request_body"]) == json.loads(sender.body)
    assert row["request_size"] == len(sender.body)
    assert CANARY not in json.dumps(rows)
