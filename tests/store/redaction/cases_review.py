"""Cases written after the rules, against them: what an adversary or a careless sender does."""

# ruff: noqa: E501 - tables of texts are read line by line

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote

from tests.store.redaction.corpus import (
    Case,
    form_case,
    header_case,
    json_case,
    text_case,
    url_case,
)
from tests.store.redaction.fakes import (
    CARD,
    JWT,
    PASSWORD,
    PEM,
    TOKEN,
    draw,
    hexes,
    uuid,
    word,
)

S = PASSWORD
W = "written after the rules, to find what they miss"


def t(seed: str, length: int = 32) -> str:
    return draw(length, seed=seed)


JSONS: dict[str, tuple[object, tuple[str, ...], tuple[str, ...]]] = {
    "snake_suffix": ({"stripe_secret_key_live": t("a"), "n": "keepme"}, (t("a"),), ("keepme",)),
    "prefix": ({"secret_key_base": t("b"), "n": "keepme"}, (t("b"),), ("keepme",)),
    "screaming": (
        {"NEXT_PUBLIC_SUPABASE_SERVICE_ROLE_KEY": t("c"), "n": "keepme"},
        (t("c"),),
        ("keepme",),
    ),
    "glued_lower": (
        {"clientsecret": S, "accesstoken": t("d"), "n": "keepme"},
        (S, t("d")),
        ("keepme",),
    ),
    "plural_map": (
        {"apiKeys": {"prod": t("e"), "dev": t("f")}, "n": "keepme"},
        (t("e"), t("f")),
        ("keepme",),
    ),
    "plural_list": ({"api_keys": [t("e"), t("f")], "n": "keepme"}, (t("e"), t("f")), ("keepme",)),
    "tokens_list": ({"tokens": [t("e"), t("f")], "n": "keepme"}, (t("e"), t("f")), ("keepme",)),
    "device_tokens": (
        {"registration_ids": ["x"], "device_tokens": [t("g", 64)], "n": "keepme"},
        (t("g", 64),),
        ("keepme",),
    ),
    "nested_arrays": ({"secrets": [[S], [[t("h")]]], "n": "keepme"}, (S, t("h")), ("keepme",)),
    "password_object_history": (
        {"passwords": [{"value": S, "created": "2026-01-02"}], "n": "keepme"},
        (S,),
        ("2026-01-02", "keepme"),
    ),
    "null_then_secret": ({"token": None, "Token": t("i"), "n": "keepme"}, (t("i"),), ("keepme",)),
    "number_password": ({"password": 12345678, "n": "keepme"}, ("12345678",), ("keepme",)),
    "number_ssn": ({"ssn": 123456789, "n": "keepme"}, ("123456789",), ("keepme",)),
    "ssn_text": ({"ssn": "123-45-6789", "n": "keepme"}, ("123-45-6789",), ("keepme",)),
    "boolean_secret": (
        {"client_secret": True, "isSecret": True, "n": "keepme"},
        (),
        ("keepme", "true"),
    ),
    "short_password": ({"password": "abc", "n": "keepme"}, ('"abc"',), ("keepme",)),
    "one_char_password": ({"password": "x", "n": "keepme"}, ('"x"',), ("keepme",)),
    "password_is_json": ({"password": '{"a": 1}', "n": "keepme"}, ('{\\"a\\"',), ("keepme",)),
    "password_is_url": (
        {"password": "https://not.a.pw/x9", "n": "keepme"},
        ("not.a.pw",),
        ("keepme",),
    ),
    "password_spaces": (
        {"password": "  lead9Fake trail ", "n": "keepme"},
        ("lead9Fake",),
        ("keepme",),
    ),
    "password_emoji_only": ({"password": "🔐🔐🔐", "n": "keepme"}, ("🔐",), ("keepme",)),
    "dollar_password": (
        {"password": "$ecretFake9", "n": "keepme"},
        ("$ecretFake9", "ecretFake9"),
        ("keepme",),
    ),
    "percent_password": ({"password": "50%offFake9", "n": "keepme"}, ("offFake9",), ("keepme",)),
    "angle_password": ({"password": "<b>Fake9</b>", "n": "keepme"}, ("Fake9",), ("keepme",)),
    "redacted_prefix": (
        {"password": "[REDACTED:zz] notFake9", "n": "keepme"},
        ("notFake9",),
        ("keepme",),
    ),
    "redacted_exact_and_more": (
        {"password": "[REDACTED:00112233]Fake9zz", "n": "keepme"},
        ("Fake9zz",),
        ("keepme",),
    ),
    "german": ({"passwort": S, "kennwort": t("j"), "n": "keepme"}, (S, t("j")), ("keepme",)),
    "spanish": ({"contraseña": S, "n": "keepme"}, (S,), ("keepme",)),
    "french": ({"mot_de_passe": S, "motDePasse": t("k"), "n": "keepme"}, (S, t("k")), ("keepme",)),
    "chinese": ({"密码": S, "n": "keepme"}, (S,), ("keepme",)),
    "graphql_variables": (
        {
            "operationName": "Login",
            "query": "mutation Login($i: In!) { login(input: $i) { token } }",
            "variables": {"i": {"email": "keepme@a.test", "password": S}},
        },
        (S,),
        ("keepme@a.test", "mutation Login"),
    ),
    "graphql_literal": (
        {"query": 'mutation { login(email: "keepme@a.test", password: "' + S + '") { token } }'},
        (S,),
        ("keepme@a.test",),
    ),
    "graphql_answer": (
        {"data": {"login": {"token": t("l"), "user": {"name": "keepme"}}}},
        (t("l"),),
        ("keepme",),
    ),
    "graphql_error": (
        {"errors": [{"message": f"keepme bad token {TOKEN}", "extensions": {"token": TOKEN}}]},
        (TOKEN,),
        ("keepme",),
    ),
    "jsonrpc": (
        {"jsonrpc": "2.0", "method": "login", "params": {"user": "keepme", "password": S}},
        (S,),
        ("keepme",),
    ),
    "url_value": (
        {"callback": f"https://x.test/cb?api_key={TOKEN}&n=keepme"},
        (TOKEN,),
        ("keepme",),
    ),
    "url_fragment_value": (
        {"u": f"https://x.test/#/cb?id_token={JWT}&n=keepme"},
        (JWT,),
        ("keepme",),
    ),
    "url_encoded_value": (
        {"u": "https%3A%2F%2Fx.test%2Fcb%3Ftoken%3D" + TOKEN, "n": "keepme"},
        (TOKEN,),
        ("keepme",),
    ),
    "html_value": (
        {"html": f'<a href="https://x.test/reset?token={TOKEN}">keepme</a>'},
        (TOKEN,),
        ("keepme",),
    ),
    "command_value": (
        {"cmd": ["mysql", "-u", "root", f"--password={S}", "keepme"]},
        (S,),
        ("keepme",),
    ),
    "command_pair": ({"args": ["--user", "keepme", "--password", S]}, (S,), ("keepme",)),
    "command_string": ({"cmd": f"mysqldump -u root --password={S} keepme"}, (S,), ("keepme",)),
    "env_list": ({"Env": [f"DB_PASSWORD={S}", "REGION=keepme"]}, (S,), ("keepme",)),
    "env_map": ({"environment": {"DB_PASSWORD": S, "REGION": "keepme"}}, (S,), ("keepme",)),
    "connection_string": (
        {"ConnectionStrings": {"Default": f"Server=keepme;Database=d;User Id=sa;Password={S};"}},
        (S,),
        ("keepme",),
    ),
    "jdbc": ({"url": f"jdbc:mysql://keepme:3306/db?user=u&password={S}"}, (S,), ("keepme",)),
    "dsn_value": (
        {"DATABASE_URL": f"postgresql://u:{S}@keepme:5432/db"},
        (S,),
        ("keepme:5432/db",),
    ),
    "connection_uri_array": (
        {"uris": [f"amqp://u:{S}@keepme/v", f"redis://:{t('m')}@keepme"]},
        (S, t("m")),
        ("keepme/v",),
    ),
    "sas_url": (
        {
            "sasUri": f"https://keepme.blob.core.windows.net/c?sv=2024&sp=r&sig={quote(t('n', 43))}%3D"
        },
        (t("n", 43),),
        ("keepme", "sp=r"),
    ),
    "webhook_discord": (
        {"url": f"https://discord.com/api/webhooks/123/{t('o', 68)}", "n": "keepme"},
        (t("o", 68),),
        ("keepme", "discord.com/api/webhooks/123"),
    ),
    "basic_field": (
        {"auth": "Basic " + base64.b64encode(f"u:{S}".encode()).decode(), "n": "keepme"},
        (S,),
        ("keepme",),
    ),
    "auth_array": ({"auth": ["keepme", S]}, (S,), ("keepme",)),
    "auth_object": ({"auth": {"username": "keepme", "password": S}}, (S,), ("keepme",)),
    "auth_bearer_object": (
        {"auth": {"type": "bearer", "bearer": [{"key": "token", "value": TOKEN}]}, "n": "keepme"},
        (TOKEN,),
        ("keepme",),
    ),
    "cookie_objects": (
        {"cookies": [{"name": "sid", "value": TOKEN, "domain": "keepme"}]},
        (TOKEN,),
        ("keepme",),
    ),
    "cookie_map": ({"cookies": {"sid": TOKEN}, "n": "keepme"}, (TOKEN,), ("keepme",)),
    "set_cookie_list": (
        {"headers": {"set-cookie": [f"sid={TOKEN}; Path=/", "lang=de"]}, "n": "keepme"},
        (TOKEN,),
        ("keepme", "Path=/"),
    ),
    "multi_value_headers": (
        {"multiValueHeaders": {"Authorization": [f"Bearer {TOKEN}"], "Host": ["keepme"]}},
        (TOKEN,),
        ("keepme",),
    ),
    "lambda_event": (
        {
            "headers": {"x-api-key": t("p"), "host": "keepme"},
            "queryStringParameters": {"token": TOKEN},
            "requestContext": {"identity": {"apiKey": t("p")}},
        },
        (TOKEN, t("p")),
        ("keepme",),
    ),
    "raw_query": ({"rawQueryString": f"token={TOKEN}&n=keepme"}, (TOKEN,), ("n=keepme",)),
    "http_text": (
        {"raw": f"GET / HTTP/1.1\r\nX-Api-Key: {TOKEN}\r\nHost: keepme\r\n\r\n"},
        (TOKEN,),
        ("keepme",),
    ),
    "yaml_in_json": ({"values": f"db:\n  user: keepme\n  password: {S}\n"}, (S,), ("keepme",)),
    "env_in_json": ({"file": f"REGION=keepme\nTOKEN={TOKEN}\n"}, (TOKEN,), ("keepme",)),
    "xml_in_json": ({"soap": f"<a><Password>{S}</Password><u>keepme</u></a>"}, (S,), ("keepme",)),
    "json_in_json_array": (
        {"records": [json.dumps({"password": S, "n": "keepme"})]},
        (S,),
        ("keepme",),
    ),
    "sns_sqs": (
        {
            "Records": [
                {"body": json.dumps({"Message": json.dumps({"apiKey": TOKEN, "n": "keepme"})})}
            ]
        },
        (TOKEN,),
        ("keepme",),
    ),
    "kinesis": (
        {
            "Records": [
                {
                    "kinesis": {
                        "data": base64.b64encode(
                            json.dumps({"secret": S, "n": "keepme"}).encode()
                        ).decode()
                    }
                }
            ],
            "n": "keepme",
        },
        (S,),
        ("keepme",),
    ),
    "k8s_secret": (
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "keepme"},
            "data": {
                "username": base64.b64encode(b"bob").decode(),
                "tls.crt": base64.b64encode(S.encode()).decode(),
            },
        },
        (S,),
        ("keepme",),
    ),
    "docker_config": (
        {"auths": {"keepme": {"auth": base64.b64encode(f"u:{S}".encode()).decode()}}},
        (S,),
        ("keepme",),
    ),
    "kubeconfig": (
        {
            "users": [
                {
                    "name": "keepme",
                    "user": {
                        "client-key-data": base64.b64encode(PEM.encode()).decode(),
                        "token": TOKEN,
                    },
                }
            ]
        },
        (TOKEN, PEM.split("\n")[1]),
        ("keepme",),
    ),
    "aws_creds": (
        {
            "Credentials": {
                "AccessKeyId": word("AS", "IA") + t("q", 16).upper(),
                "SecretAccessKey": t("r", 40),
                "SessionToken": t("s", 200),
                "Expiration": "2026-11-23T10:00:00Z",
            }
        },
        (t("r", 40), t("s", 200), t("q", 16).upper()),
        ("2026-11-23T10:00:00Z",),
    ),
    "azure_regen": (
        {"keys": [{"keyName": "key1", "value": t("t", 86) + "==", "permissions": "FULL"}]},
        (t("t", 86),),
        ("key1", "FULL"),
    ),
    "iothub_keys": (
        [
            {
                "keyName": "iothubowner",
                "primaryKey": t("u", 43) + "=",
                "secondaryKey": t("v", 43) + "=",
                "rights": "RegistryRead",
            }
        ],
        (t("u", 43), t("v", 43)),
        ("iothubowner", "RegistryRead"),
    ),
    "firebase_config": (
        {
            "apiKey": word("AI", "za") + t("w", 35),
            "authDomain": "keepme.firebaseapp.com",
            "projectId": "keepme",
        },
        (t("w", 35),),
        ("keepme.firebaseapp.com",),
    ),
    "twitter": (
        {"oauth_token": t("x"), "oauth_token_secret": t("y"), "screen_name": "keepme"},
        (t("x"), t("y")),
        ("keepme",),
    ),
    "plaid": (
        {
            "public_token": "public-sandbox-" + uuid("pl"),
            "access_token": "access-sandbox-" + uuid("pa"),
            "item_id": "keepme",
        },
        (uuid("pa"),),
        ("keepme",),
    ),
    "mfa": (
        {"mfa_code": "493817", "totp": "123456", "n": "keepme"},
        ("493817", "123456"),
        ("keepme",),
    ),
    "backup_codes": (
        {"backup_codes": ["a1b2-c3d4", "e5f6-g7h8"], "n": "keepme"},
        ("a1b2-c3d4", "e5f6-g7h8"),
        ("keepme",),
    ),
    "security_question": (
        {"security_answer": "my first dog", "n": "keepme"},
        ("my first dog",),
        ("keepme",),
    ),
    "mnemonic": (
        {"mnemonic": "abandon ability able about above absent", "n": "keepme"},
        ("abandon ability",),
        ("keepme",),
    ),
    "private_exponent": (
        {"kty": "EC", "crv": "P-256", "x": "pubx-keepme", "y": "puby", "d": t("z", 43)},
        (t("z", 43),),
        ("pubx-keepme",),
    ),
    "symmetric_jwk": (
        {"keys": [{"kty": "oct", "k": t("aa", 43), "kid": "keepme"}]},
        (t("aa", 43),),
        ("keepme",),
    ),
    "card_object": (
        {
            "payment_method_data": {
                "card": {"number": "4242 4242 4242 4242", "cvc": 123, "exp": "12/31"}
            }
        },
        ("4242 4242", ":123", ": 123"),
        ("12/31",),
    ),
    "pan_key": ({"PAN": CARD, "n": "keepme"}, (CARD,), ("keepme",)),
    "card_in_url": ({"u": f"https://x.test/p/{CARD}/y", "n": "keepme"}, (CARD,), ("keepme",)),
    "otp_auth": (
        {"uri": f"otpauth://totp/keepme:ada?secret={t('ab', 32).upper()}&issuer=keepme"},
        (t("ab", 32).upper(),),
        ("keepme",),
    ),
    "wifi_qr": ({"qr": f"WIFI:S:keepme;T:WPA;P:{S};;"}, (S,), ("keepme",)),
    "ssh_key": (
        {"sshKey": PEM.replace("RSA", "OPENSSH"), "n": "keepme"},
        (PEM.split("\n")[1],),
        ("keepme",),
    ),
    "pem_one_line": (
        {"k": PEM.replace("\n", ""), "n": "keepme"},
        (PEM.split("\n")[1],),
        ("keepme",),
    ),
    "pem_spaces": (
        {"k": PEM.replace("\n", " "), "n": "keepme"},
        (PEM.split("\n")[1],),
        ("keepme",),
    ),
    "pem_escaped_twice": (
        {"k": PEM.replace("\n", "\\n"), "n": "keepme"},
        (PEM.split("\n")[1],),
        ("keepme",),
    ),
    "pem_base64": (
        {"k": base64.b64encode(PEM.encode()).decode(), "n": "keepme"},
        (PEM.split("\n")[1],),
        ("keepme",),
    ),
    "value_first": (
        {"items": [{"value": S, "key": "db.password"}, {"value": "keepme", "key": "db.user"}]},
        (S,),
        ("keepme",),
    ),
    "attribute_pair": (
        {
            "Attributes": [
                {"Name": "custom:api_token", "Value": TOKEN},
                {"Name": "email", "Value": "keepme"},
            ]
        },
        (TOKEN,),
        ("keepme",),
    ),
    "validation": (
        {"errors": [{"field": "password", "rejectedValue": S, "defaultMessage": "keepme"}]},
        (S,),
        ("keepme",),
    ),
    "diff": (
        {"changes": {"password": {"from": S, "to": t("ac")}, "name": {"to": "keepme"}}},
        (S, t("ac")),
        ("keepme",),
    ),
    "diff_arrays": (
        {"changes": {"api_token": [t("ad"), t("ae")], "name": ["a", "keepme"]}},
        (t("ad"), t("ae")),
        ("keepme",),
    ),
    "zapier_hidden": (
        {"hookUrl": "https://hooks.zapier.com/hooks/catch/123/ab9xyz/", "n": "keepme"},
        ("ab9xyz",),
        ("keepme",),
    ),
    "telegram_url": (
        {
            "url": "https://api.telegram.org/bot" + "123456789:AA" + t("af", 33) + "/getMe",
            "n": "keepme",
        },
        (t("af", 33),),
        ("keepme", "/getMe"),
    ),
    "unlabelled_jwt_part": (
        {"p": JWT.rpartition(".")[0], "n": "keepme"},
        (JWT.split(".")[1],),
        ("keepme",),
    ),
    "spaced_jwt": ({"p": f" {JWT} ", "n": "keepme"}, (JWT.split(".")[2],), ("keepme",)),
    "key_with_unicode": ({"pass\u200bword": S, "n": "keepme"}, (S,), ("keepme",)),
    "fullwidth_key": ({"ｐａｓｓｗｏｒｄ": S, "n": "keepme"}, (S,), ("keepme",)),
    "leading_underscore": (
        {"_password": S, "__token": TOKEN, "$secret": t("ag"), "n": "keepme"},
        (S, TOKEN, t("ag")),
        ("keepme",),
    ),
    "at_attribute": ({"@password": S, "#secret": TOKEN, "n": "keepme"}, (S, TOKEN), ("keepme",)),
    "numbered": ({"password2": S, "token_3": TOKEN, "n": "keepme"}, (S, TOKEN), ("keepme",)),
    "ends_for": (
        {"password_for_bob": S, "tokenForUser": TOKEN, "n": "keepme"},
        (S, TOKEN),
        ("keepme",),
    ),
    "bytes_repr": ({"v": f"b'password={S}'", "n": "keepme"}, (S,), ("keepme",)),
    "protobuf_text": ({"v": f'user {{ name: "keepme" password: "{S}" }}'}, (S,), ("keepme",)),
    "shared_key_lite": (
        {"h": {"authorization": f"SharedKeyLite acc:{t('ah', 43)}="}, "n": "keepme"},
        (t("ah", 43),),
        ("keepme",),
    ),
    "sig_param": (
        {"u": f"https://x.test/f?Expires=1&Signature={t('ai', 40)}&n=keepme"},
        (t("ai", 40),),
        ("keepme",),
    ),
    "magic_link": (
        {"link": f"https://x.test/magic-link/{t('aj', 40)}", "n": "keepme"},
        (t("aj", 40),),
        ("keepme",),
    ),
    "invite_url": (
        {"invite_url": f"https://x.test/invite?code={t('ak', 24)}&n=keepme"},
        (t("ak", 24),),
        ("keepme",),
    ),
    "slack_response_url": (
        {"response_url": f"https://hooks.slack.com/actions/T1/12/{t('al', 24)}", "n": "keepme"},
        (t("al", 24),),
        ("keepme",),
    ),
}

