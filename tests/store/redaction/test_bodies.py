"""Bodies that are not kept, cut short, or made to be expensive."""

import gzip
import hashlib
import json
import time
from uuid import UUID

import pytest

from store.capture import HeaderList
from store.content import DECODED_LIMIT
from store.redaction.exchange import RedactedExchange
from store.redaction.options import RedactionOptions
from store.redaction.redactor import Redactor
from tests.store.captures import outgoing
from tests.store.redaction.fakes import PASSWORD, TOKEN

SIZE = 1 << 20
PATIENT = Redactor(b"bodies key, 32 bytes long......!", RedactionOptions(deadline_ms=60_000))
GIF = b"GIF89a" + bytes(range(256)) * 8


def redact(body: bytes, *headers: tuple[bytes, bytes], size: int | None = None) -> RedactedExchange:
    given: HeaderList = list(headers)
    return PATIENT.redact(
        outgoing(
            "POST",
            request_headers=given,
            request_body=body,
            request_size=len(body) if size is None else size,
        ),
        UUID(int=1),
    )


def described(redacted: RedactedExchange) -> dict[str, object]:
    value = json.loads(redacted.request_body or "")
    assert isinstance(value, dict)
    return value


def test_a_binary_body_is_told_by_type_size_and_digest() -> None:
    assert described(redact(GIF, (b"Content-Type", b"image/gif"))) == {
        "binary": "image/gif",
        "size": len(GIF),
        "hashed": len(GIF),
        "sha256": hashlib.sha256(GIF).hexdigest(),
    }


def test_the_digest_of_a_truncated_body_tells_how_many_bytes_it_is_of() -> None:
    redacted = redact(GIF, (b"Content-Type", b"image/gif"), size=5_000_000)
    told = described(redacted)
    assert (told["size"], told["hashed"]) == (5_000_000, len(GIF))
    assert told["sha256"] == hashlib.sha256(GIF).hexdigest()
    assert redacted.request_truncated


def test_the_digest_of_a_coded_body_is_of_what_was_decoded() -> None:
    packed = gzip.compress(GIF)
    told = described(
        redact(packed, (b"Content-Type", b"image/gif"), (b"Content-Encoding", b"gzip"))
    )
    assert (told["size"], told["hashed"]) == (len(packed), len(GIF))


def test_a_bomb_is_decoded_to_the_limit_and_no_further() -> None:
    packed = gzip.compress(b"a" * (64 * SIZE))
    started = time.process_time()
    redacted = redact(packed, (b"Content-Type", b"text/plain"), (b"Content-Encoding", b"gzip"))
    assert redacted.request_truncated
    assert len(redacted.request_body or "") <= DECODED_LIMIT + 10
    assert time.process_time() - started < 10


@pytest.mark.parametrize("unit", ["a", "4", "4 ", "eyJ", "/", "a.b-"])
def test_the_end_of_a_long_prefix_is_found_without_a_look_at_all_of_it(unit: str) -> None:
    """A pattern anchored at the end, tried from every byte, would need hours here."""
    started = time.process_time()
    redacted = redact((unit * (SIZE // len(unit))).encode(), size=2 * SIZE)
    assert (redacted.request_body or "").endswith(('…"', "}"))
    assert time.process_time() - started < 10


@pytest.mark.parametrize("unit", ["Set-Cookie: ", "Cookie: ", "Set-Cookie: a=b; "])
def test_a_long_line_of_cookies_is_looked_at_a_few_times_only(unit: str) -> None:
    """Every one of the names has the whole rest of the line as its value."""
    started = time.process_time()
    redacted = redact((unit * (SIZE // 4 // len(unit)) + f"sid={TOKEN}").encode())
    assert TOKEN not in (redacted.request_body or "")
    assert time.process_time() - started < 15


@pytest.mark.parametrize("kept", range(1, len(PASSWORD)))
def test_a_prefix_that_ends_in_a_known_secret_keeps_none_of_it(kept: int) -> None:
    text = f"password={PASSWORD}\nagain: {PASSWORD[:kept]}".encode()
    body = redact(text, size=len(text) + 100).request_body or ""
    assert "[REDACTED" in body
    assert kept < 4 or PASSWORD[:4] not in body
