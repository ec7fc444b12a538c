"""Secrets that only something beside them betrays: pairs, rows, lists, objects, lines."""

import base64
import json
from collections.abc import Iterator

from tests.store.redaction.corpus import Case, form_case, json_case, text_case
from tests.store.redaction.fakes import PASSWORD, TOKEN, hexes, word

WHY = "its name stands beside it, not over it"
CODED = base64.b64encode(PASSWORD.encode()).decode()
HASH = hexes(64, "neighbour")

OBJECTS: dict[str, tuple[object, tuple[str, ...], tuple[str, ...]]] = {
    "raw_headers": (
        {
            "rawHeaders": [
                "Host",
                "keep.test",
                "Authorization",
                f"Bearer {TOKEN}",
                "Accept",
                "keep/a",
            ]
        },
        (TOKEN,),
        ("keep.test", "keep/a", "Bearer"),
    ),
    "raw_headers_key": (
        {"req": {"rawHeaders": ["X-Api-Key", TOKEN, "X-Keep", "keep-1"]}},
        (TOKEN,),
        ("keep-1",),
    ),
    "headers_of_lists": (
        {"headers": [["Host", "keep.test"], ["X-Auth-Token", TOKEN], ["Accept", "keep/b"]]},
        (TOKEN,),
        ("keep.test", "keep/b"),
    ),
    "header_lists_of_values": (
        {"headers": {"X-Api-Key": [TOKEN], "Accept": ["keep/c"]}},
        (TOKEN,),
        ("keep/c",),
    ),
    "multi_value_headers": (
        {"multiValueHeaders": {"authorization": [f"Bearer {TOKEN}"], "host": ["keep.test"]}},
        (TOKEN,),
        ("keep.test",),
    ),
    "header_bytes": (
        {"headers": [{"name": "authorization", "value": f"Basic {CODED}"}]},
        (CODED,),
        ("authorization",),
    ),
    "har_cookie": (
        {"cookies": [{"name": "sid", "value": TOKEN, "path": "/keep"}]},
        (TOKEN,),
        ("/keep",),
    ),
    "har_query": (
        {"queryString": [{"name": "api_key", "value": TOKEN}, {"name": "q", "value": "keep-q"}]},
        (TOKEN,),
        ("keep-q",),
    ),
    "value_first": (
        {
            "env": [
                {"value": PASSWORD, "name": "DB_PASSWORD"},
                {"value": "keep-r", "name": "REGION"},
            ]
        },
        (PASSWORD,),
        ("keep-r",),
    ),
    "redis_command": (
        ["HSET", "user:1", "password", PASSWORD, "city", "keepville"],
        (PASSWORD,),
        ("keepville",),
    ),
    "options": (
        {"args": ["serve", "--port", "8080", "--admin-password", PASSWORD, "--name", "keep-n"]},
        (PASSWORD,),
        ("8080", "keep-n"),
    ),
    "option_equals": ({"command": ["run", f"--token={TOKEN}", "keep-x"]}, (TOKEN,), ("keep-x",)),
    "docker_env": (
        {"Env": ["PATH=/usr/bin", f"DB_PASSWORD={PASSWORD}", "LANG=keep"]},
        (PASSWORD,),
        ("LANG=keep",),
    ),
    "kubernetes_string_data": (
        {"kind": "Secret", "metadata": {"name": "keep-s"}, "stringData": {"config": PASSWORD}},
        (PASSWORD,),
        ("keep-s",),
    ),
    "kubernetes_data": (
        {"apiVersion": "v1", "kind": "Secret", "data": {"username": CODED}, "type": "Opaque"},
        (CODED, PASSWORD),
        ("Opaque",),
    ),
    "kubernetes_list": (
        {"kind": "SecretList", "items": [{"metadata": {"name": "keep-i"}, "data": {"x": CODED}}]},
        (CODED, PASSWORD),
        ("keep-i",),
    ),
    "kubernetes_config_map": (
        {"kind": "ConfigMap", "data": {"color": "keep-blue", "db.password": PASSWORD}},
        (PASSWORD,),
        ("keep-blue",),
    ),
    "vault_first": (
        {"request_id": "r-1", "lease_id": "", "lease_duration": 2764800, "data": {"foo": PASSWORD}},
        (PASSWORD,),
        ("2764800",),
    ),
    "vault_second": (
        {
            "lease_duration": 0,
            "data": {
                "data": {"foo": PASSWORD},
                "metadata": {"version": 3, "created_time": "2026-01-02T03:04:05Z"},
            },
        },
        (PASSWORD,),
        ("2026-01-02T03:04:05Z",),
    ),
    "vault_listing": (
        {"lease_duration": 0, "data": {"keys": ["keep-a", "keep-b"]}},
        (),
        ("keep-a", "keep-b"),
    ),
    "vault_auth": (
        {
            "lease_duration": 0,
            "auth": {"client_token": word("hv", "s.") + TOKEN, "policies": ["keep-p"]},
        },
        (TOKEN,),
        ("keep-p",),
    ),
    "key_vault": (
        {
            "value": PASSWORD,
            "id": "https://keep.vault.azure.net/secrets/db/0123",
            "attributes": {"enabled": True},
        },
        (PASSWORD,),
        ("keep.vault.azure.net/secrets/db",),
    ),
    "secret_manager": (
        {"name": "projects/1/secrets/db/versions/2", "payload": {"data": CODED}},
        (CODED, PASSWORD),
        ("projects/1/secrets/db/versions/2",),
    ),
    "secrets_manager": (
        {
            "ARN": "arn:aws:secretsmanager:eu-west-1:1:secret:keep-a",
            "SecretString": json.dumps({"u": "ann", "p": PASSWORD}),
            "VersionStages": ["AWSCURRENT"],
        },
        (PASSWORD,),
        ("AWSCURRENT",),
    ),
    "parameter_store": (
        {
            "Parameter": {
                "Name": "/app/db_password",
                "Type": "SecureString",
                "Value": PASSWORD,
                "Version": 7,
            }
        },
        (PASSWORD,),
        ("SecureString", "/app/db_password"),
    ),
    "token_keys": ({"tokens": {TOKEN: {"user": "keep-u"}}}, (TOKEN,), ("keep-u",)),
    "api_key_keys": ({"api_keys": {TOKEN: {"name": "keep-k"}}}, (TOKEN,), ("keep-k",)),
    "session_keys": ({"sessions_by_token": {TOKEN: {"user": "keep-u"}}}, (), ("keep-u",)),
    "token_counts": (
        {
            "tokens": {
                "gpt-4o-2024-08-06": 1200,
                "input": 12,
                "output_tokens_details": {"cached": 0},
            }
        },
        (),
        ("gpt-4o-2024-08-06", "1200", "cached"),
    ),
    "token_list": (
        {"tokens": {"0x" + "a1" * 20: {"symbol": "KEEP"}}},
        (),
        ("0x" + "a1" * 20, "KEEP"),
    ),
    "form_definition": (
        {
            "fields": [
                {"name": "password", "type": "password", "label": "Password", "required": True}
            ]
        },
        (),
        ('"type": "password"', "Password", "true"),
    ),
    "answers": (
        {
            "answers": [
                {"question": "Password", "answer": PASSWORD},
                {"question": "City", "answer": "keep"},
            ]
        },
        (PASSWORD,),
        ("keep",),
    ),
    "json_patch": (
        [{"op": "replace", "path": "/user/password", "value": PASSWORD}],
        (PASSWORD,),
        ("replace",),
    ),
    "json_patch_plain": (
        [{"op": "add", "path": "/user/city", "value": "keepville"}],
        (),
        ("keepville",),
    ),
    "scim_patch": (
        {"Operations": [{"op": "replace", "path": "password", "value": PASSWORD}]},
        (PASSWORD,),
        ("Operations",),
    ),
    "audit": (
        {
            "changes": [
                {"field": "api_token", "old": TOKEN, "new": HASH},
                {"field": "city", "old": "a", "new": "keep"},
            ]
        },
        (TOKEN, HASH),
        ("keep",),
    ),
    "dynamo": (
        {"Item": {"password": {"S": PASSWORD}, "city": {"S": "keepville"}}},
        (PASSWORD,),
        ("keepville",),
    ),
    "firestore": (
        {"fields": {"apiKey": {"stringValue": TOKEN}, "city": {"stringValue": "keepville"}}},
        (TOKEN,),
        ("keepville",),
    ),
    "dialogflow": (
        {"queryResult": {"parameters": {"pin": "4711", "city": "keepville"}}},
        ("4711",),
        ("keepville",),
    ),
    "twilio_verify": (
        {"To": "+15005550006", "Code": "493817", "Channel": "sms"},
        ("493817",),
        ("sms",),
    ),
    "table_of_lists": (
        {"columns": ["user", "password"], "rows": [["keep-u", PASSWORD]]},
        (PASSWORD,),
        ("keep-u",),
    ),
    "table_of_objects": (
        {"columns": [{"name": "user"}, {"name": "api_token"}], "rows": [["keep-u", TOKEN]]},
        (TOKEN,),
        ("keep-u",),
    ),
}

