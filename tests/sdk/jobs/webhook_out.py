"""Notifications by webhook: Microsoft Teams, and a partner of our own by Standard Webhooks."""

import base64
import datetime
import json
import sys

import requests
from standardwebhooks import Webhook

GROUP = "0a1b2c3d-0000-4000-8000-00000000000"
requests.post(
    f"https://acme.webhook.office.com/webhookb2/{GROUP}1@{GROUP}2/IncomingWebhook/"
    f"{sys.argv[1]}/{GROUP}3",
    json={"text": "It is hot."},
    timeout=10,
).raise_for_status()
now = datetime.datetime.now(datetime.UTC)
body = json.dumps({"type": "device.hot"})
signature = Webhook(base64.b64encode(sys.argv[1].encode()).decode()).sign("msg_1", now, body)
requests.post(
    "https://hooks.example.com/in",
    data=body,
    headers={
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
        "X-Wiretrail-Activity-Type": "notification_webhook",
        "X-Wiretrail-Integration": "acme-hooks",
    },
    timeout=10,
).raise_for_status()
