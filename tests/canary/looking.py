"""Looks for canaries in bytes, whatever they are wrapped in."""

import base64
import binascii
import re
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes

import zstandard

WINDOW = 9
"""Bytes of a canary that give it away: a piece of it is a leak, too."""
# Each run is looked at once: behind another of its kind no match may begin.
_WORD = re.compile(rb"(?<![a-z0-9])[a-z0-9]{%d,}+" % WINDOW)
_BASE64 = re.compile(rb"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}+")
_HEX = re.compile(rb"(?<![0-9a-fA-F])(?:[0-9a-fA-F]{2}){12,}+")
_ZSTD = b"\x28\xb5\x2f\xfd"
_GZIP = b"\x1f\x8b\x08"
_LARGEST = 4 << 20


def pieces_of(core: str) -> list[bytes]:
    """The pieces of a canary, in lower case."""
    data = core.lower().encode()
    return [data[at : at + WINDOW] for at in range(len(data) - WINDOW + 1)]


def views(data: bytes, depth: int = 2) -> Iterator[bytes]:
    """`data`, and everything that it says in another coding."""
    yield data
    if depth == 0:
        return
    for inner in _decoded(data):
        yield from views(inner, depth - 1)


def _decoded(data: bytes) -> Iterator[bytes]:
    if b"%" in data:
        yield unquote_to_bytes(data)
    if b"\\" in data:
        yield data.replace(b"\\/", b"/").replace(b'\\"', b'"').replace(b"\\\\", b"\\")
    if texts := list(_from_base64(data)):
        yield b"\n".join(texts)
    if hexed := _HEX.findall(data):
        yield b"\n".join(binascii.unhexlify(found) for found in hexed)
    yield from _unpacked(data)
    if data.count(b"\x00") > len(data) // 3:
        yield data.replace(b"\x00", b"")


def _from_base64(data: bytes) -> Iterator[bytes]:
    for token in _BASE64.findall(data):
        alphabet = token.replace(b"-", b"+").replace(b"_", b"/")
        for start in range(4):
            part = alphabet[start:]
            yield base64.b64decode(part[: len(part) & ~3])


def _unpacked(data: bytes) -> Iterator[bytes]:
    for match in re.finditer(re.escape(_ZSTD), data):
        try:
            reader = zstandard.ZstdDecompressor().stream_reader(data[match.start() :])
            yield reader.read(_LARGEST)
        except zstandard.ZstdError:
            continue
    for match in re.finditer(re.escape(_GZIP), data):
        try:
            yield zlib.decompressobj(31).decompress(data[match.start() :], _LARGEST)
        except zlib.error:
            continue


class Evidence:
    """Everything that was written or said, by where it was found: the words of it, in every
    reading."""

    def __init__(self) -> None:
        self._words: dict[str, set[bytes]] = {}

    def add(self, place: str, data: bytes | str) -> None:
        """What `place` holds."""
        raw = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
        words = self._words.setdefault(place, set())
        for view in views(raw):
            words.update(_WORD.findall(view.lower()))

    def add_folder(self, name: str, folder: Path) -> None:
        """All files below a folder, their names too."""
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                try:
                    content = path.read_bytes()
                except FileNotFoundError:
                    continue
                self.add(f"{name}: {path.relative_to(folder)}", str(path).encode() + content)

    def add_database(self, name: str, path: Path) -> None:
        """Every column of every table and view."""
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        connection.text_factory = bytes
        tables = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')"
        ).fetchall()
        for (table,) in tables:
            for row in connection.execute(f"SELECT * FROM {table.decode()}"):
                for value in row:
                    if isinstance(value, bytes):
                        self.add(f"{name}: {table.decode()}", value)
        connection.close()

    def sightings(self, cores: dict[str, str]) -> dict[str, set[str]]:
        """Where each canary, or a piece of one, is to be seen. `cores` names the owner of
        each canary; the answer is by owner."""
        owners = {piece: owner for core, owner in cores.items() for piece in pieces_of(core)}
        seen: dict[str, set[str]] = {}
        for place, words in self._words.items():
            for word in words:
                for at in range(len(word) - WINDOW + 1):
                    owner = owners.get(word[at : at + WINDOW])
                    if owner is not None:
                        seen.setdefault(owner, set()).add(place)
        return seen