TEXTS: dict[str, tuple[str, str, tuple[str, ...], tuple[str, ...]]] = {
    "csv_pairs": (
        "text/csv",
        f"key,value\nDB_PASSWORD,{PASSWORD}\nREGION,keep-r\n",
        (PASSWORD,),
        ("keep-r",),
    ),
    "csv_secret_column": ("text/csv", f"name,secret\nkeep-n,{TOKEN}\n", (TOKEN,), ("keep-n",)),
    "csv_quoted": (
        "text/csv",
        f'"user","password"\r\n"keep-u","{PASSWORD}"\r\n',
        (PASSWORD,),
        ("keep-u",),
    ),
    "csv_quoted_comma": (
        "text/csv",
        f'user,note,password\nkeep-u,"a, b",{PASSWORD}\n',
        (PASSWORD,),
        ("keep-u", "a, b"),
    ),
    "csv_semicolon": (
        "text/csv",
        f"user;api_key;city\nkeep-u;{TOKEN};keepville\n",
        (TOKEN,),
        ("keep-u", "keepville"),
    ),
    "csv_tab": (
        "text/tab-separated-values",
        f"user\tpassword\nkeep-u\t{PASSWORD}\n",
        (PASSWORD,),
        ("keep-u",),
    ),
    "csv_pipe": (
        "text/plain",
        f"| user | password |\n|---|---|\n| keep-u | {PASSWORD} |\n",
        (PASSWORD,),
        ("keep-u",),
    ),
    "csv_comment": (
        "text/csv",
        f"# export of today\nuser,password\nkeep-u,{PASSWORD}\n",
        (PASSWORD,),
        ("keep-u",),
    ),
    "csv_separator_line": (
        "text/csv",
        f"sep=;\nuser;password\nkeep-u;{PASSWORD}\n",
        (PASSWORD,),
        ("keep-u",),
    ),
    "csv_no_heading": (
        "text/csv",
        f"DB_PASSWORD,{PASSWORD}\nREGION,keep-r\n",
        (PASSWORD,),
        ("keep-r",),
    ),
    "csv_one_column": ("text/csv", f"password\n{PASSWORD}\n", (PASSWORD,), ("password",)),
    "csv_plain": ("text/csv", "id,author,total_tokens\n1,keep-a,17\n", (), ("keep-a", "17")),
    "csv_names": (
        "text/csv",
        "name,value\ncolor,keep-blue\nsize,keep-9\n",
        (),
        ("keep-blue", "keep-9"),
    ),
    "yaml_value_first": (
        "application/yaml",
        f"env:\n  - value: {PASSWORD}\n    name: DB_PASSWORD\n  - name: REGION\n"
        f"    value: keep-r\n",
        (PASSWORD,),
        ("keep-r",),
    ),
    "yaml_value_first_twice": (
        "application/yaml",
        f"env:\n  - value: {PASSWORD}\n    name: DB_PASSWORD\n  - value: keep-r\n"
        f"    name: REGION\n",
        (PASSWORD,),
        ("keep-r",),
    ),
    "yaml_name_first": (
        "application/yaml",
        f"env:\n  - name: REGION\n    value: keep-r\n  - name: DB_PASSWORD\n"
        f"    value: {PASSWORD}\n",
        (PASSWORD,),
        ("keep-r",),
    ),
    "yaml_string_data": (
        "application/yaml",
        f"kind: Secret\nstringData:\n  config: {PASSWORD}\nmetadata:\n  name: keep-n\n",
        (PASSWORD,),
        ("keep-n",),
    ),
    "yaml_compose": (
        "application/yaml",
        f"services:\n  db:\n    image: keep/db:9\n    environment:\n"
        f"      - POSTGRES_PASSWORD={PASSWORD}\n      - LANG=keep\n",
        (PASSWORD,),
        ("keep/db:9", "LANG=keep"),
    ),
    "pgpass": (
        "text/plain",
        f"keep.example.test:5432:app:ann:{PASSWORD}\n",
        (PASSWORD,),
        ("keep.example.test",),
    ),
    "pgpass_star": ("text/plain", f"*:*:*:ann:{PASSWORD}\n", (PASSWORD,), ("ann",)),
    "not_pgpass": ("text/plain", "main.c:1234:5:error:keep\n", (), ("main.c:1234:5:error:keep",)),
    "netrc": (
        "text/plain",
        f"machine keep.test login ann password {PASSWORD}\n",
        (PASSWORD,),
        ("keep.test",),
    ),
    "netrc_lines": (
        "text/plain",
        f"machine keep.test\n  login ann\n  password {PASSWORD}\n",
        (PASSWORD,),
        ("keep.test",),
    ),
    "sse_lines": (
        "text/event-stream",
        f'event: keep-e\ndata: {{"n":"keep-n",\ndata: "password":\ndata:  "{PASSWORD}"}}\n\n',
        (PASSWORD,),
        ("keep-e", "keep-n"),
    ),
    "sse_one_line": (
        "text/event-stream",
        f'id: 7\ndata: {{"token":"{TOKEN}","n":"keep-n"}}\n\ndata: [DONE]\n\n',
        (TOKEN,),
        ("keep-n", "[DONE]"),
    ),
    "sse_crlf": (
        "text/event-stream",
        f'data: {{"n":"keep-n",\r\ndata: "password":"{PASSWORD}"}}\r\n\r\n',
        (PASSWORD,),
        ("keep-n",),
    ),
    "dsn_without_scheme": (
        "text/plain",
        f"dsn: ann:{PASSWORD}@tcp(10.0.0.1:3306)/keepdb\n",
        (PASSWORD,),
        ("keepdb",),
    ),
    "host_without_scheme": (
        "text/plain",
        f"connect ann:{PASSWORD}@keep.test:5432/app now\n",
        (PASSWORD,),
        ("keep.test:5432/app",),
    ),
    "scheme_relative": (
        "text/html",
        f'<a href="//ann:{PASSWORD}@keep.test/x">keep</a>',
        (PASSWORD,),
        ("keep.test/x",),
    ),
    "mail_address": (
        "text/plain",
        "write to mailto:ann9@keep.test/ or from:ann9@keep.test\n",
        (),
        ("ann9@keep.test",),
    ),
    "input_without_quotes": (
        "text/html",
        f"<input type=hidden name=csrf_token value={TOKEN}>keep",
        (TOKEN,),
        (">keep",),
    ),
    "input_value_first": (
        "text/html",
        f'<input value="{PASSWORD}" name="password">keep',
        (PASSWORD,),
        ("keep",),
    ),
    "meta_token": (
        "text/html",
        f'<meta name="csrf-token" content="{TOKEN}"><p>keep</p>',
        (TOKEN,),
        ("<p>keep</p>",),
    ),
    "sql_insert": (
        "text/plain",
        f"INSERT INTO users (name, password) VALUES ('keep', '{PASSWORD}');",
        (PASSWORD,),
        ("keep",),
    ),
    "sql_update": (
        "text/plain",
        f"UPDATE users SET password = '{PASSWORD}' WHERE name = 'keep';",
        (PASSWORD,),
        ("keep",),
    ),
    "duplicate_entry": (
        "text/plain",
        f"Duplicate entry '{TOKEN}' for key 'users.api_token'",
        (TOKEN,),
        ("Duplicate entry",),
    ),
    "key_exists": (
        "text/plain",
        f"Key (api_token)=({TOKEN}) already exists.",
        (TOKEN,),
        ("already exists.",),
    ),
    "graphql_value": (
        "text/plain",
        f'Variable "$password" got invalid value "{PASSWORD}"; keep',
        (PASSWORD,),
        ("keep", "$password"),
    ),
    "smart_quotes": ("text/plain", f"password: “{PASSWORD}” keep", (PASSWORD,), ("keep",)),
    "sentence": ("text/plain", f"password={PASSWORD} keep this", (PASSWORD,), ("keep this",)),
    "our_token": (
        "text/plain",
        "see " + word("wire", "trail_") + "a1b2c3d4_" + hexes(40) + " keep",
        (hexes(40),),
        ("keep",),
    ),
    "our_admin_token": (
        "text/plain",
        "see " + word("wire", "trail_") + "admin_" + hexes(40) + " keep",
        (hexes(40),),
        ("keep",),
    ),
}

