"""What a captured body says: content codings undone (RFC 9110, 8.4), its media type, its text.

Decoding is bounded (`DECODED_LIMIT`), tolerates a prefix of a longer body, and never raises:
a body whose coding was declared wrongly is taken as it is.
"""

import codecs
import re
import zlib
from functools import lru_cache
from typing import Final

import brotli  # type: ignore[import-untyped]
import msgspec
import zstandard

from store.capture import HeaderList

DECODED_LIMIT: Final = 1 << 20
"""Bytes that one body may decode to; a small body can decode to gigabytes (a "bomb")."""
_TYPE_LENGTH: Final = len(b"content-type")
_ENCODING_LENGTH: Final = len(b"content-encoding")
_STEP: Final = 16_384
_MAX_CODINGS: Final = 4
_CHARSET: Final = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_XML_CHARSET: Final = re.compile(rb"""^\s*<\?xml[^>]{0,80}encoding=["']([\w.-]{1,40})""")
_UTF_8: Final = ("utf-8", "utf8", "us-ascii", "ascii")
_USUAL: Final = (*_UTF_8, "iso-8859-1", "latin1", "windows-1252")
JSON_BEGINS: Final = (b"{", b"[")
_CONTROL: Final = bytes((*range(9), *range(14, 27), 28, 29, 31, 127))
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MAGIC: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"RIFF", "application/riff"),
    (b"\x00\x00\x00\x18ftyp", "video/mp4"),
    (b"\x7fELF", "application/x-executable"),
)
_PACKED_TYPES: Final = tuple(
    f"application/{prefix}{name}"
    for name in ("cbor", "msgpack", "protobuf", "thrift", "bson", "ubjson", "avro", "smile")
    for prefix in ("", "x-", "vnd.", "vnd.google.", "vnd.apache.")
)
"""Texts stand in these between bytes that may happen to be text as well."""
_BINARY_TYPES: Final = ("image/", "audio/", "video/", "font/", "application/grpc", *_PACKED_TYPES)


class Content(msgspec.Struct, frozen=True):
    """A body, decoded. `text` is UTF-8 without a byte order mark, `None` when binary."""

    data: bytes
    media_type: str
    """Lower case, without parameters; sniffed where none was declared."""
    content_type: str
    """The declared value in full, e.g. with `boundary`; may be empty."""
    text: bytes | None
    truncated: bool
    """More bytes follow that are not here: of the capture or of the decoded form."""
    json: bool = False
    """Whether it was found out on the way that the text is one JSON value."""


def decode_content(headers: HeaderList, body: bytes, size: int) -> Content:
    """Decode the captured prefix `body` of a body of `size` bytes by its `headers`."""
    declared = coding = b""
    for name, value in headers:
        if len(name) == _TYPE_LENGTH and name.lower() == b"content-type":
            declared = declared or value
        elif len(name) == _ENCODING_LENGTH and name.lower() == b"content-encoding":
            coding = coding + b"," + value if coding else value
    truncated = size > len(body)
    data = body
    if coding:
        data, cut = undo_codings(coding.decode("latin-1"), body)
        truncated = truncated or cut
    content_type, media_type, usual = _types(declared)
    if usual and not truncated and data[:1] in JSON_BEGINS and data.isascii() and is_json(data):
        # Most bodies. No control characters stand in JSON, so it need not be looked for them.
        return Content(data, media_type or "text/plain", content_type, data, False, True)
    text = _text(data, media_type, content_type, truncated)
    if not media_type:
        media_type = "text/plain" if text is not None else _sniff(data)
    elif text is None and media_type.startswith(("text/", "application/json")):
        media_type = _sniff(data)
    return Content(data, media_type, content_type, text, truncated)


@lru_cache(256)
def _types(declared: bytes) -> tuple[str, str, bool]:
    """A Content-Type as text, the media type in it, and whether ASCII is ASCII in its charset;
    they repeat."""
    content_type = declared.decode("latin-1")
    charset = _CHARSET.search(content_type)
    usual = "harset" not in content_type if charset is None else charset[1].lower() in _USUAL
    return content_type, content_type.partition(";")[0].strip().lower(), usual


def undo_codings(codings: str, body: bytes) -> tuple[bytes, bool]:
    """`body` without its content codings, last applied first, and whether the limit cut it.
    A coding that is unknown or does not fit the bytes ends the work."""
    data, cut = body, False
    names = [name.strip().lower() for name in codings.split(",") if name.strip()]
    for name in reversed(names[-_MAX_CODINGS:]):
        if name == "identity":
            continue
        decoded, more = _undo(name, data)
        if decoded is None:
            break
        data, cut = decoded, cut or more
    return data, cut