TEXTS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "colon_newline": (f"password:\n  {S}\nuser: keepme\n", (S,), ("keepme",)),
    "equals_quotes_spaces": (
        f'password = "{S} and more9"\nuser = keepme',
        (S, "more9"),
        ("keepme",),
    ),
    "yaml_anchor": (f"password: &pw {S}\nuser: keepme\n", (S,), ("keepme",)),
    "yaml_tag": (f"password: !!str {S}\nuser: keepme\n", (S,), ("keepme",)),
    "yaml_multidoc": (f"---\nuser: keepme\n---\ntoken: {TOKEN}\n", (TOKEN,), ("keepme",)),
    "yaml_list_of_maps": (f"users:\n- name: keepme\n  password: {S}\n", (S,), ("keepme",)),
    "yaml_k8s_secret": (
        f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: keepme\ndata:\n  x: {base64.b64encode(S.encode()).decode()}\n",
        (S,),
        ("keepme",),
    ),
    "yaml_string_data": (
        f"kind: Secret\nstringData:\n  conf: {S}\n  b: {TOKEN}\nmetadata:\n  name: keepme\n",
        (S, TOKEN),
        ("keepme",),
    ),
    "yaml_comment": (f"# password: {S}\nuser: keepme\n", (S,), ("keepme",)),
    "yaml_block_pem": (
        "key: |\n" + "\n".join("  " + line for line in PEM.split("\n")) + "\nuser: keepme\n",
        (PEM.split("\n")[1], PEM.split("\n")[3]),
        ("keepme",),
    ),
    "xml_attr_entity": (f'<c password="a&amp;{S}" u="keepme"/>', (S,), ("keepme",)),
    "xml_attr_newline": (f'<c\n  password =\n  "{S}"\n  u="keepme"/>', (S,), ("keepme",)),
    "xml_upper": (f"<PASSWORD>{S}</PASSWORD><U>keepme</U>", (S,), ("keepme",)),
    "xml_dashed": (f"<client-secret>{S}</client-secret><u>keepme</u>", (S,), ("keepme",)),
    "xml_attr_and_text": (f'<token id="keepme">{TOKEN}</token>', (TOKEN,), ("keepme",)),
    "xml_cdata_space": (
        f"<password>\n<![CDATA[\n{S}\n]]>\n</password><u>keepme</u>",
        (S,),
        ("keepme",),
    ),
    "xml_truncated": (f"<u>keepme</u><password>{S}", (S,), ("keepme",)),
    "xml_param": (
        f'<param name="token">{TOKEN}</param><param name="n">keepme</param>',
        (TOKEN,),
        ("keepme",),
    ),
    "xml_property_value_element": (
        f"<property><name>javax.password</name><value>{S}</value></property><u>keepme</u>",
        (S,),
        ("keepme",),
    ),
    "xml_comment": (f"<!-- password={S} --><u>keepme</u>", (S,), ("keepme",)),
    "xml_json_inside": (
        f'<data>{{"apiKey": "{TOKEN}", "n": "keepme"}}</data>',
        (TOKEN,),
        ("keepme",),
    ),
    "soap_security": (
        f"<o:UsernameToken><o:Username>keepme</o:Username><o:Password o:Type='x'>{S}</o:Password><o:Nonce>bm9uY2U=</o:Nonce></o:UsernameToken>",
        (S,),
        ("keepme",),
    ),
    "saml_assertion": (
        f"SAMLResponse={quote(base64.b64encode(b'<saml>x</saml>' * 10).decode())}&RelayState=keepme",
        (base64.b64encode(b"<saml>x</saml>" * 10).decode()[:40],),
        ("keepme",),
    ),
    "html_password_input": (
        f'<input name="user" value="keepme"><input type="password" name="pw" value="{S}">',
        (S,),
        ("keepme",),
    ),
    "html_data_attribute": (f'<div data-api-key="{TOKEN}" data-n="keepme">', (TOKEN,), ("keepme",)),
    "js_object": (f"var c = {{ apiKey: '{TOKEN}', n: 'keepme' }};", (TOKEN,), ("keepme",)),
    "js_template": (
        f"fetch(url, {{headers: {{Authorization: `Bearer {TOKEN}`}}}}) // keepme",
        (TOKEN,),
        ("keepme",),
    ),
    "js_assignment": (f"process.env.SECRET_KEY = '{S}'; let n = 'keepme'", (S,), ("keepme",)),
    "python_dict": (f"{{'Authorization': 'Bearer {TOKEN}', 'n': 'keepme'}}", (TOKEN,), ("keepme",)),
    "python_bytes": (f"{{b'password': b'{S}', b'n': b'keepme'}}", (S,), ("keepme",)),
    "python_kwargs": (
        f"connect(host='keepme', password='{S}', port=1)",
        (S,),
        ("keepme", "port=1"),
    ),
    "java_to_string": (f"User{{name='keepme', password='{S}', age=3}}", (S,), ("keepme", "age=3")),
    "java_to_string_bare": (f"User(name=keepme, password={S}, age=3)", (S,), ("keepme", "age=3")),
    "go_struct": (f"{{Name:keepme Password:{S} Age:3}}", (S,), ("keepme", "Age:3")),
    "rust_debug": (f'Creds {{ user: "keepme", password: Some("{S}") }}', (S,), ("keepme",)),
    "php_print_r": (
        f"Array\n(\n    [user] => keepme\n    [password] => {S}\n)\n",
        (S,),
        ("keepme",),
    ),
    "php_var_dump": (
        f'["password"]=>\n  string(14) "{S}"\n  ["n"]=>\n  string(6) "keepme"',
        (S,),
        ("keepme",),
    ),
    "logfmt": (f'ts=1 level=info token="{TOKEN}" n=keepme', (TOKEN,), ("keepme",)),
    "syslog": (
        f"<34>1 2026-11-23T10:00:00Z host app - - token={TOKEN} keepme",
        (TOKEN,),
        ("keepme",),
    ),
    "access_log": (
        f'1.2.3.4 - - [23/Nov/2026:10:00:00] "GET /x?token={TOKEN}&n=keepme HTTP/1.1" 200 5',
        (TOKEN,),
        ("n=keepme", "200 5"),
    ),
    "semicolon_pairs": (f"user=keepme;password={S};host=h", (S,), ("keepme", "host=h")),
    "pipe_pairs": (f"user=keepme|password={S}|host=h", (S,), ("keepme", "host=h")),
    "tab_pairs": (f"user\tkeepme\npassword\t{S}\n", (S,), ("keepme",)),
    "dash_separator": (f"Password - {S}\nUser - keepme", (S,), ("keepme",)),
    "parenthesised": (f"login (user: keepme, pass: {S})", (S,), ("keepme",)),
    "sentence_quoted": (f"the password '{S}' was rejected for keepme", (S,), ("keepme",)),
    "sentence_backticks": (f"Use password `{S}` for keepme", (S,), ("keepme",)),
    "sentence_token": (f"invalid token {TOKEN} for keepme", (TOKEN,), ("keepme",)),
    "sentence_api_key": (f"Incorrect API key provided: {TOKEN}. keepme", (TOKEN,), ("keepme",)),
    "sentence_your_code": ("keepme: 493817 is your verification code", ("493817",), ("keepme",)),
    "sentence_otp": ("Your OTP is 493817. Do not share. keepme", ("493817",), ("keepme",)),
    "sentence_pin": ("PIN: 4931, keepme", ("4931",), ("keepme",)),
    "markdown_table": (f"| user | password |\n|---|---|\n| keepme | {S} |\n", (S,), ("keepme",)),
    "csv_late_column": (
        f"id,name,api_key\n1,keepme,{TOKEN}\n2,x,{t('ba')}\n",
        (TOKEN, t("ba")),
        ("keepme",),
    ),
    "csv_crlf": (f"name,token\r\nkeepme,{TOKEN}\r\n", (TOKEN,), ("keepme",)),
    "sql_insert": (
        f"INSERT INTO users (name, password) VALUES ('keepme', '{S}')",
        (S,),
        ("keepme",),
    ),
    "sql_update": (f"UPDATE users SET password = '{S}' WHERE name = 'keepme'", (S,), ("keepme",)),
    "sql_where": (f"SELECT * FROM t WHERE api_key='{TOKEN}' AND n='keepme'", (TOKEN,), ("keepme",)),
    "redis_auth": (f"AUTH {S}\r\nSET n keepme", (S,), ("keepme",)),
    "smtp_auth": (
        "AUTH PLAIN "
        + base64.b64encode(f"\0bob\0{S}".encode()).decode()
        + "\r\nMAIL FROM:<keepme@a.test>",
        (S,),
        ("keepme@a.test",),
    ),
    "mysql_flag": (f"mysql -uroot -p{S} keepme", (S,), ("keepme",)),
    "sshpass": (f"sshpass -p {S} ssh keepme", (S,), ("keepme",)),
    "curl_short": (f"curl -ubob:{S} https://keepme.test", (S,), ("keepme.test",)),
    "curl_bearer_flag": (
        f"curl --oauth2-bearer {TOKEN} https://keepme.test",
        (TOKEN,),
        ("keepme.test",),
    ),
    "curl_cookie": (f"curl -b 'sid={TOKEN}' https://keepme.test", (TOKEN,), ("keepme.test",)),
    "docker_login": (f"docker login -u keepme -p {TOKEN} registry.test", (TOKEN,), ("keepme",)),
    "wget": (f"wget --http-password={S} --user=keepme", (S,), ("keepme",)),
    "openssl": (f"openssl enc -pass pass:{S} -in keepme", (S,), ("keepme",)),
    "gh_url": (
        f"git clone https://oauth2:{TOKEN}@gitlab.test/keepme.git",
        (TOKEN,),
        ("gitlab.test/keepme.git",),
    ),
    "pip_url": (
        f"pip install --index-url https://__token__:{word('py', 'pi-')}{t('bb', 60)}@pypi.test/simple keepme",
        (t("bb", 60),),
        ("keepme",),
    ),
    "sse_named": (
        f'event: token\ndata: {{"access_token": "{TOKEN}"}}\n\nevent: x\ndata: keepme\n\n',
        (TOKEN,),
        ("keepme",),
    ),
    "sse_multiline_json": (
        f'data: {{\ndata:   "api_key": "{TOKEN}",\ndata:   "n": "keepme"\ndata: }}\n\n',
        (TOKEN,),
        ("keepme",),
    ),
    "ndjson_mixed": (
        f'{{"n":"keepme"}}\nnot json password={S}\n{{"token":"{TOKEN}"}}\n',
        (S, TOKEN),
        ("keepme",),
    ),
    "ndjson_bulk": (f'{{"index":{{"_id":"keepme"}}}}\n{{"password":"{S}"}}\n', (S,), ("keepme",)),
    "log_then_json": (
        f'2026-11-23 [main] body={{"user":"keepme","auth":{{"password":"{S}"}}}} status=200',
        (S,),
        ("keepme", "status=200"),
    ),
    "two_jsons_in_line": (
        f'a={{"token":"{TOKEN}"}} b={{"n":"keepme","secret":"{S}"}}',
        (TOKEN, S),
        ("keepme",),
    ),
    "json_with_nan": (f'{{"a": NaN, "password": "{S}", "n": "keepme"}}', (S,), ("keepme",)),
    "json_control_char": (f'{{"a": "x\ty", "password": "{S}", "n": "keepme"}}', (S,), ("keepme",)),
    "json_bad_escape": (f'{{"a": "\\x41", "password": "{S}", "n": "keepme"}}', (S,), ("keepme",)),
    "json_missing_comma": (f'{{"n": "keepme" "password": "{S}"}}', (S,), ("keepme",)),
    "json_missing_brace": (f'{{"n": "keepme", "password": "{S}"', (S,), ("keepme",)),
    "json_lone_surrogate": (
        f'{{"a": "\\ud800", "password": "{S}", "n": "keepme"}}',
        (S,),
        ("keepme",),
    ),
    "json5": (f"{{n: 'keepme', password: '{S}', +1: .5,}}", (S,), ("keepme",)),
    "json_nested_quote_mess": (
        '{"a": "he said \\"password: ' + S + '\\"", "n": "keepme"}',
        (S,),
        ("keepme",),
    ),
    "base64_line": (
        f"cfg: {base64.b64encode(json.dumps({'token': TOKEN}).encode()).decode()} keepme",
        (TOKEN,),
        ("keepme",),
    ),
    "hex_key_line": (
        f"encryption_key: {hexes(64, 'hk')}\nn: keepme",
        (hexes(64, "hk"),),
        ("keepme",),
    ),
    "jwt_cookie_text": (f"Set-Cookie: at={JWT}; Path=/keepme; HttpOnly", (JWT,), ("/keepme",)),
    "url_userinfo_query": (
        f"https://u:{S}@h.test/x?token={TOKEN}&n=keepme",
        (S, TOKEN),
        ("keepme",),
    ),
    "url_matrix": (
        f"see https://h.test/a;jsessionid={hexes(32, 'js')}?n=keepme",
        (hexes(32, "js"),),
        ("keepme",),
    ),
    "url_ipv6": (f"redis://u:{S}@[::1]:6379/0 keepme", (S,), ("keepme", "[::1]:6379")),
    "private_key_xml": (
        f"<RSAKeyValue><Modulus>keepme</Modulus><D>{t('bc', 80)}</D><P>{t('bd', 60)}</P></RSAKeyValue>",
        (t("bc", 80),),
        (),
    ),
    "ssh_command": (f"export SSHPASS={S} && ssh keepme", (S,), ("keepme",)),
    "env_inline": (f"TOKEN={TOKEN} ./run.sh keepme", (TOKEN,), ("keepme",)),
    "windows_set": (f"set DB_PASSWORD={S}\r\necho keepme", (S,), ("keepme",)),
    "gradle": (f"signing.keyPassword={S}\nn=keepme", (S,), ("keepme",)),
    "maven": (
        f"<server><id>keepme</id><username>u</username><password>{S}</password></server>",
        (S,),
        ("keepme",),
    ),
    "pypirc": (
        f"[pypi]\nusername = __token__\npassword = {word('py', 'pi-')}{t('be', 60)}\n# keepme",
        (t("be", 60),),
        ("keepme",),
    ),
    "git_credentials": (f"https://keepme:{TOKEN}@github.com", (TOKEN,), ("keepme", "github.com")),
    "slack_text": (
        f"<https://hooks.slack.com/services/T0/B0/{t('bf', 24)}|hook> keepme",
        (t("bf", 24),),
        ("keepme",),
    ),
    "azure_devops_pat": (
        f"AzureDevOps PAT: {t('bg', 52).lower()}\nkeepme",
        (t("bg", 52).lower(),),
        ("keepme",),
    ),
    "ftp_session": (f"USER keepme\r\nPASS {S}\r\n", (S,), ("keepme",)),
    "http_proxy_env": (f"HTTPS_PROXY=http://u:{S}@proxy.keepme:3128", (S,), ("proxy.keepme:3128",)),
    "amp_in_password": (f"Password=a&b{S};User=keepme", (S,), ("keepme",)),
    "utf8_quotes": (f"password: “{S}”\nuser: keepme", (S,), ("keepme",)),
    "equals_in_value": (f"token={t('bh', 20)}==\nn=keepme", (t("bh", 20),), ("keepme",)),
    "arrow_function": (f"password => '{S}', n => 'keepme'", (S,), ("keepme",)),
}

