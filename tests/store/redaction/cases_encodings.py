"""Content codings, charsets, base64, and bodies that are not what they claim."""

# ruff: noqa: E501 - tables of texts are read line by line

import base64
import gzip
import json
import zlib
from collections.abc import Iterator
from urllib.parse import quote

import brotli
import zstandard

from tests.store.redaction.corpus import Case, Headers
from tests.store.redaction.fakes import JWT, PASSWORD, TOKEN, draw, word

BODY = json.dumps({"password": PASSWORD, "n": "keepme"})
PLAIN = BODY.encode()
RAW = zlib.compressobj(wbits=-15)

CODED: dict[str, tuple[str, bytes]] = {
    "gzip": ("gzip", gzip.compress(PLAIN)),
    "x_gzip": ("x-gzip", gzip.compress(PLAIN)),
    "deflate": ("deflate", zlib.compress(PLAIN)),
    "deflate_raw": ("deflate", RAW.compress(PLAIN) + RAW.flush()),
    "br": ("br", brotli.compress(PLAIN)),
    "zstd": ("zstd", zstandard.ZstdCompressor().compress(PLAIN)),
    "two": ("gzip, br", brotli.compress(gzip.compress(PLAIN))),
    "identity": ("identity", PLAIN),
    "upper": ("GZIP", gzip.compress(PLAIN)),
    "gzip_lie": ("gzip", PLAIN),
    "br_lie": ("br", PLAIN),
    "zstd_lie": ("zstd", PLAIN),
    "deflate_lie": ("deflate", PLAIN),
    "unknown": ("frob", PLAIN),
}

CHARSETS: dict[str, tuple[str, bytes]] = {
    "utf16_bom": ("application/json", BODY.encode("utf-16")),
    "utf16_declared": ("application/json; charset=utf-16le", BODY.encode("utf-16-le")),
    "utf16_silent": ("application/json", BODY.encode("utf-16-be")),
    "utf32": ("application/json", BODY.encode("utf-32")),
    "latin1": (
        "text/plain; charset=iso-8859-1",
        f"Zürich keepme password={PASSWORD}".encode("latin-1"),
    ),
    "latin1_silent": ("text/plain", f"Zürich keepme\npassword={PASSWORD}".encode("latin-1")),
    "cp1252": (
        "text/plain; charset=windows-1252",
        f"“keepme” password={PASSWORD}".encode("cp1252"),
    ),
    "shift_jis": (
        "text/plain; charset=shift_jis",
        f"日本 keepme password={PASSWORD}".encode("shift_jis"),
    ),
    "unknown": ("application/json; charset=klingon", PLAIN),
    "bom": ("text/plain", b"\xef\xbb\xbf" + PLAIN),
    "xml_declared": (
        "application/xml",
        f'<?xml version="1.0" encoding="ISO-8859-1"?><a><password>{PASSWORD}</password>keepme ü</a>'.encode(
            "latin-1"
        ),
    ),
    "no_type": ("", PLAIN),
    "wrong_type": ("text/html", PLAIN),
    "javascript": ("application/javascript", PLAIN),
    "vendor_json": ("application/vnd.api+json", PLAIN),
    "problem_json": ("application/problem+json", PLAIN),
    "form_claims_json": ("application/x-www-form-urlencoded", PLAIN),
    "json_claims_form": ("application/json", f"password={PASSWORD}&n=keepme".encode()),
}


def cases() -> Iterator[Case]:
    """All of them."""
    for name, (coding, body) in CODED.items():
        headers: Headers = [("Content-Type", "application/json"), ("Content-Encoding", coding)]
        yield Case(
            f"coding_{name}",
            "the wire form is not what is kept",
            (PASSWORD,),
            ("keepme",),
            response_headers=headers,
            response_body=body,
        )
    for name, (kind, body) in CHARSETS.items():
        yield Case(
            f"charset_{name}",
            "senders declare what they like",
            (PASSWORD,),
            ("keepme",),
            request_headers=[("Content-Type", kind)] if kind else [],
            request_body=body,
        )
    yield from base64s()
    yield from binaries()


