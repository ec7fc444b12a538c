"""Queries, fragments, userinfo, paths."""

# ruff: noqa: E501, SIM905 - tables of texts are read line by line

from collections.abc import Iterator
from urllib.parse import quote

from tests.store.redaction.corpus import Case, url_case
from tests.store.redaction.fakes import (
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

PARAMETERS = (
    "apikey api_key api-key apiKey APIKEY key token access_token accessToken auth_token authToken "
    "auth refresh_token id_token password passwd pwd pass pw secret client_secret clientSecret "
    "signature sig sign session sessionId session_id sid PHPSESSID jsessionid jwt private_token "
    "oauth_token oauth_signature hapikey appid subscription-key x-api-key X-Amz-Signature "
    "X-Amz-Security-Token X-Goog-Signature hmac ticket credential user_token csrf_token "
    "reset_token otp_token verification_token api_secret app_key license_key webhook_secret "
    "X-Plex-Token authkey auth-key SAMLResponse assertion bearer xoauth_token usertoken "
    "api.key user%5Bpassword%5D p%61ssword service_key"
).split()

PATHS = {
    "slack": (
        "https://hooks.slack.com/services/T00000000/B00000000/{}",
        draw(24, seed="slack"),
        "hooks.slack.com/services/T00000000",
    ),
    "slack_workflow": (
        "https://hooks.slack.com/workflows/T1/A1/123/{}",
        draw(24, seed="sw"),
        "/workflows/",
    ),
    "slack_trigger": (
        "https://hooks.slack.com/triggers/E1/123456/{}",
        hexes(32, "st"),
        "/triggers/",
    ),
    "discord": (
        "https://discord.com/api/webhooks/1234567890/{}",
        draw(68, URLSAFE, "d"),
        "/webhooks/1234567890",
    ),
    "discord_v10": (
        "https://discord.com/api/v10/webhooks/1234567890/{}/messages/1",
        draw(68, URLSAFE, "d10"),
        "/messages/1",
    ),
    "discordapp": (
        "https://discordapp.com/api/webhooks/1234567890/{}?wait=true",
        draw(68, URLSAFE, "da"),
        "wait=true",
    ),
    "teams": (
        "https://acme.webhook.office.com/webhookb2/{}/IncomingWebhook/x",
        uuid("t1") + "@" + uuid("t2"),
        "/IncomingWebhook/",
    ),
    "teams_second": (
        "https://acme.webhook.office.com/webhookb2/a@b/IncomingWebhook/{}/u",
        hexes(32, "t3"),
        "/IncomingWebhook/",
    ),
    "telegram": (
        "https://api.telegram.org/bot{}/sendMessage",
        "1234567890:AA" + draw(33, URLSAFE, "tg"),
        "/sendMessage",
    ),
    "telegram_file": (
        "https://api.telegram.org/file/bot{}/photos/f.jpg",
        "1234567890:AA" + draw(33, URLSAFE, "tf"),
        "photos/f.jpg",
    ),
    "zapier": (
        "https://hooks.zapier.com/hooks/catch/1234567/{}/",
        "b4k3z9x",
        "hooks.zapier.com/hooks/catch",
    ),
    "ifttt": (
        "https://maker.ifttt.com/trigger/door/with/key/{}",
        draw(22, URLSAFE, "if"),
        "/trigger/door",
    ),
    "ifttt_json": (
        "https://maker.ifttt.com/trigger/door/json/with/key/{}",
        draw(22, URLSAFE, "ij"),
        "/json/with/key/",
    ),
    "pagerduty": (
        "https://events.pagerduty.com/integration/{}/enqueue",
        hexes(32, "pd"),
        "/enqueue",
    ),
    "datadog": (
        "https://http-intake.logs.datadoghq.com/v1/input/{}",
        hexes(32, "dd"),
        "/v1/input/",
    ),
    "infura": ("https://mainnet.infura.io/v3/{}", hexes(32, "inf"), "/v3/"),
    "alchemy": ("https://eth-mainnet.g.alchemy.com/v2/{}", draw(32, URLSAFE, "al"), "/v2/"),
    "quicknode": ("https://cool-name.quiknode.pro/{}/", hexes(40, "qn"), "quiknode.pro/"),
    "ankr": ("https://rpc.ankr.com/eth/{}", hexes(64, "ank"), "/eth/"),
    "n8n": ("https://n8n.example.test/webhook/{}", uuid("n8n"), "/webhook/"),
    "n8n_test": ("https://n8n.example.test/webhook-test/{}", uuid("n8t"), "/webhook-test/"),
    "mattermost": (
        "https://chat.example.test/hooks/{}",
        draw(26, LOWER + "0123456789", "mm"),
        "/hooks/",
    ),
    "rocketchat": (
        "https://chat.example.test/hooks/{}",
        draw(17, seed="rc1") + "/" + draw(43, seed="rc"),
        "/hooks/",
    ),
    "make": (
        "https://hook.eu1.make.com/{}",
        draw(31, LOWER + "0123456789", "mk"),
        "hook.eu1.make.com",
    ),
    "feishu": ("https://open.feishu.cn/open-apis/bot/v2/hook/{}", uuid("fs"), "/bot/v2/hook/"),
    "webex": (
        "https://webexapis.com/v1/webhooks/incoming/{}",
        draw(80, URLSAFE, "wx"),
        "/incoming/",
    ),
    "healthchecks": ("https://hc-ping.com/{}/fail", uuid("hc"), "/fail"),
    "netlify": ("https://api.netlify.com/build_hooks/{}", hexes(24, "nl"), "/build_hooks/"),
    "vercel": (
        "https://api.vercel.com/v1/integrations/deploy/prj_abc/{}",
        draw(10, seed="vc"),
        "/deploy/prj_abc",
    ),
    "dockerhub": (
        "https://hub.docker.com/api/build/v1/source/x/trigger/{}/call/",
        uuid("dh"),
        "/call/",
    ),
    "loggly": ("https://logs-01.loggly.com/inputs/{}/tag/http/", uuid("lg"), "/tag/http/"),
    "sumo": (
        "https://endpoint1.collection.sumologic.com/receiver/v1/http/{}",
        draw(88, seed="su"),
        "/receiver/v1/http/",
    ),
    "thingsboard": (
        "https://demo.thingsboard.io/api/v1/{}/telemetry",
        draw(20, seed="tb"),
        "/telemetry",
    ),
    "thingsboard_own": (
        "https://iot.example.test/api/v1/{}/attributes",
        draw(20, seed="tbo"),
        "/attributes",
    ),
    "victorops": (
        "https://alert.victorops.com/integrations/generic/20131114/alert/{}/team",
        uuid("vo"),
        "/team",
    ),
    "airtable": (
        "https://hooks.airtable.com/workflows/v1/genericWebhook/app1/wfl1/{}",
        "wtr" + draw(14, seed="at"),
        "/genericWebhook/",
    ),
    "ical": (
        "https://calendar.google.com/calendar/ical/a%40b.test/private-{}/basic.ics",
        hexes(32, "ic"),
        "/basic.ics",
    ),
    "exchangerate": (
        "https://v6.exchangerate-api.com/v6/{}/latest/USD",
        hexes(24, "ex"),
        "/latest/USD",
    ),
    "gitter": ("https://webhooks.gitter.im/e/{}", hexes(20, "gi"), "/e/"),
    "reset": (
        "https://app.example.test/reset-password/{}",
        draw(40, URLSAFE, "rs"),
        "/reset-password/",
    ),
    "reset_rails": (
        "https://app.example.test/users/password/{}/edit",
        draw(20, seed="rr"),
        "/edit",
    ),
    "reset_django": (
        "https://app.example.test/reset/MQ/{}/",
        "c5x-" + hexes(32, "dj"),
        "/reset/MQ/",
    ),
    "verify": ("https://app.example.test/verify-email/{}", uuid("ve"), "/verify-email/"),
    "confirm": ("https://app.example.test/confirm/{}", draw(20, URLSAFE, "cf"), "/confirm/"),
    "invite": ("https://app.example.test/invite/{}", hexes(40, "in"), "/invite/"),
    "magic": ("https://app.example.test/auth/magic/{}", draw(43, URLSAFE, "ma"), "/magic/"),
    "unsubscribe": (
        "https://app.example.test/unsubscribe/{}",
        draw(30, URLSAFE, "us"),
        "/unsubscribe/",
    ),
    "token_piece": ("https://api.example.test/token/{}/x", draw(30, seed="tp"), "/token/"),
    "jwt_piece": ("https://api.example.test/sso/{}", JWT, "/sso/"),
    "shape_piece": (
        "https://api.example.test/x/{}/y",
        word("gh", "o_") + draw(36, seed="sp"),
        "/y",
    ),
    "matrix": ("https://api.example.test/report;jsessionid={};page=2", hexes(32, "mx"), "page=2"),
    "matrix_token": ("https://api.example.test/a;token={}/b", draw(24, seed="mt"), "/b"),
    "named_piece": (
        "https://api.example.test/access_token={}/items",
        draw(24, seed="np"),
        "/items",
    ),
    "netrc_style": ("https://api.example.test/key/{}/data", hexes(32, "ns"), "/data"),
}

KEPT_PATHS = (
    "/repos/acme/widget/commits/9fceb02d0ae598e95dc970b74767f19372d61af8",
    "/v1/customers/cus_NffrFeUfNV2Hib/sources",
    "/v1/webhook_endpoints/we_1NFoKkLkdIwHu7ixAbCdEfGh",
    "/v1/orders/0d3f1e2c-5b6a-4c7d-8e9f-a0b1c2d3e4f5/lines",
    "/v2/projects/my-project/devices/65f1c0a2b3d4e5f60718293a",
    "/oauth/token",
    "/v1/tokens/tok_visa/refresh",
    "/password/change",
    "/reset-password",
    "/api/v4/projects/278964/hooks/12345",
    "/auth/realms/master/protocol/openid-connect/token",
    "/token-types/bearer",
    "/keys/2026-11-23",
    "/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json",
    "/webhooks/github",
    "/hooks/stripe/events",
    "/invite/accept",
    "/login/callback",
    "/secret-santa/2026",
    "/v1/secrets/db-credentials/versions/7",
    "/verify/start",
    "/devices/rack-12:port-4/state",
)

KEPT_QUERIES = (
    "page=7&per_page=100",
    "next_page_token=CAUQAA8xY2Q",
    "sort_key=created_at",
    "author=ada&authority=x1",
    "tokenizer=bpe&max_tokens=512",
    "key=PROJ-123",
    "keys=a,b,c",
    "code=404",
    "country_code=DE&code=SUMMER20",
    "api-version=2021-04-12",
    "password_required=true",
    "token_type=bearer",
    "grant_type=client_credentials",
    "Expires=1795415000&Key-Pair-Id=KFAKE1",
    "X-Amz-Date=20261123T100000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host",
    "se=1795415000&sp=r&sv=2024-08-04&sr=b",
    "q=monkey+keyboard",
    "client_id=keep-client",
    "state=done",
    "sha=9fceb02d0ae598e95dc970b74767f19372d61af8",
    "id=0d3f1e2c-5b6a-4c7d-8e9f-a0b1c2d3e4f5",
    "redirect_uri=https%3A%2F%2Fapp.test%2Fcb%3Fa%3D1",
    "session_count=3&pass=true",
    "email=ada%40example.test",
    "cursor=eyJpZCI6MTIzfQ",
    "sid=AC0123&pin_code_length=4",
    "filter%5Bname%5D=x",
    "X-Amz-Algorithm=AWS4-HMAC-SHA256",
)


def cases() -> Iterator[Case]:
    """All of them."""
    for name in PARAMETERS:
        value = draw(24, seed=name)
        yield url_case(
            f"query_name_{name}",
            f"{name} is a credential",
            f"https://api.example.test/v1/items?{name}={value}&page=7",
            (value,),
            (name, "page=7"),
        )
    for name, (url, secret, kept) in PATHS.items():
        yield url_case(
            f"path_{name}",
            "the path holds the credential",
            url.format(secret),
            tuple(part for part in secret.split("/")),
            (kept,),
        )
    for name in ("slack", "discord", "telegram", "zapier", "infura", "n8n", "reset"):
        url, secret, kept = PATHS[name]
        yield Case(
            f"path_{name}_in_body",
            "URLs are stored and sent on",
            (secret,),
            (kept,),
            request_body='{"webhook_url": "' + url.format(secret) + '", "n": 1}',
        )
        yield Case(
            f"path_{name}_in_error",
            "errors quote the URL",
            (secret,),
            ("refused",),
            error=f"connection to {url.format(secret)} refused",
        )
    for number, path in enumerate(KEPT_PATHS):
        yield url_case(
            f"keep_path_{number}",
            "no credential in it",
            f"https://api.example.test{path}",
            (),
            (path,),
        )
    for number, query in enumerate(KEPT_QUERIES):
        yield url_case(
            f"keep_query_{number}",
            "no credential in it",
            f"https://api.example.test/v1/items?{query}",
            (),
            (query,),
        )
    yield from odd_queries()
    yield from userinfo()


def odd_queries() -> Iterator[Case]:
    """Codings and places that simple parsers miss."""
    base = "https://api.example.test/v1/items"
    slashed = "se/cretFake/" + draw(10, seed="sl")
    yield url_case(
        "query_encoded_once",
        "the decoded form is a secret too",
        f"{base}?token={quote(slashed, safe='')}&page=7",
        (slashed, quote(slashed, safe="")),
        ("page=7",),
    )
    yield url_case(
        "query_encoded_twice",
        "so are forms in between",
        f"{base}?token={quote(quote(slashed, safe=''), safe='')}&page=7",
        (slashed, quote(slashed, safe="")),
        ("page=7",),
    )
    yield url_case(
        "query_nested_url",
        "a URL in a parameter has parameters",
        f"{base}?redirect_uri={quote(f'https://app.test/cb?token={TOKEN}&a=1', safe='')}&page=7",
        (TOKEN,),
        ("redirect_uri", "page=7"),
    )
    yield url_case(
        "query_nested_twice",
        "and may be coded twice",
        f"{base}?u={quote(quote(f'https://app.test/cb?api_key={TOKEN}', safe=''), safe='')}",
        (TOKEN,),
        ("u=",),
    )
    yield url_case(
        "query_json",
        "a JSON parameter",
        f"{base}?filter={quote('{"password": "' + PASSWORD + '", "n": "keep"}', safe='')}",
        (PASSWORD,),
        ("filter=",),
    )
    yield url_case(
        "query_plus_space",
        "a passphrase with spaces",
        f"{base}?passphrase=correct+horse+battery&page=7",
        ("correct+horse+battery", "correct horse battery"),
        ("page=7",),
    )
    yield url_case(
        "query_repeated",
        "each of them",
        f"{base}?token={TOKEN}&token={TOKEN[::-1]}",
        (TOKEN, TOKEN[::-1]),
    )
    yield url_case(
        "query_bracket",
        "arrays in queries",
        f"{base}?auth[token]={TOKEN}&auth[user]=ada",
        (TOKEN,),
        ("ada",),
    )
    yield url_case(
        "query_oauth_code",
        "an authorization code is a credential",
        f"{base}?code=SplxlOBeZQQYbYS6WxSbIA&state=xyz",
        ("SplxlOBeZQQYbYS6WxSbIA",),
        ("state=xyz",),
    )
    yield url_case(
        "query_google_key",
        "known by shape",
        f"{base}?key={word('AI', 'za')}{draw(35, URLSAFE, 'gk')}",
        (draw(35, URLSAFE, "gk"),),
        ("key=",),
    )
    yield url_case(
        "query_wecom_key",
        "a UUID as key",
        f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={uuid('wc')}",
        (uuid("wc"),),
        ("/webhook/send",),
    )
    yield url_case(
        "query_no_value_token",
        "a token as the whole query",
        f"{base}?{word('gh', 'p_')}{draw(36, seed='nv')}",
        (draw(36, seed="nv"),),
    )
    yield url_case(
        "query_name_is_secret",
        "a token as a name",
        f"{base}?{word('xox', 'b-')}{draw(30, '0123456789', 'nm')}=1",
        (draw(30, "0123456789", "nm"),),
    )
    yield url_case(
        "query_semicolons",
        "old separators",
        f"{base}?a=1;password={PASSWORD};b=2",
        (PASSWORD,),
        ("a=1",),
    )
    yield url_case(
        "query_presigned",
        "S3's presigned form",
        f"https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={word('AK', 'IA')}QQQQWWWWEEEE2345%2F20261123%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Expires=900&X-Amz-Signature={hexes(64, 'ps')}",
        (hexes(64, "ps"), "QQQQWWWWEEEE2345"),
        ("X-Amz-Expires=900", "AWS4-HMAC-SHA256", "us-east-1"),
    )
    yield url_case(
        "query_cloudfront",
        "CloudFront's",
        f"https://d.cloudfront.net/x?Expires=1795415000&Signature={draw(50, URLSAFE, 'cfs')}__&Key-Pair-Id=KFAKE1",
        (draw(50, URLSAFE, "cfs"),),
        ("Expires=1795415000", "KFAKE1"),
    )
    yield url_case(
        "query_azure_sas",
        "Azure's",
        f"https://a.blob.core.windows.net/c/b?sv=2024-08-04&se=2026-11-24T00%3A00%3A00Z&sr=b&sp=r&sig={draw(43, seed='as')}%3D",
        (draw(43, seed="as"),),
        ("sv=2024-08-04", "sp=r"),
    )
    yield url_case(
        "query_gcs",
        "Google's",
        f"https://storage.googleapis.com/b/o?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Expires=60&X-Goog-Signature={hexes(512, 'gcs')}",
        (hexes(512, "gcs"),),
        ("X-Goog-Expires=60",),
    )
    yield url_case(
        "query_firebase",
        "a JWT under any name",
        f"https://db.firebaseio.com/x.json?auth={JWT}&print=pretty",
        (JWT,),
        ("print=pretty",),
    )
    yield url_case(
        "query_proxied",
        "an absolute URL in the path",
        f"https://relay.example.test/https://api.test/x?api_key={TOKEN}",
        (TOKEN,),
        ("relay.example.test",),
    )
    yield url_case(
        "query_otp",
        "short codes count under their name",
        f"{base}?otp=493817&page=7",
        ("493817",),
        ("page=7",),
    )
    yield url_case(
        "query_pin", "digits under pin", f"{base}?pin=4931&page=7", ("4931",), ("page=7",)
    )


def userinfo() -> Iterator[Case]:
    """Credentials in front of hosts."""
    urls = {
        "postgres": (
            "postgres://app:{}@db.internal.test:5432/app",
            PASSWORD,
            "db.internal.test:5432/app",
        ),
        "mysql": ("mysql://root:{}@10.0.0.5/shop?ssl=1", PASSWORD, "10.0.0.5/shop"),
        "mongodb": (
            "mongodb+srv://svc:{}@cluster0.example.test/db?retryWrites=true",
            PASSWORD,
            "cluster0.example.test/db",
        ),
        "redis": ("redis://:{}@cache.test:6379/0", PASSWORD, "cache.test:6379/0"),
        "amqp": ("amqps://u:{}@mq.test/vhost", PASSWORD, "mq.test/vhost"),
        "https": ("https://bob:{}@api.test/x", PASSWORD, "api.test/x"),
        "git": ("https://x-access-token:{}@github.com/acme/w.git", TOKEN, "github.com/acme/w.git"),
        "token_user": ("https://{}@github.com/acme/w.git", TOKEN, "github.com/acme/w.git"),
        "token_empty_password": ("https://{}:@api.stripe.test/v1", TOKEN, "api.stripe.test/v1"),
        "encoded": ("postgres://app:{}@db.test/app", "p%40ss%2Fw0rdFake", "db.test/app"),
        "slash": ("postgres://app:{}@db.test:5432/app", "pg/FakePw9", "db.test:5432/app"),
        "at_sign": ("postgres://app:{}@db.test:5432/app", "pg@FakePw9", "db.test:5432/app"),
        "digits": ("redis://:{}@cache.test/0", "99182736", "cache.test/0"),
        "jdbc": ("jdbc:postgresql://app:{}@db.test/app", PASSWORD, "db.test/app"),
        "ftp": ("ftp://anonymous:{}@files.test/pub", PASSWORD, "files.test/pub"),
        "smtp": ("smtp://mailer:{}@smtp.test:587", PASSWORD, "smtp.test:587"),
        "several_hosts": (
            "mongodb://u:{}@h1.test:27017,h2.test:27017/db",
            PASSWORD,
            "h1.test:27017,h2.test:27017/db",
        ),
    }
    for name, (url, secret, kept) in urls.items():
        full = url.format(secret)
        yield Case(
            f"userinfo_{name}_json",
            "a connection string in JSON",
            (secret,),
            (kept,),
            request_body='{"dsn": "' + full + '", "retries": 3}',
        )
        yield Case(
            f"userinfo_{name}_text",
            "and in a log line",
            (secret,),
            (kept,),
            response_body=f"connecting to {full} now",
        )
    yield Case(
        "keep_userinfo_email",
        "an address is no credential",
        (),
        ("mailto:ada@example.test", "https://a.test/u?e=ada@b.test", "git@github.com:acme/w.git"),
        request_body='{"a": "mailto:ada@example.test", "b": "https://a.test/u?e=ada@b.test", "c": "git@github.com:acme/w.git"}',
    )
    yield Case(
        "keep_userinfo_user",
        "a user alone is no credential",
        (),
        ("https://bob@host.test/x", "ssh://git@host.test:22/x"),
        request_body='{"a": "https://bob@host.test/x", "b": "ssh://git@host.test:22/x"}',
    )
