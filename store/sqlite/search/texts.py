"""The texts of rows, as the index reads them out of the store: the same ones that the conditions
on words look at."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from store.errors import StoreUnavailable
from store.sqlite.compression import Decompressor
from store.sqlite.keys import STARTED
from store.sqlite.schema import ENDPOINT

_MOST: Final = 32
_SIZE: Final = 512 << 10
"""At most so many rows, of about so many bytes, are read at once."""
_BODIES: Final = ("request_body", "response_body")
_LARGE: Final = ", ".join(
    f"CAST(CASE WHEN c.key IS NULL THEN z.{name} ELSE c.{name} END AS BLOB)"
    for name in ("request_headers", "response_headers", *_BODIES)
)
_PACKED: Final = ", ".join(f"c.key IS NULL AND typeof(z.{name}) = 'blob'" for name in _BODIES)
_COLUMNS: Final = (
    f"a.key, a.seq, a.organization, a.integration, a.status, CAST({ENDPOINT} AS BLOB),"
    f" CAST(a.error_code AS BLOB), CAST(a.error_message AS BLOB), {_LARGE}, {_PACKED}, z.dictionary"
)
_JOINS: Final = (
    " LEFT JOIN endpoints e ON e.number = a.endpoint"
    " LEFT JOIN contents c ON c.key = a.key LEFT JOIN archive z ON z.key = a.key"
)
AFTER_SEQ: Final = (
    f"SELECT {_COLUMNS} FROM activities a INDEXED BY activities_seq{_JOINS}"  # noqa: S608
    " WHERE a.seq > ? ORDER BY a.seq LIMIT ?"
)
"""Rows above a `seq`, in that order: the `seq`, how many."""
BEFORE_KEY: Final = (
    f"SELECT {_COLUMNS} FROM activities a{_JOINS}"  # noqa: S608
    " WHERE a.key < ? AND +a.seq <= ? ORDER BY a.key DESC LIMIT ?"
)
"""Rows below a key, newest first: the key, the highest `seq`, how many."""
WITH_KEYS: Final = (
    f"SELECT {_COLUMNS} FROM json_each(?) s CROSS JOIN activities a ON a.key = s.value{_JOINS}"  # noqa: S608
)
"""Rows with the keys of a JSON array."""


class RowTexts(NamedTuple):
    """What there is to know of a row."""

    key: int
    seq: int
    organization: int
    integration: int
    ended: bool
    """Rows without an end change, and are scanned."""
    small: bytes
    """What everybody may see who sees the row."""
    large: bytes


class Texts:
    """Reads rows, unpacking what is compressed."""

    def __init__(self) -> None:
        self._decompressor = Decompressor()
        self.at_once = 1
        """How many rows are worth reading next: few where they are large."""

    def read(
        self, store: sqlite3.Connection, statement: str, values: Sequence[Any]
    ) -> list[RowTexts]:
        """The rows of one of the statements above."""
        found = [self._row(store, row) for row in store.execute(statement, values)]
        size = sum(len(row.small) + len(row.large) for row in found)
        fitting = self.at_once * _SIZE // max(size, 1)
        self.at_once = max(1, min(_MOST, self.at_once * 2, fitting))
        return found

    def _row(self, store: sqlite3.Connection, row: Sequence[Any]) -> RowTexts:
        key, seq, organization, integration, status, *found = row
        small, large = found[:3], found[3:7]
        for number, is_packed in enumerate(found[7:9], 2):
            if is_packed:
                large[number] = self._unpacked(store, large[number], found[9])
        return RowTexts(
            key,
            seq,
            organization,
            integration,
            status != STARTED,
            b"\0".join(filter(None, small)),
            b"\0".join(filter(None, large)),
        )

    def _unpacked(self, store: sqlite3.Connection, body: bytes, dictionary: int) -> bytes | None:
        if not self._decompressor.knows(dictionary):
            for number, content in store.execute("SELECT number, content FROM dictionaries"):
                self._decompressor.add(number, content)
        try:
            text = self._decompressor.text(body, dictionary)
        except StoreUnavailable:
            return None  # the scan does not find it either
        return None if text is None else text.encode()