HEADERS: dict[str, tuple[str, str, tuple[str, ...], tuple[str, ...]]] = {
    "tab_scheme": ("Authorization", f"Bearer\t{TOKEN}", (TOKEN,), ("Bearer",)),
    "lower_name": ("authorization", f"Bearer {TOKEN}", (TOKEN,), ("Bearer",)),
    "bearer_only": ("Authorization", "Bearer", (), ("Bearer",)),
    "jwt_no_scheme": ("Authorization", JWT, (JWT,), ()),
    "aws4_chunk": ("X-Amz-Date", "20261123T100000Z", (), ("20261123T100000Z",)),
    "x_amz_target": (
        "X-Amz-Target",
        "secretsmanager.GetSecretValue",
        (),
        ("secretsmanager.GetSecretValue",),
    ),
    "forwarded": (
        "Forwarded",
        "for=192.0.2.60;proto=http;by=203.0.113.43",
        (),
        ("for=192.0.2.60",),
    ),
    "cookie_two_same": ("Cookie", f"a={t('ca')}; a={t('cb')}", (t("ca"), t("cb")), ("a=",)),
    "cookie_equals": ("Cookie", f"a={t('cc')}==; theme=dark", (t("cc"),), ("theme=dark",)),
    "cookie_csrf": ("Cookie", f"csrftoken={t('cd')}; n=7", (t("cd"),), ("n=7",)),
    "cookie_ga": ("Cookie", "_ga=GA1.2.1234567890.1600000000; lang=de", (), ("lang=de",)),
    "digest_md5_sess": (
        "Authorization",
        f'Digest username="u", realm="keepme", nonce="n", uri="/", algorithm=MD5-sess, response="{hexes(32, "ds")}"',
        (hexes(32, "ds"),),
        ("keepme", "MD5-sess"),
    ),
    "signature_header_multi": (
        "Signature",
        f'keyId="k1",algorithm="hs2019",created=1402170695,headers="(request-target) date",signature="{t("ce", 60)}="',
        (t("ce", 60),),
        ("k1", "hs2019", "1402170695"),
    ),
    "x_goog_signature": ("X-Goog-Signature", hexes(64, "gs"), (hexes(64, "gs"),), ()),
    "dpop": ("DPoP", JWT, (JWT,), ()),
    "client_cert": ("X-Client-Cert-Key", PEM.replace("\n", "%0A"), (PEM.split("\n")[1],), ()),
    "apikey_prefix": ("X-API-Key", f"ApiKey {TOKEN}", (TOKEN,), ()),
    "api_key_two": ("X-Api-Key", f"{t('cf')}, {t('cg')}", (t("cf"), t("cg")), ()),
    "bearer_in_other": ("X-Forwarded-Auth", f"Bearer {TOKEN}", (TOKEN,), ("Bearer",)),
    "custom_hmac": ("X-Content-Hmac", t("ch", 44), (t("ch", 44),), ()),
    "sig_suffix": ("X-Payload-Sig", t("ci", 44), (t("ci", 44),), ()),
    "smtp_login": ("X-Smtp-Auth", base64.b64encode(f"u:{S}".encode()).decode(), (S,), ()),
    "url_header": ("X-Callback-Url", f"https://x.test/cb?secret={S}&n=keepme", (S,), ("n=keepme",)),
    "link_many": (
        "Link",
        f'<https://x.test/?page=2&access_token={TOKEN}>; rel="next", <https://x.test/?page=9&access_token={TOKEN}>; rel="last"',
        (TOKEN,),
        ("page=2", "page=9", 'rel=\\"last\\"'),
    ),
    "www_negotiate": (
        "WWW-Authenticate",
        f"Negotiate {t('cj', 80)}==",
        (t("cj", 80),),
        ("Negotiate",),
    ),
    "keep_www": (
        "WWW-Authenticate",
        'Digest realm="keepme", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", qop="auth"',
        (),
        ("keepme", "dcd98b7102dd2f0e8b11d0f600bfb0c093"),
    ),
    "keep_baggage": (
        "baggage",
        "userId=alice,serverNode=DF:28,isProduction=false",
        (),
        ("userId=alice",),
    ),
    "keep_tracestate": (
        "tracestate",
        "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7",
        (),
        ("congo=t61rcWkgMzE",),
    ),
    "keep_b3": (
        "X-B3-TraceId",
        "463ac35c9f6413ad48485a3953bb6124",
        (),
        ("463ac35c9f6413ad48485a3953bb6124",),
    ),
    "keep_amz_trace": (
        "X-Amzn-Trace-Id",
        "Root=1-67891233-abcdef012345678912345678",
        (),
        ("1-67891233-abcdef012345678912345678",),
    ),
    "keep_stripe_request": ("Request-Id", "req_8fK2mPqL0vXzQw", (), ("req_8fK2mPqL0vXzQw",)),
    "keep_github_request": (
        "X-GitHub-Request-Id",
        "C0DE:2F1A:3B4C5D6:7E8F901:65A5F3C2",
        (),
        ("C0DE:2F1A:3B4C5D6:7E8F901:65A5F3C2",),
    ),
    "keep_sec_ch": ("Sec-CH-UA", '"Chromium";v="128", "Not;A=Brand";v="24"', (), ("Chromium",)),
    "keep_range": ("Content-Range", "bytes 0-1023/146515", (), ("bytes 0-1023/146515",)),
    "keep_auth_user": ("X-Auth-Request-User", "ada", (), ("ada",)),
    "keep_slack_ts": ("X-Slack-Request-Timestamp", "1531420618", (), ("1531420618",)),
    "keep_retry": ("Retry-After", "120", (), ("120",)),
    "keep_twilio_sid": (
        "X-Twilio-Account-Sid",
        "AC0123456789abcdef0123456789abcdef",
        (),
        ("AC0123456789abcdef0123456789abcdef",),
    ),
    "keep_webhook_id": (
        "webhook-id",
        "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
        (),
        ("msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",),
    ),
    "keep_shopify_id": (
        "X-Shopify-Webhook-Id",
        "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        (),
        ("b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",),
    ),
    "keep_allow_creds": (
        "Access-Control-Expose-Headers",
        "X-Auth-Token, X-Secret",
        (),
        ("X-Auth-Token, X-Secret",),
    ),
}

