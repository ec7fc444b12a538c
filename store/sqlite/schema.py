"""The schema: numbered migrations, forward only, and the readable views.

`PRAGMA user_version` counts the migrations that a file has seen. Views are made anew whenever
a writer opens the file, so they need no migration of their own.
"""

import sqlite3
from typing import Final

from store.errors import SchemaTooNew, StoreError
from store.latency import BUCKETS
from store.sqlite.keys import ACTIVITY_TYPES, DIRECTIONS, EPOCH_MS, STATUSES

APPLICATION_ID: Final = 0x57524C31
"""`WRL1` in SQLite's header, so that `file` and we ourselves know the format."""

HISTOGRAM: Final = tuple(f"h{index:02d}" for index in range(BUCKETS))
_HISTOGRAM_SQL: Final = ", ".join(f"{name} INTEGER NOT NULL" for name in HISTOGRAM)
_MEASURES_SQL: Final = f"""
    count INTEGER NOT NULL,
    timed INTEGER NOT NULL,
    total_us INTEGER NOT NULL,
    max_us INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    {_HISTOGRAM_SQL}"""

_FIRST: Final = f"""
CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

-- Interned values. `used` is the last UTC day on which a row referred to the entry.
CREATE TABLE organizations (
    number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, name TEXT NOT NULL);
CREATE TABLE integrations (
    number INTEGER PRIMARY KEY, organization INTEGER NOT NULL, id BLOB NOT NULL,
    name TEXT NOT NULL, first_at INTEGER, last_at INTEGER, last_success_at INTEGER,
    last_failure_at INTEGER, UNIQUE (organization, id));
CREATE TABLE endpoints (
    number INTEGER PRIMARY KEY, integration INTEGER NOT NULL, method TEXT NOT NULL,
    origin TEXT NOT NULL, template TEXT NOT NULL, provider TEXT NOT NULL, host TEXT NOT NULL,
    used INTEGER NOT NULL, UNIQUE (integration, template, method, origin, provider, host));
CREATE TABLE clients (
    number INTEGER PRIMARY KEY, user_agent TEXT NOT NULL, ip_address TEXT NOT NULL,
    used INTEGER NOT NULL, UNIQUE (user_agent, ip_address));

-- Small columns; `key` is the time-ordered head of `id`. Times are microseconds, `lasted` is
-- milliseconds from creation to completion, `path` is NULL where it equals the template,
-- `trace_id` is a BLOB where it is 16 bytes in hex,
-- `truncated` has bit 0 for the request and bit 1 for the response, `user_id` is the name in the
-- metadata where that is no UUID.
CREATE TABLE activities (
    key INTEGER PRIMARY KEY, id BLOB NOT NULL, seq INTEGER NOT NULL,
    organization INTEGER NOT NULL, integration INTEGER NOT NULL, endpoint INTEGER NOT NULL,
    client INTEGER NOT NULL, direction INTEGER NOT NULL, activity_type INTEGER NOT NULL,
    status INTEGER NOT NULL, response_status INTEGER, response_us INTEGER, lasted INTEGER,
    request_size INTEGER NOT NULL, response_size INTEGER NOT NULL, truncated INTEGER NOT NULL,
    redactions INTEGER NOT NULL, rule_version INTEGER NOT NULL,
    connect_us INTEGER, tls_us INTEGER, send_us INTEGER, wait_us INTEGER, receive_us INTEGER,
    path TEXT, query TEXT, error_code TEXT, error_message TEXT, user_id TEXT, metadata TEXT,
    trace_id, provider_request_id TEXT, replay_of BLOB);

-- The key ends every index entry, so each of them is also ordered by time.
CREATE INDEX activities_organization_created ON activities (organization);
CREATE INDEX activities_integration_created ON activities (integration);
CREATE INDEX activities_type_status ON activities (activity_type, status);
CREATE INDEX activities_direction_status ON activities (direction, status);
CREATE INDEX activities_failures_created ON activities (status) WHERE status > 1;
CREATE INDEX activities_user_created ON activities (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX activities_seq ON activities (seq);
-- Trace ids are random. By stretches of 2^22 ms (70 minutes) new ones still fall into the few
-- pages that are in use anyway, and a search asks each stretch.
CREATE INDEX activities_trace ON activities (key >> 44, trace_id) WHERE trace_id IS NOT NULL;

-- Large columns: as written, and after the background compression (bodies then are BLOBs).
CREATE TABLE contents (
    key INTEGER PRIMARY KEY, request_headers TEXT, response_headers TEXT,
    request_body TEXT, response_body TEXT, redaction_places TEXT);
CREATE TABLE archive (
    key INTEGER PRIMARY KEY, request_headers, response_headers,
    request_body, response_body, redaction_places, dictionary INTEGER NOT NULL);
CREATE TABLE dictionaries (
    number INTEGER PRIMARY KEY, created_at INTEGER NOT NULL, content BLOB NOT NULL,
    last_key INTEGER);

-- Rollups: `span` 0 counts per UTC hour, 1 per UTC day, 2 per quarter of one; `bucket` is the
-- number of the hour, day or quarter since 1970. `code` is the error code, else the HTTP status
-- of a failure, else empty. Reading pages relies on it that every row is counted here under its
-- own values.
CREATE TABLE rollups (
    span INTEGER NOT NULL, bucket INTEGER NOT NULL, integration INTEGER NOT NULL,
    activity_type INTEGER NOT NULL, direction INTEGER NOT NULL, status INTEGER NOT NULL,
    code TEXT NOT NULL, organization INTEGER NOT NULL, {_MEASURES_SQL},
    PRIMARY KEY (span, bucket, integration, activity_type, direction, status, code)
) WITHOUT ROWID;
CREATE INDEX rollups_integration ON rollups (integration, span, bucket);
CREATE TABLE endpoint_rollups (
    span INTEGER NOT NULL, bucket INTEGER NOT NULL, endpoint INTEGER NOT NULL,
    failures INTEGER NOT NULL, organization INTEGER NOT NULL, {_MEASURES_SQL},
    PRIMARY KEY (span, bucket, endpoint)
) WITHOUT ROWID;
-- The narrow one, for charts over long ranges in any time zone.
CREATE TABLE totals (
    span INTEGER NOT NULL, bucket INTEGER NOT NULL, organization INTEGER NOT NULL,
    direction INTEGER NOT NULL, status INTEGER NOT NULL, {_MEASURES_SQL},
    PRIMARY KEY (span, bucket, organization, direction, status)
) WITHOUT ROWID;
-- How many rows each hour got, so that readers can cut a scan into even pieces.
CREATE TABLE hours (bucket INTEGER PRIMARY KEY, count INTEGER NOT NULL);

CREATE TABLE gaps (
    number INTEGER PRIMARY KEY, reason TEXT NOT NULL, count INTEGER NOT NULL,
    since INTEGER NOT NULL, until INTEGER NOT NULL);
CREATE INDEX gaps_until ON gaps (until);
"""

