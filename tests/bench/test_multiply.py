"""A multiplied store is one that could have been written row by row."""

import sqlite3
from pathlib import Path

from store.data_folder import DataFolder
from store.sqlite.keys import EPOCH_MS, key_of
from store.sqlite.rollups import HOUR_MS, SPAN_QUARTER, SPANS
from tests.bench.multiply import multiply
from tests.bench.seed import Past, seed

_UNTIL = 1_772_541_296_789
_TIMES = 3
_HOUR = f"((a.key >> 22) + {EPOCH_MS}) / {HOUR_MS}"
_CODE = (
    "CASE WHEN a.error_code IS NOT NULL THEN a.error_code WHEN a.response_status >= 400"
    " THEN CAST(a.response_status AS TEXT) ELSE '' END"
)
_MEASURES = (
    "count(*), count(a.response_us), coalesce(sum(a.response_us), 0),"
    f" coalesce(max(a.response_us), 0), max((a.key >> 22) + {EPOCH_MS})"
)
_ROLLED = {
    "rollups": ("a.integration", "a.activity_type", "a.direction", "a.status", _CODE),
    "endpoint_rollups": ("a.endpoint",),
    "integration_totals": ("a.integration",),
    "direction_totals": ("a.organization", "a.direction"),
}
_NAMES = {
    "rollups": "integration, activity_type, direction, status, code",
    "endpoint_rollups": "endpoint",
    "integration_totals": "integration",
    "direction_totals": "organization, direction",
}


def test_copies_are_rows_like_others(tmp_path: Path) -> None:
    single = DataFolder(tmp_path / "one").ensure().activity_db
    many = DataFolder(tmp_path / "many").ensure().activity_db
    past = Past(900, 2, _UNTIL, 1, 3, light=True, bodies=0.5)
    assert seed(single, past) == 900
    assert multiply(single, many, _TIMES) == 900 * _TIMES
    database = sqlite3.connect(many)
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    rows = database.execute("SELECT key, id, seq, trace_id FROM activities").fetchall()
    assert all(key_of(identifier) == key for key, identifier, *_ in rows)
    assert len({identifier for _, identifier, *_ in rows}) == len(rows) == 900 * _TIMES
    assert [seq for _, _, seq, _ in rows] == list(range(1, len(rows) + 1))
    traces = [trace for *_, trace in rows if trace is not None]
    assert len(set(traces)) == len(traces) > len(rows) / 2
    assert database.execute("SELECT value FROM state WHERE name = 'last_seq'").fetchone() == (
        len(rows),
    )
    assert _of_contents(database) == [count * _TIMES for count in _of_contents_at(single)]
    for table, columns in _ROLLED.items():
        for span, width in SPANS:
            if span == SPAN_QUARTER and table == "endpoint_rollups":
                continue
            told = database.execute(
                f"SELECT bucket, {_NAMES[table]}, count, timed, total_us, max_us, last_at"
                f" FROM {table} WHERE span = ?",
                (span,),
            ).fetchall()
            counted = database.execute(
                f"SELECT {_HOUR} / {width}, {', '.join(columns)}, {_MEASURES} FROM activities a"
                f" GROUP BY {', '.join(map(str, range(1, len(columns) + 2)))}"
            ).fetchall()
            assert sorted(told) == sorted(counted)
    hours = database.execute(f"SELECT {_HOUR}, count(*) FROM activities a GROUP BY 1")
    assert dict(hours) == dict(database.execute("SELECT bucket, count FROM hours"))
    first = database.execute(
        f"SELECT integration, min(key >> 22) + {EPOCH_MS} FROM activities GROUP BY 1"
    )
    assert dict(first) == dict(database.execute("SELECT number, first_at FROM integrations"))
    database.close()


def _of_contents_at(path: Path) -> list[int]:
    database = sqlite3.connect(path)
    try:
        return _of_contents(database)
    finally:
        database.close()


def _of_contents(database: sqlite3.Connection) -> list[int]:
    """How many rows have contents, bodies of requests, of responses."""
    ((*counts,),) = database.execute(
        "SELECT count(*), count(request_body), count(response_body) FROM contents"
    )
    return counts
