"""Running text: logs, configuration, markup, commands, streams."""

# ruff: noqa: E501 - tables of texts are read line by line

import base64
from collections.abc import Iterator

from tests.store.redaction.corpus import Case, text_case
from tests.store.redaction.fakes import CARD, JWT, PASSWORD, PEM, TOKEN, draw, hexes, word

S = PASSWORD
BASIC = base64.b64encode(f"svc-user:{PASSWORD}".encode()).decode()

TEXTS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "env": (
        f"REGION=keepme\nAWS_SECRET_ACCESS_KEY={TOKEN}\nexport DB_PASSWORD='{S}'\n",
        (S, TOKEN),
        ("keepme", "AWS_SECRET_ACCESS_KEY="),
    ),
    "env_spaces": (
        "DB_PASSWORD=two words9 Fake\nREGION=keepme\n",
        ("words9", "two words9 Fake"),
        ("keepme",),
    ),
    "env_comment": (f"TOKEN={TOKEN} # keepme rotates\n", (TOKEN,), ("keepme",)),
    "env_crlf": (f"API_KEY={TOKEN}\r\nREGION=keepme\r\n", (TOKEN,), ("keepme",)),
    "env_quoted": (f'SECRET_KEY="{S}"\nX=keepme', (S,), ("keepme",)),
    "dockerfile": (
        f"ENV API_TOKEN={TOKEN}\nENV OTHER_TOKEN {S}\nEXPOSE 80 keepme",
        (TOKEN, S),
        ("keepme",),
    ),
    "ini": (f"[db]\nuser = keepme\npassword = {S}\n", (S,), ("keepme",)),
    "properties": (
        f"spring.datasource.password={S}\nspring.datasource.username=keepme\n",
        (S,),
        ("keepme",),
    ),
    "toml": (f'user = "keepme"\napi_key = "{TOKEN}"\n', (TOKEN,), ("keepme",)),
    "yaml": (f"user: keepme\npassword: {S}\nnested:\n  apiKey: {TOKEN}\n", (S, TOKEN), ("keepme",)),
    "yaml_quoted": (
        f"user: keepme\npassword: '{S}'\ntoken: \"{TOKEN}\"\n",
        (S, TOKEN),
        ("keepme",),
    ),
    "yaml_block": (
        f"private_key: |\n  {draw(40, seed='y1')}\n  {draw(40, seed='y2')}\nuser: keepme\n",
        (draw(40, seed="y1"), draw(40, seed="y2")),
        ("keepme",),
    ),
    "yaml_folded": (
        f"a:\n  secret: >-\n    {S}\n    more{TOKEN}\n  user: keepme\n",
        (S, TOKEN),
        ("keepme",),
    ),
    "yaml_list": (f"passwords:\n  - {S}\n  - {TOKEN}\nuser: keepme\n", (S, TOKEN), ("keepme",)),
    "yaml_map": (f"secrets:\n  db: {S}\n  mq: {TOKEN}\nuser: keepme\n", (S, TOKEN), ("keepme",)),
    "yaml_env": (
        f"env:\n  - name: DB_PASSWORD\n    value: {S}\n  - name: REGION\n    value: keepme\n",
        (S,),
        ("keepme",),
    ),
    "yaml_env_quoted": (
        f'env:\n- name: "API_TOKEN"\n  value: "{TOKEN}"\n- name: REGION\n  value: keepme\n',
        (TOKEN,),
        ("keepme",),
    ),
    "yaml_flow": (f"db: {{user: keepme, password: {S}}}\n", (S,), ("keepme",)),
    "yaml_spaces": (
        "password: correct horse battery9\nuser: keepme\n",
        ("correct horse battery9", "horse battery9"),
        ("keepme",),
    ),
    "xml_element": (
        f"<c><user>keepme</user><password>{S}</password></c>",
        (S,),
        ("keepme", "<password>"),
    ),
    "xml_attribute": (f'<conn user="keepme" password="{S}"/>', (S,), ("keepme",)),
    "xml_single_quotes": (f"<conn user='keepme' apiKey='{TOKEN}'/>", (TOKEN,), ("keepme",)),
    "xml_cdata": (f"<a><Secret><![CDATA[{S}]]></Secret><u>keepme</u></a>", (S,), ("keepme",)),
    "xml_namespace": (
        f'<soap:Envelope><wsse:UsernameToken><wsse:Username>keepme</wsse:Username><wsse:Password Type="http://docs.test/x#PasswordText">{S}</wsse:Password></wsse:UsernameToken></soap:Envelope>',
        (S,),
        ("keepme", "wsse:Password"),
    ),
    "xml_nested": (f"<Password><Value>{S}</Value></Password><u>keepme</u>", (S,), ("keepme",)),
    "xml_name_value": (
        f'<add key="DbPassword" value="{S}"/><add key="Region" value="keepme"/>',
        (S,),
        ("keepme",),
    ),
    "xml_value_name": (
        f'<input type="hidden" value="{TOKEN}" name="csrf_token"><b>keepme</b>',
        (TOKEN,),
        ("keepme",),
    ),
    "xml_name_content": (
        f'<entry key="password">{S}</entry><entry key="user">keepme</entry>',
        (S,),
        ("keepme",),
    ),
    "xml_plist": (
        f"<dict><key>password</key>\n<string>{S}</string><key>user</key><string>keepme</string></dict>",
        (S,),
        ("keepme",),
    ),
    "xml_rpc": (
        f"<member><name>password</name><value><string>{S}</string></value></member><i>keepme</i>",
        (S,),
        ("keepme",),
    ),
    "xml_multiline": (
        f"<config>\n  <apiToken>\n    {TOKEN}\n  </apiToken>\n  <u>keepme</u>\n</config>",
        (TOKEN,),
        ("keepme",),
    ),
    "xml_entities": (
        "<password>p&amp;ss&lt;9Fake</password><u>keepme</u>",
        ("9Fake",),
        ("keepme",),
    ),
    "xml_connection_string": (
        f'<add name="Db" connectionString="Server=keepme;User Id=sa;Password={S};" />',
        (S,),
        ("keepme",),
    ),
    "xml_url": (
        f'<a href="https://x.test/y?token={TOKEN}&amp;n=1">keepme</a>',
        (TOKEN,),
        ("keepme",),
    ),
    "html_meta": (
        f'<meta name="csrf-token" content="{TOKEN}"><p>keepme</p>',
        (TOKEN,),
        ("keepme",),
    ),
    "html_entities_json": (
        '<div data-x="{&quot;password&quot;:&quot;'
        + S
        + '&quot;,&quot;n&quot;:&quot;keepme&quot;}">',
        (S,),
        ("keepme",),
    ),
    "html_script": (
        f'<script>window.CONFIG = {{"apiKey":"{TOKEN}","n":"keepme"}};</script>',
        (TOKEN,),
        ("keepme",),
    ),
    "saml": (
        f"<samlp:Response><saml:Assertion>keepme</saml:Assertion><ds:SignatureValue>{draw(80, seed='saml')}</ds:SignatureValue></samlp:Response>",
        (draw(80, seed="saml"),),
        (),
    ),
    "graphql_literal": (
        f'mutation {{ login(email: "keepme@a.test", password: "{S}") {{ id }} }}',
        (S,),
        ("keepme@a.test", "login"),
    ),
    "graphql_types": (
        "mutation L($email: String!, $password: String!, $token: ID) { login(password: $password, token: $token) { token } }",
        (),
        ("$password: String!", "password: $password", "$token: ID", "{ token }"),
    ),
    "graphql_object": (
        f'mutation {{ signUp(input: {{name: "keepme", password: "{S}", apiKey: "{TOKEN}"}}) {{ ok }} }}',
        (S, TOKEN),
        ("keepme",),
    ),
    "basic_in_text": (f"use Basic {BASIC} to log in, ticket keepme-t1", (BASIC, S), ("keepme-t1",)),
    "bearer_in_text": (f"sent Bearer {TOKEN} to api, ticket keepme", (TOKEN,), ("keepme",)),
    "http_dump": (
        f"POST /x HTTP/1.1\r\nHost: keepme\r\nAuthorization: Bearer {TOKEN}\r\nCookie: a={S}; b=dark\r\n\r\nbody",
        (TOKEN, S),
        ("keepme", "b=dark"),
    ),
    "curl_user": (f"curl -u admin:{S} https://keepme.test/x", (S,), ("keepme.test", "admin")),
    "curl_header": (
        f"curl -H 'Authorization: Bearer {TOKEN}' -H 'X-Api-Key: {S}' https://keepme.test",
        (TOKEN, S),
        ("keepme.test",),
    ),
    "curl_data": (f'curl -d \'{{"password":"{S}"}}\' https://keepme.test', (S,), ("keepme.test",)),
    "flag_equals": (f"tool --user keepme --password={S} --verbose", (S,), ("keepme", "--verbose")),
    "flag_space": (
        f"tool --user keepme --api-key {TOKEN} --verbose",
        (TOKEN,),
        ("keepme", "--verbose"),
    ),
    "flag_quoted": (f"tool --password '{S} x' --user keepme", (S,), ("keepme",)),
    "log_pairs": (
        f"level=info user=keepme password={S} action=login",
        (S,),
        ("keepme", "action=login"),
    ),
    "log_colon": (
        f"2026-11-23 INFO user: keepme, password: {S}, action: login",
        (S,),
        ("keepme", "action: login"),
    ),
    "log_json": (
        f'2026-11-23 INFO request {{"token":"{TOKEN}","n":"keepme"}} done',
        (TOKEN,),
        ("keepme", "done"),
    ),
    "log_quoted": (
        f'ERROR login failed for keepme: password "{S}" rejected',
        (S,),
        ("keepme", "rejected"),
    ),
    "sentence_is": (f"Your password is {S}. Ask keepme.", (S,), ("keepme",)),
    "sentence_code": ("Your verification code is 493817, keepme", ("493817",), ("keepme",)),
    "sentence_colon": (f"Api key: {TOKEN} for keepme", (TOKEN,), ("keepme",)),
    "sentence_words": (f"Client Secret: {TOKEN}\nTenant: keepme", (TOKEN,), ("keepme",)),
    "odbc": (
        f"Driver={{SQL Server}};Server=keepme;Uid=sa;Pwd={S};Encrypt=yes",
        (S,),
        ("keepme", "Encrypt=yes"),
    ),
    "odbc_spaces": (
        "Server=keepme;Password=two words9Fake;Timeout=5",
        ("words9Fake",),
        ("keepme", "Timeout=5"),
    ),
    "azure_storage": (
        f"DefaultEndpointsProtocol=https;AccountName=keepme;AccountKey={draw(86, seed='as')}==;EndpointSuffix=core.windows.net",
        (draw(86, seed="as"),),
        ("keepme", "core.windows.net"),
    ),
    "azure_iot": (
        f"HostName=keepme.azure-devices.net;SharedAccessKeyName=owner;SharedAccessKey={draw(43, seed='ai')}=",
        (draw(43, seed="ai"),),
        ("keepme.azure-devices.net", "SharedAccessKeyName=owner"),
    ),
    "azure_bus": (
        f"Endpoint=sb://keepme.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={draw(43, seed='ab')}=;EntityPath=q",
        (draw(43, seed="ab"),),
        ("keepme", "EntityPath=q"),
    ),
    "sql_identified": (f"CREATE USER keepme IDENTIFIED BY '{S}';", (S,), ("keepme",)),
    "sql_password": (f"ALTER ROLE keepme WITH PASSWORD '{S}';", (S,), ("keepme",)),
    "csv": (
        f"user,password,city\nkeepme,{S},Berlin\nbo,{TOKEN},Rome\n",
        (S, TOKEN),
        ("keepme", "Berlin", "Rome"),
    ),
    "csv_quoted": (f'"user","api_key"\n"kee, pme","{TOKEN}"\n', (TOKEN,), ("kee, pme",)),
    "tsv": (f"user\ttoken\nkeepme\t{TOKEN}\n", (TOKEN,), ("keepme",)),
    "csv_semicolons": (f"user;secret\nkeepme;{S}\n", (S,), ("keepme",)),
    "sse": (
        f'event: message\nid: 1\ndata: {{"token":"{TOKEN}","n":"keepme"}}\n\ndata: {{"delta":"x"}}\n\n',
        (TOKEN,),
        ("keepme", "event: message"),
    ),
    "sse_text": (f"data: your api_key={TOKEN}\n\ndata: keepme\n\n", (TOKEN,), ("keepme",)),
    "sse_done": (
        f'data: {{"password":"{S}"}}\n\ndata: [DONE]\n\ndata: keepme\n\n',
        (S,),
        ("[DONE]", "keepme"),
    ),
    "pem": (
        f"key follows\n{PEM}\nkeepme",
        (PEM.split("\n")[1], PEM.split("\n")[2], PEM.split("\n")[3]),
        ("keepme",),
    ),
    "pem_escaped": (
        f'k="{PEM.replace(chr(10), chr(92) + "n")}" keepme',
        (PEM.split("\n")[1],),
        ("keepme",),
    ),
    "pem_encrypted": (
        PEM.replace("-----\n", "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,0123\n\n", 1)
        + "\nkeepme",
        (PEM.split("\n")[1], PEM.split("\n")[2]),
        ("keepme",),
    ),
    "openssh": (PEM.replace("RSA", "OPENSSH") + "\nkeepme", (PEM.split("\n")[1],), ("keepme",)),
    "pgp": (
        "-----BEGIN PGP PRIVATE KEY "
        + "BLOCK-----\n\n"
        + draw(64, seed="pgp")
        + "\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----\nkeepme",
        (draw(64, seed="pgp"),),
        ("keepme",),
    ),
    "card_spaces": (
        f"charged {CARD[:4]} {CARD[4:8]} {CARD[8:12]} {CARD[12:]} 12/27 keepme",
        (CARD[:4] + " " + CARD[4:8],),
        ("keepme",),
    ),
    "card_with_cvv": ("5555 5555 5555 4444 123 keepme", ("5555 5555 5555 4444",), ("keepme",)),
    "python": (f'client = Client(api_key="{TOKEN}", region="keepme")', (TOKEN,), ("keepme",)),
    "javascript": (f"const secret = `{S}`; const x = 'keepme';", (S,), ("keepme",)),
    "go": (f'cfg := Config{{Password: "{S}", Name: "keepme"}}', (S,), ("keepme",)),
    "php": (f"$config['password'] = '{S}'; $x = 'keepme';", (S,), ("keepme",)),
    "ruby": (f':password => "{S}", :user => "keepme"', (S,), ("keepme",)),
    "terraform": (f'resource "x" {{\n  password = "{S}"\n  name = "keepme"\n}}', (S,), ("keepme",)),
    "powershell": (f"$env:API_TOKEN = '{TOKEN}'\n$x = 'keepme'", (TOKEN,), ("keepme",)),
    "npmrc": (
        f"//registry.test/:_authToken={TOKEN}\nalways-auth=keepme",
        (TOKEN,),
        ("registry.test",),
    ),
    "netrc": (f"machine keepme login bob password {S}", (S,), ("keepme",)),
    "pgpass_like": (f"PGPASSWORD={S} psql -h keepme", (S,), ("keepme",)),
    "mixed_case": (f"PaSsWoRd={S}; n=keepme", (S,), ("keepme",)),
    "url_in_text": (
        f"open https://a.test/x?session={TOKEN}&n=keepme now",
        (TOKEN,),
        ("n=keepme now",),
    ),
    "url_in_parentheses": (f"(see https://a.test/x?token={TOKEN}) keepme", (TOKEN,), ("keepme",)),
    "markdown_link": (f"[go](https://a.test/x?token={TOKEN}) keepme", (TOKEN,), ("keepme",)),
    "encoded_url": (
        "next=https%3A%2F%2Fa.test%2Fx%3Ftoken%3D" + TOKEN + "%26n%3Dkeepme",
        (TOKEN,),
        ("keepme",),
    ),
    "encoded_json": (
        "state=%7B%22password%22%3A%22" + S + "%22%2C%22n%22%3A%22keepme%22%7D",
        (S,),
        ("keepme",),
    ),
    "backslashed_json": (
        'payload="{\\"password\\":\\"' + S + '\\",\\"n\\":\\"keepme\\"}"',
        (S,),
        ("keepme",),
    ),
    "twice_backslashed": (
        'x="{\\\\\\"password\\\\\\":\\\\\\"' + S + '\\\\\\",\\\\\\"n\\\\\\":\\\\\\"keepme\\\\\\"}"',
        (S,),
        ("keepme",),
    ),
    "tuple": (f"('password', '{S}'), ('n', 'keepme')", (S,), ("keepme",)),
    "arrow": (f"password -> {S}\nn -> keepme", (S,), ("keepme",)),
    "jwt_in_text": (
        f"got {JWT} from keepme",
        (JWT, JWT.split(".")[1], JWT.split(".")[2]),
        ("keepme",),
    ),
    "fullwidth_colon": (f"password：{S}\nn：keepme", (S,), ("keepme",)),
    "htpasswd": ("keepme:$2y$10$" + draw(53, seed="ht"), (draw(53, seed="ht"),), ("keepme",)),
    "stack_trace": (f"Error: bad\n    at login (password={S}) keepme\n", (S,), ("keepme",)),
    "email_template": (
        f"Hi Ada,\n\nreset: https://a.test/reset-password/{draw(32, seed='et')}\n\nkeepme",
        (draw(32, seed="et"),),
        ("keepme",),
    ),
    "aws_credentials": (
        f"[default]\naws_access_key_id = {word('AK', 'IA')}QQQQWWWWEEEE2345\naws_secret_access_key = {draw(40, seed='ac')}\nregion = keepme",
        ("QQQQWWWWEEEE2345", draw(40, seed="ac")),
        ("keepme",),
    ),
    "docker_run": (f"docker run -e DB_PASSWORD={S} -e REGION=keepme img", (S,), ("keepme", "img")),
    "ansible": (f"ansible_password={S} ansible_user=keepme", (S,), ("keepme",)),
    "wifi_conf": (f'ssid="keepme"\npsk="{S}"\n', (S,), ("keepme",)),
    "wireguard": (
        f"[Interface]\nPrivateKey = {draw(43, seed='wg')}=\nAddress = 10.0.0.1/24 keepme\n",
        (draw(43, seed="wg"),),
        ("keepme",),
    ),
    "hex_after_signature": (
        f"signature={hexes(64, 'sg')}&n=keepme",
        (hexes(64, "sg"),),
        ("keepme",),
    ),
    "mqtt_url": (f"mqtts://dev1:{S}@broker.keepme:8883", (S,), ("broker.keepme:8883", "dev1")),
}

