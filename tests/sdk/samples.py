"""Full-size answers and webhooks of the vendors, of the shape that their documentation shows, for
the report of precision. What is secret in them contains the canary; all else is to be kept."""

import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

CANARY = "FAKE" + "sdkcanary0123456789abcdef"
_NOW = int(time.time())
_UUID = "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"
_SHA = "6dcb09b5b57875f334f61aebed695e2e4193db5e"

_STRIPE_CUSTOMER: dict[str, Any] = {
    "id": "cus_NffrFeUfNV2Hib",
    "object": "customer",
    "address": {"city": "Bonn", "country": "DE", "line1": "Weg 5", "postal_code": "53111"},
    "balance": 0,
    "created": 1680893993,
    "currency": "eur",
    "default_source": "card_1MvoiELkdIwHu7ixOeFGbN9D",
    "delinquent": False,
    "email": "jennyrosen@example.com",
    "invoice_prefix": "0759376C",
    "invoice_settings": {"default_payment_method": "pm_1MvoiELkdIwHu7ixOeFGbN9D"},
    "livemode": False,
    "metadata": {"order_id": "6735", "author": "o'neill", "key": "kitchen-7"},
    "name": "Jenny Rosen",
    "next_invoice_sequence": 1,
    "phone": "+4922812345",
    "preferred_locales": ["de"],
    "tax_exempt": "none",
    "test_clock": "clock_1MvoiELkdIwHu7ix",
}
_GITHUB_USER: dict[str, Any] = {
    "login": "octocat",
    "id": 1,
    "node_id": "MDQ6VXNlcjE=",
    "avatar_url": "https://github.com/images/error/octocat_happy.gif",
    "gravatar_id": "41d064eb2195891e12d0413f63227ea7",
    "events_url": "https://api.github.com/users/octocat/events{/privacy}",
    "type": "User",
    "site_admin": False,
    "two_factor_authentication": True,
    "public_gists": 1,
    "plan": {"name": "Medium", "space": 400, "private_repos": 20, "collaborators": 0},
}
_GITHUB_ISSUE: dict[str, Any] = {
    "node_id": "MDU6SXNzdWUx",
    "repository_url": "https://api.github.com/repos/o/r",
    "labels": [{"id": 208045946, "node_id": "MDU6TGFiZWwyMDgwNDU5NDY=", "name": "bug"}],
    "user": _GITHUB_USER,
    "author_association": "COLLABORATOR",
    "body": "The token bucket overflows at key 12; password fields are not masked.",
    "sha": _SHA,
    "created_at": "2011-04-22T13:33:48Z",
    "active_lock_reason": "too heated",
}
_SLACK_MESSAGE: dict[str, Any] = {
    "team_id": "T061EG9R6",
    "user_id": "U061F7AUR",
    "bot_id": "B08QU3F0K",
    "url": "https://acme.slack.com/",
    "message": {
        "text": "It is hot.",
        "bot_profile": {"app_id": "A08QHMFCQ", "icons": {"image_36": "https://a.slack-edge.com/x"}},
        "client_msg_id": "7daf62ea-f8bb-4a6d-9d12-1a2b3c4d5e6f",
        "blocks": [{"type": "rich_text", "block_id": "o4mhm", "elements": []}],
    },
    "response_metadata": {"next_cursor": "dXNlcjpVMDYxRkFVUg=="},
}
_TWILIO_MESSAGE: dict[str, Any] = {
    "account_sid": "AC" + "0" * 32,
    "api_version": "2010-04-01",
    "body": "It is hot.",
    "date_created": "Thu, 24 Aug 2023 05:01:45 +0000",
    "direction": "outbound-api",
    "from": "+4954321",
    "messaging_service_sid": "MG9752274e9e519418a7406176694466fa",
    "num_segments": "1",
    "price_unit": "EUR",
    "sid": "SM0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    "to": "+4912345",
    "uri": f"/2010-04-01/Accounts/AC{'0' * 32}/Messages/SM0a1b2c3d4e5f60718293a4b5c6d7e8f9.json",
}
_GOLIOTH_DEVICE: dict[str, Any] = {
    "id": "68bf1cc5425dd2ea93f248a3",
    "projectId": "fleet",
    "name": "kitchen",
    "hardwareIds": ["9c:9c:1f:0a:bb:01"],
    "tagIds": ["61e1bd7b5f3c2e0001a2b3c4"],
    "metadata": {"status": "connected", "lastReport": "2025-01-02T03:04:05.678Z"},
    "credentials": [{"identity": "kitchen@fleet", "type": "PRE_SHARED_KEY", "secret": CANARY}],
}
_AWS_THING: dict[str, Any] = {
    "thingArn": "arn:aws:iot:eu-west-1:123456789012:thing/kitchen",
    "thingId": "01234567-89ab-cdef-0123-456789abcdef",
    "version": 1,
    "attributes": {"floor": "1", "serial": "SN-2024-000117-A"},
    "billingGroupName": "default",
}
_AZURE_DEVICE: dict[str, Any] = {
    "generationId": "638423456789012345",
    "etag": "MTc4NjU0MzIx",
    "deviceEtag": "ODc2NTQzMjE0",
    "connectionState": "Connected",
    "lastActivityTime": "2025-01-02T03:04:05.6789012Z",
    "authentication": {
        "type": "sas",
        "symmetricKey": {"primaryKey": CANARY + "AA==", "secondaryKey": CANARY + "BB=="},
        "x509Thumbprint": {"primaryThumbprint": None, "secondaryThumbprint": None},
    },
    "deviceScope": "ms-azure-iot-edge://kitchen-638423456789012345",
}
_PUBSUB: dict[str, Any] = {
    "kmsKeyName": "projects/p/locations/global/keyRings/ring/cryptoKeys/key-1",
    "messageIds": ["9283746501928374"],
}
_GMAIL: dict[str, Any] = {
    "id": "18d1f0a2b3c4d5e6",
    "threadId": "18d1f0a2b3c4d5e6",
    "labelIds": ["SENT", "INBOX"],
    "historyId": "987654",
}

