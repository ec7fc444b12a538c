"""Bodies: decoded, redacted by what they are, and made the JSON value that a row keeps."""

import hashlib
import re
import string
from typing import Final

import msgspec

from store.activity import JsonText
from store.capture import HeaderList, Stream
from store.content import Content, decode_content, is_json
from store.redaction import forms, json_text, multipart
from store.redaction.work import TooMuch, Work

_TOKEN: Final = string.ascii_letters.encode() + string.digits.encode() + b"_+/=.%~:$!@#*-"
_DIGIT_GROUPS: Final = re.compile(rb"(?:\d[ -]?){4,24}\Z")
_LONGEST_TOKEN: Final = 4096
_SHORTEST_TOKEN: Final = 4
_FORM_TYPE: Final = "application/x-www-form-urlencoded"
_NAME: Final = re.compile(rb"[\w.$\[\]%+~*-]{1,200}")
_LONGEST_PREFIX: Final = 200


def redact_body(
    work: Work, headers: HeaderList, body: bytes, size: int, place: str
) -> tuple[JsonText | None, bool]:
    """The kept form of a body whose first bytes are `body`, and whether more is missing."""
    if not body:
        return None, size > 0
    content = decode_content(headers, body, size)
    return redact_content(work, content, size, place), content.truncated


def redact_content(work: Work, content: Content, size: int, place: str) -> JsonText:
    """The kept form of decoded content; size and digest where it cannot be looked into."""
    plain = content.text
    if content.media_type.startswith("multipart/"):
        # A small binary part may stand in a body that is text as a whole.
        if plain is None or multipart.has_binary(plain):
            plain = multipart.without_binary(content.data if plain is None else plain)
            plain = plain.decode("utf-8", "replace").encode()
    elif plain is None:
        return described(content.media_type, content.data, size)
    try:
        return _redacted(work, content, plain, place)
    except (TooMuch, RecursionError, MemoryError):
        return described(content.media_type, content.data, size)


def _redacted(work: Work, content: Content, plain: bytes, place: str) -> JsonText:
    if content.truncated:
        return _as_string(_without_tail(work, work.text(_whole_tail(plain), place)))
    if content.json or is_json(plain):
        plain = json_text.canonical(plain)
        clean = plain if work.knows_clean(plain) else _json(work, plain, place)
        whole = clean is plain or is_json(clean)
        return clean.decode("utf-8") if whole else _as_string(clean)
    if content.media_type == _FORM_TYPE or _looks_like_form(plain):
        return _as_string(forms.redact_form(work, plain, place))
    return _as_string(work.text(plain, place))


def _json(work: Work, plain: bytes, place: str) -> bytes:
    if plain.lstrip()[:1] in (b"{", b"["):
        return json_text.redact_json(work, plain, place)
    return work.text(plain, place)


def _looks_like_form(plain: bytes) -> bool:
    if b"&" not in plain or b"\n" in plain or b" " in plain or plain[:1] in b"<{[-":
        return False
    name = plain.partition(b"=")[0]
    return _NAME.fullmatch(name) is not None and plain.count(b";") < plain.count(b"&")


def _whole_tail(plain: bytes) -> bytes:
    """A truncated text without half of an escape at its end."""
    return plain[:-1] if plain.endswith(b"\\") else plain


def _without_tail(work: Work, plain: bytes) -> bytes:
    """A truncated text without the token at its end, which may be the beginning of a secret."""
    end = plain[-_LONGEST_PREFIX:]
    for secret in work.secrets:
        if secret[:_SHORTEST_TOKEN] not in end:
            continue
        for length in range(min(len(secret), _LONGEST_PREFIX), 3, -1):
            if plain.endswith(secret[:length]):
                return plain[:-length] + "…".encode()
    cut = _tail_length(plain)
    return plain[:-cut] + "…".encode() if cut else plain


def _tail_length(plain: bytes) -> int:
    """Bytes at the end that look like one token. Only the end is looked at: a pattern that is
    anchored there would be tried from every byte of a text without a break."""
    end = plain[-_LONGEST_TOKEN:]
    token = len(end) - len(end.rstrip(_TOKEN))
    digits = _DIGIT_GROUPS.search(end[-48:])
    length = max(token, len(digits[0]) if digits else 0)
    return length if length >= _SHORTEST_TOKEN else 0


def _as_string(plain: bytes) -> JsonText:
    return msgspec.json.encode(plain.decode("utf-8", "replace")).decode()


def described(media_type: str, data: bytes, size: int) -> JsonText:
    """A body that is not kept: its type and size, and the digest of the first `hashed` bytes.
    `size` counts the bytes that were sent; only of those that were captured, and after their
    content coding was undone, there is a digest."""
    value = {
        "binary": media_type or "application/octet-stream",
        "size": size,
        "hashed": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    return msgspec.json.encode(value).decode()


def redact_told(work: Work, told: JsonText, place: str) -> JsonText:
    """The kept form of what a service told beside an exchange."""
    plain = told.encode()
    content = Content(plain, "application/json", "application/json", plain, False)
    return redact_content(work, content, len(plain), place)


def redact_stream(work: Work, stream: Stream) -> JsonText:
    """The kept messages of a stream as a JSON list."""
    kept = []
    for number, message in enumerate(stream.kept):
        data: JsonText
        truncated = message.size > len(message.content)
        plain = message.content if message.text else None
        content = Content(message.content, "application/octet-stream", "", plain, truncated)
        if plain is not None:
            content = Content(message.content, "text/plain", "", _utf8(plain), truncated)
        data = redact_content(work, content, message.size, f"stream[{number}]")
        kept.append(
            {
                "at": message.at,
                "from": "client" if message.from_client else "server",
                "size": message.size,
                "data": msgspec.Raw(data.encode()),
            }
        )
    return msgspec.json.encode(kept).decode()


def _utf8(plain: bytes) -> bytes:
    return plain.decode("utf-8", "replace").encode()
