"""A fuzz of redaction that knows the formats: a planted secret in any of them, inside any other.

    .venv/bin/python -m tests.store.redaction.fuzz [SECONDS]

Every example writes a secret under a name in some format, wraps that in others a few times,
sends it somewhere in an exchange, and holds that nothing raises, that nothing takes longer than
its deadline, that the secret is in no form in what is kept, and that a second pass changes
nothing. Prints each new counterexample and exits with 1 when there was one.
"""

import base64
import html
import json
import string
import sys
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, quote_plus
from uuid import UUID

import msgspec
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from store.activity import Direction
from store.capture import Capture, HeaderList, Stream, StreamMessage
from store.capture import Phase as CapturePhase
from store.redaction.exchange import RedactedExchange
from store.redaction.options import RedactionOptions
from store.redaction.redactor import Redactor
from tests.store.redaction.corpus import row_text, views

ORGANIZATION: Final = UUID(int=9)
DEADLINE_MS: Final = 5_000
REDACTOR: Final = Redactor(
    b"fuzz key, 32 bytes long........!", RedactionOptions(deadline_ms=DEADLINE_MS)
)
NAMES: Final = st.sampled_from(
    (
        *("password", "apiKey", "client_secret", "X-Auth-Token", "DB_PASSWORD", "accessToken"),
        *("refresh_token", "secretKey", "userPassword", "API_KEY", "private_token", "passphrase"),
    )
)
SECRETS: Final = st.text(string.ascii_letters + string.digits, min_size=14, max_size=44).filter(
    lambda text: (
        any(c.isdigit() for c in text[3:-3])
        and any(c.isupper() for c in text)
        and any(c.islower() for c in text)
    )
)
PLAIN: Final = st.sampled_from(["note", "item", "x", "body", "payload", "msg", "text", "value1"])

type Leaf = Callable[[str, str], str]
type Layer = Callable[[str, str], str]

LEAVES: Final[dict[str, Leaf]] = {
    "json": lambda name, secret: json.dumps({"a": 1, name: secret, "n": "keep"}),
    "json_nested": lambda name, secret: json.dumps({"a": [{"b": {name: secret}}]}, indent=1),
    "json_pair": lambda name, secret: json.dumps([{"name": name, "value": secret}]),
    "ndjson": lambda name, secret: '{"a":1}\n' + json.dumps({name: secret}) + "\n",
    "form": lambda name, secret: f"a=1&{quote_plus(name)}={quote_plus(secret)}&b=2",
    "url": lambda name, secret: f"https://h.test/a?b=1&{name}={secret}&c=2",
    "userinfo": lambda _name, secret: f"postgres://ann:{secret}@db.h.test:5432/app",
    "xml": lambda name, secret: f"<a><{name}>{secret}</{name}><b>1</b></a>",
    "xml_pair": lambda name, secret: f'<add key="{name}" value="{secret}"/>',
    "yaml": lambda name, secret: f"a: 1\n{name}: {secret}\nb: 2\n",
    "yaml_deep": lambda name, secret: f"a:\n  b:\n    {name}: '{secret}'\n  c: 2\n",
    "env": lambda name, secret: f"A=1\n{name.replace('-', '_')}={secret}\nB=2\n",
    "csv": lambda name, secret: f"id,{name}\n1,{secret}\n",
    "csv_pairs": lambda name, secret: f"key,value\na,1\n{name},{secret}\n",
    "header": lambda name, secret: f"GET / HTTP/1.1\r\nA: 1\r\n{name}: {secret}\r\n\r\n",
    "bearer": lambda _name, secret: f"Authorization: Bearer {secret}",
    "cookie": lambda name, secret: f"Cookie: a=b; {name}={secret}; c=d",
    "dict": lambda name, secret: f"{{'a': 1, '{name}': '{secret}', 'b': None}}",
    "option": lambda name, secret: f"run --a 1 --{name.lower().replace('_', '-')}={secret} b",
    "dsn": lambda _name, secret: f"Server=h;Uid=ann;Pwd={secret};Port=1",
    "sse": lambda name, secret: f"event: a\ndata: {json.dumps({name: secret})}\n\n",
    "graphql": lambda _name, secret: f'mutation {{ login(password: "{secret}") {{ id }} }}',
    "sql": lambda _name, secret: f"UPDATE t SET password = '{secret}' WHERE id = 7",
    "parts": lambda name, secret: (
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{secret}\r\n--b--\r\n'
    ),
}
LAYERS: Final[dict[str, Layer]] = {
    "json": lambda text, key: json.dumps({"k": 1, key: text}),
    "json_list": lambda text, key: json.dumps([key, [text]]),
    "json_unicode": lambda text, key: json.dumps({key: text}).replace("a", "\\u0061"),
    "form": lambda text, key: f"k=1&{key}={quote_plus(text)}",
    "query": lambda text, key: f"https://h.test/p?{key}={quote(text, safe='')}&z=1",
    "base64": lambda text, _key: base64.b64encode(text.encode()).decode(),
    "base64_url": lambda text, _key: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "xml": lambda text, key: f"<k><{key}>{html.escape(text)}</{key}></k>",
    "cdata": lambda text, key: f"<k><{key}><![CDATA[{text}]]></{key}></k>",
    "log": lambda text, key: f"2026-11-23 INFO {key} {text} done\n",
    "sse": lambda text, key: f"data: {json.dumps({key: text})}\n\n",
    "parts": lambda text, key: (
        f'--bb\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{text}\r\n--bb--\r\n'
    ),
}
ODD: Final[frozenset[tuple[str, str]]] = frozenset(
    {
        # These break the format that they carry: a line in a cell, a tag in a tag.
        ("log", "env"),
        ("log", "yaml"),
        ("log", "yaml_deep"),
        ("log", "csv"),
        ("log", "csv_pairs"),
        ("log", "ndjson"),
        ("log", "header"),
        ("log", "parts"),
        ("log", "form"),
        ("log", "sse"),
        ("log", "json_nested"),
        ("cdata", "cdata"),
    }
)
PLACES: Final = ("request", "response", "header", "error", "query", "stream")