_MEASURES: Final = ("count", "timed", "total_us", "max_us", "last_at", *HISTOGRAM)
_SUMS: Final = ", ".join(
    f"max({name})" if name in ("max_us", "last_at") else f"sum({name})" for name in _MEASURES
)
BY_STATUS: Final = tuple(status.value for status in STATUSES)
"""Columns of counts by status, in the order of the statuses' numbers."""
_BY_STATUS_SQL: Final = ", ".join(f"{name} INTEGER NOT NULL" for name in BY_STATUS)
_COUNTED_BY_STATUS: Final = ", ".join(
    f"sum(CASE status WHEN {number} THEN count ELSE 0 END)" for number in range(len(STATUSES))
)


_SECOND: Final = f"""
-- One row for all statuses: charts that ask for none, or count only, read a fourth of the rows.
CREATE TABLE integration_totals (
    span INTEGER NOT NULL, bucket INTEGER NOT NULL, integration INTEGER NOT NULL,
    organization INTEGER NOT NULL, {_MEASURES_SQL}, {_BY_STATUS_SQL},
    PRIMARY KEY (span, bucket, integration)
) WITHOUT ROWID;
CREATE TABLE direction_totals (
    span INTEGER NOT NULL, bucket INTEGER NOT NULL, organization INTEGER NOT NULL,
    direction INTEGER NOT NULL, {_MEASURES_SQL}, {_BY_STATUS_SQL},
    PRIMARY KEY (span, bucket, organization, direction)
) WITHOUT ROWID;
INSERT INTO integration_totals SELECT span, bucket, integration, organization, {_SUMS},
    {_COUNTED_BY_STATUS} FROM rollups GROUP BY span, bucket, integration;
INSERT INTO direction_totals SELECT span, bucket, organization, direction, {_SUMS},
    {_COUNTED_BY_STATUS} FROM totals GROUP BY span, bucket, organization, direction;
DROP TABLE totals;
-- Failures are few, and those of one integration are what people look for.
CREATE INDEX activities_integration_failures ON activities (integration) WHERE status > 1
"""  # noqa: S608

