"""The inside of JSON strings (RFC 8259, section 7) to and from the bytes they stand for."""

import json
import re
from typing import Final

_PLAIN: Final = re.compile(rb"[ !#-\[\]-~]*+")


def unquoted(raw: bytes) -> bytes:
    """The bytes that the inside of a JSON string stands for."""
    if b"\\" not in raw:
        return raw
    try:
        value: str = json.loads(b'"' + raw + b'"', strict=False)
    except ValueError:
        return raw.replace(b'\\"', b'"').replace(b"\\n", b"\n").replace(b"\\\\", b"\\")
    return value.encode("utf-8", "surrogatepass")


def quoted(value: bytes) -> bytes:
    """`value` as the inside of a JSON string."""
    if _PLAIN.fullmatch(value):
        return value
    decoded = value.decode("utf-8", "surrogatepass")
    try:
        return json.dumps(decoded, ensure_ascii=False)[1:-1].encode()
    except UnicodeEncodeError:
        return json.dumps(decoded)[1:-1].encode()
