"""Headers, cookies, authorization schemes."""

# ruff: noqa: E501, SIM905 - tables of texts are read line by line

import base64
from collections.abc import Iterator

from tests.store.redaction.corpus import Case, header_case
from tests.store.redaction.fakes import JWT, PASSWORD, TOKEN, draw, hexes, word

NAMED = (
    "apikey Api-Key X-Api-Key X-API-KEY x-apikey X-Auth-Token X-Access-Token X-Auth-Key "
    "X-Amz-Security-Token X-Goog-Api-Key X-Goog-Iam-Authorization-Token X-Goog-Channel-Token "
    "X-Gitlab-Token X-Gitlab-Event-Token Private-Token Job-Token Deploy-Token X-Shopify-Access-Token "
    "X-Shopify-Storefront-Access-Token X-Vault-Token X-Consul-Token X-Nomad-Token DD-API-KEY "
    "DD-APPLICATION-KEY X-Postmark-Server-Token X-Postmark-Account-Token X-Figma-Token "
    "X-Slack-Signature X-Hub-Signature X-Twilio-Signature X-Line-Signature X-Shopify-Hmac-SHA256 "
    "X-Telegram-Bot-Api-Secret-Token X-Hook-Secret X-Honeycomb-Team X-Insert-Key X-Query-Key "
    "X-License-Key X-Rapidapi-Key X-Mashape-Key X-Functions-Key Ocp-Apim-Subscription-Key aeg-sas-key "
    "aeg-sas-token CF-Access-Client-Secret CF-Access-Token X-Auth-User-Service-Key xi-api-key "
    "X-MBX-APIKEY CB-ACCESS-KEY CB-ACCESS-SIGN CB-ACCESS-PASSPHRASE KC-API-SIGN OK-ACCESS-SIGN "
    "X-Parse-REST-API-Key X-Parse-Master-Key X-Parse-Session-Token X-Algolia-API-Key "
    "X-TrackerToken X-Redmine-API-Key X-Plex-Token X-Emby-Token X-Jenkins-Token X-CSRF-Token "
    "X-CSRFToken X-XSRF-TOKEN X-Session-Token X-Session-Id X-User-Token X-Client-Secret "
    "X-Webhook-Secret X-Webhook-Signature X-Nylas-Signature Typeform-Signature X-Zm-Signature "
    "X-HubSpot-Signature-v3 Paypal-Transmission-Sig X-Trello-Webhook X-Password X-Pinterest-Access-Token "
    "X-Registry-Auth X-Auth X-Secret X-App-Secret AccessToken Access-Token Token Secret "
    "X-OpenAM-Password X-ClickHouse-Key X-Cloud-Signature X-Acme-Client-Api-Secret-Key "
    "X-Sonos-Api-Key App-Key Application-Key X-Application-Key X-Device-Token X-Push-Token "
    "X-Forwarded-Access-Token X-Id-Token X-Refresh-Token X-Bot-Token X-Seel-Api-Key Subscription-Key "
    "Elastic-Api-Key X-Authentication-Token X-Ory-Session-Token Webhook-Secret X-Kong-Admin-Token "
    "X-Bz-Secret-Key X-Service-Key X-Account-Key X-Storage-Key"
).split()

