"""What is said about secrets, and what only looks like them: it stays readable."""

import json
from collections.abc import Iterator

from tests.store.redaction.corpus import (
    Case,
    form_case,
    header_case,
    json_case,
    text_case,
    url_case,
)
from tests.store.redaction.fakes import ALNUM, HEX, PASSWORD, TOKEN, draw, hexes, uuid

WHY = "no secret is in it"

SENTENCES = (
    "password: must not be blank",
    "secret: is required",
    "token: expired",
    "token: has expired",
    "Password: is too short (minimum is 8 characters)",
    "password: can't be blank",
    "api_key: missing",
    "Authorization: required",
    "Error: invalid token",
    "The token has expired at 2026-01-01.",
    "Your password was changed.",
    "password is required",
    "Invalid API key",
    "Missing authentication token",
    "Signature mismatch: check your clock",
    "The provided client secret keys are expired.",
    "Token refresh failed, retry in 5s",
    "Bearer realm keep",
    "invalid_token: The access token expired",
    "Please reset your password",
    "Password strength: weak",
    "session expired",
    "secret rotation is due in 3 days",
    "No API key provided.",
    "Cookie policy accepted",
    "Authentication failed for user keep",
    "unexpected token < in JSON at position 0",
    "Unexpected token } in line 7",
    "max_tokens must be less than 4096",
    "This model's maximum context length is 4097 tokens",
    "Rate limit reached: 90000 tokens per minute",
    "key not found: order-17",
    "duplicate key value violates unique constraint keep_idx",
    "Primary key: id",
    "foreign key orders.customer_id",
    "The CSRF token is invalid",
    "OTP sent to +1 ***",
    "credentials are valid",
    "private key file not readable",
    "certificate signature: sha256WithRSAEncryption",
)
FIELDS: dict[str, object] = {
    "django": {"password": ["This field is required."], "token": ["This field may not be blank."]},
    "django_not_listed": {"password": "This field is required."},
    "rails": {"errors": {"password": ["is too short (minimum is 8 characters)", "can't be blank"]}},
    "laravel": {
        "message": "The given data was invalid.",
        "errors": {"password": ["The password field is required."]},
    },
    "express": {"errors": [{"msg": "Invalid value", "param": "password", "location": "body"}]},
    "zod": {
        "issues": [
            {
                "code": "too_small",
                "minimum": 8,
                "path": ["password"],
                "message": "String must contain at least 8 character(s)",
            }
        ]
    },
    "pydantic": {
        "detail": [
            {"loc": ["body", "password"], "msg": "field required", "type": "value_error.missing"}
        ]
    },
    "json_api": {
        "errors": [
            {
                "source": {"pointer": "/data/attributes/password"},
                "detail": "must not be blank",
                "title": "Invalid Attribute",
            }
        ]
    },
    "spring": {
        "fieldErrors": [
            {"field": "password", "defaultMessage": "must not be blank", "code": "NotBlank"}
        ]
    },
    "oauth": {"error": "invalid_grant", "error_description": "Token has been expired or revoked."},
    "oauth_client": {"error": "invalid_client", "error_description": "Client secret is invalid"},
    "google": {
        "error": {
            "code": 401,
            "status": "UNAUTHENTICATED",
            "message": "Request had invalid authentication credentials.",
        }
    },
    "stripe": {
        "error": {
            "type": "invalid_request_error",
            "code": "token_already_used",
            "param": "source",
            "message": "You cannot use a token more than once",
        }
    },
    "openai": {
        "error": {"code": "invalid_api_key", "param": None, "type": "invalid_request_error"}
    },
    "openai_usage": {
        "usage": {
            "prompt_tokens": 19,
            "completion_tokens": 21,
            "total_tokens": 40,
            "completion_tokens_details": {"reasoning_tokens": 0},
        }
    },
    "openai_ask": {
        "model": "gpt-4o",
        "max_tokens": 256,
        "max_completion_tokens": 99,
        "stop": ["keep"],
    },
    "anthropic": {
        "usage": {"input_tokens": 10, "output_tokens": 25, "cache_creation_input_tokens": 0}
    },
    "tokenizer": {
        "tokenizer": "cl100k",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "pad_token_id": 0,
    },
    "policy": {
        "password_policy": {"min_length": 8, "require_symbols": True},
        "password_required": True,
    },
    "expiry": {
        "token_type": "bearer",
        "expires_in": 3600,
        "token_expires_at": "2026-01-02T03:04:05Z",
    },
    "flags": {"has_password": True, "password_set": False, "two_factor_secret_enabled": None},
    "updated": {"password_updated_at": "2026-01-02T03:04:05Z", "password_last_changed": 1767323045},
    "public": {
        "public_key_id": "pk-17",
        "publicKey": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE" + "keep",
    },
    "key_maps": {
        "keys": {"left": "a", "right": "d"},
        "key": "order-2026-117",
        "sort_key": "created#1",
    },
    "key_values": [
        {"key": "color", "value": "keep-blue"},
        {"Key": "Environment", "Value": "keep-prod"},
    ],
    "people": {
        "author": "Ada",
        "authority": "x1",
        "secretary": "Bo",
        "passenger": "Pax9",
        "passport_country": "DE",
    },
    "machines": {
        "monkey": "kk1",
        "keyboard": "qwerty",
        "keynote": "k-note",
        "hotkey": "ctrl+k",
        "turkey": "tk9",
    },
    "words": {
        "tokenization": "bpe",
        "signal": "keep-s",
        "assignment": "keep-a",
        "design": "keep-d",
        "pinned": "keep-p",
    },
    "more_words": {
        "spin": "up9",
        "opinion": "keep-o",
        "shipping": "keep-h",
        "sessionCount": 7,
        "pinterest": "keep-t",
    },
    "compass": {
        "compass": "NNW9",
        "bypass": "keep-b",
        "passage": "keep-g",
        "password_hint_shown": False,
    },
    "cookies": {"cookie_consent": "accepted", "cookiesEnabled": True, "accept_cookies": "yes"},
    "paging": {
        "next_page_token": "CAUQAA",
        "nextPageToken": "EAAaBlBUOkNBVQ",
        "cursor": "eyJpZCI6MTd9",
    },
    "paging_more": {
        "continuationToken": "keep-1712",
        "pageToken": "keep-18",
        "next_cursor": "dXNlcjpVMDYxTkZUVDI=",
    },
    "ids": {
        "id": uuid("keep"),
        "trace_id": hexes(32, "t"),
        "span_id": hexes(16, "s"),
        "etag": '"' + hexes(32, "e") + '"',
    },
    "hashes": {
        "sha": hexes(40, "g"),
        "sha256": hexes(64, "h"),
        "md5": hexes(32, "m"),
        "checksum": "crc32:" + hexes(8),
    },
    "idempotency": {
        "idempotency_key": uuid("i"),
        "dedup_key": draw(24, ALNUM, "dedup"),
        "idempotencyKey": uuid("j"),
    },
    "orders": {
        "order_number": "SO-2026-000117",
        "tracking_number": "1Z999AA10123456784",
        "invoice": "INV-0017",
    },
    "numbers": {
        "account_id": 123456789012,
        "phone": "+4915112345678",
        "ean": "4006381333931",
        "imei": "490154203237518",
    },
    "nulls": {"password": None, "token": "", "secret": False, "api_key": 0, "pin": None},
    "devices": {
        "deviceId": "d-7",
        "hardwareId": "hw-keep-1",
        "psk_id": "keep-psk-id",
        "keyId": "keep-key-id",
    },
    "aws": {
        "Arn": "arn:aws:iam::123456789012:user/keep",
        "UserId": "AIDAKEEPKEEPKEEP" + "17",
        "KeyId": "alias/keep",
    },
    "kms": {"KeyId": "arn:aws:kms:eu-west-1:123456789012:key/" + uuid("k"), "KeySpec": "AES_256"},
    "versions": {
        "version": "1.2.3",
        "build": "20261123.4",
        "commit": hexes(40, "c"),
        "image": "keep@sha256:" + hexes(64, "d"),
    },
    "places": {
        "lat": 52.520008,
        "lon": 13.404954,
        "plus_code": "9F4MGC2M+2X",
        "geohash": "u33dc1v0xupz",
    },
    "mail": {"from": "ann@keep.test", "to": ["bob@keep.test"], "message_id": "<2026.17@keep.test>"},
    "translations": {"login.password.label": "Password", "login.token.help": "Where is my token?"},
    "schema": {
        "properties": {"password": {"type": "string", "minLength": 8, "format": "password"}}
    },
    "open_api": {
        "securitySchemes": {"apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"}}
    },
    "graphql": {
        "query": "query U($token: String!) { user(token: $token) { id author tokenCount } }"
    },
    "html": {
        "html": "<label for='password'>Password</label><input type='password' name='password'>"
    },
    "crypto": {"token_symbol": "USDC", "token_decimals": 6, "tokenAddress": "0x" + "b2" * 20},
    "image": {"img": "data:image/png;base64," + "iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB"},
    "scopes": {"scope": "read:keep write:tokens", "permissions": ["secrets:read", "tokens:list"]},
}
QUERIES = (
    "page=7&per_page=100&sort=key",
    "next_page_token=CAUQAA&page_size=5",
    "cursor=eyJpZCI6MTd9&limit=2",
    f"trace_id={hexes(32, 'q')}&span=keep",
    f"id={uuid('q')}&fields=author,authority",
    "key=order-17&value=keep",
    "token_type=bearer&expires_in=3600",
    "max_tokens=256&tokenizer=bpe",
    "password_required=true&has_secret=false",
    "grant_type=client_credentials&scope=keep%20more",
    "q=how+to+reset+my+password&lang=en",
    "q=secret+garden&author=Burnett",
    f"sha={hexes(40, 'q')}&ref=main",
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-SignedHeaders=host%3Bx-amz-date",
    "redirect_uri=https%3A%2F%2Fapp.keep.test%2Fcb%3Fa%3D1&state_code=keep",
    "filter%5Bkey%5D=color&filter%5Bvalue%5D=blue",
    "next=%2Fsettings%2Ftokens%2Fnew",
    "idempotency_key=" + uuid("w"),
    "sort_key=name&partition_key=de",
    "zip=10117&city=Berlin&pin_color=red",
)
HEADERS = {
    "X-Request-Id": uuid("r"),
    "X-Amzn-Trace-Id": "Root=1-67891233-abcdef012345678912345678",
    "traceparent": "00-" + hexes(32, "tp") + "-" + hexes(16, "tp") + "-01",
    "b3": hexes(32, "b3") + "-" + hexes(16, "b3") + "-1",
    "ETag": 'W/"' + hexes(32, "et") + '"',
    "If-None-Match": '"' + hexes(40, "in") + '"',
    "Idempotency-Key": uuid("ik"),
    "X-Idempotency-Key": uuid("xi"),
    "X-RateLimit-Limit-Tokens": "150000",
    "X-RateLimit-Remaining": "59",
    "Stripe-Version": "2026-01-01",
    "X-GitHub-Delivery": uuid("gd"),
    "X-GitHub-Event": "push",
    "X-Shopify-Topic": "orders/create",
    "X-Slack-Request-Timestamp": "1795415000",
    "Webhook-Id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
    "Webhook-Timestamp": "1795415000",
    "Content-MD5": "Q2hlY2sgSW50ZWdyaXR5IQ==",
    "X-Amz-Content-Sha256": hexes(64, "ac"),
    "X-Content-Type-Options": "nosniff",
    "Access-Control-Allow-Headers": "Authorization, X-Api-Key",
    "WWW-Authenticate": 'Bearer realm="keep", error="invalid_token"',
    "X-Keyboard-Layout": "qwerty",
    "X-Author": "Ada",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-Fetch-Mode": "cors",
    "X-Token-Count": "417",
    "X-Signature-Version": "2",
    "X-Amz-Version-Id": "3HL4kqtJvjVBH40Nrjfkd",
    "CF-Ray": "7f0d3e2b4a5c6d7e-FRA",
    "X-Cache-Key": "/v1/keep?x=1",
    "Surrogate-Key": "page/17 list",
    "Accept": "application/vnd.keep+json",
    "User-Agent": "keep-agent/1.0 (+https://keep.test/token-policy)",
}


