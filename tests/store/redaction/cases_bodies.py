"""JSON, forms, multipart and what is in them."""

# ruff: noqa: E501, SIM905 - tables of texts are read line by line

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote_plus

from tests.store.redaction.corpus import Case, form_case, json_case
from tests.store.redaction.fakes import CARD, JWT, PASSWORD, PEM, TOKEN, draw, hexes, uuid, word

NAMES = (
    "password passwd pwd pw pass passphrase passcode secret client_secret clientSecret ClientSecret "
    "client-secret api_key apiKey APIKey apikey api-key ApiKey access_token accessToken refresh_token "
    "id_token auth_token bearer_token session_token csrf_token private_key privateKey secret_key "
    "secretKey aws_secret_access_key SecretAccessKey signing_key encryption_key master_key "
    "shared_access_key SharedAccessKey account_key storage_key subscription_key webhook_secret "
    "signing_secret app_secret appSecret consumer_secret db_password DB_PASSWORD dbPassword "
    "databasePassword root_password user_password new_password newPassword old_password "
    "password_confirmation passwordConfirm confirm_password current_password password1 smtp_pass "
    "mysqlPassword basic_auth_password credential credentials jwt otp_secret totp_secret psk "
    "preSharedKey pre_shared_key wifi_password wpa_passphrase device_secret device_token deviceToken "
    "registration_token push_token bot_token oauth_token oauth_token_secret sas_token sasToken "
    "connection_password license_key security_answer secret_answer recovery_code seed_phrase mnemonic "
    "session_id sessionId sessionKey cookie authorization x_api_key signature hmac "
    "keystore_password truststorePassword pfxPassword sshPrivateKey primaryKey secondaryKey "
    "masterPassword api_secret apiSecret token_secret tokenSecret verification_token "
    "invitation_token reset_password_token authenticity_token xsrfToken PASSWORD_HASH passwordHash "
    "service_account_key functions_key admin_key write_key ingest_token server_token "
    "account_sas_token userPassword PassWord passWord Passwort kennwort"
).split()

KEPT = {
    "author": "Ada",
    "authority": "x-1",
    "authorized_by": "Bo",
    "secretary": "Cy",
    "monkey": "kk1",
    "keyboard": "qwerty-layout",
    "passenger": "Pax9",
    "compass": "NNW",
    "tokenizer": "bpe-32k",
    "keynote": "k-note",
    "token_type": "bearer",
    "token_count": 12,
    "total_tokens": 1234567,
    "max_tokens": 4096,
    "prompt_tokens": 17,
    "completion_tokens": 250000,
    "password_required": True,
    "password_min_length": 12,
    "password_changed_at": "2026-01-02T03:04:05Z",
    "public_key_id": "key-7f3a",
    "key": "PROJ-123",
    "primary_key": "user_id",
    "foreign_key": "order_id",
    "sort_key": "created_at#1",
    "partition_key": "tenant-7",
    "object_key": "uploads/2026/a.png",
    "cache_key": "user:42:profile",
    "idempotency_key": "order-42-attempt-1",
    "next_page_token": "CAUQAA8xY2QyZTNm",
    "nextToken": "AAMA-EFRSUMzaW5nbGU",
    "page_token": "abc123DEF456ghi7",
    "session_count": 4,
    "session_duration": 3600,
    "pass": True,
    "passed": 41,
    "pin_count": 2,
    "secret_name": "prod/db",
    "secret_id_count": 1,
    "token_url": "https://a.test/oauth/token",
    "auth_uri": "https://a.test/o/auth",
    "auth_type": "oauth2",
    "signature_version": "4",
    "signed_at": "2026-01-02",
    "cookie_consent": "accepted",
    "cookies_enabled": True,
    "hash": "9fceb02d0ae598e95dc970b74767f193",
    "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "etag": "686897696a7c876b7e",
    "commit": "9fceb02d0ae598e95dc970b74767f19372d61af8",
    "order_number": "4012-8888-0001",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "id": "0d3f1e2c-5b6a-4c7d-8e9f-a0b1c2d3e4f5",
    "account_sid": "AC0123456789abcdef0123456789abcdef",
    "message_sid": "SM0123456789abcdef0123456789abcdef",
    "user_id": "U024BE7LH",
    "client_id": "keep-client-1",
    "country_code": "DE",
    "error_code": "E1234",
    "code": "card_declined",
    "status_code": 401,
    "zip_code": "10115",
    "description": "Forgot your password? Ask the secretary.",
    "hint": "token expired",
    "bypass": "no-1",
    "timestamp": 1795415000123,
    "snowflake": "1234567890123456789",
    "phone": "+49 30 1234567",
    "iban_like": "order DE 42",
    "version": "1.2.3",
    "design": "sig-nature",
    "tokens_used": 321,
    "keys_pressed": 5,
    "credential_type": "sas",
    "password_policy": "strong",
    "accessKeyName": "iothubowner-7",
    "secretly": "fun-1",
    "api_key_id": "ak-17",
    "tokenized": "yes-1",
    "encryption": "AES256",
    "certificate_id": "c-1",
    "passport": "P-1234",
    "passive": "p-1",
    "pinned": "pin-it",
    "authenticated": True,
    "token_expires_in": 3600,
}