MORE: dict[str, dict[str, Any]] = {
    "api.stripe.com": _STRIPE_CUSTOMER,
    "api.github.com": _GITHUB_ISSUE,
    "slack.com": _SLACK_MESSAGE,
    "www.slack.com": _SLACK_MESSAGE,
    "api.twilio.com": _TWILIO_MESSAGE,
    "api.golioth.io": _GOLIOTH_DEVICE,
    "iot.eu-west-1.amazonaws.com": _AWS_THING,
    "data-ats.iot.eu-west-1.amazonaws.com": {"metadata": {"reported": {"on": {"timestamp": _NOW}}}},
    "acme-hub.azure-devices.net": _AZURE_DEVICE,
    "gmail.googleapis.com": _GMAIL,
    "api.resend.com": {"object": "email", "from": "a@example.com", "last_event": "delivered"},
    "api.sendgrid.com": {"result": {"batch_id": "YOUR_BATCH_ID", "ip_pool_name": "pool-7"}},
}
"""By host: fields that a full answer has beside those of the stub."""
KNOWN_HEADERS: dict[str, str] = {
    "Date": "Mon, 23 Nov 2026 12:00:00 GMT",
    "ETag": 'W/"7638417db6d59f3c431d3e1f261cc637155684cd"',
    "X-Ratelimit-Remaining": "4999",
    "X-Amzn-RequestId": "c6a8b2de-0a1b-4c3d-9e8f-7a6b5c4d3e2f",
    "Strict-Transport-Security": "max-age=31556926; includeSubDomains; preload",
    "Content-Security-Policy": "default-src 'none'; script-src 'nonce-a1'",
    "Via": "1.1 3e1f261cc637155684cd.cloudfront.net (CloudFront)",
    "X-Amz-Cf-Id": "ZrGm3LQ0K7hJ2xYb5nVw8tRq1sUe4fDa6cPo9iLk3mHg7jBv==",
    "X-Trace": "2B1f0c8e7d6b5a493827160594837261504F3E2D1C0B",
    "CF-RAY": "7d0a1b2c3d4e5f60-FRA",
    "Set-Cookie": f"session={CANARY}; Path=/; HttpOnly",
}
"""What answers of vendors bear; only the session is secret."""


@dataclass(frozen=True)
class Sample:
    """A webhook as its sender posts it."""

    provider: str
    headers: dict[str, str]
    body: bytes
    content_type: str = "application/json"


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