@st.composite
def planted(draw: st.DrawFn) -> tuple[str, str, str, str]:
    """A text that holds a secret, the secret, where it is sent, and how it was made."""
    leaf = draw(st.sampled_from(sorted(LEAVES)))
    name, secret = draw(NAMES), draw(SECRETS)
    text, made = LEAVES[leaf](name, secret), [leaf]
    for layer in draw(st.lists(st.sampled_from(sorted(LAYERS)), max_size=3)):
        if (layer, made[-1]) in ODD or (layer == "cdata" and "cdata" in made):
            continue
        text = LAYERS[layer](text, draw(PLAIN))
        made.append(layer)
    return text, secret, draw(st.sampled_from(PLACES)), " < ".join([name, *made])


def capture_at(place: str, text: str, more: int = 0) -> Capture:
    """An exchange with `text` in one place of it."""
    body = text.encode()
    headers: HeaderList = []
    if place == "header":
        flat = text.replace("\r", " ").replace("\n", " ").encode("utf-8", "replace")
        headers.append((b"X-Note", flat))
    return Capture(
        id=bytes(16),
        phase=CapturePhase.FINAL,
        direction=Direction.OUTGOING,
        listener="fuzz",
        method="POST",
        scheme="https",
        host="h.test",
        port=443,
        target="/p" + (f"?note={quote(text, safe='')}" if place == "query" else ""),
        request_headers=headers,
        request_body=body if place == "request" else b"",
        request_size=len(body) + more if place == "request" else 0,
        response_status=200,
        response_body=body if place == "response" else b"",
        response_size=len(body) + more if place == "response" else 0,
        error_message=text if place == "error" else None,
        stream=_stream(body) if place == "stream" else None,
        created_at=1,
    )


def _stream(body: bytes) -> Stream:
    message = StreamMessage(at=1, from_client=True, text=True, size=len(body), content=body)
    return Stream(kind="websocket", count=1, kept=[message])


def check(text: str, secret: str, place: str, made: str) -> None:
    """Hold everything that must be true of one example."""
    started = time.process_time()
    once = REDACTOR.redact(capture_at(place, text), ORGANIZATION)
    assert time.process_time() - started < 2 * DEADLINE_MS / 1000, f"slow: {made}"
    if place != "header" or "\n" not in text:
        # On one line, formats that need several say nothing.
        assert not any(secret in view for view in views(row_text(once))), f"{place}: {made}"
    if place in ("request", "response"):
        _twice(once, place, made)


def _twice(once: RedactedExchange, place: str, made: str) -> None:
    kept = once.request_body if place == "request" else once.response_body
    assert kept is not None
    value = msgspec.json.decode(kept)
    text = value if isinstance(value, str) else kept
    again = REDACTOR.redact(capture_at(place, text), ORGANIZATION)
    stored = again.request_body if place == "request" else again.response_body
    assert stored is not None
    assert msgspec.json.decode(stored) == value, f"twice: {place}: {made}"


def main() -> int:
    """Fuzz for so many seconds, a new beginning every few thousand examples."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    until = time.monotonic() + seconds
    found: list[str] = []
    count = 0

    @settings(
        max_examples=2_000,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(planted())
    def one(example: tuple[str, str, str, str]) -> None:
        nonlocal count
        count += 1
        if time.monotonic() > until:
            return
        try:
            check(*example)
        except AssertionError as error:
            said = str(error).partition("\n")[0]
            if said not in found:
                found.append(said)
                print(f"{said}\n    {example[0]!r}", flush=True)

    while time.monotonic() < until:
        one()
    print(f"{count} examples, {len(found)} counterexamples")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
