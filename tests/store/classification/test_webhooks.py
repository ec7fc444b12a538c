"""Webhooks as senders document them; values of signatures are made up."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from store.classification.webhooks import Webhook, built_in_webhooks, lookup, members

JSON = {"content-type": "application/json"}


def recognise(headers: dict[str, str], body: Any = b"") -> Webhook:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {name.lower().encode(): value.encode() for name, value in headers.items()}
    return built_in_webhooks().recognise(fields, content)


@pytest.mark.parametrize(
    ("headers", "body", "provider", "event", "signature"),
    [
        (
            {"Stripe-Signature": "t=1,v1=aa"},
            {"id": "evt_1", "object": "event", "type": "invoice.paid", "data": {"object": {}}},
            ("stripe"),
            "invoice.paid",
            "stripe-signature",
        ),
        (
            {
                "X-GitHub-Event": "push",
                "X-GitHub-Delivery": "d-1",
                "X-Hub-Signature": "sha1=aa",
                "X-Hub-Signature-256": "sha256=aa",
                "User-Agent": "GitHub-Hookshot/1",
            },
            {"ref": "refs/heads/main", "action": "x"},
            "github",
            "push",
            "x-hub-signature-256",
        ),
        (
            {"X-Slack-Signature": "v0=aa", "X-Slack-Request-Timestamp": "1"},
            {"token": "t", "type": "event_callback", "event": {"type": "app_mention"}},
            "slack",
            "app_mention",
            "x-slack-signature",
        ),
        (
            {"X-Slack-Signature": "v0=aa"},
            urlencode({"payload": json.dumps({"type": "block_actions"})}).encode(),
            "slack",
            "block_actions",
            "x-slack-signature",
        ),
        (
            {"X-Slack-Signature": "v0=aa"},
            b"command=%2Fdeploy&text=now",
            "slack",
            "/deploy",
            "x-slack-signature",
        ),
        (
            {"X-Shopify-Topic": "orders/create", "X-Shopify-Hmac-Sha256": "aa"},
            {"id": 1},
            "shopify",
            "orders/create",
            "x-shopify-hmac-sha256",
        ),
        (
            {"webhook-id": "msg_1", "webhook-timestamp": "1", "webhook-signature": "v1,aa"},
            {"type": "user.created", "data": {}},
            "standard-webhooks",
            "user.created",
            "webhook-signature",
        ),
        (
            {"svix-id": "msg_1", "svix-timestamp": "1", "svix-signature": "v1,aa"},
            {"type": "email.delivered", "data": {}},
            "svix",
            "email.delivered",
            "svix-signature",
        ),
        (
            {"svix-id": "msg_1", "svix-timestamp": "1", "svix-signature": "v1,aa"},
            {"type": "email.bounced", "created_at": "2026", "data": {"email_id": "e"}},
            "resend",
            "email.bounced",
            "svix-signature",
        ),
        (
            {"User-Agent": "Postmark"},
            {"MessageStream": "inbound", "MessageID": "m", "TextBody": "hi"},
            "postmark",
            None,
            None,
        ),
        (
            {"Authorization": "HMAC aa"},
            {"type": "message", "channelId": "msteams", "serviceUrl": "https://smba.test/"},
            "microsoft-teams",
            "message",
            "authorization",
        ),
        (
            {"Authorization": "Bearer aa"},
            {"type": "message", "channelId": "webchat", "serviceUrl": "https://smba.test/"},
            None,
            "message",
            None,
        ),
        (
            {"x-amz-rules-engine-message-type": "DestinationConfirmation"},
            {"arn": "arn:aws:iot:eu-west-1:1:ruledestination/http/7a"},
            "aws-iot",
            "DestinationConfirmation",
            None,
        ),
        ({"User-Agent": "mailgun/treq-16.12.0"}, b"event=opened&t=1", "mailgun", "opened", None),
        ({}, {"update_id": 1, "business_message": {}}, "telegram", "business_message", None),
        (
            {"X-Twilio-Signature": "aa"},
            b"MessageSid=SM1&MessageStatus=delivered",
            "twilio",
            "delivered",
            "x-twilio-signature",
        ),
        (
            {"X-Twilio-Email-Event-Webhook-Signature": "aa"},
            [{"email": "a@b.test", "event": "bounce", "sg_event_id": "1"}, {"event": "open"}],
            "sendgrid",
            "bounce",
            "x-twilio-email-event-webhook-signature",
        ),
        ({}, [{"event": "open", "sg_event_id": "1"}], "sendgrid", "open", None),
        (
            {},
            {"signature": {"token": "t"}, "event-data": {"event": "delivered"}},
            "mailgun",
            "delivered",
            None,
        ),
        (
            {"X-PagerDuty-Signature": "v1=aa", "User-Agent": "PagerDuty-Webhook/V3.0"},
            {"event": {"event_type": "incident.triggered"}},
            "pagerduty",
            "incident.triggered",
            "x-pagerduty-signature",
        ),
        (
            {"X-HubSpot-Signature": "aa", "X-HubSpot-Signature-v3": "aa"},
            [{"subscriptionType": "contact.creation"}],
            "hubspot",
            "contact.creation",
            "x-hubspot-signature-v3",
        ),
        (
            {"x-amz-sns-message-type": "Notification"},
            {"Type": "Notification"},
            "aws",
            "Notification",
            None,
        ),
        (
            {"aeg-event-type": "Notification", "aeg-subscription-name": "S"},
            [{"eventType": "Microsoft.Devices.DeviceCreated"}],
            "azure-event-grid",
            "Microsoft.Devices.DeviceCreated",
            None,
        ),
        (
            {"Ce-Type": "io.golioth.data.v1/.s/sensor", "Ce-Source": "d", "Ce-Subject": "p"},
            {"temp": 32},
            "golioth",
            "io.golioth.data.v1/.s/sensor",
            None,
        ),
        (
            {"ce-specversion": "1.0", "ce-type": "com.example.done"},
            {},
            "cloudevents",
            "com.example.done",
            None,
        ),
        (
            {"X-Telegram-Bot-Api-Secret-Token": "aa"},
            {"update_id": 1, "message": {"text": "hi"}},
            "telegram",
            "message",
            "x-telegram-bot-api-secret-token",
        ),
        (
            {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": "aa", "webhook-signature": "v1,aa"},
            {"object_kind": "push"},
            "gitlab",
            "Push Hook",
            "x-gitlab-token",
        ),
        ({}, {"RecordType": "Bounce", "MessageStream": "outbound"}, "postmark", "Bounce", None),
        (
            {},
            {"message": {"data": "e30="}, "subscription": "projects/p/subscriptions/s"},
            "google-pubsub",
            None,
            None,
        ),
    ],
)
def test_senders(
    headers: dict[str, str], body: Any, provider: str, event: str | None, signature: str | None
) -> None:
    found = recognise(headers, body)
    assert found.provider == provider
    assert found.event == event
    assert found.signature_header == (signature.encode() if signature else None)


def test_an_unknown_sender_still_has_event_and_signature() -> None:
    found = recognise({"X-Acme-Signature-256": "aa"}, {"event": "order.created"})
    assert found == Webhook(None, "order.created", b"x-acme-signature-256")
    assert recognise({"X-Event-Type": "ping"}) == Webhook(None, "ping", None)


@pytest.mark.parametrize(
    "name", ["X-Signature", "Signature", "X-Hub-Signature", "X-Body-Hmac-Sha256"]
)
def test_signature_headers_are_known_by_their_names(name: str) -> None:
    assert recognise({name: "aa"}).signature_header == name.lower().encode()


@pytest.mark.parametrize("name", ["X-Signature-Version", "Signatures-Seen", "X-Design"])
def test_other_headers_are_none(name: str) -> None:
    assert recognise({name: "aa"}).signature_header is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"type": "cut.off", "data": {"a',
        b"\xff\xfe",
        b"[]",
        b'"text"',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"type": {"not": "text"}}',
        json.dumps({"type": "x" * 500}).encode(),
        json.dumps({"type": "<script>"}).encode(),
        b'{"type": "\\ud800"}',
    ],
)
def test_bodies_without_a_readable_event_have_none(body: bytes) -> None:
    assert recognise({"Stripe-Signature": "t=1"}, body).event is None


def test_numbers_are_event_names_too() -> None:
    assert recognise({"X-Signature-Ed25519": "aa"}, {"type": 1}).event == "1"


def test_lookup_walks_objects_and_arrays() -> None:
    found = members(b'{"a": [{"b": "c"}], "d": 1}')
    assert lookup(found, ("a", "0", "b")) == b'"c"'
    assert lookup(found, ("d",)) == b"1"
    for path in ("a.1.b", "d.x", "x", "a.b"):
        assert lookup(found, tuple(path.split("."))) is None
