"""Real-looking traffic of providers: what is cut is named, all else must stay."""

# ruff: noqa: E501 - tables of texts are read line by line

import json
from collections.abc import Iterator

from tests.store.redaction.corpus import Case, json_case
from tests.store.redaction.fakes import TOKEN, draw, hexes, uuid

KEPT = {
    "github_push": {
        "ref": "refs/heads/main",
        "before": "9fceb02d0ae598e95dc970b74767f19372d61af8",
        "after": "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c",
        "repository": {
            "id": 35129377,
            "full_name": "acme/w",
            "owner": {"name": "acme", "email": "a@acme.test"},
            "keys_url": "https://api.github.com/repos/acme/w/keys{/key_id}",
        },
        "pusher": {"name": "ada"},
        "head_commit": {
            "author": {"name": "Ada", "username": "ada"},
            "message": "Fix tokenizer; rename key",
        },
    },
    "stripe_event": {
        "id": "evt_1NG8Du2eZvKYlo2CUI79vXWy",
        "object": "event",
        "api_version": "2024-06-20",
        "created": 1686089970,
        "data": {
            "object": {
                "id": "cus_NffrFeUfNV2Hib",
                "invoice_prefix": "0759376C",
                "livemode": False,
                "metadata": {"order_key": "A-17"},
            }
        },
        "request": {"id": "req_X", "idempotency_key": "5ab5f1e6-9e1a-4d0b-8f1d-0d6c1f9f7a11"},
        "type": "customer.created",
    },
    "slack_event": {
        "team_id": "T123ABC456",
        "api_app_id": "A123ABC456",
        "event": {
            "type": "message",
            "channel": "C123ABC456",
            "user": "U123ABC456",
            "text": "Live long and prospect.",
            "ts": "1515449522.000016",
        },
        "type": "event_callback",
        "event_id": "Ev123ABC456",
        "event_time": 1515449522000016,
    },
    "openai_usage": {
        "id": "chatcmpl-123",
        "object": "chat.completion",
        "created": 1677652288,
        "model": "gpt-4o-mini",
        "system_fingerprint": "fp_44709d6fcb",
        "usage": {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21},
    },
    "golioth_devices": {
        "list": [
            {
                "id": "65a5f3c2e1b7d94f0c8a1234",
                "hardwareIds": ["hw-1"],
                "name": "sensor-7",
                "createdAt": "2026-01-02T03:04:05Z",
                "tagIds": [],
                "data": {"sensor": {"temp": 21.5}},
                "enabled": True,
            }
        ],
        "page": 0,
        "perPage": 10,
        "total": 1,
    },
    "azure_twin": {
        "deviceId": "d-7",
        "etag": "AAAAAAAAAAE=",
        "deviceEtag": "NzgxNTg5NjQz",
        "status": "enabled",
        "authenticationType": "sas",
        "x509Thumbprint": {"primaryThumbprint": None, "secondaryThumbprint": None},
        "properties": {"desired": {"$version": 1}},
    },
    "aws_thing": {
        "thingName": "sensor-7",
        "thingArn": "arn:aws:iot:eu-west-1:123456789012:thing/sensor-7",
        "thingId": "0d3f1e2c-5b6a-4c7d-8e9f-a0b1c2d3e4f5",
        "attributes": {"key": "value-1"},
        "version": 1,
    },
    "pubsub": {
        "message": {
            "attributes": {"deviceId": "d-7"},
            "messageId": "2070443601311540",
            "publishTime": "2026-02-26T19:13:55.749Z",
        },
        "subscription": "projects/p/subscriptions/s",
    },
    "sendgrid_event": [
        {
            "email": "a@example.test",
            "timestamp": 1513299569,
            "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
            "event": "processed",
            "sg_event_id": "sg_event_id",
            "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        }
    ],
    "twilio_message": {
        "sid": "SM0123456789abcdef0123456789abcdef",
        "account_sid": "AC0123456789abcdef0123456789abcdef",
        "body": "Hi there",
        "status": "queued",
        "uri": "/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages/SM0123456789abcdef0123456789abcdef.json",
    },
    "shopify_order": {
        "id": 820982911946154508,
        "admin_graphql_api_id": "gid://shopify/Order/820982911946154508",
        "checkout_id": 901414060,
        "currency": "USD",
        "order_number": 1234,
        "total_price": "409.94",
        "customer": {"first_name": "Ada"},
    },
    "pagerduty": {
        "event": {
            "id": "01BWEWE7OJ9VZQ9O",
            "event_type": "incident.triggered",
            "resource_type": "incident",
            "data": {
                "id": "PGR0VU2",
                "incident_key": "d3640fbd41094207a1c11e58e46b1662",
                "title": "A little bump",
            },
        }
    },
    "openid_configuration": {
        "issuer": "https://a.test",
        "authorization_endpoint": "https://a.test/authorize",
        "token_endpoint": "https://a.test/oauth/token",
        "jwks_uri": "https://a.test/.well-known/jwks.json",
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
    },
    "json_schema": {
        "type": "object",
        "required": ["password", "api_key"],
        "properties": {
            "password": {"type": "string", "minLength": 8},
            "api_key": {"type": "string", "description": "The API key"},
            "token": {"$ref": "#/components/schemas/Token"},
        },
    },
    "permissions": {
        "permissions": ["secrets:read", "tokens:write", "password.reset"],
        "role": "secrets-admin",
    },
    "i18n": {"messages": {"title": "Sign in", "forgot": "Forgot password?"}, "locale": "de"},
    "feature_flags": {
        "enable_api_keys": True,
        "password_login": False,
        "show_token_usage": True,
        "max_sessions": 5,
    },
    "metrics": {
        "tokens_per_second": 41.5,
        "cache_keys": 1200,
        "secret_scans": 3,
        "auth_failures": 2,
        "session_minutes": 12,
    },
    "audit": {
        "action": "token.revoked",
        "target": {"type": "api_key", "id": "ak_17"},
        "actor": "ada",
    },
    "kubernetes_list": {
        "kind": "SecretList",
        "items": [
            {
                "metadata": {
                    "name": "db-credentials",
                    "namespace": "prod",
                    "uid": "0d3f1e2c-5b6a-4c7d-8e9f-a0b1c2d3e4f5",
                },
                "type": "Opaque",
            }
        ],
    },
    "pins": {"gpio": {"pin": 13, "mode": "out"}, "pins": [1, 2, 3]},
    "cards": {
        "card": {
            "brand": "visa",
            "last4": "4242",
            "exp_month": 12,
            "exp_year": 2031,
            "fingerprint": "Xt5EWLLDS7FJjR1c",
        }
    },
    "geo": {"coordinates": [13.404954, 52.520008], "bbox": [-180.0, -90.0, 180.0, 90.0]},
    "error": {
        "error": {
            "type": "invalid_request_error",
            "code": "parameter_missing",
            "param": "token",
            "message": "Missing required param: token.",
        }
    },
}


def cases() -> Iterator[Case]:
    """All of them."""
    for name, body in KEPT.items():
        text = json.dumps(body)
        yield json_case(
            f"keep_traffic_{name}", "an everyday message without a credential", text, (), (text,)
        )
        pretty = json.dumps(body, indent=2)
        yield Case(
            f"keep_traffic_{name}_answer",
            "the same as an answer",
            (),
            (pretty,),
            response_body=pretty,
            response_headers=[("Content-Type", "application/json")],
        )
    yield from mixed()


def mixed() -> Iterator[Case]:
    """Messages with a credential among much that must stay."""
    bodies = {
        "oauth_answer": (
            {
                "access_token": TOKEN,
                "token_type": "Bearer",
                "expires_in": 3599,
                "refresh_token": draw(40, seed="m1"),
                "scope": "read write",
            },
            (TOKEN, draw(40, seed="m1")),
            ("Bearer", "3599", "read write"),
        ),
        "slack_verification": (
            {
                "token": draw(24, seed="m2"),
                "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P",
                "type": "url_verification",
            },
            (draw(24, seed="m2"),),
            ("3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P",),
        ),
        "golioth_key": (
            {
                "data": {
                    "id": "k-1",
                    "apikey": draw(32, seed="m3"),
                    "createdAt": "2026-01-02T03:04:05Z",
                }
            },
            (draw(32, seed="m3"),),
            ("k-1", "2026-01-02T03:04:05Z"),
        ),
        "golioth_psk": (
            {
                "data": {
                    "id": "c-1",
                    "type": "PRE_SHARED_KEY",
                    "preSharedKey": "0b2c4a-fake-psk",
                    "identity": "dev-7@proj",
                }
            },
            ("0b2c4a-fake-psk",),
            ("dev-7@proj", "PRE_SHARED_KEY"),
        ),
        "iam_key": (
            {
                "AccessKey": {
                    "UserName": "ada",
                    "Status": "Active",
                    "SecretAccessKey": draw(40, seed="m4"),
                    "CreateDate": "2026-01-02",
                }
            },
            (draw(40, seed="m4"),),
            ("ada", "Active", "2026-01-02"),
        ),
        "iot_keys": (
            {
                "certificateArn": "arn:aws:iot:eu:1:cert/abc",
                "certificateId": "abc",
                "keyPair": {
                    "PublicKey": "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n",
                    "PrivateKey": "-----BEGIN RSA PRIVATE "
                    + "KEY-----\n"
                    + draw(64, seed="m5")
                    + "\n-----END RSA PRIVATE KEY-----\n",
                },
            },
            (draw(64, seed="m5"),),
            ("arn:aws:iot:eu:1:cert/abc", "MIIB"),
        ),
        "dps_enrollment": (
            {
                "registrationId": "r-1",
                "attestation": {
                    "type": "symmetricKey",
                    "symmetricKey": {
                        "primaryKey": draw(43, seed="m6") + "=",
                        "secondaryKey": draw(43, seed="m7") + "=",
                    },
                },
            },
            (draw(43, seed="m6"), draw(43, seed="m7")),
            ("r-1",),
        ),
        "sns": (
            {
                "Type": "SubscriptionConfirmation",
                "Token": hexes(128, "m8"),
                "TopicArn": "arn:aws:sns:us:1:t",
                "Signature": draw(80, seed="m9") + "==",
                "SignatureVersion": "1",
                "SigningCertURL": "https://sns.test/c.pem",
            },
            (hexes(128, "m8"), draw(80, seed="m9")),
            ("arn:aws:sns:us:1:t", '"SignatureVersion": "1"', "https://sns.test/c.pem"),
        ),
        "vault_login": (
            {
                "auth": {
                    "client_token": draw(30, seed="m10"),
                    "accessor": "acc-1",
                    "policies": ["web"],
                    "lease_duration": 2764800,
                }
            },
            (draw(30, seed="m10"),),
            ("acc-1", "web", "2764800"),
        ),
        "approle": (
            {"role_id": uuid("role"), "secret_id": uuid("sid")},
            (uuid("sid"),),
            ("role_id",),
        ),
        "payment": (
            {"card": {"number": "4242" * 4, "cvc": "314", "exp_month": 12, "name": "Ada"}},
            ("4242" * 4, '"314"'),
            ("Ada", "12"),
        ),
        "twofactor": (
            {"user": "ada", "otp": "493817", "device": "phone-1"},
            ("493817",),
            ("ada", "phone-1"),
        ),
        "smtp": (
            {
                "smtp": {
                    "host": "smtp.test",
                    "port": 587,
                    "user": "mailer",
                    "pass": "m4ilFake!",
                    "secure": True,
                }
            },
            ("m4ilFake!",),
            ("smtp.test", "mailer", "587"),
        ),
        "wifi": (
            {"ssid": "office", "psk": "wpa-Fake-77", "security": "wpa2"},
            ("wpa-Fake-77",),
            ("office", "wpa2"),
        ),
        "lorawan": (
            {
                "devEui": "70B3D57ED0000001",
                "appKey": hexes(32, "m11"),
                "nwkSKey": hexes(32, "m12"),
                "appSKey": hexes(32, "m13"),
            },
            (hexes(32, "m11"), hexes(32, "m12"), hexes(32, "m13")),
            ("70B3D57ED0000001",),
        ),
    }
    for name, (body, gone, kept) in bodies.items():
        for form, text in (
            ("compact", json.dumps(body, separators=(",", ":"))),
            ("spaced", json.dumps(body)),
        ):
            wanted = tuple(k.replace('": "', '":"') if form == "compact" else k for k in kept)
            yield json_case(f"mixed_{name}_{form}", "only the credential goes", text, gone, wanted)