URLS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "upper_name": (f"/x?ACCESS_TOKEN={TOKEN}&page=7", (TOKEN,), ("page=7",)),
    "encoded_name": (f"/x?access%5Ftoken={TOKEN}&page=7", (TOKEN,), ("page=7",)),
    "array_name": (f"/x?tokens[]={TOKEN}&page=7", (TOKEN,), ("page=7",)),
    "dotted_name": (f"/x?auth.token={TOKEN}&page=7", (TOKEN,), ("page=7",)),
    "first_empty": (f"/x?&&token={TOKEN}&page=7", (TOKEN,), ("page=7",)),
    "question_in_value": (f"/x?next=/cb?token={TOKEN}&page=7", (TOKEN,), ("page=7",)),
    "double_question": (f"/x??token={TOKEN}&page=7", (TOKEN,), ("page=7",)),
    "plus_in_value": (f"/x?password=a+b{S}&page=7", (S,), ("page=7",)),
    "equals_in_value": (f"/x?token={t('da', 20)}==&page=7", (t("da", 20),), ("page=7",)),
    "unicode": (f"/x?password=p%C3%A4ss{S}&page=7", (S, "päss"), ("page=7",)),
    "bad_percent": (f"/x?password=%zz{S}&page=7", (S,), ("page=7",)),
    "thrice_encoded": (
        f"/x?u={quote(quote(quote(f'https://a.test/?token={TOKEN}', safe=''), safe=''), safe='')}&page=7",
        (TOKEN,),
        ("page=7",),
    ),
    "base64_json_param": (
        "/x?state="
        + base64.urlsafe_b64encode(json.dumps({"csrf_token": TOKEN}).encode()).decode()
        + "&page=7",
        (TOKEN,),
        ("page=7",),
    ),
    "jwt_param": (f"/x?state={JWT}&page=7", (JWT,), ("page=7",)),
    "basic_param": (
        f"/x?authorization=Basic%20{base64.b64encode(f'u:{S}'.encode()).decode()}&page=7",
        (S,),
        ("page=7",),
    ),
    "appid": (
        f"/data/2.5/weather?q=Berlin&appid={hexes(32, 'ow')}",
        (hexes(32, "ow"),),
        ("q=Berlin",),
    ),
    "maps_signature": (
        f"/maps/api/staticmap?center=Berlin&client=gme-keepme&signature={t('db', 27)}=",
        (t("db", 27),),
        ("gme-keepme", "center=Berlin"),
    ),
    "twitter_oauth": (
        f"/1.1/x.json?oauth_consumer_key={t('dc', 25)}&oauth_signature={t('dd', 27)}%3D&oauth_timestamp=1&page=7",
        (t("dd", 27),),
        ("page=7", "oauth_timestamp=1"),
    ),
    "ws_token": (
        f"/socket?EIO=4&transport=websocket&token={TOKEN}",
        (TOKEN,),
        ("transport=websocket",),
    ),
    "hook_id_query": (f"/hook?id=7&secret={S}", (S,), ("id=7",)),
    "path_key_value": (f"/api/key={t('de', 24)}/x", (t("de", 24),), ("/x",)),
    "path_uuid_reset": (f"/password/reset/{uuid('pr')}", (uuid("pr"),), ("/password/reset/",)),
    "path_confirm_sub": (
        f"/users/confirmation/{t('df', 20)}",
        (t("df", 20),),
        ("/users/confirmation/",),
    ),
    "path_sessions": (f"/session/{hexes(32, 'se')}/element", (hexes(32, "se"),), ("/element",)),
    "path_feed": (f"/rss/private/{hexes(40, 'fe')}/feed.xml", (hexes(40, "fe"),), ("/feed.xml",)),
    "path_shared": (f"/shared/{t('dg', 30)}/view", (t("dg", 30),), ("/view",)),
    "path_encoded_jwt": (f"/x/{JWT.replace('.', '%2E')}/y", (JWT.split(".")[2],), ("/y",)),
    "path_userinfo": (f"/proxy/https://u:{S}@h.test/x", (S,), ("h.test/x",)),
    "path_basic": (
        f"/x/Basic%20{base64.b64encode(f'user:{S}'.encode()).decode()}/y",
        (S,),
        ("/y",),
    ),
    "keep_slug": (
        "/blog/how-to-store-your-api-keys-and-secrets-safely",
        (),
        ("/blog/how-to-store-your-api-keys-and-secrets-safely",),
    ),
    "keep_docs": (
        "/docs/tokens/rotation?section=refresh-token",
        (),
        ("/docs/tokens/rotation?section=refresh-token",),
    ),
    "keep_sort": (
        "/x?sort=-created_at&fields=id,token_type,password_changed_at",
        (),
        ("fields=id,token_type,password_changed_at",),
    ),
    "keep_s3_list": (
        "/bucket?list-type=2&prefix=secrets/&continuation-token=1ueGcxLPRx1Tr",
        (),
        ("prefix=secrets/", "continuation-token=1ueGcxLPRx1Tr"),
    ),
    "keep_iothub": (
        "/devices/sensor-7?api-version=2021-04-12",
        (),
        ("/devices/sensor-7?api-version=2021-04-12",),
    ),
    "keep_stripe_list": (
        "/v1/charges?starting_after=ch_3MtwBwLkdIwHu7ix28a3tqPa&limit=3",
        (),
        ("starting_after=ch_3MtwBwLkdIwHu7ix28a3tqPa",),
    ),
    "keep_uuid_path": (f"/webhook_endpoints/{uuid('kw')}", (), (uuid("kw"),)),
    "keep_hash_file": ("/assets/app-9fceb02d0ae598e9.js", (), ("/assets/app-9fceb02d0ae598e9.js",)),
    "keep_geo": ("/reverse?lat=52.520008&lon=13.404954&key_type=x", (), ("lat=52.520008",)),
    "keep_git_blob": (
        "/repos/a/b/git/blobs/9fceb02d0ae598e95dc970b74767f19372d61af8",
        (),
        ("9fceb02d0ae598e95dc970b74767f19372d61af8",),
    ),
    "keep_secret_name": (
        "/v1/projects/p/secrets/db-pass/versions/latest",
        (),
        ("/secrets/db-pass/versions/latest",),
    ),
    "keep_vault_path": ("/v1/secret/data/my-app/config", (), ("/v1/secret/data/my-app/config",)),
    "keep_keyid": ("/keys/kid-2026-01/rotate", (), ("/keys/kid-2026-01/rotate",)),
}

