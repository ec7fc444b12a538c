"""Secrets in headers, cookies, URLs and codings of bodies, in forms that are rarely thought of."""

# ruff: noqa: E501 - a URL is one word

import base64
import gzip
import json
import zlib
from collections.abc import Iterator
from urllib.parse import quote

from tests.store.redaction.corpus import Case, form_case, header_case, json_case, url_case
from tests.store.redaction.fakes import (
    ALNUM,
    HEX,
    JWT,
    LOWER,
    PASSWORD,
    TOKEN,
    URLSAFE,
    draw,
    hexes,
    uuid,
    word,
)

WHY = "it travels there"
T = TOKEN
P = PASSWORD
H40 = hexes(40, "transport")
BASIC = base64.b64encode(f"ann:{PASSWORD}".encode()).decode()

HEADERS: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("Authorization", f"Bearer {T}", (T,), ("Bearer",)),
    ("authorization", f"bearer   {T}", (T,), ("bearer",)),
    ("Authorization", f"Token token={T}", (T,), ("Token",)),
    ("Authorization", f'Token token="{T}", nonce="keep-n"', (T,), ("keep-n",)),
    ("Authorization", f"Basic {BASIC}", (BASIC, P), ("Basic",)),
    ("Authorization", T, (T,), ("Authorization",)),
    ("Authorization", f"Bearer {JWT}", (JWT,), ("Bearer",)),
    ("Authorization", f"ApiKey {T}", (T,), ("ApiKey",)),
    ("Authorization", f"apikey keep-u:{T}", (T,), ("apikey",)),
    ("Authorization", f"key={T}", (T,), ("key=",)),
    ("Authorization", f"GoogleLogin auth={T}", (T,), ("GoogleLogin",)),
    ("Authorization", f"AWS AKIDKEEP:{draw(27, ALNUM, 'v2')}=", (draw(27, ALNUM, "v2"),), ("AWS",)),
    (
        "Authorization",
        f"SharedKey keepacct:{draw(43, ALNUM, 'sk')}=",
        (draw(43, ALNUM, "sk"),),
        ("SharedKey keepacct",),
    ),
    (
        "Authorization",
        f'OAuth oauth_consumer_key="ck", oauth_token="{T}", oauth_signature="{H40}", oauth_nonce="keep-n"',
        (T, H40),
        ("keep-n", "OAuth"),
    ),
    (
        "Authorization",
        f'Hawk id="keep-i", ts="1795415000", nonce="n", mac="{H40}"',
        (H40,),
        ("keep-i", "1795415000"),
    ),
    (
        "Authorization",
        f'Signature keyId="keep-k",algorithm="hs2019",headers="date",signature="{H40}"',
        (H40,),
        ("keep-k", "hs2019"),
    ),
    (
        "Authorization",
        f'Digest username="keep-u", realm="r", nonce="{H40}", response="{hexes(32, "dr")}"',
        (hexes(32, "dr"),),
        ("keep-u",),
    ),
    (
        "Authorization",
        f"SharedAccessSignature sr=keep.test%2Fd&sig={draw(40, ALNUM, 'sas')}%3D&se=1795415000&skn=keep",
        (draw(40, ALNUM, "sas"),),
        ("sr=keep.test%2Fd", "se=1795415000"),
    ),
    (
        "Authorization",
        f"AWS4-HMAC-SHA256 Credential={word('AK', 'IA')}KEEPKEEPKEEP2345/20261123/eu-west-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature={hexes(64, 'v4')}",
        (hexes(64, "v4"),),
        ("20261123/eu-west-1/s3/aws4_request", "SignedHeaders=host;x-amz-date"),
    ),
    (
        "Authorization",
        f"Negotiate {draw(60, ALNUM, 'ng')}==",
        (draw(60, ALNUM, "ng"),),
        ("Negotiate",),
    ),
    ("Authorization", f"DPoP {T}", (T,), ("DPoP",)),
    ("Authorization", f"Splunk {uuid('sp')}", (uuid("sp"),), ("Splunk",)),
    ("Authorization", f"PVEAPIToken=root@pam!keep={uuid('pv')}", (uuid("pv"),), ("PVEAPIToken",)),
    (
        "Authorization",
        f"Klaviyo-API-Key {word('pk', '_')}{hexes(34, 'kl')}",
        (hexes(34, "kl"),),
        ("Klaviyo-API-Key",),
    ),
    ("Authorization", f"Bot {draw(26, ALNUM, 'bo')}.{draw(6)}.{draw(38)}", (draw(38),), ("Bot",)),
    ("Proxy-Authorization", f"Basic {BASIC}", (BASIC, P), ("Basic",)),
    ("X-Forwarded-Authorization", f"Bearer {T}", (T,), ("Bearer",)),
    ("X-Original-Authorization", f"Basic {BASIC}", (BASIC, P), ("Basic",)),
    ("X-API-KEY", uuid("xk"), (uuid("xk"),), ()),
    ("x-api-key", draw(26, LOWER, "lk"), (draw(26, LOWER, "lk"),), ()),
    ("Api-Token", f"dt0c01.{draw(24)}.{draw(64)}", (draw(64),), ()),
    ("X-Auth-Token", P, (P,), ()),
    ("X-Goog-Api-Key", word("AI", "za") + draw(35, URLSAFE), (draw(35, URLSAFE),), ()),
    ("X-Amz-Security-Token", draw(120, ALNUM, "st"), (draw(120, ALNUM, "st"),), ()),
    ("X-Aws-Ec2-Metadata-Token", draw(56, ALNUM, "em"), (draw(56, ALNUM, "em"),), ()),
    ("X-Vault-Token", word("hv", "s.") + draw(24), (draw(24),), ()),
    ("X-Consul-Token", uuid("ct"), (uuid("ct"),), ()),
    ("X-Figma-Token", T, (T,), ()),
    ("X-Shopify-Hmac-Sha256", draw(43, ALNUM, "hm") + "=", (draw(43, ALNUM, "hm"),), ()),
    (
        "Stripe-Signature",
        f"t=1795415000,v1={hexes(64, 'ss')},v0={hexes(64, 's0')}",
        (hexes(64, "ss"), hexes(64, "s0")),
        ("t=1795415000",),
    ),
    ("X-Slack-Signature", f"v0={hexes(64, 'sl')}", (hexes(64, "sl"),), ("v0=",)),
    ("X-Hub-Signature", f"sha1={H40}", (H40,), ("sha1=",)),
    ("X-Twilio-Signature", draw(27, ALNUM, "tw") + "=", (draw(27, ALNUM, "tw"),), ()),
    (
        "webhook-signature",
        f"v1,{draw(43, ALNUM, 'ws')}= v1,{draw(43, ALNUM, 'wt')}=",
        (draw(43, ALNUM, "ws"), draw(43, ALNUM, "wt")),
        (),
    ),
    ("svix-signature", f"v1,{draw(43, ALNUM, 'sv')}=", (draw(43, ALNUM, "sv"),), ()),
    ("X-Signature-Ed25519", hexes(128, "ed"), (hexes(128, "ed"),), ()),
    (
        "Paddle-Signature",
        f"ts=1795415000;h1={hexes(64, 'pa')}",
        (hexes(64, "pa"),),
        ("ts=1795415000",),
    ),
    ("X-CSRF-Token", T, (T,), ()),
    ("X-XSRF-TOKEN", T, (T,), ()),
    ("Sec-WebSocket-Protocol", f"keep.v1, bearer.{T}", (T,), ("keep.v1",)),
    ("Sec-WebSocket-Protocol", f"graphql-ws, {JWT}", (JWT,), ("graphql-ws",)),
    ("Referer", f"https://keep.test/a?access_token={T}&b=1", (T,), ("keep.test/a", "b=1")),
    ("Referer", f"https://ann:{P}@keep.test/a", (P,), ("keep.test/a",)),
    ("Origin", f"https://ann:{P}@keep.test", (P,), ("keep.test",)),
    ("X-Original-URL", f"/reset-password/{T}?lang=de", (T,), ("lang=de",)),
    ("X-Forwarded-Uri", f"/a?api_key={T}&b=2", (T,), ("b=2",)),
    ("X-Rewrite-Url", f"/a;jsessionid={H40}?b=3", (H40,), ("b=3",)),
    ("Destination", f"https://keep.test/dav?sig={H40}", (H40,), ("keep.test/dav",)),
    (
        "Link",
        f'<https://keep.test/a?page=2&access_token={T}>; rel="next"',
        (T,),
        ("page=2", "next"),
    ),
    (
        "Content-Disposition",
        f'attachment; filename="{word("gh", "p_")}{draw(36)}.txt"',
        (draw(36),),
        ("attachment",),
    ),
    ("From", f"ann {word('gh', 'p_')}{draw(36)}", (draw(36),), ("ann",)),
    ("User-Agent", f"keep/1.0 token={T}", (T,), ("keep/1.0",)),
    ("Cookie", f"sid={T}; theme=dark; lang=de", (T,), ("sid=", "theme=dark", "lang=de")),
    ("Cookie", f"theme=dark;sid={T};lang=de", (T,), ("theme=dark", "lang=de")),
    ("Cookie", f'sid="{T}"; a=b', (T,), ("a=b",)),
    ("Cookie", f"user={quote(json.dumps({'token': T, 'n': 'keep'}))}", (T,), ("user=",)),
    (
        "Cookie",
        f"PHPSESSID={draw(26, LOWER, 'ps')}; consent=yes",
        (draw(26, LOWER, "ps"),),
        ("consent=yes",),
    ),
    ("Cookie", f"remember_me=ann%3A{P}; a=b", (P,), ("a=b",)),
    ("Cookie2", f"sid={T}", (T,), ("sid",)),
    ("X-Cookie", f"sid={T}; a=b", (T,), ("a=b",)),
    ("baggage", f"user=keep,token={T}", (T,), ("user=keep",)),
    ("X-Debug", f'{{"authorization":"Bearer {T}","n":"keep"}}', (T,), ("keep",)),
    ("X-Debug", base64.b64encode(f'{{"password":"{P}"}}'.encode()).decode(), (P,), ()),
    ("X-Amz-Cf-Id", draw(56, URLSAFE, "cf"), (), (draw(56, URLSAFE, "cf"),)),
    (
        "X-Sentry-Auth",
        f"Sentry sentry_key={hexes(32, 'se')}, sentry_version=7, sentry_client=keep/1",
        (hexes(32, "se"),),
        ("sentry_version=7", "keep/1"),
    ),
    (
        "X-Registry-Auth",
        base64.urlsafe_b64encode(json.dumps({"username": "ann", "password": P}).encode()).decode(),
        (P,),
        (),
    ),
    ("Ocp-Apim-Subscription-Key", hexes(32, "oc"), (hexes(32, "oc"),), ()),
    ("x-functions-key", draw(54, URLSAFE, "fn") + "==", (draw(54, URLSAFE, "fn"),), ()),
    (
        "x-ms-copy-source",
        f"https://keep.blob.core.windows.net/c/b?sv=1&sig={draw(40, ALNUM, 'cs')}%3D&se=2",
        (draw(40, ALNUM, "cs"),),
        ("keep.blob.core.windows.net/c/b", "se=2"),
    ),
    ("x-amz-copy-source", "/keep-bucket/keep.txt?versionId=keep-v", (), ("keep-bucket/keep.txt",)),
    (
        "x-amz-server-side-encryption-customer-key",
        draw(43, ALNUM, "sse") + "=",
        (draw(43, ALNUM, "sse"),),
        (),
    ),
    ("x-ms-encryption-key", draw(43, ALNUM, "mse") + "=", (draw(43, ALNUM, "mse"),), ()),
    ("apns-topic", "com.keep.app", (), ("com.keep.app",)),
    ("DD-API-KEY", hexes(32, "dd"), (hexes(32, "dd"),), ()),
    ("Fastly-Key", draw(32, URLSAFE, "fk"), (draw(32, URLSAFE, "fk"),), ()),
    ("X-Line-Signature", draw(43, ALNUM, "ln") + "=", (draw(43, ALNUM, "ln"),), ()),
    ("X-Telegram-Bot-Api-Secret-Token", P, (P,), ()),
)