FORMS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "numbered": (
        f"f[0][name]=password&f[0][value]={TOKEN}&f[1][name]=city&f[1][value]=keep",
        (TOKEN,),
        ("keep",),
    ),
    "value_first": (
        f"f%5B0%5D%5Bvalue%5D={TOKEN}&f%5B0%5D%5Bname%5D=password&a=keep",
        (TOKEN,),
        ("a=keep",),
    ),
    "repeated": (
        f"name=DB_PASSWORD&value={TOKEN}&name=REGION&value=keep",
        (TOKEN,),
        ("value=keep",),
    ),
    "key_number": (f"key_1=api_token&value_1={TOKEN}&key_2=city&value_2=keep", (TOKEN,), ("keep",)),
    "plain_pair": ("name=ann&value=keep-7", (), ("keep-7",)),
    "subsonic": (f"u=keep-u&p={PASSWORD}&v=1.16", (PASSWORD,), ("keep-u", "v=1.16")),
    "page": ("u=keep-u&p=2&q=keep", (), ("p=2",)),
}


def cases() -> Iterator[Case]:
    """All of them."""
    for name, (value, gone, kept) in OBJECTS.items():
        yield json_case(f"beside_{name}", WHY, json.dumps(value), gone, kept)
    for name, (kind, text, gone, kept) in TEXTS.items():
        yield Case(
            f"beside_{name}",
            WHY,
            gone,
            kept,
            request_headers=[("Content-Type", kind)],
            request_body=text,
        )
        if kind == "text/plain":
            inside = json.dumps({"log": text, "n": "keep-9"})
            yield json_case(f"beside_{name}_in_json", WHY, inside, gone, ("keep-9",))
    for name, (form, gone, kept) in FORMS.items():
        yield form_case(f"beside_form_{name}", WHY, form, gone, kept)
    yield from _parts()


def _parts() -> Iterator[Case]:
    head = '--BbBb\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    pairs = (("f[0][name]", "password"), ("f[0][value]", PASSWORD), ("city", "keepville"))
    body = "".join(head % pair for pair in pairs) + "--BbBb--\r\n"
    yield Case(
        "beside_parts",
        WHY,
        (PASSWORD,),
        ("keepville",),
        request_headers=[("Content-Type", "multipart/form-data; boundary=BbBb")],
        request_body=body,
    )
    yield text_case("beside_parts_sniffed", WHY, body, (PASSWORD,), ("keepville",))