_THIRD: Final = """
-- See `store.sqlite.users`.
INSERT INTO state SELECT 'users_below', key + 1 FROM activities ORDER BY key DESC LIMIT 1
"""

MIGRATIONS: Final = (_FIRST, _SECOND, _THIRD)


def _case(column: str, names: tuple[str, ...]) -> str:
    return (
        f"CASE {column} "
        + " ".join(f"WHEN {number} THEN '{name}'" for number, name in enumerate(names))
        + " END"
    )


def _uuid(column: str) -> str:
    digits = f"lower(hex({column}))"
    parts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    return " || '-' || ".join(f"substr({digits}, {start}, {size})" for start, size in parts)


def _time(milliseconds: str) -> str:
    return f"strftime('%Y-%m-%dT%H:%M:%fZ', ({milliseconds}) / 1000.0, 'unixepoch')"


PATH: Final = "coalesce(a.path, e.template)"
_QUERY: Final = "coalesce(a.query, '')"
ENDPOINT: Final = (
    f"CASE WHEN {PATH} GLOB '/*' THEN e.origin || {PATH} || {_QUERY}"
    f" WHEN {PATH} GLOB '[A-Za-z]*://*' THEN {PATH} || {_QUERY} ELSE e.origin || {_QUERY} END"
)
"""The same as `store.activity.endpoint_of`."""

_CREATED: Final = f"((a.key >> 22) + {EPOCH_MS})"


_HEX: Final = "-".join("[0-9a-f]" * size for size in (8, 4, 4, 4, 12))
_USER: Final = (
    f"CASE WHEN a.user_id GLOB '{_HEX}' OR a.user_id IS NOT json_extract(a.metadata, '$.user')"
    " THEN a.user_id END"
)
"""Names are shown in the metadata alone; as `store.sqlite.users.shown_user`."""


def _content(column: str) -> str:
    return f"CASE WHEN c.key IS NULL THEN z.{column} ELSE c.{column} END"


def _plain(column: str) -> str:
    value = _content(column)
    return f"CASE typeof({value}) WHEN 'text' THEN {value} END"


def _encoding(column: str) -> str:
    return f"CASE typeof({_content(column)}) WHEN 'blob' THEN 'zstd' END"


READABLE: Final = {
    "id": _uuid("a.id"),
    "organization_id": _uuid("o.id"),
    "integration_id": _uuid("i.id"),
    "direction": _case("a.direction", DIRECTIONS),
    "activity_type": _case("a.activity_type", ACTIVITY_TYPES),
    "method": "e.method",
    "endpoint": ENDPOINT,
    "request_headers": _plain("request_headers"),
    "request_body": _plain("request_body"),
    "response_status": "a.response_status",
    "response_body": _plain("response_body"),
    "response_time_ms": "a.response_us / 1000.0",
    "status": _case("a.status", STATUSES),
    "error_message": "a.error_message",
    "error_code": "a.error_code",
    "user_id": _USER,
    "ip_address": "nullif(k.ip_address, '')",
    "user_agent": "nullif(k.user_agent, '')",
    "metadata": "a.metadata",
    "created_at": _time(_CREATED),
    "completed_at": _time(f"{_CREATED} + a.lasted"),
    # What the original table did not have.
    "organization": "o.name",
    "integration": "i.name",
    "provider": "nullif(e.provider, '')",
    "host": "e.host",
    "path": PATH,
    "response_headers": _plain("response_headers"),
    "request_size": "a.request_size",
    "response_size": "a.response_size",
    "request_truncated": "a.truncated & 1",
    "response_truncated": "a.truncated >> 1",
    "timing": "CASE WHEN coalesce(a.connect_us, a.tls_us, a.send_us, a.wait_us, a.receive_us)"
    " IS NOT NULL THEN json_object('connect', a.connect_us / 1000.0, 'tls', a.tls_us / 1000.0,"
    " 'send', a.send_us / 1000.0, 'wait', a.wait_us / 1000.0,"
    " 'receive', a.receive_us / 1000.0) END",
    "trace_id": "CASE typeof(a.trace_id) WHEN 'blob' THEN lower(hex(a.trace_id))"
    " ELSE a.trace_id END",
    "provider_request_id": "a.provider_request_id",
    "replay_of": f"CASE WHEN a.replay_of IS NOT NULL THEN {_uuid('a.replay_of')} END",
    "redactions": "a.redactions",
    "redaction_places": _plain("redaction_places"),
    "rule_version": "a.rule_version",
    "request_body_encoding": _encoding("request_body"),
    "response_body_encoding": _encoding("response_body"),
    "seq": "a.seq",
}
"""The columns of `integration_activity_log`, the design's first, each with its expression."""

