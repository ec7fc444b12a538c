"""Secrets in the formats of configurations, programs, commands and protocols."""

import base64
import json
from collections.abc import Iterator

from tests.store.redaction.corpus import Case, json_case, text_case
from tests.store.redaction.fakes import PASSWORD, TOKEN, draw, hexes, word

WHY = "the format assigns it to a name"
P = PASSWORD
T = TOKEN
CODED = base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
PLAIN_AUTH = base64.b64encode(f"\0ann\0{PASSWORD}".encode()).decode()
BASE32 = draw(32, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
ALONE = base64.b64encode(PASSWORD.encode()).decode()

TEXTS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "toml": (f'[db]\nhost = "keep-h"\npassword = "{P}"\nport = 5432\n', (P,), ("keep-h", "5432")),
    "toml_multiline": (f'token = """\n{T}"""\nname = "keep-n"\n', (T,), ("keep-n",)),
    "toml_inline": (f'db = {{ host = "keep-h", password = "{P}" }}\n', (P,), ("keep-h",)),
    "ini_spaces": (f"[s]\nhost = keep-h\napi_key = {T}\n", (T,), ("keep-h",)),
    "properties": (f"app.host=keep-h\nspring.datasource.password={P}\n", (P,), ("keep-h",)),
    "properties_colon": (f"app.name: keep-n\napp.secret: {T}\n", (T,), ("keep-n",)),
    "yaml_nested": (
        f"db:\n  credentials:\n    user: keep-u\n    password: {P}\n",
        (P,),
        ("keep-u",),
    ),
    "yaml_block": (
        f"name: keep-n\nprivate_key: |\n  {T}\n  {T[::-1]}\nport: 1\n",
        (T, T[::-1]),
        ("keep-n",),
    ),
    "yaml_anchor": (f"a: &x\n  token: {T}\n  city: keep-c\nb: *x\n", (T,), ("keep-c",)),
    "yaml_quoted": (f"'password': '{P}'\n\"n\": keep-n\n", (P,), ("keep-n",)),
    "yaml_flow": (f"db: {{user: keep-u, password: {P}}}\n", (P,), ("keep-u",)),
    "yaml_list": (f"tokens:\n  - {T}\n  - {T[::-1]}\nn: keep-n\n", (T, T[::-1]), ("keep-n",)),
    "yaml_comment": (f"password: {P} # keep-c\n", (P,), ("keep-c",)),
    "env_export": (f"export API_TOKEN='{T}'\nexport LANG=keep-l\n", (T,), ("LANG=keep-l",)),
    "env_inline": (f"DB_PASSWORD={P} LANG=keep-l ./run\n", (P,), ("LANG=keep-l",)),
    "powershell": (f"$env:API_KEY = '{T}'\n$Name = 'keep-n'\n", (T,), ("keep-n",)),
    "powershell_secure": (
        f"ConvertTo-SecureString -String '{P}' -AsPlainText -Force # keep-c\n",
        (P,),
        ("keep-c",),
    ),
    "cmd_set": (f"set API_KEY={T}\nset NAME=keep-n\n", (T,), ("keep-n",)),
    "dockerfile": (
        f"FROM keep/base:1\nENV DB_PASSWORD {P}\nARG NPM_TOKEN={T}\n",
        (P, T),
        ("keep/base:1",),
    ),
    "nginx": (
        f'proxy_set_header Authorization "Bearer {T}";\nserver_name keep.test;\n',
        (T,),
        ("keep.test",),
    ),
    "apache": (f'RequestHeader set X-Api-Key "{T}"\nServerName keep.test\n', (T,), ("keep.test",)),
    "npmrc": (f"//registry.keep.test/:_authToken={T}\nsave=keep\n", (T,), ("registry.keep.test",)),
    "npmrc_auth": (
        f"_auth={CODED}\nalways-auth=true\nemail=keep@x.test\n",
        (CODED, P),
        ("keep@x.test",),
    ),
    "pypirc": (f"[pypi]\nusername = keep-u\npassword = {P}\n", (P,), ("keep-u",)),
    "git_credentials": (f"https://ann:{T}@git.keep.test\n", (T,), ("git.keep.test",)),
    "git_extra_header": (
        f"[http]\n\textraheader = AUTHORIZATION: basic {CODED}\n[a]\n\tb = keep-b\n",
        (CODED, P),
        ("keep-b",),
    ),
    "kubeconfig": (
        f"users:\n- name: keep-n\n  user:\n    token: {T}\n    client-key-data: {ALONE * 2}\n",
        (T, ALONE),
        ("keep-n",),
    ),
    "docker_config": (
        json.dumps({"auths": {"keep.test": {"auth": CODED}}}),
        (CODED, P),
        ("keep.test",),
    ),
    "aws_credentials": (
        f"[default]\naws_access_key_id = {word('AK', 'IA')}KEEPKEEPKEEP2345\n"
        f"aws_secret_access_key = {draw(40)}\nregion = keep-r\n",
        (draw(40),),
        ("keep-r",),
    ),
    "wifi": (f"WIFI:T:WPA;S:keep-s;P:{P};;", (P,), ("keep-s",)),
    "otpauth": (
        f"otpauth://totp/Keep:ann?secret={BASE32}&issuer=Keep",
        (BASE32,),
        ("issuer=Keep",),
    ),
    "odbc": (f"Driver={{keep}};Server=keep.test;Uid=ann;Pwd={P};", (P,), ("Server=keep.test",)),
    "ado": (
        f"Data Source=keep.test;User ID=ann;Password={P};Encrypt=true",
        (P,),
        ("keep.test", "Encrypt=true"),
    ),
    "jdbc": (
        f"jdbc:postgresql://keep.test/app?user=ann&password={P}&ssl=true",
        (P,),
        ("keep.test/app", "ssl=true"),
    ),
    "jdbc_sqlserver": (
        f"jdbc:sqlserver://keep.test:1433;user=ann;password={P};encrypt=true",
        (P,),
        ("keep.test:1433", "encrypt=true"),
    ),
    "libpq": (
        f"host=keep.test user=ann password={P} dbname=app",
        (P,),
        ("keep.test", "dbname=app"),
    ),
    "libpq_quoted": (f"host=keep.test password='{P}' dbname=app", (P,), ("dbname=app",)),
    "redis_url": (f"redis://:{P}@keep.test:6379/0", (P,), ("keep.test:6379",)),
    "ldap": (f"ldapsearch -H ldap://keep.test -D cn=ann -w {P} -b dc=keep", (P,), ("dc=keep",)),
    "curl_user": (f"curl -u ann:{P} https://keep.test/a", (P,), ("https://keep.test/a",)),
    "curl_user_quoted": (
        f"curl --user 'ann:{P}' https://keep.test/a",
        (P,),
        ("https://keep.test/a",),
    ),
    "curl_header": (
        f"curl -H 'X-Api-Key: {T}' -H 'Accept: keep/a' https://keep.test",
        (T,),
        ("keep/a",),
    ),
    "curl_bearer": (
        f"curl --oauth2-bearer {T} https://keep.test/a",
        (T,),
        ("https://keep.test/a",),
    ),
    "curl_data": (
        f"curl -d 'user=ann&password={P}' https://keep.test/a",
        (P,),
        ("https://keep.test/a",),
    ),
    "curl_json": (
        f'curl --json \'{{"password":"{P}","n":"keep-n"}}\' https://keep.test',
        (P,),
        ("keep-n",),
    ),
    "wget": (
        f"wget --http-password={P} --http-user=ann https://keep.test/a",
        (P,),
        ("https://keep.test/a",),
    ),
    "httpie": (f"http -a ann:{P} keep.test/a q==keep-q", (P,), ("q==keep-q",)),
    "mysql": (f"mysql -u ann -p{P} -h keep.test", (P,), ("keep.test",)),
    "mysql_long": (f"mysqldump --user=ann --password={P} keepdb", (P,), ("keepdb",)),
    "psql": (f"PGPASSWORD={P} psql -h keep.test app", (P,), ("keep.test",)),
    "sshpass": (f"sshpass -p {P} ssh ann@keep.test", (P,), ("ann@keep.test",)),
    "openssl": (f"openssl enc -aes-256-cbc -pass pass:{P} -in keep.bin", (P,), ("keep.bin",)),
    "docker_login": (f"docker login -u ann -p {P} keep.test", (P,), ("keep.test",)),
    "helm_set": (
        f"helm install keep ./chart --set db.password={P} --set n=keep-n",
        (P,),
        ("n=keep-n",),
    ),
    "kubectl": (
        f"kubectl create secret generic keep --from-literal=password={P}",
        (P,),
        ("generic keep",),
    ),
    "terraform": (
        f'variable "x" {{}}\nprovider "keep" {{\n  api_token = "{T}"\n}}\n',
        (T,),
        ('provider "keep"',),
    ),
    "ansible": (f"ansible_become_pass: {P}\nansible_host: keep.test\n", (P,), ("keep.test",)),
    "python_call": (
        f"connect(host='keep.test', password='{P}', port=1)",
        (P,),
        ("keep.test", "port=1"),
    ),
    "python_dict": (
        f"{{'user': 'keep-u', 'password': '{P}', 'n': None}}",
        (P,),
        ("keep-u", "None"),
    ),
    "python_repr": (
        f"Config(user='keep-u', api_key='{T}', retries=3)",
        (T,),
        ("keep-u", "retries=3"),
    ),
    "python_bytes": (f"{{b'token': b'{T}', b'n': b'keep-n'}}", (T,), ("keep-n",)),
    "python_env": (f"environ({{'API_KEY': '{T}', 'LANG': 'keep-l'}})", (T,), ("keep-l",)),
    "python_header": (
        f"requests.get(url, headers={{'Authorization': 'Bearer {T}'}}) # keep-c",
        (T,),
        ("keep-c",),
    ),
    "ruby_hash": (f'{{"user"=>"keep-u", "password"=>"{P}"}}', (P,), ("keep-u",)),
    "ruby_symbols": (f'{{:user=>"keep-u", :password=>"{P}"}}', (P,), ("keep-u",)),
    "ruby_new": (f'Client.new(user: "keep-u", api_key: "{T}")', (T,), ("keep-u",)),
    "php_array": (f"array('user' => 'keep-u', 'password' => '{P}')", (P,), ("keep-u",)),
    "php_var_dump": (
        f'["user"]=>\n  string(6) "keep-u"\n  ["password"]=>\n  string({len(P)}) "{P}"',
        (P,),
        ("keep-u",),
    ),
    "php_print_r": (
        f"Array\n(\n    [user] => keep-u\n    [password] => {P}\n)\n",
        (P,),
        ("keep-u",),
    ),
    "php_serialize": (
        f'a:2:{{s:4:"user";s:6:"keep-u";s:8:"password";s:{len(P)}:"{P}";}}',
        (P,),
        ("keep-u",),
    ),
    "php_define": (f"define('DB_PASSWORD', '{P}'); // keep-c", (P,), ("keep-c",)),
    "go_struct": (f"{{User:keep-u Password:{P} Port:1}}", (P,), ("keep-u", "Port:1")),
    "go_struct_quoted": (
        f'main.Config{{User:"keep-u", Password:"{P}", Port:1}}',
        (P,),
        ("keep-u", "Port:1"),
    ),
    "java_to_string": (f"User{{name='keep-n', password='{P}', age=3}}", (P,), ("keep-n", "age=3")),
    "java_record": (f"User[name=keep-n, password={P}, age=3]", (P,), ("keep-n", "age=3")),
    "java_map": (f"{{user=keep-u, password={P}, port=1}}", (P,), ("keep-u", "port=1")),
    "kotlin": (f"User(name=keep-n, password={P}, age=3)", (P,), ("keep-n", "age=3")),
    "js_object": (f"{{user: 'keep-u', password: '{P}', port: 1}}", (P,), ("keep-u", "port: 1")),
    "js_template": (f"const apiKey = `{T}`; const n = 'keep-n';", (T,), ("keep-n",)),
    "js_assign": (f'window.CONFIG = {{"apiKey":"{T}","n":"keep-n"}};', (T,), ("keep-n",)),
    "js_process": (f'process.env.API_KEY = "{T}"; run("keep-n")', (T,), ("keep-n",)),
    "rust_debug": (
        f'Config {{ user: "keep-u", password: Some("{P}"), port: 1 }}',
        (P,),
        ("keep-u", "port: 1"),
    ),
    "elixir": (f'%{{user: "keep-u", password: "{P}"}}', (P,), ("keep-u",)),
    "clojure": (f'{{:user "keep-u" :password "{P}"}}', (P,), ("keep-u",)),
    "lua": (f'{{ user = "keep-u", password = "{P}" }}', (P,), ("keep-u",)),
    "csharp": (f'new Client {{ User = "keep-u", ApiKey = "{T}" }};', (T,), ("keep-u",)),
    "swift": (f'let token: String = "{T}"; let n = "keep-n"', (T,), ("keep-n",)),
    "typescript": (f'const token: string = "{T}"; const n = "keep-n"', (T,), ("keep-n",)),
    "json5": (
        f"{{\n  // keep-c\n  password: '{P}',\n  n: 'keep-n',\n}}",
        (P,),
        ("keep-c", "keep-n"),
    ),
    "json_comment": (
        f'{{"n":"keep-n", /* keep-c */ "password":"{P}"}}',
        (P,),
        ("keep-n", "keep-c"),
    ),
    "jsonp": (f'callback({{"token":"{T}","n":"keep-n"}});', (T,), ("keep-n",)),
    "ndjson": (f'{{"n":"keep-n"}}\n{{"token":"{T}"}}\n', (T,), ("keep-n",)),
    "json_prefix": (f')]}}\',\n{{"token":"{T}","n":"keep-n"}}', (T,), ("keep-n",)),
    "json_in_log": (
        f'INFO body={{"password":"{P}","n":"keep-n"}} took 3ms',
        (P,),
        ("keep-n", "took 3ms"),
    ),
    "json_escaped_in_log": (
        f'INFO body="{{\\"password\\":\\"{P}\\",\\"n\\":\\"keep-n\\"}}" 3ms',
        (P,),
        ("keep-n", "3ms"),
    ),
    "logfmt": (f'level=info msg="keep m" token={T} took=3ms', (T,), ("keep m", "took=3ms")),
    "http_dump": (
        f"GET /a HTTP/1.1\r\nHost: keep.test\r\nX-Api-Key: {T}\r\nAccept: keep/a\r\n\r\n",
        (T,),
        ("keep.test", "keep/a"),
    ),
    "http_dump_cookie": (
        f"> Cookie: sid={T}; theme=dark\n> Host: keep.test\n",
        (T,),
        ("keep.test", "theme=dark"),
    ),
    "http_dump_set": (
        f"< Set-Cookie: sid={T}; Path=/keep; HttpOnly\n",
        (T,),
        ("Path=/keep", "HttpOnly"),
    ),
    "xml_element": (f"<a><password>{P}</password><n>keep-n</n></a>", (P,), ("keep-n",)),
    "xml_namespace": (
        f"<s:a xmlns:s='urn:keep'><s:Password Type='t'>{P}</s:Password></s:a>",
        (P,),
        ("urn:keep",),
    ),
    "xml_cdata": (f"<a><secret><![CDATA[{P}]]></secret><n>keep-n</n></a>", (P,), ("keep-n",)),
    "xml_setting": (
        f'<add key="ApiKey" value="{T}"/><add key="Name" value="keep-n"/>',
        (T,),
        ("keep-n",),
    ),
    "xml_property": (
        f'<property name="db.password"><value>{P}</value></property><n>keep-n</n>',
        (P,),
        ("keep-n",),
    ),
    "plist": (
        f"<dict><key>password</key><string>{P}</string><key>n</key><string>keep-n</string></dict>",
        (P,),
        ("keep-n",),
    ),
    "maven": (f"<server><id>keep-i</id><password>{P}</password></server>", (P,), ("keep-i",)),
    "soap": (
        f"<wsse:UsernameToken><wsse:Username>keep-u</wsse:Username><wsse:Password "
        f'Type="x#PasswordText">{P}</wsse:Password></wsse:UsernameToken>',
        (P,),
        ("keep-u",),
    ),
    "xml_rpc": (
        f"<member><name>password</name><value><string>{P}</string></value></member><n>keep-n</n>",
        (P,),
        ("keep-n",),
    ),
    "html_data": (f'<div data-api-key="{T}" class="keep-c"></div>', (T,), ("keep-c",)),
    "html_script": (f'<script>var csrfToken = "{T}";</script><p>keep-p</p>', (T,), ("keep-p",)),
    "html_entities": (f"&lt;password&gt;{P}&lt;/password&gt; keep-p", (P,), ("keep-p",)),
    "html_quoted_entities": (
        f"{{&quot;password&quot;:&quot;{P}&quot;,&quot;n&quot;:&quot;keep-n&quot;}}",
        (P,),
        ("keep-n",),
    ),
    "markdown": (f"**Password:** {P}\n**Host:** keep.test\n", (P,), ("keep.test",)),
    "markdown_code": (f"Use `API_KEY={T}` with keep-n.", (T,), ("keep-n",)),
    "markdown_table": (
        f"| Name | Value |\n|---|---|\n| Password | {P} |\n| Host | keep.test |\n",
        (P,),
        ("keep.test",),
    ),
    "smtp_auth": (
        f"AUTH PLAIN {PLAIN_AUTH}\r\nMAIL FROM:<keep@x.test>\r\n",
        (PLAIN_AUTH, P),
        ("keep@x.test",),
    ),
    "imap_login": (f"a1 LOGIN ann {P}\r\na2 SELECT keep\r\n", (P,), ("SELECT keep",)),
    "ftp_pass": (f"USER keep-u\r\nPASS {P}\r\n", (P,), ("keep-u",)),
    "redis_auth": (f"AUTH {P}\r\nGET keep\r\n", (P,), ("GET keep",)),
    "redis_resp": (
        f"*2\r\n$4\r\nAUTH\r\n${len(P)}\r\n{P}\r\n*2\r\n$3\r\nGET\r\n$4\r\nkeep\r\n",
        (P,),
        ("keep",),
    ),
    "irc": (f"PASS {P}\r\nNICK keep\r\n", (P,), ("NICK keep",)),
    "stomp": (f"CONNECT\nlogin:ann\npasscode:{P}\nhost:keep.test\n\n", (P,), ("keep.test",)),
    "graphql_literal": (
        f'mutation {{ login(user: "keep-u", password: "{P}") {{ id }} }}',
        (P,),
        ("keep-u",),
    ),
    "graphql_block": (
        f'mutation {{ set(token: """{T}""", n: "keep-n") {{ id }} }}',
        (T,),
        ("keep-n",),
    ),
    "graphql_object": (
        f'mutation {{ login(input: {{password: "{P}", n: "keep-n"}}) {{ id }} }}',
        (P,),
        ("keep-n",),
    ),
    "graphql_default": (
        f'query Q($token: String = "{T}") {{ keep(token: $token) }}',
        (T,),
        ("keep(token: $token)",),
    ),
    "sql_create_user": (
        f"CREATE USER ann WITH PASSWORD '{P}' VALID UNTIL 'keep'",
        (P,),
        ("VALID UNTIL",),
    ),
    "sql_identified": (f"CREATE USER ann IDENTIFIED BY '{P}'; -- keep-c", (P,), ("keep-c",)),
    "sql_alter": (f"ALTER ROLE ann PASSWORD '{P}'; -- keep-c", (P,), ("keep-c",)),
    "sql_where": (f"SELECT keep FROM t WHERE api_key = '{T}' AND n = 1", (T,), ("AND n = 1",)),
    "sql_set": (f"UPDATE t SET token='{T}', n='keep-n' WHERE id=7", (T,), ("keep-n", "id=7")),
    "vcard_pin": ("Your verification code is 493817. keep-n", ("493817",), ("keep-n",)),
    "sms_google": ("G-493817 is your Keep verification code.", ("493817",), ("Keep",)),
    "mail_link": (f"Reset: https://keep.test/reset-password/{T}\nBye keep-n", (T,), ("keep-n",)),
    "mail_link_query": (f"Open https://keep.test/verify?token={T}&lang=de now", (T,), ("lang=de",)),
    "said_credentials": (f"username is keep-u and password is {P}.", (P,), ("keep-u",)),
    "said_key": (f"My API key is {T}, host is keep.test", (T,), ("keep.test",)),
    "arrow": (f"password -> {P}\nhost -> keep.test\n", (P,), ("keep.test",)),
    "fat_arrow": (f"token => {T}\nhost => keep.test\n", (T,), ("keep.test",)),
    "walrus": (f'secret := "{T}"\nname := "keep-n"\n', (T,), ("keep-n",)),
    "double_equals": (f"if token == '{T}': run('keep-n')", (T,), ("keep-n",)),
    "padding": (f"password      : {P}\nhost          : keep.test\n", (P,), ("keep.test",)),
    "dots": (f"Password........: {P}\nHost............: keep.test\n", (P,), ("keep.test",)),
    "spanish": (f"contraseña: {P}\nciudad: keep-c\n", (P,), ("keep-c",)),
    "german": (f"Passwort: {P}\nOrt: keep-o\n", (P,), ("keep-o",)),
    "french": (f"mot de passe : {P}\nville : keep-v\n", (P,), ("keep-v",)),
    "chinese": (f"密码：{P}\n城市：keep-c\n", (P,), ("keep-c",)),
    "hash_password": (
        "password_hash: $2b$12$" + draw(53) + "\nuser: keep-u\n",
        (draw(53),),
        ("keep-u",),
    ),
    "htpasswd": (
        "keep-u:$apr1$" + draw(8, seed="s") + "$" + draw(22, seed="h") + "\n",
        (draw(22, seed="h"),),
        ("keep-u",),
    ),
    "ssh_key": (
        "-----BEGIN OPENSSH "
        + "PRIVATE KEY-----\n"
        + draw(64)
        + "\n"
        + draw(30)
        + "\n-----END OPENSSH "
        + "PRIVATE KEY-----\nkeep-n\n",
        (draw(64), draw(30)),
        ("keep-n",),
    ),
    "ssh_public": (
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKeepKeepKeepKeepKeepKeep keep@host\n",
        (),
        ("keep@host",),
    ),
    "certificate": (
        "-----BEGIN CERTIFICATE-----\nMIIBkeep\n-----END CERTIFICATE-----\n",
        (),
        ("MIIBkeep",),
    ),
    "jwk": (
        json.dumps({"kty": "RSA", "kid": "keep-k", "n": "keep-n", "d": draw(40)}),
        (draw(40),),
        ("keep-k",),
    ),
    "wsse_header": (
        f'X-WSSE: UsernameToken Username="keep-u", PasswordDigest="{ALONE}", Nonce="n", '
        f'Created="2026"',
        (ALONE,),
        ("keep-u",),
    ),
    "digest_dump": (
        f'Authorization: Digest username="keep-u", realm="r", response="{hexes(32)}"',
        (hexes(32),),
        ("keep-u",),
    ),
    "telnet": (f"login: keep-u\nPassword: {P}\nlast login: keep-d\n", (P,), ("keep-u", "keep-d")),
    "expect": (f'send "{P}"\nexpect "keep"\npassword "{P}"\n', (P,), ("keep",)),
}


def cases() -> Iterator[Case]:
    """Each as a body, as a string of JSON, and as an error message."""
    for name, (text, gone, kept) in TEXTS.items():
        yield text_case(f"language_{name}", WHY, text, gone, kept)
        inside = json.dumps({"note": text, "n": "keep-9"})
        readable = tuple(word for word in kept if json.dumps(word) == f'"{word}"')
        yield json_case(f"language_{name}_in_json", WHY, inside, gone, (*readable, "keep-9"))
