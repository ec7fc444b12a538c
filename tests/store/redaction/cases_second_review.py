"""A second review: more names and headers of providers, more languages and formats."""

# ruff: noqa
# mypy: ignore-errors

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

from tests.store.redaction.corpus import (
    Case,
    form_case,
    header_case,
    json_case,
    text_case,
    url_case,
)
from tests.store.redaction.fakes import CARD, JWT, PASSWORD, TOKEN, draw, hexes

WHY = "written after the rules, to find what they miss"
S = PASSWORD
T = TOKEN
F = "FAKEfakeNOTREALnotreal0123456789F"
C = []


def j(n, b, g, k=()):
    C.append(json_case(n, WHY, b if isinstance(b, str) else json.dumps(b), g, k))


def t(n, b, g, k=()):
    C.append(text_case(n, WHY, b, g, k))


def f(n, b, g, k=()):
    C.append(form_case(n, WHY, b, g, k))


def u(n, b, g, k=()):
    C.append(url_case(n, WHY, b, g, k))


def h(n, a, b, g, k=()):
    C.append(header_case(n, a, b, g, k))


for n in "api_key apikey key token access_token accessToken auth_token auth pwd pass passwd password secret client_secret sig signature session sessionId sid code otp jwt hmac private_token oauth_token ticket appid app_key api-key x-api-key subscription-key hapikey apiToken user_token csrf state_token assertion samlresponse id_token refresh_token".split():
    for v in (
        "FAKEfakeNOTREALnotre",
        "fa4e0deadbeef0123456",
        "hunter3FAKEpw",
        "FAKEfakeNOTREALnotreal012345",
    ):
        if n in ("key", "sid", "sig", "ticket", "appid", "csrf", "code") and len(v) < 16:
            continue
        u(
            "q_%s_%s" % (n, v[:6]),
            "https://api.example.test/v1/items?%s=%s&page=7" % (n, v),
            (v,),
            (n, "page=7"),
        )
        if n not in ("key", "sid", "sig", "code", "ticket", "appid"):
            j("j_%s_%s" % (n, v[:6]), {n: v, "n": "keepme-1"}, (v,), ("keepme-1", n))
            f("f_%s_%s" % (n, v[:6]), "%s=%s&n=keepme-1" % (n, v), (v,), ("keepme-1",))
for n in "X-Auth-Token X-Api-Key Api-Key apikey X-Shopify-Access-Token X-Gitlab-Token PRIVATE-TOKEN X-Vault-Token X-Amz-Security-Token X-Goog-Api-Key X-Postmark-Server-Token X-Mailgun-Signature X-Auth-Key X-RapidAPI-Key Ocp-Apim-Subscription-Key X-Figma-Token DD-API-KEY DD-APPLICATION-KEY X-Honeycomb-Team X-Algolia-API-Key X-Parse-REST-API-Key X-Parse-Master-Key Authorization-Token X-Access-Token X-Session-Token X-CSRF-Token X-XSRF-TOKEN Cf-Access-Jwt-Assertion CF-Access-Client-Secret Circle-Token Fastly-Key X-Pm-Token Travis-Token X-Consul-Token X-Nomad-Token X-Kong-Admin-Token Kong-Admin-Token X-Grafana-Token X-Sentry-Token X-Snyk-Token X-Sonar-Token X-JFrog-Art-Api X-Octopus-ApiKey X-TeamCity-CSRF-Token X-Jenkins-Crumb Jenkins-Crumb X-Figma-Signature X-Wix-Signature X-PubNub-Signature X-Zendesk-Webhook-Signature X-Intercom-Signature X-Segment-Signature X-Asana-Hook-Secret X-Discord-Signature X-Signature-Ed25519 X-Signature X-Square-Hmacsha256-Signature X-Xero-Signature X-Twitch-Signature Twitch-Eventsub-Message-Signature X-Bunq-Client-Authentication X-Bunq-Client-Signature X-Auth-Signature Plaid-Secret PLAID-SECRET PLAID-CLIENT-SECRET X-Klaviyo-Api-Key Klaviyo-Api-Key Revision-Token lob-signature X-Dropbox-Signature X-Adyen-Hmac X-API-TOKEN X-Cisco-Meraki-API-Key X-Zoho-Webhook-Signature X-AppEngine-Secret X-Proxy-Token X-Golioth-Api-Key X-Device-Secret X-Device-Key Device-Secret X-Thingspeak-Api-Key THINGSPEAKAPIKEY X-AIO-Key X-Ubidots-Token X-Losant-Token X-Particle-Token X-Blynk-Auth X-M2X-KEY X-Carriots-Key carriots.apikey X-Xively-ApiKey IoT-Api-Key X-Mgmt-Token X-IBM-Client-Secret X-Watson-Learning-Token X-Contentful-Webhook-Secret X-SFDC-Session X-Sfdc-Session-Id X-SFDC-SessionId X-Marketo-Token X-Domo-Developer-Token Developer-Token developer-token login-customer-token X-Snowflake-Authorization-Token X-Databricks-Token X-HTTP-Authorization X-Original-Authorization X-Amzn-Remapped-Authorization X-Ms-Token-Aad-Id-Token X-Requested-Token X-Stripe-Client-Secret x-goog-authenticated-user-jwt X-Serverless-Authorization".split():
    h("h_" + n, n, F, (F,))
