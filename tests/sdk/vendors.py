"""One stub of all vendors: answers of the shape that their libraries expect, by host and path."""

import json
from typing import Any

from tests.support.partner import Answer, Received

HOSTS = (
    "api.golioth.io",
    "iot.eu-west-1.amazonaws.com",
    "data-ats.iot.eu-west-1.amazonaws.com",
    "email.eu-west-1.amazonaws.com",
    "sts.eu-west-1.amazonaws.com",
    "acme-hub.azure-devices.net",
    "pubsub.googleapis.com",
    "gmail.googleapis.com",
    "slack.com",
    "www.slack.com",
    "files.slack.com",
    "hooks.slack.com",
    "api.sendgrid.com",
    "api.resend.com",
    "api.stripe.com",
    "api.github.com",
    "api.twilio.com",
    "acme.webhook.office.com",
    "hooks.example.com",
)

_STATISTICS = {"totalDeviceCount": 2, "enabledDeviceCount": 2, "disabledDeviceCount": 0}
_DEVICE = {"deviceId": "kitchen", "status": "enabled"}
_USER = {"login": "octocat", "id": 1, "url": "https://api.github.com/users/octocat"}
_ISSUE = {
    "id": 7,
    "number": 7,
    "title": "Broken",
    "url": "https://api.github.com/repos/o/r/issues/7",
}
_REPOSITORY = {
    "id": 1,
    "name": "r",
    "full_name": "o/r",
    "url": "https://api.github.com/repos/o/r",
    "issues_url": "https://api.github.com/repos/o/r/issues{/number}",
}

# (method, host, beginning of the path) -> JSON; the first that fits.
_ANSWERS: list[tuple[str, str, str, Any]] = [
    ("GET", "api.golioth.io", "/v1/projects/fleet/devices", {"list": [], "total": 0}),
    ("POST", "api.golioth.io", "/v1/projects/fleet/devices", {"data": {"id": "68bf1cc5"}}),
    ("GET", "iot.", "/things", {"things": [{"thingName": "kitchen"}]}),
    ("GET", "iot.", "/endpoint", {"endpointAddress": "a1-ats.iot.eu-west-1.amazonaws.com"}),
    ("POST", "iot.", "/things/", {"thingName": "kitchen", "thingArn": "arn", "thingId": "1"}),
    ("POST", "email.", "/v2/email/outbound-emails", {"MessageId": "m-1"}),
    ("GET", "email.", "/v2/email/account", {"SendingEnabled": True}),
    ("GET", "acme-hub", "/statistics/devices", _STATISTICS),
    ("GET", "acme-hub", "/devices?", [_DEVICE]),
    ("POST", "acme-hub", "/devices/query", [_DEVICE]),
    ("PUT", "acme-hub", "/devices/", _DEVICE),
    ("PATCH", "acme-hub", "/twins/", {"deviceId": "kitchen", "etag": "AAAA"}),
    ("GET", "pubsub", "/v1/projects/p/topics", {"topics": [{"name": "projects/p/topics/t"}]}),
    ("POST", "pubsub", "/v1/projects/p/topics/t:publish", {"messageIds": ["1"]}),
    ("POST", "pubsub", "/v1/projects/p/subscriptions/s:pull", {"receivedMessages": []}),
    ("POST", "gmail", "/gmail/v1/users/me/messages/send", {"id": "1"}),
    ("POST", "slack.com", "/api/auth.test", {"ok": True, "team": "Acme"}),
    ("POST", "slack.com", "/api/chat.postMessage", {"ok": True, "ts": "1.2", "channel": "C1"}),
    (
        "POST",
        "slack.com",
        "/api/files.getUploadURLExternal",
        {"ok": True, "file_id": "F1", "upload_url": "https://files.slack.com/upload/v1/ABCdef12"},
    ),
    (
        "POST",
        "slack.com",
        "/api/files.completeUploadExternal",
        {"ok": True, "files": [{"id": "F1"}]},
    ),
    ("GET", "api.sendgrid.com", "/v3/scopes", {"scopes": ["mail.send"]}),
    ("POST", "api.resend.com", "/emails", {"id": "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"}),
    ("GET", "api.stripe.com", "/v1/balance", {"object": "balance", "available": []}),
    ("GET", "api.stripe.com", "/v1/customers", {"object": "list", "data": [], "has_more": False}),
    ("POST", "api.stripe.com", "/v1/customers", {"object": "customer", "id": "cus_1"}),
    ("GET", "api.github.com", "/user", _USER),
    ("GET", "api.github.com", "/repos/o/r/issues", [_ISSUE]),
    ("POST", "api.github.com", "/repos/o/r/issues", _ISSUE),
    ("GET", "api.github.com", "/repos/o/r", _REPOSITORY),
    ("POST", "api.twilio.com", "/2010-04-01/Accounts/", {"sid": "SM1", "status": "queued"}),
]


def answer(request: Received) -> Answer:
    """The vendor's answer, or an empty JSON object."""
    host = next((value for name, value in request.headers if name.lower() == "host"), "")
    if host.startswith("sts."):
        return Answer(200, _CALLER_IDENTITY, {"Content-Type": "text/xml"})
    if host == "api.sendgrid.com" and request.target == "/v3/mail/send":
        return Answer(202, b"", {"X-Message-Id": "msg-1"})
    if host in ("hooks.slack.com", "files.slack.com"):
        return Answer(200, b"ok", {"Content-Type": "text/plain"})
    if request.method == "DELETE":
        return Answer(204 if "azure" in host or "github" in host else 200)
    for method, beginning, path, value in _ANSWERS:
        if (
            request.method == method
            and host.startswith(beginning)
            and request.target.startswith(path)
        ):
            status = 201 if host == "api.github.com" and method == "POST" else 200
            headers = {"Content-Type": "application/json", "X-Request-Id": "req-vendor-1"}
            return Answer(status, json.dumps(value).encode(), headers)
    return Answer()


_CALLER_IDENTITY = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/a</Arn><UserId>A</UserId>
<Account>123456789012</Account></GetCallerIdentityResult>
<ResponseMetadata><RequestId>01234567</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""