URLS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (f"https://hooks.slack.com/services/T0KEEP/B0KEEP/{draw(24)}", (draw(24),), ("/services/",)),
    (
        f"https://discord.com/api/webhooks/123456789012345678/{draw(68, URLSAFE)}",
        (draw(68, URLSAFE),),
        ("/api/webhooks/123456789012345678",),
    ),
    (
        f"https://discord.com/api/v10/webhooks/1/{draw(68, URLSAFE)}/messages/@original",
        (draw(68, URLSAFE),),
        ("@original",),
    ),
    (
        f"https://keep.webhook.office.com/webhookb2/{uuid('a')}@{uuid('b')}/IncomingWebhook/{H40}/{uuid('c')}",
        (H40,),
        ("IncomingWebhook",),
    ),
    (
        f"https://prod-1.westeurope.logic.azure.com:443/workflows/{hexes(32)}/triggers/manual/paths/invoke?api-version=2016-10-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={draw(43, URLSAFE)}",
        (draw(43, URLSAFE),),
        ("sp=%2Ftriggers%2Fmanual%2Frun", "sv=1.0"),
    ),
    (
        f"https://api.telegram.org/bot1234567890:{word('A', 'A')}{draw(33, URLSAFE)}/sendMessage?chat_id=7",
        (draw(33, URLSAFE),),
        ("sendMessage?chat_id=7",),
    ),
    (
        f"https://hooks.zapier.com/hooks/catch/1234567/{draw(7, LOWER)}",
        (draw(7, LOWER),),
        ("/hooks/catch/1234567",),
    ),
    (
        f"https://maker.ifttt.com/trigger/keep/with/key/{draw(22)}",
        (draw(22),),
        ("trigger/keep/with/key",),
    ),
    (f"https://events.pagerduty.com/integration/{hexes(32)}/enqueue", (hexes(32),), ("enqueue",)),
    (f"https://mainnet.infura.io/v3/{hexes(32)}", (hexes(32),), ("/v3/",)),
    (f"https://eth-mainnet.g.alchemy.com/v2/{draw(32, URLSAFE)}", (draw(32, URLSAFE),), ("/v2/",)),
    (f"https://keep.app.n8n.cloud/webhook/{uuid('n8')}", (uuid("n8"),), ("/webhook/",)),
    (f"https://n8n.keep.test/webhook/{uuid('n9')}", (uuid("n9"),), ("/webhook/",)),
    (f"https://chat.keep.test/hooks/{draw(26, LOWER)}", (draw(26, LOWER),), ("/hooks/",)),
    (f"https://hook.eu1.make.com/{draw(32, LOWER)}", (draw(32, LOWER),), ("hook.eu1.make.com",)),
    (f"https://keep.test/reset-password/{T}", (T,), ("/reset-password/",)),
    (f"https://keep.test/users/7/confirm/{T}/done", (T,), ("done",)),
    (f"https://keep.test/invite/{uuid('iv')}", (uuid("iv"),), ("/invite/",)),
    (f"https://keep.test/magic-link/{JWT}", (JWT,), ("/magic-link/",)),
    (f"https://keep.test/api/token/{T}/refresh", (T,), ("refresh",)),
    (f"https://keep.test/unsubscribe/{T}", (T,), ("/unsubscribe/",)),
    (f"https://keep.test/a;jsessionid={H40};b=2", (H40,), ("b=2",)),
    (
        f"https://api.github.com/applications/keep/token/{word('gh', 'o_')}{draw(36)}",
        (draw(36),),
        ("applications/keep",),
    ),
    (f"https://api.keep.test/v1/items?api%5Fkey={T}&n=7", (T,), ("n=7",)),
    (f"https://api.keep.test/v1/items?API-KEY={T}&n=7", (T,), ("n=7",)),
    (f"https://api.keep.test/v1/items?user[password]={quote(P)}&n=7", (P, quote(P)), ("n=7",)),
    (f"https://api.keep.test/v1/items?n=7;token={T}", (T,), ("n=7",)),
    (f"https://api.keep.test/v1/items?token[]={T}&token[]={H40}&n=7", (T, H40), ("n=7",)),
    (f"https://api.keep.test/v1/items?auth=Bearer%20{T}&n=7", (T,), ("n=7",)),
    (f"https://api.keep.test/v1/items?jwt={JWT}&n=7", (JWT,), ("n=7",)),
    (f"https://api.keep.test/v1/items?x={JWT}&n=7", (JWT,), ("n=7",)),
    (
        f"https://api.keep.test/v1/items?data={quote(json.dumps({'token': T, 'n': 'keep'}))}",
        (T,),
        ("keep",),
    ),
    (
        f"https://api.keep.test/v1/items?data={base64.urlsafe_b64encode(json.dumps({'token': T}).encode()).decode()}&n=7",
        (T,),
        ("n=7",),
    ),
    (
        f"https://api.keep.test/v1/items?next={quote(quote('https://keep.test/?token=' + T, safe=''), safe='')}&n=7",
        (T,),
        ("n=7",),
    ),
    (
        f"https://api.keep.test/v1/items?dsn={quote('postgres://ann:' + P + '@db.keep.test/app', safe='')}&n=7",
        (P,),
        ("db.keep.test%2Fapp", "n=7"),
    ),
    (f"https://api.keep.test/v1/items?code={T}&state=keep", (T,), ("code=",)),
    (
        f"https://api.keep.test/cb?code=4%2F0A{draw(60, URLSAFE)}&scope=email",
        (draw(60, URLSAFE),),
        ("scope=email",),
    ),
    ("https://api.keep.test/v1/items?otp=493817&n=7", ("493817",), ("n=7",)),
    ("https://api.keep.test/v1/items?pin=4711&n=7", ("4711",), ("n=7",)),
    (
        f"https://keep.s3.amazonaws.com/o?AWSAccessKeyId={word('AK', 'IA')}KEEPKEEPKEEP2345&Signature={draw(27)}%3D&Expires=1795415000",
        (draw(27),),
        ("Expires=1795415000",),
    ),
    (
        f"https://storage.googleapis.com/keep/o?X-Goog-Credential=ann%40keep.iam%2F20261123%2Fauto%2Fstorage%2Fgoog4_request&X-Goog-Signature={hexes(128)}&X-Goog-Expires=900",
        (hexes(128),),
        ("%2F20261123%2Fauto%2Fstorage%2Fgoog4_request", "X-Goog-Expires=900"),
    ),
    (
        f"https://keep.blob.core.windows.net/c/b?sv=2024&se=2026-12-01T00%3A00%3A00Z&sig={draw(43)}%3D&sp=r",
        (draw(43),),
        ("se=2026-12-01T00%3A00%3A00Z", "sp=r"),
    ),
    (
        f"https://dkeep.cloudfront.net/x?Expires=1795415000&Signature={draw(60, URLSAFE)}~&Key-Pair-Id=KEEP1",
        (draw(60, URLSAFE),),
        ("Expires=1795415000",),
    ),
    (
        f"https://maps.googleapis.com/maps/api/geocode/json?address=Keep+Street&key={word('AI', 'za')}{draw(35, URLSAFE)}",
        (draw(35, URLSAFE),),
        ("address=Keep+Street",),
    ),
    (
        f"https://api.openweathermap.org/data/2.5/weather?q=Berlin&appid={hexes(32)}",
        (hexes(32),),
        ("q=Berlin",),
    ),
    (
        f"https://api.themoviedb.org/3/movie/550?api_key={hexes(32)}&language=en",
        (hexes(32),),
        ("movie/550", "language=en"),
    ),
    (f"https://api.giphy.com/v1/gifs?api_key={draw(32)}&q=keep", (draw(32),), ("q=keep",)),
    (
        f"https://www.googleapis.com/x?access_token=ya29.{draw(60, URLSAFE)}&alt=json",
        (draw(60, URLSAFE),),
        ("alt=json",),
    ),
    (
        f"https://graph.facebook.com/me?access_token={word('EA', 'AG')}{draw(60)}&fields=id",
        (draw(60),),
        ("fields=id",),
    ),
    (f"https://api.particle.io/v1/devices/events?access_token={H40}", (H40,), ("devices/events",)),
    (
        f"https://io.adafruit.com/api/v2/keep/feeds/t?x-aio-key={word('ai', 'o_')}{draw(28)}",
        (draw(28),),
        ("keep/feeds/t",),
    ),
    (f"https://api.thingspeak.com/update?api_key={draw(16)}&field1=7", (draw(16),), ("field1=7",)),
    (f"https://keep.thingsboard.cloud/api/v1/{draw(20)}/telemetry", (draw(20),), ("telemetry",)),
    (
        f"https://api.golioth.io/v1/projects/keep/devices?x-api-key={draw(32)}",
        (draw(32),),
        ("projects/keep/devices",),
    ),
    (f"wss://gateway.keep.test/?v=10&encoding=json&token={T}", (T,), ("v=10", "encoding=json")),
    ("https://api.keep.test/v1/tokens/count?model=keep-m", (), ("/v1/tokens/count?model=keep-m",)),
    ("https://api.keep.test/v1/keys/order-2026/items", (), ("/v1/keys/order-2026/items",)),
    (f"https://api.keep.test/orders/{uuid('or')}/items/17", (), (uuid("or"),)),
    (f"https://github.com/keep/keep/commit/{H40}", (), (H40,)),
    ("https://api.keep.test/password-reset/help", (), ("/password-reset/help",)),
    ("https://api.keep.test/secrets/list?limit=7", (), ("/secrets/list?limit=7",)),
    (f"https://api.keep.test/sessions/{uuid('se')[:8]}/a", (), ("/sessions/",)),
)