FORMS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "twilio_verify": ("To=%2B491701234567&Code=493817", ("493817",), ("To=",)),
    "client_assertion": (
        f"grant_type=client_credentials&client_assertion={JWT}&client_assertion_type=urn%3Ax",
        (JWT,),
        ("client_assertion_type=urn",),
    ),
    "token_exchange": (
        f"grant_type=urn:token-exchange&subject_token={TOKEN}&subject_token_type=urn:jwt",
        (TOKEN,),
        ("subject_token_type=urn:jwt",),
    ),
    "revoke": (
        f"token={TOKEN}&token_type_hint=refresh_token",
        (TOKEN,),
        ("token_type_hint=refresh_token",),
    ),
    "rails": (
        f"utf8=%E2%9C%93&authenticity_token={quote(t('ea', 43) + '+/==', safe='')}&user%5Bname%5D=keepme",
        (t("ea", 43),),
        ("keepme",),
    ),
    "aspnet": (
        f"__RequestVerificationToken={t('eb', 60)}&UserName=keepme",
        (t("eb", 60),),
        ("keepme",),
    ),
    "csrfmiddleware": (f"csrfmiddlewaretoken={t('ec', 64)}&n=keepme", (t("ec", 64),), ("keepme",)),
    "stripe_card": (
        f"type=card&card[number]={CARD}&card[cvc]=123&card[exp_month]=8",
        (CARD, "=123"),
        ("card[exp_month]=8",),
    ),
    "stripe_metadata": (
        "amount=2000&currency=usd&metadata[order_key]=A-17&source=tok_visa",
        (),
        ("amount=2000&currency=usd&metadata[order_key]=A-17&source=tok_visa",),
    ),
    "json_value": (
        "data=" + quote(json.dumps({"pw": S, "n": "keepme"}), safe=""),
        (S,),
        ("keepme",),
    ),
    "url_value": (
        "url=" + quote(f"https://u:{S}@h.test/?token={TOKEN}", safe="") + "&n=keepme",
        (S, TOKEN),
        ("keepme",),
    ),
    "xml_value": (
        "xml=" + quote(f"<a><password>{S}</password></a>", safe="") + "&n=keepme",
        (S,),
        ("keepme",),
    ),
    "base64_value": (
        "d="
        + quote(base64.b64encode(json.dumps({"token": TOKEN}).encode()).decode(), safe="")
        + "&n=keepme",
        (TOKEN,),
        ("keepme",),
    ),
    "mailgun": ("from=a%40b.test&to=keepme%40c.test&text=Your+password+is+" + S, (S,), ("keepme",)),
    "slack_token": (
        f"token={word('xox', 'b-')}123-456-{t('ed', 24)}&channel=C1&text=keepme",
        (t("ed", 24),),
        ("channel=C1", "keepme"),
    ),
    "pagerduty_old": (
        f"service_key={hexes(32, 'pk')}&event_type=trigger",
        (hexes(32, "pk"),),
        ("event_type=trigger",),
    ),
    "keep_search": (
        "q=secret+santa+tokens&sort=key&page=2",
        (),
        ("q=secret+santa+tokens&sort=key&page=2",),
    ),
    "keep_mailgun": (
        "from=Ada+%3Ca%40b.test%3E&subject=Reset+your+password&text=Hello",
        (),
        ("subject=Reset+your+password",),
    ),
}

