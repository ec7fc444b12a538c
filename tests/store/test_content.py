"""Bodies are decoded within bounds, and never raise."""

import gzip
import zlib

import brotli
import pytest
import zstandard

from store.content import DECODED_LIMIT, decode_content, undo_codings

PLAIN = b'{"temperature": 21.5}'


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(PLAIN)),
        ("x-gzip", gzip.compress(PLAIN)),
        ("deflate", zlib.compress(PLAIN)),
        ("deflate", zlib.compress(PLAIN, wbits=-15)),
        ("br", brotli.compress(PLAIN)),
        ("zstd", zstandard.ZstdCompressor().compress(PLAIN)),
        ("identity", PLAIN),
        ("", PLAIN),
        ("gzip, br", brotli.compress(gzip.compress(PLAIN))),
        ("GZip", gzip.compress(PLAIN)),
        ("gzip", PLAIN),
        ("br", PLAIN),
        ("zstd", PLAIN),
        ("compress", PLAIN),
    ],
)
def test_codings(coding: str, body: bytes) -> None:
    assert undo_codings(coding, body) == (PLAIN, False)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b" " * (DECODED_LIMIT + 9))),
        ("deflate", zlib.compress(b" " * (DECODED_LIMIT + 9))),
        ("br", brotli.compress(b" " * (DECODED_LIMIT + 9))),
        ("zstd", zstandard.ZstdCompressor().compress(b" " * (DECODED_LIMIT + 9))),
    ],
)
def test_bombs_are_cut(coding: str, body: bytes) -> None:
    decoded, cut = undo_codings(coding, body)
    assert cut
    assert len(decoded) == DECODED_LIMIT


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_prefix_of_a_coded_body_is_decoded(coding: str) -> None:
    whole = b"".join(b'{"line": %d}\n' % number for number in range(5_000))
    packed = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "br": brotli.compress,
        "zstd": zstandard.ZstdCompressor().compress,
    }[coding](whole)
    content = decode_content(
        [(b"Content-Encoding", coding.encode())], packed[: len(packed) // 2], len(packed)
    )
    assert content.truncated
    if content.data != packed[: len(packed) // 2]:
        assert whole.startswith(content.data)


@pytest.mark.parametrize(
    ("content_type", "body", "text", "media_type"),
    [
        ("application/json", PLAIN, PLAIN, "application/json"),
        (
            "Text/Plain; Charset=ISO-8859-1",
            "Zürich".encode("latin-1"),
            "Zürich".encode(),
            "text/plain",
        ),
        ("", "Zürich".encode("utf-16"), "Zürich".encode(), "text/plain"),
        (
            "application/json",
            '{"a": "ü"}'.encode("utf-16-le"),
            '{"a": "ü"}'.encode(),
            "application/json",
        ),
        ("", b"\xef\xbb\xbfhello", b"hello", "text/plain"),
        ("text/plain; charset=klingon", b"hello", b"hello", "text/plain"),
        ("text/plain", b"a\xfcb plain text here", "aüb plain text here".encode(), "text/plain"),
        ("image/png", b"\x89PNG\r\n\x1a\n\0", None, "image/png"),
        ("", b"\x89PNG\r\n\x1a\n\0\0\0", None, "image/png"),
        ("text/plain", b"%PDF-1.7\0\0\0\1\2\3", None, "application/pdf"),
        ("application/grpc", b"hello", None, "application/grpc"),
        ("image/svg+xml", b"<svg/>", b"<svg/>", "image/svg+xml"),
        ("application/json", gzip.compress(PLAIN), None, "application/gzip"),
        ("", bytes(range(256)), None, "application/octet-stream"),
    ],
)
def test_text_and_type(content_type: str, body: bytes, text: bytes | None, media_type: str) -> None:
    headers = [(b"Content-Type", content_type.encode())] if content_type else []
    content = decode_content(headers, body, len(body))
    assert content.text == text
    assert content.media_type == media_type
    assert not content.truncated


def test_character_cut_in_half_is_dropped() -> None:
    body = "aü".encode()[:-1]
    assert decode_content([], body, 10).text == b"a"


@pytest.mark.parametrize(
    ("content_type", "body", "json"),
    [
        ("application/json", PLAIN, True),
        ("", PLAIN, True),
        ("application/json; charset=utf-8", PLAIN, True),
        ("application/json; charset=latin1", PLAIN, True),
        ("application/json; charset=cp037", PLAIN, False),
        ("application/json", PLAIN[:-1], False),
        ("application/json", '{"a": "ü"}'.encode(), False),
        ("application/json", b'{"a": "\x00\x01\x02\x03"}', False),
    ],
)
def test_what_is_told_to_be_json_is_json(content_type: str, body: bytes, json: bool) -> None:
    headers = [(b"Content-Type", content_type.encode())] if content_type else []
    assert decode_content(headers, body, len(body)).json is json
    assert not decode_content(headers, body, len(body) + 1).json