KEPT = (
    "The author of the monkey keynote lost his keyboard and compass.",
    "Forgot your password? Use the reset link on the sign-in page.",
    "The token is invalid or expired.",
    "SyntaxError: Unexpected token < in JSON at position 0",
    "error: password must be at least 12 characters",
    "password: required",
    "Basic authentication is required; bearer tokens are preferred",
    "total_tokens=1234 max_tokens: 4096 token_type=bearer",
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8 by Ada <ada@example.test>",
    "GET /v1/items?page=7&per_page=100 200 12ms",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  file.tar",
    "order 4012 8888 8888 1882 shipped",
    "phone +1 415 555 2671, fax 415-555-2672",
    "uuid 0d3f1e2c-5b6a-4c7d-8e9f-a0b1c2d3e4f5 at 2026-11-23T10:00:00.123Z",
    "secretary: Bo, passenger: Pax9, tokenizer: bpe",
    "https://docs.example.test/authentication#bearer-tokens",
    "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUE\n-----END CERTIFICATE-----",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFakePublicKeyDataHere user@host",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ",
    "key: value, keys: 3, primary key: id",
    "The API key field is required.",
    "session timeout after 30 minutes; cookie policy accepted",
    "kubectl get secret db-credentials -n prod",
    "INSERT INTO t (id, name) VALUES (1, 'Ada')",
    "mov eax, ebx ; pass 2 of 3",
    "Access-Control-Allow-Headers: Authorization, X-Api-Key",
    "integrity sha512-" + "q83v" * 21 + "qw==",
    "1795415000123 1795415000 20261123T100000Z 1234567890123456",
    "user,city\nada,Berlin\n",
    "<token_type>bearer</token_type><passwordRequired>true</passwordRequired>",
)


def cases() -> Iterator[Case]:
    """All of them."""
    for name, (text, gone, kept) in TEXTS.items():
        yield text_case(f"text_{name}", "text holds secrets behind their names", text, gone, kept)
    for number, text in enumerate(KEPT):
        shown = text.replace("\n", "\\n")
        yield text_case(f"keep_text_{number}", "no credential in it", text, (), (shown,))
    for name in ("log_pairs", "bearer_in_text", "url_in_text", "odbc", "basic_in_text", "log_json"):
        text, gone, kept = TEXTS[name]
        yield Case(f"error_{name}", "errors are text", gone, kept, error=text)
        yield Case(
            f"json_string_{name}",
            "strings in JSON are text",
            gone,
            kept,
            request_body='{"m": "' + text.replace("\\", "\\\\").replace('"', '\\"') + '"}',
        )
    for name in ("xml_element", "xml_namespace", "xml_attribute"):
        text, gone, kept = TEXTS[name]
        yield Case(
            f"declared_{name}",
            "declared as XML",
            gone,
            kept,
            response_body='<?xml version="1.0"?>' + text,
            response_headers=[("Content-Type", "text/xml; charset=utf-8")],
        )