def cases() -> Iterator[Case]:
    """All of them."""
    for name in NAMES:
        value = draw(22, seed=name)
        yield json_case(
            f"json_name_{name}",
            f"{name} names a credential",
            json.dumps({"n": "keepme", name: value}),
            (value,),
            ("keepme", f'"{name}"'),
        )
    for number, (name, value) in enumerate(KEPT.items()):
        body = json.dumps({name: value})
        yield json_case(f"keep_json_{number}_{name}", f"{name} is no credential", body, (), (body,))
    yield from json_structures()
    yield from json_texts()
    yield from related()
    yield from forms()
    yield from multiparts()
    yield from taints()


def json_structures() -> Iterator[Case]:
    """Where in a document a secret may stand."""
    secret = PASSWORD
    bodies = {
        "nested": {"a": {"b": [{"c": {"password": secret, "n": "keepme"}}]}},
        "list_under_name": {"passwords": [secret, TOKEN], "n": "keepme"},
        "object_under_name": {"secret": {"value": secret, "name": "keepme"}},
        "map_under_name": {"secrets": {"DB": secret, "MQ": TOKEN}, "n": "keepme"},
        "credentials": {"credentials": {"username": "keepme", "pass": secret, "extra": TOKEN}},
        "token_object": {"token": {"type": "keepme", "value": secret, "expires_at": "2026-11-23"}},
        "azure_iot": {
            "authentication": {
                "symmetricKey": {"primaryKey": draw(43, seed="k1") + "=", "secondaryKey": secret},
                "type": "keepme",
            }
        },
        "deep": json.loads(
            '{"a":' * 60 + json.dumps({"password": secret, "n": "keepme"}) + "}" * 60
        ),
        "spaced_name": {"Api Key": secret, "API  KEY": TOKEN, "n": "keepme"},
        "dotted_name": {"spring.datasource.password": secret, "n": "keepme"},
        "bracketed_name": {"user[password]": secret, "n": "keepme"},
        "echoed_headers": {
            "headers": {
                "Authorization": f"Bearer {TOKEN}",
                "Cookie": f"a={secret}; b=keepme",
                "Host": "keepme",
            }
        },
        "header_lists": {"headers": [["Authorization", f"Bearer {TOKEN}"], ["Host", "keepme"]]},
        "key_is_secret": {"xs": {word("gh", "p_") + draw(36, seed="kis"): 1}, "n": "keepme"},
        "empty_and_null": {
            "password": "",
            "token": None,
            "secret": False,
            "api_key": 0,
            "n": "keepme",
        },
        "pin_number": {"pin": 493817, "n": "keepme"},
        "otp_number": {"otp": 493817, "cvv": 123, "n": "keepme"},
        "card_number": {"number": int(CARD), "n": "keepme"},
        "card_text": {"memo": f"paid with {CARD} today", "n": "keepme"},
        "card_spaced": {"memo": "card 4242 4242 4242 4242 exp 12/27", "n": "keepme"},
        "card_dashes": {"memo": "4242-4242-4242-4242", "n": "keepme"},
        "amex": {"memo": "3782 822463 10005", "n": "keepme"},
        "unicode_value": {"password": "pässwörd-Fäke", "n": "keepme"},
        "quoted_value": {"password": 'qu"ote\\Fake9', "n": "keepme"},
        "newline_value": {"password": "two\nlinesFake9", "n": "keepme"},
        "emoji_value": {"password": "🔑Fake9value", "n": "keepme"},
        "service_account": {
            "type": "keepme",
            "private_key_id": "kid-1",
            "private_key": PEM + "\n",
            "client_email": "svc@p.iam.gserviceaccount.com",
            "token_uri": "https://oauth2.googleapis.com/token",
        },
        "pem_anywhere": {"note": "key: " + PEM, "n": "keepme"},
        "web_push": {"keys": {"p256dh": "keepme", "auth": draw(22, seed="wp")}},
        "docker_auths": {"auths": {"registry.test": {"auth": draw(32, seed="da")}}, "n": "keepme"},
        "jwt_pair": {"access": JWT, "refresh": JWT[::-1].replace(".", "x"), "n": "keepme"},
    }
    gone = {
        "list_under_name": (secret, TOKEN),
        "map_under_name": (secret, TOKEN),
        "credentials": (secret, TOKEN),
        "azure_iot": (draw(43, seed="k1"), secret),
        "spaced_name": (secret, TOKEN),
        "echoed_headers": (TOKEN, secret),
        "header_lists": (TOKEN,),
        "key_is_secret": (draw(36, seed="kis"),),
        "empty_and_null": (),
        "pin_number": ("493817",),
        "otp_number": ("493817", ":123"),
        "card_number": (CARD,),
        "card_text": (CARD,),
        "card_spaced": ("4242 4242 4242 4242",),
        "card_dashes": ("4242-4242",),
        "amex": ("822463",),
        "unicode_value": ("pässwörd", "p\\u00e4ssw"),
        "quoted_value": ("Fake9",),
        "newline_value": ("linesFake9", "two\\n"),
        "emoji_value": ("Fake9value",),
        "service_account": (PEM.split("\n")[1], PEM.split("\n")[2]),
        "pem_anywhere": (PEM.split("\n")[1], PEM.split("\n")[3]),
        "web_push": (draw(22, seed="wp"),),
        "docker_auths": (draw(32, seed="da"),),
        "jwt_pair": (JWT,),
    }
    for name, body in bodies.items():
        for form, text in (
            ("compact", json.dumps(body, separators=(",", ":"), ensure_ascii=False)),
            ("pretty", json.dumps(body, indent=2)),
        ):
            kept = ("keepme",)
            if name == "service_account":
                kept = (
                    "keepme",
                    "kid-1",
                    "https://oauth2.googleapis.com/token",
                    "svc@p.iam.gserviceaccount.com",
                )
            yield json_case(
                f"json_{name}_{form}",
                "structure must not hide it",
                text,
                gone.get(name, (secret,)),
                kept,
            )


