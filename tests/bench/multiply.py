"""Makes a store with every row of another one several times: what seeding 50 million rows one by
one would take hours for is done in SQL in minutes.

Copies lie in the hour of their original, up to some minutes before it, so that rollups are
multiplied as they are. Everything that is unique stays so: ids, keys, `seq`, trace ids.
"""

import sqlite3
from pathlib import Path
from typing import Final

from store.sqlite.keys import EPOCH_MS, first_key
from store.sqlite.rollups import HOUR_MS, MEASURES
from store.sqlite.schema import BY_STATUS
from store.sqlite.writer import SqliteWriter

_APART_MS: Final = 50_000
_AS_THEY_ARE: Final = (
    "organizations",
    "integrations",
    "endpoints",
    "clients",
    "dictionaries",
    "gaps",
    "state",
)
_HIGHEST: Final = ("max_us", "last_at")

# The counter of a key, 12 bits, numbers the rows of a millisecond, so that no two are equal.
_COPIES: Final = f"""
CREATE TEMP TABLE copies AS
WITH placed AS (
    SELECT a.key AS original, t.n, a.key >> 22 AS at, a.key & 1023 AS low
    FROM one.activities a CROSS JOIN times t WHERE a.key >= :first AND a.key < :end),
moved AS (
    SELECT original, n, low, CASE
        WHEN (at + {EPOCH_MS}) % {HOUR_MS} >= n * {_APART_MS} THEN at - n * {_APART_MS}
        ELSE at END AS at FROM placed)
SELECT original, n, (at << 22)
    + ((row_number() OVER (PARTITION BY at ORDER BY low, n) - 1) << 10) + low AS key
FROM moved ORDER BY key
"""
_ROWS: Final = """
INSERT INTO activities SELECT c.key, id_at(c.key, a.id, c.n), :seq + c.rowid, a.organization,
    a.integration, a.endpoint, a.client, a.direction, a.activity_type, a.status,
    a.response_status, a.response_us, a.lasted, a.request_size, a.response_size, a.truncated,
    a.redactions, a.rule_version, a.connect_us, a.tls_us, a.send_us, a.wait_us, a.receive_us,
    a.path, a.query, a.error_code, a.error_message, a.user_id, a.metadata,
    other_trace(a.trace_id, c.n),
    CASE c.n WHEN 0 THEN a.provider_request_id ELSE a.provider_request_id || '-' || c.n END,
    a.replay_of
FROM copies c CROSS JOIN one.activities a ON a.key = c.original ORDER BY c.rowid
"""
_LARGE: Final = """
INSERT INTO {table} SELECT c.key, {columns}
FROM copies c CROSS JOIN one.{table} a ON a.key = c.original ORDER BY c.rowid
"""


def multiply(source: Path, target: Path, times: int) -> int:
    """Write every row of the store `source` so many times into a new store; the number of rows."""
    SqliteWriter(target).close()
    database = sqlite3.connect(target, isolation_level=None)
    try:
        database.create_function("id_at", 3, _id_at, deterministic=True)
        database.create_function("other_trace", 2, _other_trace, deterministic=True)
        database.execute("ATTACH ? AS one", (str(source),))
        # A file that is not there yet has nothing to lose.
        database.executescript("""
            PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; PRAGMA temp_store = FILE;
            PRAGMA threads = 2; PRAGMA wal_autocheckpoint = 20000;""")
        database.execute("CREATE TEMP TABLE times (n INTEGER PRIMARY KEY)")
        database.executemany("INSERT INTO times VALUES (?)", [(n,) for n in range(times)])
        indexes = database.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
        ).fetchall()
        for name, _ in indexes:
            database.execute(f"DROP INDEX {name}")
        written = _multiply_rows(database)
        _multiply_rollups(database, times)
        for _, sql in indexes:
            database.execute(sql)
        _set_state(database, written)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        database.close()
    return written


def _multiply_rows(database: sqlite3.Connection) -> int:
    hours = database.execute("SELECT bucket FROM one.hours ORDER BY bucket").fetchall()
    tables = {table: _columns(database, table)[1:] for table in ("contents", "archive")}
    seq = 0
    for (hour,) in hours:
        span = {"first": first_key(hour * HOUR_MS), "end": first_key((hour + 1) * HOUR_MS)}
        database.execute("BEGIN")
        database.execute("DROP TABLE IF EXISTS temp.copies")
        database.execute(_COPIES, span)
        added = database.execute(_ROWS, {"seq": seq}).rowcount
        for table, columns in tables.items():
            named = ", ".join(f"a.{column}" for column in columns)
            database.execute(_LARGE.format(table=table, columns=named))
        database.execute("COMMIT")
        seq += added
    return seq


def _multiply_rollups(database: sqlite3.Connection, times: int) -> None:
    added = {*MEASURES, *BY_STATUS, "failures"} - {*_HIGHEST}
    found = database.execute("SELECT name FROM one.sqlite_schema WHERE type = 'table'").fetchall()
    database.execute("BEGIN")
    for (table,) in found:
        columns = _columns(database, table)
        if table in _AS_THEY_ARE:
            named = ", ".join(columns)
        elif "count" in columns and "bucket" in columns:
            named = ", ".join(f"{c} * {times}" if c in added else c for c in columns)
        else:
            continue
        database.execute(f"DELETE FROM main.{table}")
        database.execute(f"INSERT INTO main.{table} SELECT {named} FROM one.{table}")
    database.execute("COMMIT")


def _set_state(database: sqlite3.Connection, written: int) -> None:
    """What copies changed beside rollups. Needs the indexes."""
    database.execute("INSERT OR REPLACE INTO state VALUES ('last_seq', ?)", (written,))
    database.execute(
        "UPDATE integrations SET first_at = (SELECT (min(a.key) >> 22) + ? FROM activities a"
        " WHERE a.integration = integrations.number) WHERE first_at IS NOT NULL",
        (EPOCH_MS,),
    )


def _columns(database: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in database.execute(f"PRAGMA main.table_info({table})")]


def _id_at(key: int, identifier: bytes, copy: int) -> bytes:
    """The id of a copy: that of its original, but for time, counter and what the key shares."""
    time = (key >> 22) + EPOCH_MS
    # Layout: time 48, version 4, counter 12, variant 2, random 62 (10 of them in the key).
    random = int.from_bytes(identifier[8:]) & (1 << 52) - 1 ^ copy
    head = time << 80 | 0x7 << 76 | (key >> 10 & 0xFFF) << 64 | 0b10 << 62
    return (head | (key & 0x3FF) << 52 | random).to_bytes(16)


def _other_trace(trace: bytes | str | None, copy: int) -> bytes | str | None:
    if not isinstance(trace, bytes) or copy == 0:
        return trace
    return (int.from_bytes(trace) ^ copy << 64).to_bytes(16)