KEPT = {
    "ETag": '"9fceb02d0ae598e95dc970b74767f193"',
    "X-Request-Id": "req_8fK2mPqL0vXz",
    "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
    "Idempotency-Key": "order-20261123-8fK2mPqL0vXzAbCd",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    "Access-Control-Allow-Headers": "Authorization, X-Api-Key, Content-Type",
    "Access-Control-Allow-Credentials": "true",
    "WWW-Authenticate": 'Bearer realm="api", error="invalid_token"',
    "Cache-Control": "no-store, max-age=0",
    "Digest": "SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=",
    "Content-MD5": "Q2hlY2sgSW50ZWdyaXR5IQ==",
    "X-Amz-Content-Sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "X-RateLimit-Remaining-Tokens": "149984",
    "X-OAuth-Scopes": "repo, user",
    "User-Agent": "aws-sdk-python/1.34 md/Botocore#1.34 ua/2.0 os/linux#6.1 lang/python#3.13",
    "X-Amz-Cf-Id": "qNaKZqQqbYH0ZQ8zYxLxJQ3bXkq1rX9bJ6aR2hU5cXg7oVw1tPzB0A==",
    "Content-Disposition": 'attachment; filename="tokens-2026.csv"',
    "X-Author": "Ada Lovelace",
    "X-Shopify-Topic": "orders/create",
    "X-Monkey": "banana-1",
    "Server-Timing": "auth;dur=12.5, db;dur=3",
    "X-Token-Expires-At": "2026-11-23T10:00:00Z",
    "X-Auth-Type": "oauth",
    "Content-Security-Policy": "default-src 'self'; script-src 'nonce-abc123'",
    "If-None-Match": 'W/"686897696a7c876b7e"',
    "X-Correlation-Id": "5f2c8a51-0b7e-4c7e-9a33-0d6a4b0f7c11",
    "CF-Ray": "8b2f0c1d2e3f4a5b-FRA",
    "X-Public-Key-Id": "KFAKE1",
    "GitHub-Authentication-Token-Expiration": "2026-12-01 00:00:00 UTC",
    "X-Auth-Email": "ada@example.test",
    "X-Key-Count": "3",
}

BASIC = base64.b64encode(f"svc-user:{PASSWORD}".encode()).decode()