def json_texts() -> Iterator[Case]:
    """Spellings of JSON."""
    secret = PASSWORD
    inner = json.dumps({"password": secret, "n": "keepme"})
    texts = {
        "duplicate": f'{{"password":"{secret}","password":"{TOKEN}","n":"keepme"}}',
        "escaped_name": f'{{"p\\u0061ssword":"{secret}","n":"keepme"}}',
        "escaped_value": '{"password":"'
        + "".join(f"\\u{ord(c):04x}" for c in secret)
        + '","n":"keepme"}',
        "escaped_slash": f'{{"note":"https:\\/\\/u:{secret}@h.test\\/x","n":"keepme"}}',
        "in_string": json.dumps({"body": inner}),
        "in_string_twice": json.dumps({"body": json.dumps({"body": inner})}),
        "in_string_thrice": json.dumps({"a": json.dumps({"b": json.dumps({"c": inner})})}),
        "string_document": json.dumps(inner),
        "bom": "\ufeff" + inner,
        "blanks": "  \n\t" + inner + "\n\n",
        "array": f"[{inner}, {inner}]",
        "ndjson": f"{inner}\n{inner}\n",
        "ndjson_crlf": f"{inner}\r\n{inner}\r\n",
        "json_seq": f"\x1e{inner}\n\x1e{inner}\n",
        "concatenated": inner + inner,
        "trailing_comma": f'{{"password":"{secret}","n":"keepme",}}',
        "comments": f'{{\n// the password\n"password": "{secret}", /* x */ "n": "keepme"}}',
        "single_quotes": f"{{'password': '{secret}', 'n': 'keepme'}}",
        "unquoted_names": f'{{password: "{secret}", n: "keepme"}}',
        "python_repr": f"{{'password': '{secret}', 'ok': True, 'n': 'keepme'}}",
        "xssi_prefix": ")]}',\n" + inner,
        "jsonp": f"callback({inner});",
        "colon_spaces": f'{{"password"   :   "{secret}" , "n" : "keepme"}}',
        "newline_colon": f'{{"password":\n\n  "{secret}", "n": "keepme"}}',
        "ruby_hash": f'{{"password"=>"{secret}", :n=>"keepme"}}',
        "number_form": f'{{"password":"{secret}","a":1.50,"b":1e5,"c":12345678901234567890,"n":"keepme"}}',
        "upper_name": f'{{"PASSWORD":"{secret}","n":"keepme"}}',
    }
    for name, text in texts.items():
        gone = (secret, TOKEN) if name == "duplicate" else (secret,)
        for kind in ("application/json", "text/plain"):
            case = json_case(
                f"text_of_json_{name}_{kind[:4]}",
                "a spelling that clients send",
                text,
                gone,
                ("keepme",),
            )
            yield Case(
                case.name,
                case.why,
                case.gone,
                case.kept,
                request_headers=[("Content-Type", kind)],
                request_body=text,
            )
    numbers = texts["number_form"]
    yield json_case(
        "numbers_as_sent",
        "numbers stay as they were written",
        numbers,
        (secret,),
        ("1.50", "1e5", "12345678901234567890"),
    )
    half = inner[: inner.index(secret) + 8]
    yield Case(
        "truncated_in_value",
        "the captured prefix ends inside the secret",
        (secret[:8], secret[:6]),
        (),
        request_body='{"n":"keepme",' + half[1:],
        more=100,
    )
    yield Case(
        "truncated_in_shape",
        "a token cut short is one still",
        (draw(12, seed="ts"),),
        ("keepme",),
        request_body='{"n":"keepme","note":"see ' + word("gh", "p_") + draw(12, seed="ts"),
        more=100,
    )
    yield Case(
        "truncated_in_unnamed_token",
        "taint sees only whole values",
        (TOKEN[:20],),
        ("keepme",),
        request_headers=[("Authorization", f"Bearer {TOKEN}")],
        response_body='{"n":"keepme","echo":"' + TOKEN[:20],
        more=100,
    )
    yield Case(
        "truncated_nested",
        "in a nested document",
        (secret[:7],),
        (),
        request_body=json.dumps({"n": "keepme", "b": inner})[: -len(secret) + 2],
        more=100,
    )
    yield Case(
        "truncated_pem",
        "an armour without its end",
        (PEM.split("\n")[1], PEM.split("\n")[2][:20]),
        ("keepme",),
        request_body='{"n":"keepme","k":"' + PEM[:120].replace("\n", "\\n"),
        more=100,
    )
    yield Case(
        "truncated_form",
        "in a form",
        (secret[:7],),
        ("n=keepme",),
        request_body=f"n=keepme&password={secret[:9]}",
        request_headers=[("Content-Type", "application/x-www-form-urlencoded")],
        more=100,
    )
    yield Case(
        "truncated_base64",
        "in base64",
        (secret[:9],),
        (),
        request_body='{"data":"' + base64.b64encode(inner.encode()).decode()[:40],
        more=100,
    )


