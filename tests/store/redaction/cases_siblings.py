"""Forms that a set of siblings of known cases brought up."""

import json
from collections.abc import Iterator

from tests.store.redaction.corpus import (
    Case,
    form_case,
    header_case,
    json_case,
    text_case,
    url_case,
)
from tests.store.redaction.fakes import ALNUM, LOWER, draw, hexes, word

WHY = "a sibling of a known case"
SECRET = "hunterS" + "8FAKEpw"
TOKEN = draw(32, ALNUM, "siblings")


def cases() -> Iterator[Case]:
    """All of them."""
    yield form_case(
        "siblings_percent_u", WHY, f"p%u0061ssword={SECRET}&n=keepme", (SECRET,), ("n=keepme",)
    )
    iv, text, tag = draw(16, ALNUM, "iv"), draw(40, ALNUM, "text"), draw(22, ALNUM, "tag")
    jwe = f"{word('ey', 'J')}{draw(30, ALNUM, 'head')}..{iv}.{text}.{tag}"
    body = json.dumps({"item": "keepme", "note": f"see {jwe} for details"})
    yield json_case("siblings_direct_jwe", WHY, body, (text, tag, iv), ("keepme", "for details"))
    declared = f'<!DOCTYPE r [<!ENTITY pw "{SECRET}"><!ENTITY n "keepme">]>'
    yield text_case(
        "siblings_entity",
        WHY,
        f"{declared}<r><password>&pw;</password></r>",
        (SECRET,),
        ("keepme",),
    )
    elsewhere = (
        f'<!DOCTYPE r [<!ENTITY e1 "{SECRET}">]><r><password>&e1;</password><n>keepme</n></r>'
    )
    yield text_case("siblings_entity_used", WHY, elsewhere, (SECRET,), ("keepme",))
    folded = f"a={TOKEN}; Path=/, b={hexes(24)}; Expires=Wed, 09 Jun 2027 10:18:14 GMT; Path=/k"
    yield Case(
        "siblings_folded_cookies", WHY, (TOKEN, hexes(24)),
        ("a=", "b=", "Path=/k", "Expires=Wed, 09 Jun 2027 10:18:14 GMT"),
        response_headers=[("Set-Cookie", folded)],
    )  # fmt: skip
    certificate = f'Hash={hexes(64)};Subject="CN=keep"'
    yield header_case(
        "siblings_client_certificate", "X-Forwarded-Client-Cert", certificate,
        kept=("CN=keep", hexes(64)), why="what a client showed is public",
    )  # fmt: skip
    bot = f"https://api.telegram.org//bot1234567890:AA{TOKEN}/getUpdates?offset=7"
    yield url_case("siblings_double_slash", WHY, bot, (TOKEN,), ("getUpdates?offset=7",))
    yield Case(
        "siblings_json_as_picture", WHY, (SECRET,), ("keepme",),
        request_headers=[("Content-Type", "image/png")],
        request_body=json.dumps({"password": SECRET, "n": "keepme"}),
    )  # fmt: skip
    yield from reviewed()


def reviewed() -> Iterator[Case]:
    """What a reviewer of the rules for readable texts proved."""
    words = "correct horse battery staple"
    yield Case(
        "siblings_login_under_intl", "labels are in files that are got", (words,), ("keepme",),
        url="https://api.example.test/intl/en/login",
        request_headers=[("Content-Type", "application/json")],
        request_body=json.dumps({"password": words, "n": "keepme"}),
    )  # fmt: skip
    letters = draw(20, LOWER, "letters")
    yield url_case(
        "siblings_key_under_translations", "a query is no label",
        gone=(letters,), kept=("q=keepme",),
        url=f"https://api.example.test/api/translations/x.json?api_key={letters}&q=keepme",
    )  # fmt: skip
    yield Case(
        "siblings_labels", "a file of labels", (), ("Confirm password", "Your password"),
        url="https://app.example.test/locales/en/auth.json", method="GET",
        response_headers=[("Content-Type", "application/json")],
        response_body=json.dumps({"password": "Your password", "confirm": "Confirm password"}),
    )  # fmt: skip
    for text in (f'Password "{SECRET}" does not match', f"password '{SECRET}' was rejected"):
        yield json_case(
            "siblings_quoted_" + text[9], WHY, json.dumps({"error": text}), (SECRET,), ("error",)
        )
    yield header_case(
        "siblings_cookie_domain", "Cookie", f"a=b; domain={TOKEN}", (TOKEN,), ("domain=",)
    )
    yield header_case(
        "siblings_cookie_expires",
        "Cookie",
        f"a=b; expires={hexes(32)}",
        (hexes(32),),
        ("expires=",),
    )
    section = f"<m><![CDATA[\npassword={SECRET}\nn=keepme]]></m><m>and & then &amp; keepme</m>"
    yield text_case("siblings_section", WHY, section, (SECRET,), ("keepme",))
    for number, line in enumerate(("ACL SETUSER bob on >", " key 7 ", "curl -ubob:")):
        tail = " https://keepme.test" if "curl" in line else ""
        yield text_case(f"siblings_command_{number}", WHY, f"{line}{SECRET}{tail}\n", (SECRET,))
