"""A third review: values that only a flag, a query or a method beside them betrays."""

import base64
import json
import zlib
from collections.abc import Iterator

from tests.store.redaction.corpus import (
    Case,
    form_case,
    header_case,
    json_case,
    text_case,
    url_case,
)
from tests.store.redaction.fakes import draw, hexes

WHY = "written without looking at the corpus, to find what the rules miss"
MIXED = "hunterZ" + "FAKEpw"
MARKED = {"outputs": {"db": {"value": MIXED, "sensitive": True, "n": "keepme"}}}
UNMARKED = {"fields": [{"name": "zip", "value": "10115k", "masked": False, "sensitive": False}]}
QUERY = {
    "query": "mutation($p:String!){login(password:$p){id}}",
    "variables": {"p": MIXED, "n": "keepme"},
}
PROTOCOL = "base64url.bearer.authorization.k8s.io"
INPUT = f'<input type="password" id="z" value="{MIXED}"><p>keepme</p>'
CODE = "def f(user, password):\n    return check(user, password)\n"
COLUMN = "CREATE TABLE u (password VARCHAR(255) NOT NULL, token nvarchar(64));"
HELP = "usage:\n  --password <pw>  the password to use\n  --token TOKEN    the token\n"
SHORT = "hunterQz" + "NGHee"
WORDS = json.dumps({"tokens": ["international", "getElementById", "un", "believable"]})
NOSTR = "nsec" + "1" + draw(58).lower()
HEADING = "<tr><th>Name</th><th>Password</th><th class='x'>Email</th></tr>"
KEPT = ("Name", "Password", "Email", "ada77", "bob77", "x77@y.test")


def rows() -> str:
    """The rows of a table in HTML."""
    people = (("ada77", MIXED), ("bob77", f"<b>{SHORT}</b>"))
    return "\n".join(
        f"<tr><td>{name}</td><td>{secret}</td><td>x77@y.test</td></tr>" for name, secret in people
    )


def packed(level: int) -> str:
    """Compressed JSON with a secret, in base64."""
    body = json.dumps({"password": MIXED, "n": "keepme"}).encode()
    return base64.b64encode(zlib.compress(body, level)).decode()


CASES = [
    json_case("marked_sensitive", WHY, json.dumps(MARKED), (MIXED,), ("keepme",)),
    json_case("not_marked", WHY, json.dumps(UNMARKED), (), ("10115k",)),
    json_case("graphql_variable", WHY, json.dumps(QUERY), (MIXED,), ("keepme",)),
    json_case(
        "rpc_login",
        WHY,
        json.dumps({"method": "authenticate", "params": ["keepme", MIXED]}),
        (MIXED,),
        ("keepme",),
    ),
    json_case(
        "rpc_other",
        WHY,
        json.dumps({"method": "user.list", "params": ["active77", "name77"]}),
        (),
        ("active77", "name77"),
    ),
    json_case("spoken", WHY, json.dumps({"text": f"password is {MIXED} ok"}), (MIXED,), ("ok",)),
    text_case("password_input", WHY, INPUT, (MIXED,), ("keepme",)),
    text_case("netrc", WHY, f"machine keep.test login ada password {MIXED}\n", (MIXED,), ("ada",)),
    text_case(
        "putty_lines",
        WHY,
        f"keepme\nPrivate-Lines: 1\n{draw(60)}\nPrivate-MAC: {hexes(40)}\n",
        (draw(60),),
        ("keepme",),
    ),
    Case(
        "websocket_protocol_bearer",
        WHY,
        (draw(40),),
        (PROTOCOL,),
        request_headers=[("Sec-WebSocket-Protocol", f"{PROTOCOL}.{draw(40)}, v4.channel.k8s.io")],
    ),
    text_case("code_parameter", WHY, CODE, (), (*CODE.strip().splitlines(),)),
    text_case("column_type", WHY, COLUMN, (), (COLUMN,)),
    text_case("help_of_options", WHY, HELP, (), (*HELP.strip().splitlines(),)),
    text_case("cut_short_element", WHY, f"keepme <pw>{MIXED}", (MIXED,), ("keepme",)),
    text_case("option_value", WHY, f"x --token {MIXED} keepme", (MIXED,), ("keepme",)),
    *(
        text_case(
            f"escaped_quotes_{number}",
            WHY,
            json.dumps({"n": "keepme", "password": MIXED}).replace('"', quote),
            (MIXED,),
            ("keepme",),
        )
        for number, quote in enumerate(("\\u0022", "\\x22", "\\\\u0022", "\\x27"))
    ),
    text_case("escaped_quotes_harmless", WHY, r"a \x22keepme\x22 token b", (), (r"\\x22keepme",)),
    json_case("token_map", WHY, json.dumps({"tokens": {"ada": SHORT}, "n": 77}), (SHORT,), ("77",)),
    text_case("token_list", WHY, f"n: keepme\ntokens:\n  - {SHORT}\n", (SHORT,), ("keepme",)),
    json_case("words_as_tokens", WHY, WORDS, (), ("international", "getElementById")),
    *(
        header_case(f"pair_of_secrets_{number}", "Authorization", f"{left}:{draw(24)}", gone, kept)
        for number, (left, gone, kept) in enumerate(
            (
                (draw(40)[::-1], (draw(40)[::-1], draw(24)), ()),
                ("acme-app", (draw(24),), ("acme-app",)),
            )
        )
    ),
    *(
        text_case(f"packed_{level}", WHY, f"x {packed(level)} keepme", (MIXED,), ("keepme",))
        for level in (6, 9)
    ),
    text_case("use_the_password", WHY, f"Use the password {MIXED} to go", (MIXED,), ("to go",)),
    text_case("use_of_a_word", WHY, "Use the password generator to go", (), ("generator",)),
    text_case("with_a_product", WHY, "with password PostgreSQL can", (), ("PostgreSQL",)),
    json_case("nostr", WHY, json.dumps({"n": NOSTR}), (NOSTR,)),
    *(
        json_case(
            f"name_{name}", WHY, json.dumps({name: MIXED, "n": "keepme"}), (MIXED,), ("keepme",)
        )
        for name in (
            "parola",
            "clave",
            "contrasenia",
            "contraseña",
            "clave_de_acceso",
            "mot_de_passe",
        )
    ),
    json_case("clave_of_a_word", WHY, json.dumps({"clave": "producto"}), (), ("producto",)),
    text_case("html_heading", WHY, f"<table>{HEADING}{rows()}</table>", (MIXED, SHORT), KEPT),
    text_case(
        "html_rows",
        WHY,
        "<tr><td>User</td><td>keepme</td></tr>"
        f"<tr><th>API <b>Password</b></th>\n<td>{MIXED}</td></tr>",
        (MIXED,),
        ("User", "keepme"),
    ),
    text_case(
        "html_definitions",
        WHY,
        f"<dl><dt>Password</dt><dd>{MIXED}</dd><dt>n</dt><dd>keepme</dd></dl>",
        (MIXED,),
        ("keepme",),
    ),
    form_case("author", WHY, "author=keep&max_tokens=77123", (), ("author=keep", "77123")),
    url_case("policy", WHY, "https://api.example.test/v1/password/policy", (), ("policy",)),
]


def cases() -> Iterator[Case]:
    """All of them."""
    yield from CASES