def related() -> Iterator[Case]:
    """Names and values as siblings."""
    secret = PASSWORD
    pairs = {
        "env": {
            "env": [{"key": "DB_PASSWORD", "value": secret}, {"key": "REGION", "value": "keepme"}]
        },
        "name_value": {
            "vars": [{"name": "API_TOKEN", "value": secret}, {"name": "MODE", "value": "keepme"}]
        },
        "reversed": {
            "vars": [{"value": secret, "name": "API_TOKEN"}, {"value": "keepme", "name": "MODE"}]
        },
        "capital": {
            "Parameters": [
                {"ParameterKey": "DbPassword", "ParameterValue": secret},
                {"ParameterKey": "Size", "ParameterValue": "keepme"},
            ]
        },
        "field": {
            "changes": [
                {"field": "password", "oldValue": TOKEN, "newValue": secret},
                {"field": "name", "newValue": "keepme"},
            ]
        },
        "header": {
            "request": {
                "header": [
                    {"key": "Authorization", "value": f"Bearer {secret}", "type": "text"},
                    {"key": "Accept", "value": "keepme"},
                ]
            }
        },
        "har": {
            "headers": [
                {"name": "X-Api-Key", "value": secret},
                {"name": "Host", "value": "keepme"},
            ],
            "cookies": [{"name": "sid", "value": TOKEN}],
        },
        "patch": [
            {"op": "replace", "path": "/user/password", "value": secret},
            {"op": "replace", "path": "/user/name", "value": "keepme"},
        ],
        "fastapi": {
            "detail": [{"loc": ["body", "password"], "msg": "too short keepme", "input": secret}]
        },
        "express": {"errors": [{"param": "password", "msg": "keepme", "value": secret}]},
        "keycloak": {
            "credentials": [{"type": "password", "value": secret, "temporary": False}],
            "n": "keepme",
        },
        "kubernetes": {
            "kind": "Secret",
            "metadata": {"name": "keepme"},
            "data": {"x": TOKEN, "y": secret},
        },
        "string_data": {"apiVersion": "v1", "stringData": {"x": secret}, "n": "keepme"},
        "jwk": {
            "kty": "RSA",
            "kid": "keepme",
            "n": "modulus-public",
            "e": "AQAB",
            "d": TOKEN,
            "p": secret,
        },
        "oauth_code": {
            "grant_type": "authorization_code",
            "code": "auth-" + secret,
            "client_id": "keepme",
        },
        "raw_headers": {"rawHeaders": [["X-Api-Key", secret], ["Host", "keepme"]]},
        "tuple": {"args": [["password", secret], ["mode", "keepme"]]},
        "nested_value": {"name": "db_password", "value": {"plain": secret, "type": "keepme"}},
        "ecs": {
            "environment": [
                {"name": "SECRET_KEY_BASE", "value": secret},
                {"name": "PORT", "value": "keepme"},
            ]
        },
        "form_fields": {
            "fields": [{"id": "password", "value": secret}, {"id": "email", "value": "keepme"}]
        },
    }
    for name, body in pairs.items():
        gone = {
            "field": (secret, TOKEN),
            "har": (secret,),
            "kubernetes": (secret, TOKEN),
            "jwk": (secret, TOKEN),
        }.get(name, (secret,))
        for form, text in (
            ("compact", json.dumps(body, separators=(",", ":"))),
            ("pretty", json.dumps(body, indent=4)),
            ("string", json.dumps({"doc": json.dumps(body)})),
        ):
            yield json_case(
                f"related_{name}_{form}", "the neighbour names it", text, gone, ("keepme",)
            )
    kept = {
        "required": {"required": ["password", "email"]},
        "type_password": {"type": "password", "label": "Your password", "name": "pw-field"},
        "enum": {"grant_types_supported": ["password", "client_credentials"]},
        "schema": {
            "properties": {"password": {"type": "string", "minLength": 8, "format": "password"}}
        },
        "errors": {
            "errors": {
                "password": ["is too short (minimum is 8 characters)"],
                "token": ["can't be blank"],
            }
        },
        "labels": [{"name": "token", "count": 7}, {"name": "secret", "size": "large"}],
        "scopes": {"scope": "read:tokens write:secrets", "x": ["api_key", "bearer"]},
        "security": {"security": [{"api_key": []}], "in": "header", "name": "X-Api-Key"},
        "placeholder": {"password": "${DB_PASSWORD}", "token": "{{token}}", "secret": "***"},
        "usage": {
            "usage": {
                "prompt_tokens": 5,
                "total_tokens": 50,
                "completion_tokens_details": {"reasoning_tokens": 0},
            }
        },
        "jwks": {
            "keys": [
                {
                    "kty": "RSA",
                    "kid": "k-1",
                    "use": "sig",
                    "n": "0vx7agoebGcQSuuPiLJXZpt",
                    "e": "AQAB",
                }
            ]
        },
    }
    for name, body in kept.items():
        text = json.dumps(body)
        yield json_case(
            f"keep_related_{name}", "names of secrets are no secrets", text, (), (text,)
        )