FROM_ACTIVITIES: Final = """activities a
    JOIN organizations o ON o.number = a.organization
    JOIN integrations i ON i.number = a.integration
    JOIN endpoints e ON e.number = a.endpoint
    JOIN clients k ON k.number = a.client"""
FROM_CONTENTS: Final = f"""{FROM_ACTIVITIES}
    LEFT JOIN contents c ON c.key = a.key
    LEFT JOIN archive z ON z.key = a.key"""

VIEWS: Final = {
    "integration_activity_log": "SELECT\n    "
    + ",\n    ".join(f"{sql} AS {name}" for name, sql in READABLE.items())
    + f"\nFROM {FROM_CONTENTS}",
    "integration_activity_summary": f"""SELECT
    {_uuid("o.id")} AS organization_id, {_uuid("i.id")} AS integration_id,
    {_case("r.activity_type", ACTIVITY_TYPES)} AS activity_type,
    {_case("r.direction", DIRECTIONS)} AS direction,
    {_case("r.status", STATUSES)} AS status,
    date(r.bucket * 86400, 'unixepoch') AS activity_date,
    sum(r.count) AS activity_count,
    sum(CASE WHEN r.status > 1 THEN r.count ELSE 0 END) AS failure_count,
    sum(r.total_us) / 1000.0 / nullif(sum(r.timed), 0) AS avg_response_time,
    o.name AS organization, i.name AS integration
FROM rollups r
    JOIN organizations o ON o.number = r.organization
    JOIN integrations i ON i.number = r.integration
WHERE r.span = 1 AND r.count > 0
GROUP BY r.bucket, r.integration, r.activity_type, r.direction, r.status""",  # noqa: S608
}


HEADER: Final = (
    "PRAGMA user_version",
    "PRAGMA application_id",
    "SELECT count(*) FROM sqlite_schema",
)


def check(database: sqlite3.Connection) -> int:
    """The schema version of a file; 0 for an empty one.

    Raises:
        SchemaTooNew: a newer program wrote it.
        StoreError: it is a database of something else.
    """
    return version_of(*(database.execute(question).fetchone()[0] for question in HEADER))


def version_of(version: int, application: int, tables: int) -> int:
    """What the answers to `HEADER` mean; raises as `check`."""
    if application not in (0, APPLICATION_ID) or (application == 0 and (tables or version)):
        raise StoreError("this SQLite file belongs to another program")
    if version > len(MIGRATIONS):
        raise SchemaTooNew(
            f"the database has schema version {version}, this program knows up to "
            f"{len(MIGRATIONS)}; use the newer Wiretrail that wrote it"
        )
    return version


def migrate(database: sqlite3.Connection) -> None:
    """Bring a file to the newest schema, each migration in a transaction of its own.

    Raises:
        SchemaTooNew, StoreError: as `check`; nothing was changed.
    """
    for number in range(check(database), len(MIGRATIONS)):
        # executescript commits what is open, so the transaction is part of the script.
        database.executescript(
            f"BEGIN IMMEDIATE;\n{MIGRATIONS[number]};\nPRAGMA user_version = {number + 1};\n"
            f"PRAGMA application_id = {APPLICATION_ID};\nCOMMIT;"
        )
    _renew_views(database)


def _renew_views(database: sqlite3.Connection) -> None:
    kept = dict(database.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'view'"))
    stale = [
        f"DROP VIEW IF EXISTS {name}; CREATE VIEW {name} AS {sql};"
        for name, sql in VIEWS.items()
        if kept.get(name) != f"CREATE VIEW {name} AS {sql}"
    ]
    if stale:
        database.executescript(f"BEGIN IMMEDIATE;\n{''.join(stale)}\nCOMMIT;")