def authorization() -> Iterator[Case]:
    """Every scheme that is in use."""
    hexa = hexes(64, "auth")
    key_id = word("AK", "IA", draw(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "id"))
    schemes: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
        "bearer": (f"Bearer {TOKEN}", (TOKEN,), ("Bearer",)),
        "bearer_lower": (f"bearer {TOKEN}", (TOKEN,), ("bearer",)),
        "bearer_jwt": (f"Bearer {JWT}", (JWT, JWT[-40:]), ("Bearer",)),
        "bearer_short": ("Bearer s3cr3t", ("s3cr3t",), ("Bearer",)),
        "bearer_two_spaces": (f"Bearer  {TOKEN}", (TOKEN,), ("Bearer",)),
        "bearer_colon": (f"Bearer: {TOKEN}", (TOKEN,), ("Bearer",)),
        "basic": (f"Basic {BASIC}", (BASIC, PASSWORD), ("Basic",)),
        "basic_token_as_user": (
            "Basic " + base64.b64encode(f"{TOKEN}:".encode()).decode(),
            (TOKEN,),
            ("Basic",),
        ),
        "token": (f"token {TOKEN}", (TOKEN,), ("token",)),
        "token_params": (f'Token token="{TOKEN}", nonce="x"', (TOKEN,), ("Token",)),
        "digest": (
            f'Digest username="ada", realm="r@x", nonce="dcd98b", uri="/a?b=1", qop=auth, '
            f'nc=00000001, cnonce="0a4f", response="{hexa[:32]}", opaque="5ccc"',
            (hexa[:32],),
            ("Digest", 'username=\\"ada\\"', "qop=auth"),
        ),
        "sigv4": (
            f"AWS4-HMAC-SHA256 Credential={key_id}/20261123/eu-west-1/iotdata/aws4_request, "
            f"SignedHeaders=host;x-amz-date, Signature={hexa}",
            (hexa, key_id),
            ("AWS4-HMAC-SHA256", "20261123/eu-west-1/iotdata/aws4_request", "host;x-amz-date"),
        ),
        "sigv2": (f"AWS {key_id}:{draw(27, seed='v2')}=", (draw(27, seed="v2"),), ("AWS",)),
        "shared_key": (
            f"SharedKey account1:{draw(43, seed='sk')}=",
            (draw(43, seed="sk"),),
            ("SharedKey", "account1"),
        ),
        "sas": (
            f"SharedAccessSignature sr=hub.azure-devices.net%2Fdevices%2Fd1&sig={draw(40, seed='sas')}%3D&se=1795415000&skn=owner",
            (draw(40, seed="sas"),),
            ("sr=hub.azure-devices.net", "se=1795415000", "skn=owner"),
        ),
        "oauth1": (
            f'OAuth oauth_consumer_key="ck{TOKEN[:20]}", oauth_nonce="n1", oauth_signature="{draw(27, seed="o1")}%3D", '
            f'oauth_signature_method="HMAC-SHA1", oauth_timestamp="1795415000", oauth_token="{TOKEN}", oauth_version="1.0"',
            (TOKEN, draw(27, seed="o1")),
            ("OAuth", "HMAC-SHA1", "1795415000"),
        ),
        "hawk": (
            f'Hawk id="dh37fgj492je", ts="1353832234", nonce="j4h3g2", mac="{draw(43, seed="hawk")}="',
            (draw(43, seed="hawk"),),
            ("Hawk", "dh37fgj492je"),
        ),
        "http_signature": (
            f'Signature keyId="rsa-key-1",algorithm="rsa-sha256",headers="date",signature="{draw(80, seed="sig")}=="',
            (draw(80, seed="sig"),),
            ("rsa-key-1", "rsa-sha256"),
        ),
        "negotiate": (
            f"Negotiate {draw(60, seed='neg')}==",
            (draw(60, seed="neg"),),
            ("Negotiate",),
        ),
        "ntlm": (f"NTLM {draw(60, seed='ntlm')}=", (draw(60, seed="ntlm"),), ("NTLM",)),
        "apikey": (f"ApiKey {TOKEN}", (TOKEN,), ("ApiKey",)),
        "api_dash_key": (f"Api-Key {TOKEN}", (TOKEN,), ("Api-Key",)),
        "ssws": (f"SSWS {TOKEN}", (TOKEN,), ("SSWS",)),
        "genie": (f"GenieKey {TOKEN}", (TOKEN,), ("GenieKey",)),
        "klaviyo": (f"Klaviyo-API-Key pk_{TOKEN}", (TOKEN,), ("Klaviyo-API-Key",)),
        "deepl": (f"DeepL-Auth-Key {TOKEN}", (TOKEN,), ("DeepL-Auth-Key",)),
        "google_login": (f"GoogleLogin auth={TOKEN}", (TOKEN,), ("GoogleLogin",)),
        "bot": (f"Bot {TOKEN}", (TOKEN,), ("Bot",)),
        "splunk": (f"Splunk {TOKEN}", (TOKEN,), ("Splunk",)),
        "snowflake": (f'Snowflake Token="{TOKEN}"', (TOKEN,), ("Snowflake",)),
        "proxmox": (f"PVEAPIToken=root@pam!ci={TOKEN}", (TOKEN,), ("PVEAPIToken",)),
        "media_browser": (
            f'MediaBrowser Client="Web", Device="tv", Token="{TOKEN}"',
            (TOKEN,),
            ("MediaBrowser", "Web"),
        ),
        "edgegrid": (
            f"EG1-HMAC-SHA256 client_token=akab-{TOKEN[:10]};access_token=akab-{TOKEN[10:22]};timestamp=20261123T10:00:00+0000;nonce=n1;signature={draw(43, seed='eg')}=",
            (draw(43, seed="eg"), TOKEN[10:22]),
            ("EG1-HMAC-SHA256", "20261123T10:00:00"),
        ),
        "bare": (TOKEN, (TOKEN,), ()),
        "bare_padded": (f"{draw(43, seed='bp')}=", (draw(43, seed="bp"),), ()),
        "two_in_one": (f"Bearer {TOKEN}, Basic {BASIC}", (TOKEN, BASIC, PASSWORD), ("Bearer",)),
        "unknown_scheme": (f"Frobnicate {TOKEN}", (TOKEN,), ("Frobnicate",)),
        "zoho": (f"Zoho-oauthtoken 1000.{TOKEN}", (TOKEN,), ("Zoho-oauthtoken",)),
        "hmac_pair": (
            f"HMAC client1:{draw(43, seed='hm')}=",
            (draw(43, seed="hm"),),
            ("HMAC", "client1"),
        ),
        "discogs": (f"Discogs key={TOKEN[:20]}, secret={TOKEN}", (TOKEN,), ("Discogs",)),
    }
    for name, (value, gone, kept) in schemes.items():
        yield header_case(f"authorization_{name}", "Authorization", value, gone, kept)
    yield header_case(
        "proxy_authorization",
        "Proxy-Authorization",
        f"Basic {BASIC}",
        (BASIC, PASSWORD),
        ("Basic",),
    )
    yield header_case(
        "forwarded_authorization",
        "X-Forwarded-Authorization",
        f"Bearer {TOKEN}",
        (TOKEN,),
        ("Bearer",),
    )
    yield header_case(
        "authentication_info",
        "Authentication-Info",
        f'rspauth="{hexa[:32]}", cnonce="0a4f", nc=1',
        (hexa[:32],),
    )
    yield header_case(
        "wsse",
        "X-WSSE",
        f'UsernameToken Username="bob", PasswordDigest="{draw(27, seed="w")}=", Nonce="d36e", Created="2026-11-23T10:00:00Z"',
        (draw(27, seed="w"),),
        ("bob", "2026-11-23T10:00:00Z"),
    )
    yield header_case(
        "sentry_auth",
        "X-Sentry-Auth",
        f"Sentry sentry_version=7, sentry_client=py/1, sentry_key={hexa[:32]}, sentry_secret={hexa[32:]}",
        (hexa[:32], hexa[32:]),
        ("sentry_version=7",),
    )
    yield header_case(
        "stripe_signature",
        "Stripe-Signature",
        f"t=1492774577,v1={hexa},v0={hexa[::-1]}",
        (hexa, hexa[::-1]),
        ("t=1492774577",),
    )
    yield header_case(
        "svix_signature",
        "webhook-signature",
        f"v1,{draw(43, seed='svix')}= v1,{draw(43, seed='svix2')}=",
        (draw(43, seed="svix"), draw(43, seed="svix2")),
    )
    yield header_case("hub_signature", "X-Hub-Signature-256", f"sha256={hexa}", (hexa,))
    yield header_case(
        "http_message_signature",
        "Signature",
        f"sig1=:{draw(86, seed='rfc')}==:",
        (draw(86, seed="rfc"),),
    )
    yield header_case("linear_signature", "Linear-Signature", hexa, (hexa,))