def forms() -> Iterator[Case]:
    """Form bodies."""
    secret = PASSWORD
    inner = quote_plus(json.dumps({"type": "block_actions", "token": TOKEN}))
    yield form_case(
        "form_oauth_password",
        "the password grant",
        f"grant_type=password&username=keepme&password={quote_plus(secret)}",
        (secret, quote_plus(secret)),
        ("grant_type=password", "keepme"),
    )
    yield form_case(
        "form_oauth_code",
        "the code grant",
        f"grant_type=authorization_code&client_id=keepme&client_secret={TOKEN}&code=authFakeCode1&code_verifier=verFakeVer1",
        (TOKEN, "authFakeCode1", "verFakeVer1"),
        ("grant_type=authorization_code", "keepme"),
    )
    yield form_case(
        "form_refresh",
        "the refresh grant",
        f"grant_type=refresh_token&refresh_token={TOKEN}&scope=keepme",
        (TOKEN,),
        ("grant_type=refresh_token", "scope=keepme"),
    )
    yield form_case(
        "form_jwt_bearer",
        "an assertion",
        f"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={JWT}",
        (JWT,),
        ("grant_type=",),
    )
    yield form_case(
        "form_device",
        "the device grant",
        f"grant_type=urn:device_code&device_code={TOKEN}&client_id=keepme",
        (TOKEN,),
        ("keepme",),
    )
    yield form_case(
        "form_payload", "Slack's payload", f"payload={inner}", (TOKEN,), ("block_actions",)
    )
    yield form_case(
        "form_nested_names",
        "PHP's and Rails' names",
        f"user%5Bemail%5D=keepme&user%5Bpassword%5D={secret}&user[secret]={TOKEN}",
        (secret, TOKEN),
        ("keepme",),
    )
    yield form_case(
        "form_slash_command",
        "Slack's commands",
        f"token={TOKEN}&team_id=T1&command=%2Fkeepme&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1%2F1%2F{draw(24, seed='fsc')}",
        (TOKEN, draw(24, seed="fsc")),
        ("keepme", "team_id=T1"),
    )
    yield form_case(
        "form_name_value",
        "a pair in two fields",
        f"name=DB_PASSWORD&value={TOKEN}&x=keepme",
        (TOKEN,),
        ("keepme",),
    )
    yield form_case(
        "form_encoded_value",
        "with percent signs",
        "password=" + quote_plus("pä$$ wörd/Fake9") + "&n=keepme",
        ("pä$$ wörd/Fake9", "Fake9"),
        ("keepme",),
    )
    yield form_case(
        "form_single", "one field only", f"password={secret}", (secret,), ("password=",)
    )
    yield form_case(
        "form_otp",
        "a one-time code to a phone",
        "To=%2B4930123&Code=493817",
        ("493817",),
        ("To=%2B4930123",),
    )
    yield form_case(
        "form_card",
        "a card",
        f"card[number]={CARD}&card[cvc]=314&card[exp_year]=2031",
        (CARD, "314"),
        ("2031",),
    )
    yield form_case(
        "form_amp_entities",
        "pasted from HTML",
        f"a=1&amp;token={TOKEN}&amp;n=keepme",
        (TOKEN,),
        ("keepme",),
    )
    yield form_case(
        "form_multiline",
        "one pair a line",
        f"user=keepme\npassword={secret}\n",
        (secret,),
        ("keepme",),
    )
    yield Case(
        "form_undeclared",
        "no content type",
        (secret,),
        ("keepme",),
        request_body=f"n=keepme&password={secret}",
    )
    yield Case(
        "form_in_response",
        "a token endpoint of old",
        (TOKEN,),
        ("token_type=bearer",),
        response_body=f"access_token={TOKEN}&scope=repo&token_type=bearer",
        response_headers=[("Content-Type", "application/x-www-form-urlencoded")],
    )
    yield form_case(
        "keep_form",
        "nothing in it",
        "a=1&b=two+words&author=Ada&code=SUMMER20&total_tokens=5",
        (),
        ("a=1&b=two+words&author=Ada&code=SUMMER20&total_tokens=5",),
    )


