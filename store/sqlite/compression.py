"""Compression of bodies: zstd, with a dictionary trained on the store's own bodies."""

import sqlite3
from typing import Final

import zstandard

from store.errors import StoreUnavailable

NO_DICTIONARY: Final = 0


class Decompressor:
    """Reads large columns as they are stored. `dictionaries` loads what a number stands for."""

    def __init__(self) -> None:
        self._contexts: dict[int, zstandard.ZstdDecompressor] = {
            NO_DICTIONARY: zstandard.ZstdDecompressor()
        }

    def knows(self, dictionary: int | None) -> bool:
        """Whether blobs made with this dictionary can be read."""
        return dictionary is None or dictionary in self._contexts

    def add(self, dictionary: int, content: bytes) -> None:
        """Learn a dictionary."""
        known = zstandard.ZstdCompressionDict(content)
        self._contexts[dictionary] = zstandard.ZstdDecompressor(dict_data=known)

    def load(self, database: sqlite3.Connection) -> None:
        """Learn every dictionary of a store."""
        for number, content in database.execute("SELECT number, content FROM dictionaries"):
            if number not in self._contexts:
                self.add(number, content)

    def text(self, value: str | bytes | None, dictionary: int | None) -> str | None:
        """The plain JSON text of a stored value.

        Raises:
            StoreUnavailable: the blob is damaged or its dictionary unknown.
        """
        if not isinstance(value, bytes):
            return value
        context = self._contexts.get(dictionary or NO_DICTIONARY)
        if context is None:
            raise StoreUnavailable(f"body needs dictionary {dictionary}, which is missing")
        try:
            return context.decompress(value).decode()
        except (zstandard.ZstdError, UnicodeDecodeError) as error:
            raise StoreUnavailable("a compressed body is damaged") from error