def base64s() -> Iterator[Case]:
    """Base64 in JSON, text, URLs."""
    std = base64.b64encode(PLAIN).decode()
    url = base64.urlsafe_b64encode(b"???" + PLAIN).decode()
    bare = std.rstrip("=")
    places = {
        "json": json.dumps({"data": std, "n": "keepme"}),
        "json_unpadded": json.dumps({"data": bare, "n": "keepme"}),
        "json_urlsafe": json.dumps({"data": url, "n": "keepme"}),
        "text": f"payload {std} keepme",
        "data_url": json.dumps({"src": f"data:application/json;base64,{std}", "n": "keepme"}),
        "pubsub": json.dumps({"message": {"data": std, "messageId": "keepme"}}),
        "twice": json.dumps({"data": base64.b64encode(std.encode()).decode(), "n": "keepme"}),
        "wrapped": json.dumps({"data": base64.encodebytes(PLAIN * 3).decode(), "n": "keepme"}),
        "basic": json.dumps(
            {"h": "Basic " + base64.b64encode(f"bob:{PASSWORD}".encode()).decode(), "n": "keepme"}
        ),
        "gzip": json.dumps(
            {"awslogs": {"data": base64.b64encode(gzip.compress(PLAIN)).decode()}, "n": "keepme"}
        ),
        "form_inside": json.dumps(
            {
                "data": base64.b64encode(f"grant=x&password={PASSWORD}".encode()).decode(),
                "n": "keepme",
            }
        ),
        "env_inside": json.dumps(
            {
                "user_data": base64.b64encode(
                    f"#!/bin/sh\nexport TOKEN={TOKEN}\nexport PASSWORD='{PASSWORD}'\n".encode()
                ).decode(),
                "n": "keepme",
            }
        ),
        "shape_inside": json.dumps(
            {
                "content": base64.b64encode(
                    f"see {word('gh', 'p_')}{draw(36, seed='b64')} here".encode()
                ).decode(),
                "n": "keepme",
            }
        ),
        "xml_inside": json.dumps(
            {
                "d": base64.b64encode(f"<a><password>{PASSWORD}</password></a>".encode()).decode(),
                "n": "keepme",
            }
        ),
    }
    gone = {"env_inside": (PASSWORD, TOKEN), "shape_inside": (draw(36, seed="b64"),)}
    for name, body in places.items():
        yield Case(
            f"base64_{name}",
            "base64 hides nothing",
            gone.get(name, (PASSWORD,)),
            ("keepme",),
            request_body=body,
        )
    yield Case("base64_body", "a whole body", (PASSWORD,), (), request_body=std)
    yield Case(
        "base64_in_query",
        "a parameter",
        (PASSWORD,),
        ("page=7",),
        url=f"https://api.example.test/x?state={quote(std, safe='')}&page=7",
    )
    yield Case(
        "base64_in_path",
        "a path piece",
        (PASSWORD,),
        ("/end",),
        url=f"https://api.example.test/x/{url.rstrip('=')}/end",
    )
    yield Case(
        "base64_in_header",
        "a header",
        (PASSWORD,),
        ("X-Context",),
        request_headers=[("X-Context", std)],
    )
    yield Case(
        "base64_header_of_jwt",
        "half a JWT is one",
        (JWT.split(".")[2],),
        (),
        request_body=json.dumps({"t": JWT}),
    )
    yield Case(
        "keep_base64_picture",
        "pictures are no text",
        (),
        ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB",),
        request_body=json.dumps({"i": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB"}),
    )
    yield Case(
        "keep_base64_text",
        "harmless text stays as it was",
        (),
        (base64.b64encode(b'{"temperature": 21.5, "unit": "C"}').decode(),),
        request_body=json.dumps(
            {"d": base64.b64encode(b'{"temperature": 21.5, "unit": "C"}').decode()}
        ),
    )


def binaries() -> Iterator[Case]:
    """Bodies that cannot be read keep size and digest only."""
    secret = TOKEN.encode()
    for name, kind, body in (
        ("png", "image/png", b"\x89PNG\r\n\x1a\n\x00\x00" + secret),
        ("octets", "application/octet-stream", b"\x00\x01\x02" * 40 + secret),
        ("grpc", "application/grpc", b"\x00\x00\x00\x00\x2a" + secret),
        (
            "protobuf",
            "application/x-protobuf",
            b"\x0a\x20" + secret + b"\x10\x01\x1a\x02\xff\xfe\x00\x00\x00",
        ),
        ("gzip_undeclared", "application/json", gzip.compress(PLAIN + secret)),
        ("broken_gzip", "application/json", b"\x1f\x8b\x08\x00" + b"\x00" * 6 + b"\xff\xff\xff"),
    ):
        headers: Headers = [("Content-Type", kind)]
        if name == "broken_gzip":
            headers.append(("Content-Encoding", "gzip"))
        yield Case(
            f"binary_{name}",
            "binary is not kept",
            (TOKEN, PASSWORD),
            ('"sha256"', '"size"'),
            request_headers=headers,
            request_body=body,
        )
    bomb = gzip.compress(b'{"password": "' + PASSWORD.encode() + b'"}' + b" " * 30_000_000)
    yield Case(
        "bomb",
        "decoding is bounded",
        (PASSWORD,),
        (),
        request_headers=[("Content-Encoding", "gzip")],
        request_body=bomb,
    )
    half = gzip.compress(PLAIN * 50)[:60]
    yield Case(
        "gzip_truncated",
        "a prefix of a coded body",
        (PASSWORD,),
        (),
        request_headers=[("Content-Encoding", "gzip")],
        request_body=half,
        more=500,
    )
