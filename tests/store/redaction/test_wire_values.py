"""Passwords that look like placeholders, program text or messages are cut where they are values."""

import json
from urllib.parse import quote

import pytest

from store.redaction.options import RedactionOptions
from store.redaction.redactor import Redactor
from tests.store.redaction.corpus import (
    ORGANIZATION,
    Case,
    capture_of,
    form_case,
    header_case,
    json_case,
    leaks,
    losses,
    text_case,
    url_case,
)
from tests.store.redaction.fakes import word

REDACTOR = Redactor(b"corpus key, 32 bytes long......!", RedactionOptions())
NUMBERED = word("hunter", "22")
WHOLE = (
    "/winter/house",
    "/opt/summer/house",
    "~/winter/house",
    "https://hunter.example.com/word",
    word("$", "dragon_secret"),
    "env:HUNTER",
    "!secret hunter",
    "^abc.*x$",
    ">=22",
    "GPIO22",
    "fd:3",
    "cn=hunter,ou=two",
    "(hunter two)",
    "Foo<int>",
    "include",
    "peap",
    ":" + NUMBERED,
    "%hunters",
    "enter sandman",
    "no way",
    "not today",
    "already gone",
    "no woman no cry",
)
LINES = (
    ("DB_PASSWORD={}", word("7[L:", "rYEZg")),
    ("DB_PASSWORD={}", word("42;", "Xk9!vT")),
    ("password = {}", word("42;", "Xk9!vT")),
    ("DB_PASSWORD={}", word("VYm7o", "[QFs}")),
    ("DB_PASSWORD={}", word("VYm7o", "[QFs]")),
    ("DB_PASSWORD={}", word("Monkey", "(tiger)")),
    ("password = {}", f"foo({NUMBERED})"),
    ("token={}", f"abc({NUMBERED})"),
    ("ADMIN_PASSWORD={}", word("system", ".winter")),
    ("password={}", word("config", ".winter")),
    ("user=x password={}", word("config", ".winter")),
    ("password = {}", word("config", ".winter")),
    ("password: {})", word("Secret", ".monkey")),
    ("DB_PASSWORD={}", word("~9<", "dgA2o!JM>t")),
    ("DB_PASSWORD={}", word(":uRF|", "f$}$*3h")),
    ("password: {}", word("Master", "Key")),
    ("password: {}", word("App", "Token")),
    ("password: {}", "no way"),
)
KEPT = (
    "${DB_PASSWORD}",
    "${{ secrets.DB }}",
    "{{ password }}",
    "<password>",
    "********",
    "%s",
    "%(password)s",
    "[FILTERED]",
    "string",
    "null",
    "must not be blank",
    "is required",
    "Password is too short",
)
KEPT_LINES = (
    'password=os.environ["DB_PASSWORD"]',
    "password=config.password",
    "password=settings.DB_PASSWORD",
    "connect(password=config.password)",
    "  string password = 2;",
    "token: AccessToken;",
    "SET password=:password, token=:token WHERE id = 1",
)


def _wire(secret: str) -> list[Case]:
    coded = quote(secret, safe="")
    why = "a whole value under a secret name may be anything"
    return [
        json_case("json", why, json.dumps({"password": secret, "n": "keepme"})),
        form_case("form", why, f"password={coded}&n=keepme"),
        url_case("query", why, f"https://api.example.test/v1?password={coded}&n=keepme"),
        header_case("header", "X-Password", secret),
    ]


@pytest.mark.parametrize("secret", WHOLE)
def test_a_whole_value_that_looks_like_a_placeholder_is_cut(secret: str) -> None:
    for case in _wire(secret):
        redacted = REDACTOR.redact(capture_of(case), ORGANIZATION)
        shown = str(redacted)
        assert quote(secret, safe="") not in shown, case.name
        assert secret not in shown, case.name
        assert "[REDACTED:" in shown, case.name


@pytest.mark.parametrize(("line", "secret"), LINES)
def test_a_setting_that_looks_like_program_text_is_cut(line: str, secret: str) -> None:
    text = f"n: keepme\n{line.format(secret)}\nend: keepme\n"
    case = text_case("line", "settings hold texts", text, (secret,), ("keepme",))
    redacted = REDACTOR.redact(capture_of(case), ORGANIZATION)
    assert leaks(case, redacted) == []
    assert losses(case, redacted) == []


@pytest.mark.parametrize("value", KEPT)
def test_a_template_or_a_complaint_stays(value: str) -> None:
    text = json.dumps({"password": value})
    case = json_case("kept", "no password is one of these", text, (), (text,))
    assert losses(case, REDACTOR.redact(capture_of(case), ORGANIZATION)) == []


@pytest.mark.parametrize("line", KEPT_LINES)
def test_program_text_stays(line: str) -> None:
    case = text_case(
        "code", "nothing is secret in it", f"{line}\n", (), (line.replace('"', '\\"'),)
    )
    assert losses(case, REDACTOR.redact(capture_of(case), ORGANIZATION)) == []
