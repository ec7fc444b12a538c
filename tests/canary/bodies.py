"""Canaries in bodies: over chunk borders, in content codings, at the end of what is kept, in
streams of events, in the file names of forms."""

import gzip
import json
import zlib
from collections.abc import Callable

import brotli
import zstandard

from tests.canary.planting import Plant, Table
from tests.canary.stage import Part, Stage, chunked, head, ok, request

TABLE = Table()
_LIMIT = 65_536
"""Bytes of a body that a row keeps."""
_STREAMED = ("Transfer-Encoding: chunked",)


def _json(**values: object) -> bytes:
    return json.dumps(values).encode()


def _call(name: str, sent: list[Part], answered: list[Part]) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        stage.call(name, sent, answered)

    return play


def _halves(text: bytes, inside: str) -> tuple[bytes, bytes]:
    at = text.index(inside.encode()) + len(inside) // 2
    return text[:at], text[at:]


def _over_chunk_borders() -> None:
    for name, typed in (("json", "application/json"), ("text", "text/plain")):
        for side in ("request", "answer"):
            plant = Plant()
            secret, shape = plant.opaque(), plant.shaped()
            if name == "json":
                body = _json(room="kitchen", password=secret, note=f"use {shape} here")
            else:
                body = f"room=kitchen password={secret} and {shape} here".encode()
            first, rest = _halves(body, secret)
            second, third = _halves(rest, shape)
            pieces: list[Part] = []
            for piece in chunked(first, second, third):
                pieces += [piece, 0.02]
            fields = (f"Content-Type: {typed}", *_STREAMED)
            case = f"chunks-{name}-{side}"
            if side == "request":
                url = f"POST http://partner.example/{case} HTTP/1.1"
                sent: list[Part] = [head(url, "Host: partner.example", *fields), *pieces]
                answered: list[Part] = [ok(b"{}")]
            else:
                sent, answered = [request(case)], [head("HTTP/1.1 200 OK", *fields), *pieces]
            TABLE.add(case, plant, _call(case, sent, answered), "kitchen", "[REDACTED")


_CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


def _coded() -> None:
    codings = dict(_CODINGS)
    codings["gzip, br"] = lambda data: brotli.compress(gzip.compress(data))
    codings["x-gzip"] = gzip.compress
    for coding, pack in codings.items():
        plant = Plant()
        asked = _json(room="kitchen", password=plant.opaque())
        told = _json(floor="ground", note=plant.shaped())
        case = f"coded-{coding.replace(', ', '-')}"
        field = f"Content-Encoding: {coding}"
        TABLE.add(
            case,
            plant,
            _call(case, [request(case, pack(asked), field)], [ok(pack(told), field)]),
            *("kitchen", "ground", "[REDACTED"),
        )


def _wrongly_coded() -> None:
    """Declared codings that are not there, codings that nobody declared, others than declared,
    bodies that end in the middle of one."""
    plain: dict[str, tuple[str, Callable[[bytes], bytes], bool]] = {
        "declared-gzip-is-plain": ("gzip", bytes, True),
        "declared-br-is-plain": ("br", bytes, True),
        "declared-zstd-is-plain": ("zstd", bytes, True),
        "declared-deflate-is-plain": ("deflate", bytes, True),
        "unknown-coding": ("snappy", bytes, True),
        "undeclared-gzip": ("identity", gzip.compress, False),
        "undeclared-zstd": ("identity", _CODINGS["zstd"], False),
        "declared-br-is-gzip": ("br", gzip.compress, False),
        "gzip-without-its-end": ("gzip", lambda data: gzip.compress(data)[:-12], False),
        "gzip-with-more-behind": ("gzip", lambda data: gzip.compress(data) + data, False),
    }
    for name, (coding, pack, readable) in plain.items():
        plant = Plant()
        body = _json(room="kitchen", password=plant.opaque(), note=plant.shaped())
        case = f"wrong-{name}"
        field = f"Content-Encoding: {coding}"
        kept = ("kitchen", "[REDACTED") if readable else ("request_body",)
        packed = pack(body)
        TABLE.add(
            case,
            plant,
            _call(case, [request(case, packed, field)], [ok(packed, field)]),
            *kept,
        )


