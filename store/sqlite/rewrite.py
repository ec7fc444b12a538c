"""Rows redacted anew: a step of a replay, inside the writer's transaction."""

import sqlite3
from collections.abc import Callable
from typing import Final

from store.activity import Activity
from store.replay import Rewrite, RewriteStep
from store.sqlite.compression import Decompressor
from store.sqlite.keys import LOWEST_KEY
from store.sqlite.rows import FULL_COLUMNS, FULL_FROM, full
from store.sqlite.users import kept_user

type Change = Callable[[Activity], Rewrite | None]

_BATCH: Final = 200
_ROWS: Final = (
    f"SELECT a.endpoint, a.client, {FULL_COLUMNS} FROM {FULL_FROM}"  # noqa: S608
    " WHERE a.key > ? AND (a.rule_version < ? OR ?) ORDER BY a.key LIMIT ?"
)
_SET: Final = (
    "UPDATE activities SET seq = ?, path = ?, query = ?, error_message = ?, metadata = ?,"
    " user_id = ?, redactions = ? WHERE key = ?"
)
_PACKED: Final = (
    "SELECT key, request_headers, response_headers, request_body, response_body,"
    " redaction_places, dictionary FROM archive LIMIT ?"
)


def rewrite_batch(
    database: sqlite3.Connection,
    change: Change,
    version: int,
    *,
    everything: bool,
    after: int | None,
    seq: int,
) -> tuple[RewriteStep, int]:
    """One step, and the highest `seq` after it."""
    decompressor = _decompressor(database)
    start = LOWEST_KEY if after is None else after
    found = database.execute(_ROWS, (start, version, everything, _BATCH)).fetchall()
    changed = 0
    for endpoint, client, *row in found:
        activity = full(row, decompressor)
        key = row[0]
        rewrite = change(activity)
        if rewrite is not None:
            changed += 1
            seq += 1
            user = kept_user(activity.user_id, rewrite.metadata)
            _keep(database, key, seq, user, rewrite)
            _rename_endpoint(database, endpoint, rewrite)
            if rewrite.user_agent != activity.user_agent:
                _rename_client(database, client, rewrite.user_agent or "")
    keys = [(version, row[2]) for row in found]
    database.executemany("UPDATE activities SET rule_version = ? WHERE key = ?", keys)
    last = found[-1][2] if len(found) == _BATCH else None
    return RewriteStep(looked_at=len(found), changed=changed, last=last), seq


def unpack_batch(database: sqlite3.Connection) -> bool:
    """Unpack a few compressed bodies; without any left, delete the dictionaries. True when more
    is to do."""
    decompressor = _decompressor(database)
    found = database.execute(_PACKED, (_BATCH,)).fetchall()
    database.executemany(
        "INSERT OR REPLACE INTO contents VALUES (?, ?, ?, ?, ?, ?)",
        [
            (key, *(decompressor.text(value, dictionary) for value in large))
            for key, *large, dictionary in found
        ],
    )
    database.executemany("DELETE FROM archive WHERE key = ?", [(row[0],) for row in found])
    if len(found) < _BATCH:
        database.execute("DELETE FROM dictionaries")
    return len(found) == _BATCH


def _decompressor(database: sqlite3.Connection) -> Decompressor:
    decompressor = Decompressor()
    for number, content in database.execute("SELECT number, content FROM dictionaries"):
        decompressor.add(number, content)
    return decompressor


def _keep(
    database: sqlite3.Connection, key: int, seq: int, user: str | None, rewrite: Rewrite
) -> None:
    small = (rewrite.path, rewrite.query or None, rewrite.error_message, rewrite.metadata, user)
    database.execute(_SET, (seq, *small, rewrite.redactions, key))
    large = (
        rewrite.request_headers,
        rewrite.response_headers,
        rewrite.request_body,
        rewrite.response_body,
        rewrite.places,
    )
    database.execute("INSERT OR REPLACE INTO contents VALUES (?, ?, ?, ?, ?, ?)", (key, *large))
    database.execute("DELETE FROM archive WHERE key = ?", (key,))


def _rename_endpoint(database: sqlite3.Connection, number: int, rewrite: Rewrite) -> None:
    """Rows share the template of their path; it goes the way of the path."""
    (template,) = database.execute(
        "SELECT template FROM endpoints WHERE number = ?", (number,)
    ).fetchone()
    scrubbed = rewrite.scrub(template)
    if scrubbed != template:
        _rename(database, "endpoints", "template", number, scrubbed)


def _rename_client(database: sqlite3.Connection, number: int, user_agent: str) -> None:
    _rename(database, "clients", "user_agent", number, user_agent)


def _rename(database: sqlite3.Connection, table: str, column: str, number: int, text: str) -> None:
    """Rename an interned value in place, for all rows that share it. When another entry has that
    name already the number makes them differ: rows are counted under their entry."""
    statement = f"UPDATE OR IGNORE {table} SET {column} = ? WHERE number = ?"  # noqa: S608
    if database.execute(statement, (text, number)).rowcount == 0:
        database.execute(statement, (f"{text} ({number})", number))