WEBHOOKS: tuple[Sample, ...] = (
    Sample(
        "stripe",
        {"Stripe-Signature": f"t={_NOW},v1={CANARY}"},
        _json(
            {
                "id": "evt_1NG8Du2eZvKYlo2CUI79vXWy",
                "object": "event",
                "api_version": "2019-02-19",
                "data": {"object": _STRIPE_CUSTOMER | {"client_secret": "pi_1_secret_" + CANARY}},
                "pending_webhooks": 1,
                "request": {"id": "req_8a1b2c3d4e5f60", "idempotency_key": _UUID},
                "type": "customer.created",
            }
        ),
    ),
    Sample(
        "github",
        {
            "X-GitHub-Event": "push",
            "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
            "X-Hub-Signature-256": f"sha256={CANARY}",
            "X-GitHub-Hook-ID": "292430182",
        },
        _json(
            {
                "ref": "refs/heads/main",
                "before": _SHA,
                "after": _SHA[::-1],
                "head_commit": {"id": _SHA, "tree_id": _SHA[::-1], "author": {"name": "Mona"}},
                "repository": {"id": 1296269, "node_id": "MDEwOlJlcG9zaXRvcnkxMjk2MjY5"},
                "issue": _GITHUB_ISSUE,
            }
        ),
    ),
    Sample(
        "slack",
        {"X-Slack-Signature": f"v0={CANARY}", "X-Slack-Request-Timestamp": str(_NOW)},
        _json(
            {
                "token": CANARY,
                "team_id": "T061EG9R6",
                "api_app_id": "A0MDYCDME",
                "event": {"type": "app_mention", "user": "U061F7AUR", "ts": "1515449522.000016"},
                "type": "event_callback",
                "event_id": "Ev0MDYGDKJ",
                "authorizations": [{"enterprise_id": None, "is_bot": True}],
                "event_context": "EC12345",
            }
        ),
    ),
    Sample(
        "twilio",
        {"X-Twilio-Signature": CANARY + "=", "I-Twilio-Idempotency-Token": _UUID},
        urlencode(
            {
                "MessageSid": "SM0a1b2c3d4e5f60718293a4b5c6d7e8f9",
                "AccountSid": "AC" + "0" * 32,
                "MessageStatus": "delivered",
                "From": "+4912345",
                "ApiVersion": "2010-04-01",
                "Body": "Your key is under the mat",
            }
        ).encode(),
        "application/x-www-form-urlencoded",
    ),
    Sample(
        "sendgrid",
        {
            "X-Twilio-Email-Event-Webhook-Signature": CANARY + "==",
            "X-Twilio-Email-Event-Webhook-Timestamp": str(_NOW),
        },
        _json(
            [
                {
                    "email": "b@example.com",
                    "timestamp": _NOW,
                    "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
                    "event": "processed",
                    "sg_event_id": "rbtnWrG1DVDGGGFHFyun0A==",
                    "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
                }
            ]
        ),
    ),
    Sample(
        "resend",
        {"svix-id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", "svix-signature": f"v1,{CANARY}="},
        _json(
            {
                "type": "email.delivered",
                "created_at": "2024-11-22T23:41:12.126Z",
                "data": {"email_id": _UUID, "subject": "Alarm", "to": ["b@example.com"]},
            }
        ),
    ),
    Sample(
        "aws-sns",
        {"x-amz-sns-message-type": "Notification", "x-amz-sns-message-id": _UUID},
        _json(
            {
                "Type": "Notification",
                "MessageId": _UUID,
                "TopicArn": "arn:aws:sns:eu-west-1:123456789012:fleet",
                "Message": _json({"device": "kitchen", "on": True}).decode(),
                "Timestamp": "2012-05-02T00:54:06.655Z",
                "SignatureVersion": "1",
                "Signature": CANARY + "==",
                "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-"
                "f3ecfb7224c7233fe7bb5f59f96de52f.pem",
                "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe"
                "&SubscriptionArn=arn:aws:sns:eu-west-1:123456789012:fleet:c9135db0-26c4-47ec",
            }
        ),
        "text/plain; charset=UTF-8",
    ),
    Sample(
        "azure-event-grid",
        {"aeg-event-type": "Notification", "aeg-subscription-name": "FLEET"},
        _json(
            [
                {
                    "id": "2da5e9b4-4e38-04c1-cc58-9da0b37230c0",
                    "topic": "/SUBSCRIPTIONS/aa98974b-5d2a-4d98-a78a-382f3715d07e/RESOURCEGROUPS/R",
                    "subject": "devices/kitchen",
                    "eventType": "Microsoft.Devices.DeviceConnected",
                    "data": {"deviceId": "kitchen", "hubName": "ACME", "sequenceNumber": "0000"},
                    "dataVersion": "1",
                }
            ]
        ),
    ),
    Sample(
        "google-pubsub",
        {"Authorization": f"Bearer {CANARY}"},
        _json(
            {
                "message": {
                    "attributes": {"deviceId": "kitchen", "projectId": "p"},
                    "data": "eyJ0ZW1wZXJhdHVyZSI6IDIxLjUsICJyb29tIjogImtpdGNoZW4ifQ==",
                    "messageId": "2070443601311540",
                    "publishTime": "2021-02-26T19:13:55.749Z",
                },
                "subscription": "projects/p/subscriptions/s",
            }
        ),
    ),
    Sample(
        "golioth",
        {"X-Golioth-Signature": CANARY},
        _json(
            {
                "project_id": "fleet",
                "device_id": "68bf1cc5425dd2ea93f248a3",
                "timestamp": "2025-01-02T03:04:05.678Z",
                "data": {"temperature": 21.5, "counter": 1234567890123456},
            }
        ),
    ),
)