def cases() -> Iterator[Case]:
    """All of them."""
    for number, sentence in enumerate(SENTENCES):
        said = json.dumps({"message": sentence, "detail": [sentence]})
        answer = Case(f"said_{number}", WHY, (), (sentence,), response_body=said)
        yield answer
        yield text_case(
            f"said_{number}_text", WHY, f"{sentence}\nkeep-1\n", (), (sentence, "keep-1")
        )
    for name, value in FIELDS.items():
        body = json.dumps(value)
        yield json_case(f"field_{name}", WHY, body, (), (body,))
    for number, query in enumerate(QUERIES):
        yield url_case(
            f"query_{number}", WHY, f"https://api.example.test/v1/a?{query}", (), (query,)
        )
        yield form_case(f"query_{number}_form", WHY, query, (), (query,))
        inside = json.dumps({"url": f"https://api.example.test/v1/a?{query}"})
        yield json_case(f"query_{number}_json", WHY, inside, (), (query,))
    for name, value in HEADERS.items():
        yield header_case(f"header_{name.lower()}", name, value, (), (value,), WHY)
    yield from _mixed()


def _mixed() -> Iterator[Case]:
    """A secret goes, what is said about it stays."""
    for number, (text, kept) in enumerate(
        (
            (f"password: {PASSWORD}\nsecret: is required\n", "secret: is required"),
            (f"login failed, password={PASSWORD}; token: expired", "token: expired"),
            (
                f"<e><password>{PASSWORD}</password><hint>must not be blank</hint></e>",
                "must not be blank",
            ),
            (f"Authorization: Bearer {TOKEN}\nX-Keep: keep-2\n", "X-Keep: keep-2"),
            (f"curl -u ann:{PASSWORD} https://keep.test/a", "https://keep.test/a"),
            (f"user ann set password to {PASSWORD}, role is keep-r", "role is keep-r"),
        )
    ):
        gone = TOKEN if TOKEN in text else PASSWORD
        yield text_case(
            f"said_and_{number}", "the value goes, the words stay", text, (gone,), (kept,)
        )
    digits = draw(40, HEX, "mixed")
    yield json_case(
        "said_hash_and_token",
        "a hash stays, the token goes",
        json.dumps({"commit": digits, "token": TOKEN}),
        (TOKEN,),
        (digits,),
    )