for n, v in {
    "X-Frame-Options": "DENY",
    "X-Powered-By": "Express",
    "X-Request-ID": F,
    "X-Amzn-RequestId": "C1K2" + F[:8],
    "Accept": "application/vnd.github+json",
    "X-GitHub-Event": "push",
    "X-GitHub-Hook-ID": "1234567",
    "X-Shopify-API-Version": "2024-07",
    "Stripe-Version": "2024-06-20",
    "anthropic-version": "2023-06-01",
    "OpenAI-Organization": "org-keepme",
    "X-Goog-User-Project": "proj-keepme",
    "X-Ratelimit-Limit-Tokens": "150000",
    "x-ratelimit-reset-tokens": "6m0s",
    "X-Accepted-OAuth-Scopes": "repo",
    "Access-Control-Request-Headers": "authorization,x-api-key",
    "Vary": "Authorization, Cookie",
    "X-Cache-Key": "/a/b?c=d",
    "Cache-Tag": "key-1",
    "X-Tokens-Used": "42",
    "X-Keyboard": "qwerty",
    "X-Author-Name": "Ada",
    "Key-Inflection": "camel",
    "Sec-Fetch-Site": "same-origin",
    "X-Azure-Ref": "20261123T100000Z-r1",
    "x-ms-request-id": "0d3f1e2c-5b6a-4c7d-8e9f-a0b1c2d3e4f5",
    "x-ms-client-request-id": "0d3f1e2c-5b6a-4c7d-8e9f-a0b1c2d3e4f5",
    "X-Slack-Req-Id": "0d3f1e2c5b6a4c7d8e9fa0b1c2d3e4f5",
    "X-Slack-Retry-Num": "1",
    "Svix-Id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
    "Svix-Timestamp": "1614265330",
    "CF-Connecting-IP": "1.2.3.4",
    "X-Twilio-Request-Id": "RQ0123456789abcdef0123456789abcdef",
    "X-Trace-Id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "X-Amz-Id-2": "s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234=",
    "X-Amz-Version-Id": "3HL4kqtJvjVBH40Nrjfkd",
    "x-amz-meta-key": "value-keep",
    "Content-Security-Policy-Report-Only": "default-src 'none'",
    "ETag": '"' + F + '"',
    "Last-Event-ID": F,
}.items():
    C.append(Case("hk_" + n, WHY, (), (n, v.replace('"', '\\"')), request_headers=[(n, v)]))