def _undo(name: str, data: bytes) -> tuple[bytes | None, bool]:
    if name in ("gzip", "x-gzip"):
        return _inflate(data, 31) if data[:2] == b"\x1f\x8b" else (None, False)
    if name == "deflate":
        # Some senders leave the zlib wrapper out, against RFC 9110, 8.4.1.2.
        decoded = _inflate(data, 15)
        return decoded if decoded[0] is not None else _inflate(data, -15)
    if name == "br":
        return _unbrotli(data)
    if name == "zstd":
        return _unzstd(data) if data[:4] == b"\x28\xb5\x2f\xfd" else (None, False)
    return None, False


def _inflate(data: bytes, window: int) -> tuple[bytes | None, bool]:
    decoder = zlib.decompressobj(window)
    out = bytearray()
    for start in range(0, len(data), _STEP):
        try:
            out += decoder.decompress(data[start : start + _STEP], DECODED_LIMIT - len(out) + 1)
        except zlib.error:
            return (bytes(out), True) if out else (None, False)
        if len(out) > DECODED_LIMIT:
            return bytes(out[:DECODED_LIMIT]), True
        if decoder.eof:
            break
    return (bytes(out), False) if out or decoder.eof else (None, False)


def _unbrotli(data: bytes) -> tuple[bytes | None, bool]:
    decoder = brotli.Decompressor()
    out = bytearray()
    chunk = data
    try:
        while True:
            produced = decoder.process(chunk, output_buffer_limit=_STEP)
            out += produced
            chunk = b""
            if len(out) > DECODED_LIMIT:
                return bytes(out[:DECODED_LIMIT]), True
            if decoder.is_finished() or not produced:
                break
    except brotli.error:
        return (bytes(out), True) if out else (None, False)
    return (bytes(out), False) if out or decoder.is_finished() else (None, False)


def _unzstd(data: bytes) -> tuple[bytes | None, bool]:
    out = bytearray()
    reader = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(
        data, read_across_frames=True
    )
    try:
        while chunk := reader.read(_STEP):
            out += chunk
            if len(out) > DECODED_LIMIT:
                return bytes(out[:DECODED_LIMIT]), True
    except zstandard.ZstdError:
        return (bytes(out), True) if out else (None, False)
    return bytes(out), False


def _text(data: bytes, media_type: str, content_type: str, truncated: bool) -> bytes | None:
    if (
        media_type.startswith(_BINARY_TYPES)
        and media_type != "image/svg+xml"
        and not (data[:1] in JSON_BEGINS and is_json(data))
    ):
        return None
    if data[:1] in JSON_BEGINS and data[1:2] != b"\x00" and "harset" not in content_type:
        charset = "utf-8"
    else:
        charset = _charset(data, content_type)
    if charset not in _UTF_8:
        recoded = _recode(data, charset)
        if recoded is not None:
            return recoded
    if data.startswith(codecs.BOM_UTF8):
        data = data[3:]
    if data.isascii():
        return None if _is_binary(data) else data
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if truncated and error.start >= len(data) - 3:
            # The capture's end fell inside one character.
            return None if _is_binary(data) else data[: error.start]
        return _recode(data, "cp1252") if _mostly_text(data) else None
    return None if _is_binary(data) else data


def is_json(document: bytes) -> bool:
    """Whether `document` is one JSON value."""
    try:
        msgspec.json.decode(document, type=msgspec.Raw)
    except (msgspec.MsgspecError, RecursionError):
        return False
    return True


def _charset(data: bytes, content_type: str) -> str:
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    found = _CHARSET.search(content_type)
    if found and not (found[1].lower().startswith(("utf-16", "utf-32")) and 0 not in data):
        return found[1].lower()
    in_xml = _XML_CHARSET.match(data[:200])
    if in_xml:
        return in_xml[1].decode("ascii").lower()
    if len(data) >= 4 and data[1::2].count(0) > len(data) // 3 and 0 not in data[:1]:
        return "utf-16-le"
    if len(data) >= 4 and data[0::2].count(0) > len(data) // 3 and 0 not in data[1:2]:
        return "utf-16-be"
    return "utf-8"


def _recode(data: bytes, charset: str) -> bytes | None:
    try:
        text = data.decode(charset, "replace")
        recoded = text.removeprefix("\ufeff").encode("utf-8", "replace")
    except (LookupError, ValueError):
        return None
    return None if _is_binary(recoded) else recoded


def _is_binary(data: bytes) -> bool:
    return (len(data) - len(data.translate(None, _CONTROL))) * 20 > len(data)


def _mostly_text(data: bytes) -> bool:
    """Whether undeclared bytes are text in an older one-byte charset rather than binary."""
    foreign = sum(1 for byte in data[:4096] if byte >= 0x80)
    return foreign * 4 < len(data[:4096]) and len(data.translate(None, _CONTROL)) == len(data)


def _sniff(data: bytes) -> str:
    return next(
        (kind for magic, kind in _MAGIC if data.startswith(magic)), "application/octet-stream"
    )