def cookies() -> Iterator[Case]:
    """Request and response cookies."""
    yield header_case(
        "cookie_session",
        "Cookie",
        f"theme=dark; sessionid={TOKEN}; lang=en-US",
        (TOKEN,),
        ("theme=dark", "sessionid", "lang=en-US"),
    )
    yield header_case("cookie_unknown_name", "Cookie", f"zz={TOKEN}", (TOKEN,), ("zz",))
    yield header_case("cookie_jwt", "Cookie", f"a={JWT}; tz=UTC", (JWT,), ("tz=UTC",))
    yield header_case("cookie_quoted", "Cookie", f'sid="{TOKEN}"', (TOKEN,), ("sid",))
    yield header_case(
        "cookie_host_prefix",
        "Cookie",
        f"__Host-auth={TOKEN}; __Secure-x={TOKEN[::-1]}",
        (TOKEN, TOKEN[::-1]),
        ("__Host-auth",),
    )
    yield header_case(
        "cookie_no_space",
        "Cookie",
        f"a=1;PHPSESSID={hexes(26)};b=2",
        (hexes(26),),
        ("a=1", "PHPSESSID", "b=2"),
    )
    yield header_case("cookie_short_secret", "Cookie", "session=abc12", ("abc12",), ("session",))
    yield header_case(
        "cookie_encoded",
        "Cookie",
        "connect.sid=s%3A" + TOKEN + "." + draw(43, seed="cs"),
        (TOKEN,),
        ("connect.sid",),
    )
    yield header_case(
        "cookie_json",
        "Cookie",
        "prefs=%7B%22token%22%3A%22" + TOKEN + "%22%7D",
        (TOKEN,),
        ("prefs",),
    )
    for name, value, gone, kept in (
        (
            "plain",
            f"SID={TOKEN}; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=3600",
            TOKEN,
            ("SID", "HttpOnly", "Max-Age=3600", "SameSite=Lax"),
        ),
        (
            "expires",
            f"auth={TOKEN}; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Domain=example.test",
            TOKEN,
            ("Wed, 21 Oct 2026", "Domain=example.test"),
        ),
        ("jwt", f"at={JWT}; Path=/api", JWT, ("Path=/api",)),
    ):
        yield Case(
            f"set_cookie_{name}",
            "attributes say how long a session lives",
            (gone,),
            kept,
            response_headers=[("Set-Cookie", value)],
        )
    yield Case(
        "set_cookie_two",
        "each is a field of its own",
        (TOKEN, TOKEN[::-1]),
        ("a=", "b="),
        response_headers=[("Set-Cookie", f"a={TOKEN}"), ("set-cookie", f"b={TOKEN[::-1]}")],
    )
    yield Case(
        "set_cookie_echoed",
        "the request's cookie comes back in the body",
        (TOKEN,),
        ("cookies",),
        request_headers=[("Cookie", f"q={TOKEN}")],
        response_body='{"cookies": {"q": "' + TOKEN + '"}}',
    )