j("sse_like", 'data: {"choices":[{"delta":{"content":"token"}}]}\n\n', (), ("content",))
j(
    "deep_name",
    {"a": {"credentials": {"oauth": {"clientSecret": S, "clientId": "keepme"}}}},
    (S,),
    ("keepme",),
)
j(
    "list_pairs",
    [{"Key": "Password", "Value": S}, {"Key": "User", "Value": "keepme"}],
    (S,),
    ("keepme",),
)
j("kv_obj", {"k": "api_token", "v": T, "n": "keepme"}, (T,), ("keepme",))
j("label_value", {"label": "API Key", "value": T, "n": "keepme"}, (T,), ("keepme",))
j("title_value", {"title": "Password", "value": S, "n": "keepme"}, (S,), ("keepme",))
j(
    "slack_fields",
    {
        "fields": [
            {"title": "Password", "value": S, "short": True},
            {"title": "Host", "value": "keepme"},
        ]
    },
    (S,),
    ("keepme",),
)
j(
    "slack_blocks",
    {
        "blocks": [
            {
                "type": "section",
                "text": {"type": "mrkdwn", "text": "*Password:* " + S + "\n*Host:* keepme"},
            }
        ]
    },
    (S,),
    ("keepme",),
)
j("slack_code", {"text": "creds: `token=" + T + "` keepme"}, (T,), ("keepme",))
j(
    "teams",
    {"facts": [{"name": "Api Key", "value": T}, {"name": "Env", "value": "keepme"}]},
    (T,),
    ("keepme",),
)
j(
    "email_html",
    {"html": "<p>Your temporary password is <b>" + S + "</b></p>keepme"},
    (S,),
    ("keepme",),
)
j("email_text", {"text": "Your one-time code is 493817.\nkeepme"}, ("493817",), ("keepme",))
j("email_code2", {"text": "Use code 493817 to sign in. keepme"}, ("493817",), ("keepme",))
j("email_code3", {"text": "493817 is your Acme verification code keepme"}, ("493817",), ("keepme",))
j("sms", {"Body": "Your Acme code is: 493817 keepme"}, ("493817",), ("keepme",))
t(
    "gql_multi",
    'mutation {\n  a: login(user: "keepme", password: "'
    + S
    + '")\n  b: setKey(apiKey: "'
    + T
    + '")\n}',
    (S, T),
    ("keepme",),
)
t("gql_block", 'mutation { x(password: """' + S + '""") }', (S,))
t(
    "gql_escaped",
    '{"query":"mutation { login(password: \\"' + S + '\\") { ok } }","n":"keepme"}',
    (S,),
    ("keepme",),
)
t(
    "xml_soap",
    "<soapenv:Body><ns:login><ns:username>keepme</ns:username><ns:password>"
    + S
    + "</ns:password></ns:login></soapenv:Body>",
    (S,),
    ("keepme",),
)
t("xml_session", "<ns:sessionId>" + F + "</ns:sessionId><b>keepme</b>", (F,), ("keepme",))
t(
    "xml_attrs2",
    '<user name="keepme" pwd=\'' + S + "' token=\"" + T + '"></user>',
    (S, T),
    ("keepme",),
)
t(
    "xml_self",
    '<Setting Name="ApiKey" Value="' + T + '" /><Setting Name="X" Value="keepme" />',
    (T,),
    ("keepme",),
)
t("xml_escaped", "&lt;password&gt;" + S + "&lt;/password&gt; keepme", (S,), ("keepme",))
t("yaml_dash", "- token: " + T + "\n- user: keepme\n", (T,), ("keepme",))
t("yaml_colon_val", 'url: http://keepme\npassword: "a: b' + S + '"\n', (S,), ("keepme",))
t("yaml_json", 'password: {"value": "' + S + '"}\nuser: keepme\n', (S,), ("keepme",))
t("yaml_flowlist", "tokens: [" + T + ", " + T[::-1] + "]\nuser: keepme", (T, T[::-1]), ("keepme",))
t(
    "yaml_deep",
    "a:\n  b:\n    credentials:\n      username: keepme\n      password: " + S + "\n",
    (S,),
    ("keepme",),
)
t("yaml_hash_val", "password: pa#ss" + S + "\nuser: keepme", (S,), ("keepme",))
t("props_colon", "db.password: " + S + "\ndb.user: keepme", (S,), ("keepme",))
t("env_dollar", "SECRET=$ecret" + S + "\nUSER=keepme", (S,), ("keepme",))
t("env_backslash", "PASSWORD=a\\b" + S + "\nUSER=keepme", (S,), ("keepme",))
t("env_quote_in", 'PASSWORD="a\\"b' + S + '"\nUSER=keepme', (S,), ("keepme",))
t("env_single_in", "PASSWORD='a'\\''b" + S + "'\nUSER=keepme", (S,), ("keepme",))
t(
    "env_multi",
    'KEY="-----BEGIN ' + "PRIVATE KEY-----\nabc" + T + '\n-----END PRIVATE KEY-----"\nUSER=keepme',
    (T,),
    ("keepme",),
)
t("brackets", "[password=" + S + "] [user=keepme]", (S,), ("keepme",))
t("log_comma", "user=keepme,password=" + S + ",x=1", (S,), ("keepme", "x=1"))
t("log_json_esc", 'msg="{\\"token\\":\\"' + T + '\\"}" n=keepme', (T,), ("keepme",))
t(
    "log_url",
    "GET https://a.test/cb?code=SplxlOBeZQQYbYS6WxSbIA&state=keepme 302",
    ("SplxlOBeZQQYbYS6WxSbIA",),
    ("keepme",),
)
t(
    "log_rel",
    "GET /cb?code=SplxlOBeZQQYbYS6WxSbIA&state=keepme HTTP/1.1",
    ("SplxlOBeZQQYbYS6WxSbIA",),
    ("keepme",),
)
t("log_reset", "POST /reset-password/" + F + " HTTP/1.1 keepme", (F,), ("keepme",))
t(
    "log_telegram",
    "https://api.telegram.org/bot123456789:AA" + draw(33) + "/getMe keepme",
    (draw(33),),
    ("keepme",),
)
t("log_header", "> X-Api-Key: " + T + "\n> Host: keepme", (T,), ("keepme",))
t("log_setcookie", "< set-cookie: sid=" + T + "; Path=/keepme", (T,), ("keepme",))
t(
    "log_hex",
    "digest: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    (),
    ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",),
)
t(
    "ndjson_cjson",
    '{"level":"info","password":"' + S + '"}\n{"level":"info","msg":"keepme"}\n',
    (S,),
    ("keepme",),
)
t("ws", '42["auth",{"token":"' + T + '","n":"keepme"}]', (T,), ("keepme",))
t(
    "ws2",
    '{"type":"connection_init","payload":{"Authorization":"Bearer ' + T + '","n":"keepme"}}',
    (T,),
    ("keepme",),
)
t("stomp", "CONNECT\nlogin:keepme\npasscode:" + S + "\n\n\x00", (S,), ("keepme",))
t("mqtt_json", '{"cmd":"connect","username":"keepme","password":"' + S + '"}', (S,), ("keepme",))
t("grpc_text", "metadata: authorization=Bearer " + T + " keepme", (T,), ("keepme",))
t(
    "ldap",
    "dn: cn=keepme\nuserPassword:: " + base64.b64encode(S.encode()).decode() + "\n",
    (S,),
    ("keepme",),
)
t("ldap2", "dn: cn=keepme\nuserPassword: {SSHA}" + draw(32) + "\n", (draw(32),), ("keepme",))
t(
    "shadow",
    "keepme:$6$" + draw(8) + "$" + draw(86) + ":19000:0:99999:7:::",
    (draw(86),),
    ("keepme",),
)
t(
    "pgdump",
    "COPY users (id, name, password) FROM stdin;\n1\tkeepme\t" + S + "\n\\.\n",
    (S,),
    ("keepme",),
)
t("csv_bom", "\ufeffname,password\nkeepme," + S + "\n", (S,), ("keepme",))
t("csv_space", "name, password\nkeepme, " + S + "\n", (S,), ("keepme",))
t("csv_title", "User Name,API Key,City\nkeepme," + T + ",Rome\n", (T,), ("keepme", "Rome"))
t("jsonl_trunc", '{"a":"keepme"}\n{"password":"' + S, (S,), ("keepme",))
t("php_ser", 'a:2:{s:4:"user";s:6:"keepme";s:8:"password";s:14:"' + S + '";}', (S,), ("keepme",))
t("ruby_inspect", '#<User name: "keepme", password: "' + S + '">', (S,), ("keepme",))
t("clj", '{:user "keepme" :password "' + S + '"}', (S,), ("keepme",))
t("lisp", '((user . "keepme") (password . "' + S + '"))', (S,), ("keepme",))
t("hcl", 'secret = {\n  key = "' + T + '"\n}\nname = "keepme"', (T,), ("keepme",))
t("lua", "password = [[" + S + ']]\nname = "keepme"', (S,), ("keepme",))
t("vb", 'Const PASSWORD As String = "' + S + '"\nname = "keepme"', (S,), ("keepme",))
t("java", 'private static final String API_KEY = "' + T + '"; // keepme', (T,), ("keepme",))
t("cs", 'new Client(apiKey: "' + T + '", name: "keepme")', (T,), ("keepme",))
t("ts", 'const password: string = "' + S + '"; // keepme', (S,), ("keepme",))
t("swift", 'let token: String = "' + T + '" // keepme', (T,), ("keepme",))
t("go2", 'password := "' + S + '" // keepme', (S,), ("keepme",))
t("objc", 'NSString *password = @"' + S + '"; // keepme', (S,), ("keepme",))
t("printf", "password=%s user=keepme", (), ("password=%s", "keepme"))
t("masked", "password=******** user=keepme", (), ("********", "keepme"))
t("nul", "password=\nuser=keepme", (), ("user=keepme",))
t(
    "doc",
    "Pass your API key in the X-Api-Key header, e.g. X-Api-Key: YOUR_API_KEY. keepme",
    (),
    ("keepme",),
)
u(
    "u1",
    "https://x.test/a/b?redirect=" + quote("/cb#access_token=" + T + "&n=keepme", safe=""),
    (T,),
    ("keepme",),
)
u("u2", "https://x.test/login;jsessionid=" + F + ".node1?page=7", (F,), ("page=7",))
u("u3", "https://x.test/x?data=" + quote("<password>" + S + "</password>"), (S,))
u("u4", "https://x.test/api/users/me/tokens/" + F + "/revoke", (F,), ("/revoke",))
u(
    "u5",
    "https://hooks.slack.com/services/T0AAAA/B0BBBB/" + draw(24) + "?x=1",
    (draw(24),),
    ("x=1",),
)
u(
    "u6",
    "https://discord.com/api/webhooks/123456789012345678/" + draw(68) + "/slack",
    (draw(68),),
    ("/slack",),
)
u(
    "u7",
    "https://prod-12.westeurope.logic.azure.com:443/workflows/0123456789abcdef/triggers/manual/paths/invoke?api-version=2016-10-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig="
    + draw(43),
    (draw(43),),
    ("api-version=2016-10-01", "sv=1.0"),
)
u(
    "u8",
    "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=AI"
    + "zaSy"
    + draw(33)
    + "&token="
    + draw(43)
    + "%3D",
    (draw(33), draw(43)),
    ("/v1/spaces/AAAA/messages",),
)
u(
    "u9",
    "https://oapi.dingtalk.com/robot/send?access_token=" + hexes(64),
    (hexes(64),),
    ("/robot/send",),
)
u(
    "u10",
    "https://api.pushover.net/1/messages.json?token=" + draw(30) + "&user=u" + draw(29),
    (draw(30),),
)
u(
    "u11",
    "https://sentry.io/api/1/store/?sentry_key=" + hexes(32) + "&sentry_version=7",
    (hexes(32),),
    ("sentry_version=7",),
)
u(
    "u12",
    "https://ntfy.sh/keepme-topic?auth="
    + base64.b64encode(("Basic " + base64.b64encode(("u:" + S).encode()).decode()).encode())
    .decode()
    .rstrip("="),
    (S,),
    ("keepme-topic",),
)
u(
    "u13",
    "https://x.test/verify?email=keepme%40a.test&token=" + hexes(40) + "&expires=1795415000",
    (hexes(40),),
    ("keepme%40a.test", "expires=1795415000"),
)
u("u14", "https://x.test/unsubscribe?u=" + hexes(20) + "&id=keepme", (), ("keepme",))
u(
    "u15",
    "https://maps.googleapis.com/maps/api/geocode/json?address=Berlin&key=AI" + "zaSy" + draw(33),
    (draw(33),),
    ("address=Berlin",),
)
u("u16", "https://x.test/ws?access_token=" + JWT + "&v=2", (JWT,), ("v=2",))
u("u17", "https://x.test/x?token=" + quote("Bearer " + T) + "&v=2", (T,), ("v=2",))
u("u18", "https://x.test/x?Authorization=Bearer%20" + T + "&v=2", (T,), ("v=2", "Bearer"))
u(
    "u19",
    "https://api.github.com/repos/a/b/zipball?token=" + draw(29).upper() + "&v=2",
    (draw(29).upper(),),
    ("v=2",),
)
u("u20", "https://x.test/p/" + CARD + "/charge", (CARD,), ("/charge",))
h(
    "c1",
    "Cookie",
    "a=b; SESS="
    + T
    + "; wordpress_logged_in_abc=admin%7C1795415000%7C"
    + draw(43)
    + "%7C"
    + hexes(64),
    (T, draw(43), hexes(64)),
    ("a=b", "wordpress_logged_in_abc"),
)
h(
    "c2",
    "Cookie",
    "remember_me=" + base64.b64encode(("ada:" + S).encode()).decode(),
    (S,),
    ("remember_me",),
)
h(
    "c3",
    "Cookie",
    "laravel_session="
    + quote(base64.b64encode(json.dumps({"iv": "x", "value": T}).encode()).decode()),
    (T,),
    ("laravel_session",),
)
h(
    "c4",
    "Cookie",
    "cookieconsent=dismiss; currency=EUR; tz=Europe/Berlin; v=1.2.3; width=1024",
    (),
    ("cookieconsent=dismiss", "currency=EUR", "tz=Europe/Berlin", "v=1.2.3", "width=1024"),
)
h("a1", "Authorization", "Token " + T, (T,), ("Token",))
h("a2", "Authorization", "OAuth " + T, (T,), ("OAuth",))
h("a3", "Authorization", "Bearer " + T + " ", (T,), ("Bearer",))
h(
    "a4",
    "Authorization",
    "AWS4-ECDSA-P256-SHA256 Credential="
    + "AK"
    + "IA"
    + "QQQQWWWWEEEE2345/20261123/iot/aws4_request, SignedHeaders=host, Signature="
    + hexes(140),
    (hexes(140), "QQQQWWWWEEEE2345"),
    ("SignedHeaders=host", "20261123/iot/aws4_request"),
)
h("a5", "Authorization", 'Bearer="' + T + '"', (T,))
h(
    "a6",
    "Authorization",
    "Basic " + base64.b64encode(("u:" + S).encode()).decode().rstrip("="),
    (S,),
    ("Basic",),
)
h(
    "a7",
    "Authorization",
    "basic " + base64.urlsafe_b64encode(("üser:" + S).encode()).decode(),
    (S,),
    ("basic",),
)
h("a8", "Authorization", "GNAP " + T, (T,), ("GNAP",))
h(
    "a9",
    "Authorization",
    "SCRAM-SHA-256 data=" + base64.b64encode(("n,,n=u,r=" + T).encode()).decode(),
    (T,),
    ("SCRAM-SHA-256",),
)
h("a10", "Authorization", "vapid t=" + JWT + ", k=" + draw(87), (JWT,), ("vapid",))


def cases() -> Iterator[Case]:
    """All of them."""
    for number, case in enumerate(C):
        yield replace(case, name=f"second_{number}_{case.name}")
