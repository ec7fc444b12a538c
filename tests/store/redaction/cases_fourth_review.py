"""A fourth review: program text, references, labels, commands and settings. Each class of what
stays has its neighbour: the same form with a secret in it, which goes."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace

from tests.store.redaction.corpus import (
    Case,
    form_case,
    header_case,
    json_case,
    text_case,
    url_case,
)
from tests.store.redaction.fakes import ALNUM, LOWER, PASSWORD, draw, hexes, word

WHY = "an independent author's idea; the neighbour has the same form"
MIXED = "hunterZ" + "9FAKEpw"
TOKEN = draw(40, ALNUM, "fourth")
PHRASE = "correct horse battery staple"
I18N = "https://app.example.test/i18n/en.json"

CODE = (
    'password = os.environ["DB_PASSWORD"]',
    "token = await auth.getToken({ scope: 'keep.read' });",
    "const apiKey = process.env.API_KEY ?? config.apiKey;",
    "api_key = settings.API_KEY or None",
    "self.token = token",
    "let password = null, secret = undefined;",
    "secret = secrets.token_hex(32)",
    'var secret = configuration["Jwt:Key"];',
    'pw = getpass.getpass("Password: ")',
    "struct Auth { token: Option<String>, secret: Vec<u8> }",
    "password: string | null;",
    "token: () => Promise<string>;",
    "  string password = 2 [(sensitive) = true];",
    "login(email: String!, password: String!): AuthPayload!",
    "UPDATE users SET password = $1, token = NULL WHERE id = $2",
    "password = var.db_password",
    'export DB_PASSWORD="$(vault kv get -field=password kv/keep)"',
    "password: !secret mqtt_password",
    "POSTGRES_PASSWORD: ${DB_PASSWORD:?database password is required}",
    "POSTGRES_PASSWORD_FILE: /run/secrets/db_password",
    'read -r -s -p "Password: " PASSWORD',
    'echo "$REGISTRY_TOKEN" | docker login --password-stdin registry.example.test',
    "Use --password via the CLI only in tests.",
    "~ password = (sensitive value)",
    "PGPASSWORD=<password> psql -h <host>",
    "- Token: refresh now happens 30 s before expiry (#4411)",
    "- Secrets: support for `vault://` references",
    "reason=bad_password attempts=5 policy=password min_length=12",
    '"GET /reset-password HTTP/1.1" 200',
    "00000010  42 42 42 42 42 42 42 42  41 11 11 11 11 11 11 11",
    ".sk-button-primary-large-rounded-corner { display: flex }",
    ":root { --secret-color: rebeccapurple; --token-space-4: 16px }",
    "# public key: age1" + draw(40, LOWER + "0123456789", "age"),
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf",
    "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
    "PWD=/home/runner/work",
    "const { token, password } = req.body;",
    'let secret = std::env::var("APP_SECRET").unwrap();',
    "this.password = Objects.requireNonNull(password);",
    "$token = bin2hex(random_bytes(32));",
    "'password' => env('DB_PASSWORD', ''),",
    'password: <%= ENV["DB_PASSWORD"] %>',
    "password_digest = BCrypt::Password.create(password)",
    'let token = UserDefaults.standard.string(forKey: "token")',
    'headers = {"Authorization": f"Bearer {token}"}',
    'print(f"token: {token}")',
    "token: Token | null;",
    "password: z.string().min(8),",
    "password: # set me",
    '<label>Token: <input name="token"></label> <a href="/x">Forgot it?</a>',
    "pip install jsonwebtoken==9.0.2",
    "if (password !== repeated) throw error;",
    "password_attempts=3 token_count=12 auth=ok token_valid=true",
)
"""Lines in which nothing is secret."""

LITERALS = (
    'token = os.environ.get("KEEP_TOKEN", "{}")',
    "const token = process.env.TOKEN || '{}';",
    'password = settings.PREFIX + "{}"',
    "api_key = config.apiKey ?? '{}'",
    'secret = Secret.new("{}")',
    'token: Option<&str> = Some("{}")',
    'const WEBHOOK_SECRET: &str = "{}";',
    'const token: string = "{}";',
    "password: ${{DB_PASSWORD:-{}}}",
    "password: ${{db.password:{}}}",
    'password: {{{{ db_password | default("{}") }}}}',
    "password: !!str {}",
    "password: &pw '{}'",
    "password = '{}'",
    "ALTER USER keep WITH PASSWORD N'{}'",
    "SET PASSWORD FOR 'root'@'localhost' = PASSWORD('{}');",
    'ds.setPassword("{}");',
    "define( 'DB_PASSWORD',      '{}' );",
    'auth=("keep", "{}")',
    '  ~ password = "old{}" -> "{}"',
    "password=new {}",
    "DB_PASSWORD={}.secret",
    "Secret: {} (expires Friday)",
    "Ihr Passwort lautet: {}",
    "password for keepdb: {}",
    "-wpa-psk\npsk={}",
    "keep <password>{}",
    'labels{{secret="{}"}} 1',
    "PGPASSWORD={} psql -h keep",
    "private key: {}",
    "urn password={}",
    "/password {}",
    "<label>Token: <input value='{}'></label>",
    "token = \"prefix\" . '{}'",
    'assert token != "{}"',
    "ENV['SECRET'] ||= '{}'",
    "password={{{}}}",
    "password: {{{{a}}}}{}",
    "secret: env:{}",
    '"secret="{}',
    "Password: {}<br>",
    "token:o'{}",
    "token = f({})",
)
"""Lines of the same forms with a secret in them."""

COMMANDS = (
    "snmpget -v3 -l authPriv -u keep -a SHA -A {} -x AES 10.1.1.2",
    "snmpwalk -v2c -c {} 10.1.1.1 keep",
    "smbclient //nas.example.test/share -U 'CORP\\\\keep%{}'",
    "mosquitto_pub -h keep -u dev1 -P {} -t a/b -m hello",
    "unzip -P {} keep.zip",
    "7z x -p{} keep.7z",
    "htpasswd -b /etc/nginx/.htpasswd keep {}",
    "net use Z: \\\\\\\\keep\\\\data {} /user:CORP\\\\ada",
    "xfreerdp /v:keep.test /u:ada /p:{} /cert:ignore",
    "redis-cli -h keep -a {} ping",
    "echo {} | docker login keep.test --username ada --password-stdin",
    'echo "keep:{}" | chpasswd',
    "curl --user 'keep:{} x' -X DELETE https://api.example.test/",
    "rocommunity {} 10.0.0.0/8 keep",
    'createUser keep SHA "{}" AES "other-phrase"',
    "username keep privilege 15 password 0 {}",
    "snmp-server community {} RW keep",
    "radius-server host 10.9.0.4 key {}",
    "crypto isakmp key {} address 203.0.113.9 keep",
    "bindpw {}",
    'masterauth "{} x"',
    "stats auth keep:{}",
    "rootpw --plaintext {}",
    "user keep on >{} ~jobs:* +@all",
    "[smtp.keep.test]:587    relay:{}",
    'DriverManager.getConnection("jdbc:h2:mem:keep", "sa", "{}");',
    "new mysqli('keep', 'root', '{}', 'db')",
    "PDO->__construct('mysql:host=keep', 'root', '{}')",
    "jwt.sign({{ id: keep }}, '{}')",
    'new NetworkCredential("keep", "{}", "DOM")',
    'WiFi.begin("keep", "{}");',
    "pgp_sym_decrypt(keep, '{}')",
)

TABLES = (
    "+----+-------+------------+\n| id | name  | password   |\n+----+-------+------------+\n"
    f"|  7 | keep  | {MIXED} |\n+----+-------+------------+\n",
    f"-[ RECORD 1 ]----\nusername  | keep\napi_token | {MIXED}\n",
    f"! System !! Login !! Password\n|-\n| keep || ada || {MIXED}\n",
    f"||Name||API key||Owner||\n|keep|{MIXED}|Ada|\n",
    f"a,b\n1,2\n\nname,password,note\nkeep,{MIXED},x\n",
)

LABELS = {
    "password": "Password",
    "forgot_password": "Forgot your password?",
    "api_key": "API key copied to the clipboard",
    "client": {"secret": "Contraseña", "token": "パスワード"},
}

KEPT = (
    {"packages": {"node_modules/jsonwebtoken": {"integrity": "sha512-" + draw(86) + "=="}}},
    {"ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:keep/db-AbCdEf"},
    {"value": [{"id": "https://keep.vault.azure.net/secrets/db/" + hexes(32)}]},
    {"token-service": "https://idp.example.test/realms/staff/protocol/openid-connect"},
    {"authorization_servers": ["https://idp.example.test"]},
    {"tokens": [{"token": "überprüfung", "start_offset": 0}]},
    {"question": "How do you store passwords?", "answer": "In a password manager"},
    {"path": "auth/token.py", "content": "def login(request):\n    return request.user"},
    {"type": "tool_use", "name": "list_api_keys", "input": {"workspace": "acme"}},
    {"object": {"id": "re_3" + draw(23, ALNUM, "refund")}},
    {"clientCredentials": {"scopes": {"read:keys": "list API keys"}}},
    {"token": {"type": "string", "pattern": "^[0-9]{6}$"}},
    {"hint": "Send 'Authorization: Bearer <access_token>' with a fresh token"},
    {"html": "<code>Authorization: Bearer &lt;token&gt;</code>"},
    {"pinSha256": draw(43) + "="},
    {"betoken": "word-14", "token_standard": "ERC-721", "existingSecret": "pg-existing"},
)

GONE: tuple[tuple[dict[str, object], str], ...] = (
    ({"packages": {"node_modules/x": {"token": MIXED}}}, MIXED),
    ({"secrets": [MIXED, "db_password"]}, MIXED),
    ({"payload": {"value": MIXED}, "name": "projects/1/secrets/keep/versions/1"}, MIXED),
    ({"bearer": {"api.example.test": TOKEN}}, TOKEN),
    ({"credentials": {"service": MIXED, "line": MIXED}}, MIXED),
    ({"question": "What is your password?", "answer": MIXED}, MIXED),
    ({"path": "auth/token", "content": MIXED}, MIXED),
    ({"name": "password", "input": {"value": MIXED}}, MIXED),
    ({"scratch_codes": [48201937]}, "48201937"),
    ({"password": PHRASE}, PHRASE),
    ({"password": "this is my secret 12"}, "this is my secret 12"),
    ({"Name": "/keep", "Type": "SecureString", "Value": MIXED}, MIXED),
    ({"data": {"data": {"colour": MIXED}, "metadata": {"created_time": "x", "version": 4}}}, MIXED),
    (
        {"type": "random_password", "instances": [{"attributes": {"result": MIXED}}]},
        MIXED,
    ),
    ({"query_string": [["page", "9"], ["sig", hexes(64)]]}, hexes(64)),
    ({"keys_base64": [draw(43) + "="]}, draw(43)),
    ({"frame": json.dumps({"user": "x", "password": MIXED}).encode().hex()}, MIXED.encode().hex()),
    ({"qr": f"WIFI:T:WPA;S:keep;P:ab\\;{MIXED};;"}, MIXED),
    ({"key": word("mlsn", ".", hexes(64))}, hexes(64)),
    ({"de": "Ihr Bestätigungscode lautet 381746."}, "381746"),
    ({"es": "Tu código de verificación es 665130."}, "665130"),
    ({"text": "519 284 is your one-time passcode"}, "519 284"),
    ({"link": f"https://mega.nz/file/keep#{TOKEN}1_"}, TOKEN),
    ({"auth_date": 1, "hash": hexes(64)}, hexes(64)),
    ({"manualPairingCode": "3497-011-2332"}, "3497-011-2332"),
    ({"seed": "x", "otp": {"secret": draw(32, "ABCDEFGH234567")}}, draw(32, "ABCDEFGH234567")),
)


def lines() -> Iterator[Case]:
    """Code and settings, line by line."""
    for number, line in enumerate(CODE):
        yield text_case(f"fourth_code_{number}", WHY, f"n: keepme\n{line}\n", (), (_shown(line),))
    for number, line in enumerate(LITERALS):
        text = f"n: keepme\n{line.format(MIXED, MIXED)}\n"
        yield text_case(f"fourth_literal_{number}", WHY, text, (MIXED,), ("keepme",))
    for number, line in enumerate(COMMANDS):
        text = line.format(MIXED)
        kept = ("keep",) if "keep" in text else ()
        yield text_case(f"fourth_command_{number}", WHY, text, (MIXED,), kept)
    for number, table in enumerate(TABLES):
        yield text_case(f"fourth_table_{number}", WHY, table, (MIXED,), ("keep",))


def _shown(line: str) -> str:
    """As it is written in a JSON string."""
    return json.dumps(line, ensure_ascii=False)[1:-1]


def documents() -> Iterator[Case]:
    """JSON."""
    for number, document in enumerate(KEPT):
        text = json.dumps(document, ensure_ascii=False)
        yield json_case(f"fourth_kept_{number}", WHY, text, (), (text,))
    for number, (secretive, secret) in enumerate(GONE):
        text = json.dumps({**secretive, "n": "keepme"}, ensure_ascii=False)
        yield json_case(f"fourth_gone_{number}", WHY, text, (secret,), ("keepme",))
    text = json.dumps(LABELS, ensure_ascii=False)
    labels = json_case("fourth_labels", WHY, text, (), (text,))
    yield _got(labels)
    text = json.dumps({**LABELS, "api_key": TOKEN, "password": MIXED}, ensure_ascii=False)
    hidden = json_case("fourth_labels_with_secrets", WHY, text, (TOKEN, MIXED), ("Forgot",))
    yield _got(hidden)
    yield json_case("fourth_no_labels", WHY, '{"password": "Sommer"}', ("Sommer",))


def messages() -> Iterator[Case]:
    """Heads, URLs, forms."""
    yield header_case(
        "fourth_two_schemes",
        "Authorization",
        f"token {hexes(40)}, Basic {base64.b64encode(b'ops:' + MIXED.encode()).decode()}",
        (hexes(40), MIXED),
        ("token ", ", Basic "),
    )
    yield header_case(
        "fourth_owner",
        "Authorization",
        f"PVEAPIToken=root@pam!monitoring={TOKEN}",
        (TOKEN,),
        ("root@pam!monitoring",),
    )
    yield header_case(
        "fourth_named_parts",
        "Authorization",
        f"NLAuth nlauth_account=T1, nlauth_email=a%40x, nlauth_signature={MIXED}, nlauth_role=3",
        (MIXED,),
        ("nlauth_account=T1", "nlauth_role=3"),
    )
    digest = f"sha-512=:{draw(86)}==:"
    yield header_case("fourth_digest", "Content-Digest", digest, (), (digest,))
    yield header_case("fourth_switch", "X-Atlassian-Token", "no-check", (), ("no-check",))
    policy = "publickey-credentials-get=(self), otp-credentials=()"
    yield header_case("fourth_policy", "Permissions-Policy", policy, (), (policy,))
    yield header_case(
        "fourth_baggage",
        "baggage",
        f"userId=keep,token={TOKEN},region=eu-keep;ttl=5",
        (TOKEN,),
        ("userId=keep", "region=eu-keep"),
    )
    yield url_case(
        "fourth_coded_plus",
        WHY,
        f"https://x.example.test/a?sp=r&sig={TOKEN[:16]}%2B{TOKEN[16:]}%3D",
        (TOKEN[16:],),
        ("sp=r",),
    )
    yield url_case(
        "fourth_bitrix",
        WHY,
        f"https://keep.bitrix24.de/rest/1/{draw(16, LOWER)}/crm.lead.list.json",
        (draw(16, LOWER),),
        ("crm.lead.list.json",),
    )
    yield url_case("fourth_status", WHY, "https://x.test/e?code=404&state=open", (), ("code=404",))
    yield url_case(
        "fourth_code",
        WHY,
        f"https://x.test/e?code={MIXED}&state=open",
        (MIXED,),
        ("state=open",),
    )
    yield form_case(
        "fourth_telegram",
        WHY,
        f"auth_date=1762337472&hash={hexes(64)}",
        (hexes(64),),
        ("auth_date",),
    )
    yield Case(
        "fourth_msgpack",
        WHY,
        gone=(MIXED,),
        request_headers=[("Content-Type", "application/msgpack")],
        request_body=b"\x82\xa8password\xb0" + MIXED.encode() + b"\xa1n\xa6keepme",
    )
    connection = (
        "Endpoint=sb://bus.example.test/;SharedAccessKeyName=keep;"
        f"SharedAccessKey={TOKEN}/{TOKEN[:9]}="
    )
    yield text_case(
        "fourth_bus", WHY, connection, (TOKEN, TOKEN[:9]), ("SharedAccessKeyName=keep",)
    )
    yield text_case(
        "fourth_recovery_codes",
        WHY,
        f"n: keepme\nRecovery codes (each works once):\n  1. {hexes(5)}-{hexes(5, 'b')}\nend\n",
        (f"{hexes(5)}-{hexes(5, 'b')}",),
        ("keepme", "end"),
    )
    yield text_case(
        "fourth_last_quotes", WHY, f"password = 'o''{PASSWORD}' keepme", (PASSWORD,), ("keepme",)
    )


def _got(case: Case) -> Case:
    """The body of a case as that of a file of labels which is got."""
    return replace(
        case, url=I18N, method="GET", request_headers=[], request_body="",
        response_headers=case.request_headers, response_body=case.request_body,
    )  # fmt: skip


def cases() -> Iterator[Case]:
    """All of them."""
    yield from lines()
    yield from documents()
    yield from messages()
