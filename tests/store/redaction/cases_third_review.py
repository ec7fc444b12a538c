"""A third review: values that only a flag, a query or a method beside them betrays."""

import json
from collections.abc import Iterator

from tests.store.redaction.corpus import Case, form_case, json_case, text_case, url_case
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
    form_case("author", WHY, "author=keep&max_tokens=77123", (), ("author=keep", "77123")),
    url_case("policy", WHY, "https://api.example.test/v1/password/policy", (), ("policy",)),
]


def cases() -> Iterator[Case]:
    """All of them."""
    yield from CASES
