"""Multipart bodies (RFC 2046, RFC 7578): each part by its own name and type."""

import hashlib
import re
from typing import Final

from store.redaction.json_trail import Place, readable, shown
from store.redaction.named import NamedPairs, cut_value
from store.redaction.names import Kind
from store.redaction.work import Work

_BOUNDARY: Final = re.compile(rb"--([^\r\n]{1,200}?)(?:--)?[ \t]*\r?\n")
_NAME: Final = re.compile(rb"""(?i)[;\s]name\*?=(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))""")
_TYPE: Final = re.compile(rb"(?im)^content-type:[ \t]*([^\r\n;]+)")
_DISPOSITION: Final = re.compile(rb"(?im)^content-[a-z-]+:")
_BINARY: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def is_multipart(body: bytes) -> bool:
    """Whether `body` begins with a boundary line and a part's header."""
    start = body.lstrip()
    first = _BOUNDARY.match(start)
    return first is not None and _DISPOSITION.match(start, first.end()) is not None


def redact_multipart(work: Work, body: bytes, place: Place) -> bytes:
    """`body` without its secrets, and with binary parts replaced by size and digest."""
    lead = body[: len(body) - len(body.lstrip())]
    first = _BOUNDARY.match(body, len(lead))
    if first is None:
        return work.text(body, place)
    delimiter = b"--" + first[1]
    pieces = _split(body, delimiter)
    named = NamedPairs(work)
    clean = [pieces[0], *(_part(work, piece, place, named) for piece in pieces[1:])]
    return delimiter.join(clean)


def has_binary(body: bytes) -> bool:
    """Whether `body` holds bytes that no text has."""
    return _BINARY.search(body) is not None


def without_binary(body: bytes) -> bytes:
    """A multipart body that holds binary parts, as text that can be redacted and kept."""
    first = _BOUNDARY.match(body)
    if first is None:
        return b""
    delimiter = b"--" + first[1]
    return delimiter.join(_described(piece) for piece in _split(body, delimiter))


def _split(body: bytes, delimiter: bytes) -> list[bytes]:
    """The parts of `body`; a delimiter stands at the start of a line."""
    return re.split(rb"(?<![^\n])" + re.escape(delimiter), body)


def _described(piece: bytes) -> bytes:
    head, gap, content = _halves(piece)
    if not gap or not content.strip():
        return piece if _is_text(piece) else b""
    if _is_text(content) and _is_text(head):
        return piece
    inner = content.removesuffix(b"\r\n")
    kind = _TYPE.search(head)
    digest = hashlib.sha256(inner).hexdigest().encode()
    name = kind[1].strip() if kind else b"application/octet-stream"
    head = head.decode("utf-8", "replace").encode()
    return b"%s%s[binary %s, %d bytes, sha256 %s]\r\n" % (head, gap, name, len(inner), digest)


def _part(work: Work, piece: bytes, place: Place, named: NamedPairs) -> bytes:
    head, gap, content = _halves(piece)
    if not gap:
        return work.text(piece, place)
    name_match = _NAME.search(head)
    name = b""
    if name_match is not None:
        name = name_match[1] if name_match[1] is not None else name_match[2]
    clean_head = work.text(head, place)
    inner = content.rstrip(b"\r\n")
    tail = content[len(inner) :]
    where = f"{shown(place)}.{readable(name)}" if name else shown(place)
    kind = work.names.kind(name) if name else Kind.PLAIN
    if kind is Kind.PLAIN and name:
        kind = named.kind(name)
        named.see(name, inner)
    if work.is_secret(kind, inner):
        return clean_head + gap + cut_value(work, name, inner, where) + tail
    return clean_head + gap + work.text(inner, where) + tail


def _halves(piece: bytes) -> tuple[bytes, bytes, bytes]:
    """Header block, empty line, content."""
    head, gap, content = piece.partition(b"\r\n\r\n")
    return (head, gap, content) if gap else piece.partition(b"\n\n")


def _is_text(content: bytes) -> bool:
    if _BINARY.search(content):
        return False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