def multiparts() -> Iterator[Case]:
    """Multipart bodies."""
    secret = PASSWORD

    def parts(*parts: str, boundary: str = "BbBb") -> str:
        return "".join(f"--{boundary}\r\n{part}\r\n" for part in parts) + f"--{boundary}--\r\n"

    named = f'Content-Disposition: form-data; name="password"\r\n\r\n{secret}'
    bodies: dict[str, tuple[str | bytes, tuple[str, ...], tuple[str, ...]]] = {
        "field": (
            parts('Content-Disposition: form-data; name="n"\r\n\r\nkeepme', named),
            (secret,),
            ("keepme", 'name="password"'),
        ),
        "unquoted": (
            parts(f"Content-Disposition: form-data; name=password\r\n\r\n{secret}"),
            (secret,),
            ("name=password",),
        ),
        "json_part": (
            parts(
                'Content-Disposition: form-data; name="meta"\r\nContent-Type: application/json\r\n\r\n{"token": "'
                + TOKEN
                + '", "n": "keepme"}'
            ),
            (TOKEN,),
            ("keepme",),
        ),
        "file_name": (
            parts(
                f'Content-Disposition: form-data; name="f"; filename="{word("gh", "p_")}{draw(36, seed="mpf")}.txt"\r\n\r\nhello'
            ),
            (draw(36, seed="mpf"),),
            ("filename",),
        ),
        "file_content": (
            parts(
                f'Content-Disposition: form-data; name="f"; filename="a.env"\r\n\r\nREGION=keepme\nDB_PASSWORD={secret}\n'
            ),
            (secret,),
            ("keepme",),
        ),
        "two_lines": (
            parts(f'Content-Disposition: form-data; name="secret"\r\n\r\n{secret}\r\n{TOKEN}'),
            (secret, TOKEN),
            (),
        ),
        "lf_only": (
            parts('Content-Disposition: form-data; name="n"\r\n\r\nkeepme', named).replace(
                "\r\n", "\n"
            ),
            (secret,),
            ("keepme",),
        ),
        "http_batch": (
            parts(
                f"Content-Type: application/http\r\n\r\nGET /v1/x HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\nHost: keepme\r\n\r\n"
            ),
            (TOKEN,),
            ("keepme",),
        ),
        "pem_file": (
            parts(
                f'Content-Disposition: form-data; name="f"; filename="key.pem"\r\nContent-Type: application/x-pem-file\r\n\r\n{PEM}'
            ),
            (PEM.split("\n")[1],),
            ("key.pem",),
        ),
        "binary_and_field": (
            parts(named).encode()[:-10]
            + b'--BbBb\r\nContent-Disposition: form-data; name="i"; filename="keepme.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\x1a\n\x00\x01\xff\xfe\r\n--BbBb--\r\n',
            (secret,),
            ("keepme.png", "image/png"),
        ),
        "binary_secret": (
            b'--BbBb\r\nContent-Disposition: form-data; name="token"\r\n\r\n\xff\xfe'
            + TOKEN.encode()
            + b"\r\n--BbBb--\r\n",
            (TOKEN,),
            (),
        ),
        "empty": (
            parts(
                'Content-Disposition: form-data; name="password"\r\n\r\n',
                'Content-Disposition: form-data; name="n"\r\n\r\nkeepme',
            ),
            (),
            ("keepme",),
        ),
    }
    for name, (body, gone, kept) in bodies.items():
        for kind in ('multipart/form-data; boundary="BbBb"', "text/plain"):
            if isinstance(body, bytes) and kind == "text/plain":
                continue
            yield Case(
                f"multipart_{name}_{kind[:4]}",
                "uploads carry fields",
                gone,
                kept,
                request_headers=[("Content-Type", kind)],
                request_body=body,
            )
    yield Case(
        "multipart_truncated",
        "its end was not captured",
        (secret[:8],),
        ("keepme",),
        request_headers=[("Content-Type", "multipart/form-data; boundary=BbBb")],
        request_body=parts('Content-Disposition: form-data; name="n"\r\n\r\nkeepme')[:-8]
        + "--BbBb\r\n"
        + named[:-4],
        more=50,
    )
    yield Case(
        "multipart_mixed",
        "related parts",
        (TOKEN,),
        ("keepme",),
        request_headers=[("Content-Type", "multipart/related; boundary=x")],
        request_body=f'--x\r\nContent-Type: application/json\r\n\r\n{{"n":"keepme"}}\r\n--x\r\nContent-Type: text/plain\r\n\r\ntoken={TOKEN}\r\n--x--',
    )