def cases() -> Iterator[Case]:
    """All of them."""
    for number, (name, value, gone, kept) in enumerate(HEADERS):
        yield header_case(f"carried_{number}_{name.lower()}", name, value, gone, kept, WHY)
        dumped = json.dumps({"request": {"headers": {name: value, "X-N": "keep-9"}}})
        if kept != (value,):
            yield json_case(
                f"carried_{number}_{name.lower()}_in_json", WHY, dumped, gone, ("keep-9",)
            )
    for number, (url, gone, kept) in enumerate(URLS):
        yield url_case(f"carried_url_{number}", WHY, url, gone, kept)
        yield json_case(
            f"carried_url_{number}_in_json",
            WHY,
            json.dumps({"u": url, "n": "keep-9"}),
            gone,
            (*kept, "keep-9"),
        )
        yield header_case(f"carried_url_{number}_in_location", "Location", url, gone, kept, WHY)
    yield from _codings()


def _codings() -> Iterator[Case]:
    """The same body in the codings that bodies travel in."""
    text = json.dumps({"password": P, "n": "keep-9", "u": "ü"}, ensure_ascii=False)
    coded: dict[str, tuple[str, bytes, str]] = {
        "utf16": ("application/json; charset=utf-16", text.encode("utf-16"), ""),
        "utf16le": ("application/json; charset=utf-16le", text.encode("utf-16-le"), ""),
        "utf32": ("application/json; charset=utf-32", text.encode("utf-32"), ""),
        "latin": ("application/json; charset=iso-8859-1", text.encode("latin-1"), ""),
        "bom": ("application/json", b"\xef\xbb\xbf" + text.encode(), ""),
        "gzip": ("application/json", gzip.compress(text.encode()), "gzip"),
        "gzip_undeclared": ("application/json", text.encode(), "gzip"),
        "deflate": ("application/json", zlib.compress(text.encode()), "deflate"),
        "raw_deflate": ("application/json", zlib.compress(text.encode())[2:-4], "deflate"),
        "gzip_twice": (
            "application/json",
            gzip.compress(gzip.compress(text.encode())),
            "gzip, gzip",
        ),
        "octets": ("application/octet-stream", text.encode(), ""),
        "no_type": ("", text.encode(), ""),
        "html_type": ("text/html", text.encode(), ""),
        "form_type": ("application/x-www-form-urlencoded", text.encode(), ""),
        "vendor_type": ("application/vnd.keep+json", text.encode(), ""),
        "nul": ("application/json", text.encode() + b"\0", ""),
        "escaped_name": (
            "application/json",
            text.replace("password", "\\u0070assword").encode(),
            "",
        ),
        "escaped_value": ("application/json", text.replace("Hunter", "\\u0048unter").encode(), ""),
        "cut_short": ("application/json", text.encode()[:-3], ""),
    }
    for name, (kind, body, coding) in coded.items():
        headers = [("Content-Type", kind)] if kind else []
        headers += [("Content-Encoding", coding)] if coding else []
        kept = () if name in ("gzip_twice",) else ("keep-9",)
        yield Case(f"coded_{name}", WHY, (P,), kept, request_headers=headers, request_body=body)
        yield Case(
            f"coded_{name}_answer", WHY, (P,), kept, response_headers=headers, response_body=body
        )
    nested = text
    for depth in range(1, 5):
        nested = json.dumps({"body": nested, "d": depth})
        yield json_case(f"coded_nested_{depth}", WHY, nested, (P,), ("keep-9",))
    for depth, coder in enumerate((base64.b64encode, base64.urlsafe_b64encode, base64.b64encode)):
        inner = coder(json.dumps({"password": P + "~?>", "depth": depth}).encode()).decode()
        yield json_case(
            f"coded_base64_{depth}",
            WHY,
            json.dumps({"data": inner, "n": "keep-9"}),
            (P, inner),
            ("keep-9",),
        )
        yield form_case(
            f"coded_base64_{depth}_form", WHY, f"data={quote(inner)}&n=keep-9", (P,), ("n=keep-9",)
        )
    twice = base64.b64encode(base64.b64encode(json.dumps({"password": P}).encode())).decode()
    yield json_case(
        "coded_base64_twice", WHY, json.dumps({"data": twice, "n": "keep-9"}), (P,), ("keep-9",)
    )
    hexed = draw(40, HEX, "hexed")
    yield json_case(
        "coded_number_words", WHY, json.dumps({"a": hexed, "api_key": hexed}), (hexed,), ()
    )