KEPT: dict[str, object] = {
    "llm_request": {
        "model": "m",
        "max_tokens": 100,
        "stop": ["token"],
        "messages": [{"role": "user", "content": "What is a bearer token? Explain passwords."}],
    },
    "llm_logprobs": {
        "tokens": ["Hello", " world"],
        "token_logprobs": [-0.1, -0.2],
        "top_logprobs": [{"token": "Hello", "logprob": -0.1}],
    },
    "lexer": {"tokens": [{"type": "keyword", "value": "if"}, {"type": "identifier", "value": "x"}]},
    "crypto_price": {
        "token": {
            "symbol": "USDC",
            "decimals": 6,
            "address": "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
            "name": "USD Coin",
        }
    },
    "pagination": {
        "nextPageToken": "CAUQAA8xY2QyZTNmNGc1aDZpN2o4",
        "next_token": "AAMAEFRSUMzaW5nbGVfa2V5",
        "ContinuationToken": "1ueGcxLPRx1TrXYExample",
        "nextSyncToken": "CPDAlvWDx70CEPDAlvWDx70CGAU=",
    },
    "permissions": {
        "can_reset_password": True,
        "can_view_secrets": False,
        "token_permissions": ["read", "write"],
    },
    "keycloak_realm": {
        "resetPasswordAllowed": True,
        "passwordPolicy": "length(8)",
        "accessTokenLifespan": 300,
        "ssoSessionIdleTimeout": 1800,
    },
    "oauth_error": {
        "error": "invalid_grant",
        "error_description": "Invalid refresh token",
        "error_uri": "https://a.test/e",
    },
    "password_error": {
        "message": "The given data was invalid.",
        "errors": {
            "password": [
                "The password must be at least 8 characters.",
                "The password confirmation does not match.",
            ]
        },
    },
    "boarding": {
        "boarding_pass": {"seat": "12A", "gate": "B7"},
        "pass_count": 2,
        "season_pass": "gold",
    },
    "i18n_keys": {"auth.login.title": "Sign in", "auth.password.label": "Password"},
    "device_meta": {
        "session_start": "2026-11-23T10:00:00Z",
        "session_length": 31,
        "auth_mode": "psk",
        "key_usage": "sign",
    },
    "tls": {
        "cipher": "TLS_AES_256_GCM_SHA384",
        "cert_fingerprint": "AB:CD:EF:01",
        "public_key": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE",
        "key_size": 256,
        "signature_algorithm": "ecdsa-with-SHA256",
    },
    "ssh_public": {
        "title": "laptop",
        "key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFakePublicKey ada@laptop",
    },
    "search_hits": {
        "hits": [{"title": "How to rotate API keys", "url": "https://a.test/docs/api-keys"}]
    },
    "cookie_banner": {"cookie": {"consent": True, "policy_version": 3}, "cookies": False},
    "signature_flag": {"signature_required": True, "signature": None, "signed_by": "Ada"},
    "secret_flags": {"secret": True, "secrets": 3, "is_secret": False, "secret_count": 1},
    "numbers": {
        "credit_card_count": 2,
        "amount": 4242424242424242.5,
        "ids": [4012888888881882, 1234567890123456],
    },
    "timestamps": {
        "token_created": 1795415000,
        "session": 42,
        "auth": False,
        "pass": 12,
        "fail": 1,
    },
    "hashes": {
        "sha1": "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "etag": '"33a64df551425fcc55e4d42a148795d9f25f89d4"',
        "checksum": "crc32:AAAAAA==",
        "digest": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    },
    "terraform_plan": {
        "resource": "aws_secretsmanager_secret",
        "name": "db/password",
        "action": "create",
    },
    "github_key_list": [
        {
            "id": 1,
            "key_id": "012345678912345678",
            "verified": True,
            "url": "https://api.github.com/user/keys/1",
        }
    ],
    "stripe_list": {
        "object": "list",
        "url": "/v1/customers",
        "has_more": False,
        "data": [
            {
                "id": "card_1MvoiELkdIwHu7ixOeFGbN9D",
                "brand": "Visa",
                "cvc_check": "pass",
                "last4": "4242",
            }
        ],
    },
    "iot_shadow": {
        "state": {"desired": {"pin": 4, "pass": "on", "key": "A"}, "reported": {"token_bucket": 12}}
    },
    "jsonapi": {
        "data": {
            "type": "api_keys",
            "id": "17",
            "attributes": {"name": "deploy", "last-used-at": None},
        }
    },
    "license": {"license": {"key": "mit", "name": "MIT License", "spdx_id": "MIT"}},
    "author_list": {
        "authors": ["Ada", "Bo"],
        "authorized": True,
        "authorization_status": "approved",
    },
    "passwordless": {
        "passwordless": True,
        "password_strength": "strong",
        "password_expires_at": "2027-01-01T00:00:00Z",
    },
}


def cases() -> Iterator[Case]:
    """All of them."""
    for name, (body, gone, kept) in JSONS.items():
        yield json_case(f"review_json_{name}", W, json.dumps(body, ensure_ascii=False), gone, kept)
        yield Case(f"review_answer_{name}", W, gone, kept, response_body=json.dumps(body, indent=1))
    for name, (text, gone, kept) in TEXTS.items():
        yield text_case(f"review_text_{name}", W, text, gone, kept)
        yield json_case(f"review_string_{name}", W, json.dumps({"log": text}), gone, tuple(kept))
    for name, (header, value, gone, kept) in HEADERS.items():
        yield header_case(f"review_header_{name}", header, value, gone, kept)
    for name, (target, gone, kept) in URLS.items():
        yield url_case(f"review_url_{name}", W, f"https://api.example.test{target}", gone, kept)
    for name, (form, gone, kept) in FORMS.items():
        yield form_case(f"review_form_{name}", W, form, gone, kept)
    for name, body in KEPT.items():
        text = json.dumps(body)
        yield json_case(f"review_keep_{name}", W, text, (), (text,))
