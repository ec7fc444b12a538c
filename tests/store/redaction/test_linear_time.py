"""No input takes more than its deadline, and no rule more than a little on its worst input.

The limits are ten times what the slowest machine at hand needed; a pattern that backtracks
needs hours for these inputs.
"""

import time
from uuid import UUID

import pytest

from store.capture import Capture
from store.redaction.options import RedactionOptions
from store.redaction.redactor import Redactor
from store.redaction.rules import build_rules
from tests.store.captures import outgoing

SIZE = 1 << 20
RULES = build_rules(RedactionOptions(ibans=True, emails=True))
REDACTOR = Redactor(b"linear key, 32 bytes long......!", RedactionOptions(deadline_ms=250))
UNITS = (
    "password ",
    "password=",
    "password: ",
    "token=[",
    "password={",
    '{"password":',
    "<password>",
    "<password><![CDATA[",
    "<a password='a1b2c3d4e5'><![CDATA[",
    'name="password" ',
    "eyJ",
    "eyJhbGciOiJI.",
    "ghp_",
    "://",
    "://a:b@",
    "4",
    "4 ",
    "SGVsbG8g",
    "a=b&",
    "token=a&",
    "%25",
    "%2525",
    "%22password%22",
    "\\",
    '\\"',
    "\\u0061",
    "[",
    "{",
    '{"a":',
    "--b\r\nContent-Disposition: x\r\n\r\n",
    "Bearer ",
    "Basic ",
    "a.",
    "a@b.c ",
    "/hooks/",
    "/a/",
    "?a=b",
    "key: abcdefghijklmnop ",
    "insert into a (password) values ",
    "kind: Secret\ndata:\n  a: b\n",
    "mysql login -p ",
    "1234 is your ",
    ";password=",
    "&quot;",
    "\n",
    " ",
    "password\n  ",
    "a,",
    "[REDACTED",
    "[REDACTED:00000000]",
    "H4sI",
    "eJw",
    "<tr><th>password</th><td>",
    "\\x22password",
    "WIFI:",
    "Set-Cookie: ",
    "&quot;password&quot;:",
    "&#x61;",
    "data: {\n",
    "a.b:1234:c:d:",
    "ann:pw@h.test:1 ",
    "//ann:",
    "key,value\n",
    "value: a\nname: password\n",
    "=3D",
    "password = f(",
    "password = a.b + ",
    "password: &a ",
    "password = 'a''",
    "${password:-",
    "{{password",
    "jwt.sign(a, ",
    'getConnection("a", ',
    "a!!b||c\n",
    "-+-|password\n",
    "snmpget -A -X ",
    "createUser a SHA b AES ",
    "7b22",
    "://a.b/c#",
    "<a>\n</a>",
    "%2561",
    "$2b$10$",
    "xox",
    "0",
    "00",
    "AA",
    "_",
    "-",
    "=",
)
WORST_SHAPES = (
    "a",
    "A",
    "0",
    "-",
    "_",
    ".",
    "eyJ",
    "eyJa.",
    "AKIA",
    "://a",
    "sk-",
    "key-",
    "AAAA",
    "0:AA",
    "$",
    "=",
)


def capture(body: bytes) -> Capture:
    return outgoing("POST", request_body=body)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("frame", ["{}", '{{"a":"{}"}}'])
def test_a_megabyte_of_anything_ends(unit: str, frame: str) -> None:
    body = frame.format(unit * (SIZE // len(unit))).encode()
    started = time.process_time()
    redacted = REDACTOR.redact(capture(body), UUID(int=1))
    assert redacted.request_body is not None
    assert time.process_time() - started < 10


@pytest.mark.parametrize("shape", RULES.shapes, ids=lambda shape: shape.rule)
def test_no_shape_backtracks(shape) -> None:  # type: ignore[no-untyped-def]
    started = time.process_time()
    for unit in WORST_SHAPES:
        text = (unit * (SIZE // len(unit) + 1))[:SIZE].encode()
        for _ in zip(shape.pattern.spans(text), range(10), strict=False):
            pass
    assert time.process_time() - started < 10


def test_too_slow_is_kept_as_digest_only() -> None:
    redactor = Redactor(b"linear key, 32 bytes long......!", RedactionOptions(deadline_ms=0))
    body = redactor.redact(
        capture(b'{"password": "x", "b": "password=hunter2"}'), UUID(int=1)
    ).request_body
    assert body is not None
    assert '"sha256"' in body
    assert "hunter2" not in body


@pytest.mark.parametrize(
    "body",
    [
        b"password:" + b"\n" * SIZE,
        b"{" + b",".join(b'"token%d":"a%db"' % (i, i) for i in range(40_000)) + b"}",
    ],
    ids=["empty lines below a name", "forty thousand short secrets"],
)
def test_many_of_one_thing(body: bytes) -> None:
    started = time.process_time()
    REDACTOR.redact(capture(body), UUID(int=1))
    assert time.process_time() - started < 10