def taints() -> Iterator[Case]:
    """A value that was cut once is cut everywhere."""
    secret = "Zx9!" + draw(14, seed="taint") + "/+="
    coded = base64.b64encode(f"prefix {secret} suffix".encode()).decode()
    auth = [("Authorization", f"Bearer {secret}")]
    yield Case(
        "taint_response",
        "the answer echoes the request's token",
        (secret,),
        ("keepme",),
        request_headers=auth,
        response_body=json.dumps({"seen": f"got {secret}", "n": "keepme"}),
    )
    yield Case(
        "taint_request",
        "the answer tells which field was secret",
        (TOKEN,),
        ("keepme",),
        request_body=json.dumps({"x": TOKEN, "n": "keepme"}),
        response_body=json.dumps({"api_key": TOKEN}),
    )
    yield Case(
        "taint_path",
        "the path holds what the answer reveals",
        (TOKEN,),
        (),
        url=f"https://api.example.test/v1/{TOKEN}/x",
        response_body=json.dumps({"token": TOKEN}),
    )
    yield Case(
        "taint_error",
        "the error quotes it",
        (secret,),
        ("keepme",),
        request_headers=auth,
        error=f"keepme: rejected {secret}",
    )
    yield Case(
        "taint_encoded",
        "percent-coded",
        (secret,),
        ("keepme",),
        request_headers=auth,
        response_body="keepme " + quote_plus(secret),
    )
    yield Case(
        "taint_base64",
        "base64 at any offset",
        (secret,),
        ("keepme",),
        request_headers=auth,
        response_body=json.dumps({"d": coded, "n": "keepme"}),
    )
    yield Case(
        "taint_header",
        "in another header",
        (secret,),
        (),
        request_headers=[*auth, ("X-Debug", f"t {secret}")],
    )
    yield Case(
        "taint_basic_password",
        "the decoded password",
        (PASSWORD,),
        ("keepme",),
        request_headers=[
            ("Authorization", "Basic " + base64.b64encode(f"bob:{PASSWORD}".encode()).decode())
        ],
        response_body=json.dumps({"msg": f"bad password {PASSWORD}", "n": "keepme"}),
    )
    yield Case(
        "taint_short_word",
        "a plain word is cut as a whole word only",
        (),
        ("bananas are yellow", "keepme"),
        request_body=json.dumps({"password": "banana", "n": "keepme", "t": "bananas are yellow"}),
    )
    yield Case(
        "taint_trivial",
        "`true` taints nothing",
        (),
        ("true story", "keepme"),
        request_body=json.dumps({"password": "true", "t": "true story", "n": "keepme"}),
    )
    yield Case(
        "taint_small_number",
        "nor does a short PIN",
        (),
        ("order 4931-77", "keepme"),
        request_body=json.dumps({"pin": "4931", "t": "order 4931-77", "n": "keepme"}),
    )
    yield Case(
        "taint_name_equal",
        "a value equal to its name leaves names alone",
        (),
        ('"password":', "keepme"),
        request_body='{"password":"password","n":"keepme"}',
    )
    yield Case(
        "taint_escaped_json",
        "in JSON in JSON",
        ('q"x\\' + "Fake99zz",),
        ("keepme",),
        request_body=json.dumps({"password": 'q"x\\' + "Fake99zz"}),
        response_body=json.dumps({"b": json.dumps({"v": 'q"x\\' + "Fake99zz"}), "n": "keepme"}),
    )
    yield Case(
        "taint_uuid_secret",
        "a UUID as a key",
        (uuid("taint"),),
        ("keepme",),
        request_headers=[("X-Api-Key", uuid("taint"))],
        response_body=json.dumps({"key_used": uuid("taint"), "n": "keepme"}),
    )
    yield Case(
        "taint_hex_in_url",
        "as a query of a link",
        (hexes(32, "th"),),
        ("keepme",),
        request_headers=[("X-Api-Key", hexes(32, "th"))],
        response_body=f"see https://a.test/x?z={hexes(32, 'th')} keepme",
    )