def urls_in_headers() -> Iterator[Case]:
    """Headers that hold a URL."""
    for header in (
        "Location",
        "Referer",
        "Link",
        "X-Original-URL",
        "Content-Location",
        "Refresh",
        "X-Rewrite-URL",
        "X-Forwarded-Uri",
    ):
        url = f"https://app.example.test/cb?access_token={TOKEN}&page=7"
        value = {
            "Link": f'<{url}>; rel="next"',
            "Refresh": f"5; url={url}",
            "X-Rewrite-URL": f"/cb?access_token={TOKEN}&page=7",
            "X-Forwarded-Uri": f"/cb?access_token={TOKEN}&page=7",
        }.get(header, url)
        yield header_case(
            f"url_in_{header.lower()}",
            header,
            value,
            (TOKEN,),
            ("page=7",),
            "URLs travel in headers",
        )
    yield header_case(
        "location_fragment",
        "Location",
        f"https://app.example.test/cb#access_token={TOKEN}&token_type=bearer&expires_in=3600",
        (TOKEN,),
        ("expires_in=3600", "token_type=bearer"),
    )
    yield header_case(
        "location_code",
        "Location",
        "https://app.example.test/cb?code=SplxlOBeZQQYbYS6&state=xyz",
        ("SplxlOBeZQQYbYS6",),
        ("app.example.test/cb", "state=xyz"),
    )
    yield header_case(
        "referer_reset",
        "Referer",
        f"https://app.example.test/reset-password/{TOKEN}",
        (TOKEN,),
        ("/reset-password/",),
    )
    yield header_case(
        "origin_userinfo",
        "X-Upstream",
        f"https://bob:{PASSWORD}@db.example.test/x",
        (PASSWORD,),
        ("bob", "db.example.test/x"),
    )
    yield header_case(
        "json_in_header",
        "X-Context",
        '{"token": "' + TOKEN + '", "user": "ada"}',
        (TOKEN,),
        ("ada",),
    )
    yield header_case(
        "websocket_protocol",
        "Sec-WebSocket-Protocol",
        f"graphql-ws, {TOKEN}",
        (TOKEN,),
        ("graphql-ws",),
    )
    yield header_case(
        "unnamed_shape", "X-Custom", word("gh", "p_") + draw(36, seed="gh"), (draw(36, seed="gh"),)
    )


def cases() -> Iterator[Case]:
    """All of them."""
    for name in NAMED:
        value = hexes(64, name) if "ign" in name else draw(32, seed=name)
        yield header_case(f"named_{name}", name, value, (value,))
    for name, value in KEPT.items():
        yield Case(
            f"keep_{name.lower()}",
            "not a credential, wanted in the log",
            (),
            (name, value),
            request_headers=[(name, value)],
        )
    yield Case(
        "twice",
        "repeated headers are all cut",
        (TOKEN, TOKEN[::-1]),
        (),
        request_headers=[
            ("Authorization", f"Bearer {TOKEN}"),
            ("authorization", f"Bearer {TOKEN[::-1]}"),
        ],
    )
    yield from authorization()
    yield from cookies()
    yield from urls_in_headers()