def _at_the_limit() -> None:
    """Secrets across the border of what is kept: of it by `inside` bytes."""
    for inside in (1, 9, 27):
        for form in ("json", "text", "form", "shape", "escaped"):
            plant = Plant()
            before, after = {
                "json": ('{"room": "kitchen", "pad": "%s", "password": "', '"}'),
                "text": ("room kitchen %s password: ", " end"),
                "form": ("room=kitchen&pad=%s&client_secret=", "&end=1"),
                "shape": ('{"room": "kitchen", "pad": "%s", "note": "', '"}'),
                "escaped": (
                    '{"room": "kitchen", "pad": "%s", "in": "{\\"api_key\\": \\"',
                    '\\"}"}',
                ),
            }[form]
            secret = plant.shaped() if form == "shape" else plant.opaque()
            room = _LIMIT - inside - len(before) + 2
            body = (before % ("a " * (room // 2 + 1))[:room] + secret + after).encode()
            kind = {"form": "application/x-www-form-urlencoded", "text": "text/plain"}.get(form)
            kind = kind or "application/json"
            case = f"limit-{form}-{inside}"
            play = _call(case, [request(case, body, kind=kind)], [ok(body, kind=kind)])
            TABLE.add(case, plant, play, "kitchen")
    plant = Plant()
    secret = plant.opaque()
    body = (f'{{"room": "kitchen", "password": "{secret}", "pad": "' + "a " * _LIMIT).encode()
    again = body[: _LIMIT - 12] + secret.encode() + b'"}'
    play = _call("limit-known", [request("limit-known", again)], [ok(again)])
    TABLE.add("limit-known", plant, play, "kitchen", "[REDACTED")


def _events() -> None:
    plant = Plant()
    secret, shape = plant.opaque(), plant.shaped()
    text = f'event: token\ndata: {{"room": "kitchen", "access_token": "{secret}"}}\n\n'
    text += f"data: plain {shape} word\n\nevent: end\ndata: done\n\n"
    first, rest = _halves(text.encode(), secret)
    second, third = _halves(rest, shape)
    pieces: list[Part] = []
    for piece in chunked(first, second, third):
        pieces += [piece, 0.02]
    start = head("HTTP/1.1 200 OK", "Content-Type: text/event-stream", *_STREAMED)
    TABLE.add("events", plant, _call("events", [request("events")], [start, *pieces]),
              *("kitchen", "done", "[REDACTED"))  # fmt: skip
    plant = Plant()
    lines = [_json(room="kitchen", token=plant.opaque()), _json(n=2, note=plant.shaped())]
    body = b"\n".join(lines) + b"\n"
    kind = "application/x-ndjson"
    play = _call("lines", [request("lines", body, kind=kind)], [ok(body, kind=kind)])
    TABLE.add("lines", plant, play, "kitchen", "[REDACTED")


def _multipart() -> None:
    plant = Plant()
    parts = (
        f'form-data; name="api_key"\r\n\r\n{plant.opaque()}',
        f'form-data; name="file"; filename="{plant.shaped()}.txt"\r\n'
        f"Content-Type: text/plain\r\n\r\nroom kitchen password={plant.opaque()}",
        f"form-data; name=\"more\"; filename*=UTF-8''{plant.shaped()}.bin\r\n"
        f"Content-Type: application/octet-stream\r\n\r\n\x00\x01\x02{plant.opaque()}",
        f'form-data; name="{plant.shaped()}"\r\n\r\n1',
        'form-data; name="floor"\r\n\r\nground',
    )
    body = "".join(f"--xYz\r\nContent-Disposition: {part}\r\n" for part in parts) + "--xYz--\r\n"
    kind = "multipart/form-data; boundary=xYz"
    sent: list[Part] = [request("multipart", body.encode(), kind=kind)]
    play = _call("multipart", sent, [ok(body.encode(), kind=kind)])
    TABLE.add("multipart", plant, play, "kitchen", "ground", "[REDACTED")


def _chunk_extensions() -> None:
    plant = Plant()
    first, second = plant.shaped(), plant.opaque()
    body = b"4;note=%b\r\nroom\r\n0;token=%b\r\n\r\n" % (first.encode(), second.encode())
    url = "POST http://partner.example/chunk-extensions HTTP/1.1"
    sent = head(url, "Host: partner.example", "Content-Type: text/plain", *_STREAMED) + body
    told = head("HTTP/1.1 200 OK", "Content-Type: text/plain", *_STREAMED) + body
    TABLE.add("chunk-extensions", plant, _call("chunk-extensions", [sent], [told]), '"room"')


_chunk_extensions()
_over_chunk_borders()
_coded()
_wrongly_coded()
_at_the_limit()
_events()
_multipart()
