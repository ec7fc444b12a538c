"""Packed bodies, dictionaries, and how background work goes in small steps."""

import json
import random
import sqlite3
from pathlib import Path

import pytest

from store.errors import StoreUnavailable
from store.options import DAY_MS, StoreOptions
from store.sqlite.compression import Compressor, Decompressor
from store.sqlite.rollups import ENDPOINT_SPANS, ROLLUP_TABLES, SPANS
from store.sqlite.writer import SqliteWriter
from tests.support.rows import row

NOW = 1_795_424_000_000


def body(number: int) -> str:
    choose = random.Random(number)
    values = {f"reading_{n}": choose.randrange(1000) for n in range(12)}
    return json.dumps({"device": f"device-{choose.getrandbits(32):08x}", "values": values})


def fill(path: Path, count: int, created: int, options: StoreOptions) -> SqliteWriter:
    writer = SqliteWriter(path, options)
    writer.write([row(created_at=created + n, request_body=body(n)) for n in range(count)])
    return writer


def maintain(writer: SqliteWriter, now: int) -> int:
    steps = 1
    while writer.maintain(now):
        steps += 1
        assert steps < 100_000
    return steps


def ask(path: Path, query: str) -> list[tuple[object, ...]]:
    database = sqlite3.connect(path)
    found = database.execute(query).fetchall()
    database.close()
    return found


@pytest.mark.parametrize("text", ['"' + "é" * 500 + '"', body(1), json.dumps("\ud83d\ude00" * 99)])
def test_what_is_packed_comes_back(text: str) -> None:
    compressor, decompressor = Compressor(), Decompressor()
    packed = compressor.pack(text)
    assert isinstance(packed, bytes)
    assert len(packed) < len(text.encode())
    assert decompressor.text(packed, 0) == text


@pytest.mark.parametrize("text", [None, "null", '"short"'])
def test_what_would_not_get_smaller_stays_plain(text: str | None) -> None:
    assert Compressor().pack(text) == text
    assert Decompressor().text(text, None) == text


@pytest.mark.parametrize("blob", [b"", b"garbage", Compressor().pack(body(1))[:-5]])  # type: ignore[index]
def test_damage_is_told_without_content(blob: bytes) -> None:
    with pytest.raises(StoreUnavailable, match="damaged"):
        Decompressor().text(blob, 0)
    with pytest.raises(StoreUnavailable, match="dictionary 9"):
        Decompressor().text(blob, 9)


def test_a_dictionary_is_trained_where_it_pays(tmp_path: Path) -> None:
    path = tmp_path / "activity.db"
    writer = fill(path, 600, NOW, StoreOptions())
    maintain(writer, NOW + 2 * DAY_MS)
    writer.close()
    ((number, size),) = ask(path, "SELECT number, length(content) FROM dictionaries")
    assert size > 0  # type: ignore[operator]
    assert ask(path, "SELECT DISTINCT dictionary FROM archive") == [(number,)]
    assert ask(path, "SELECT count(*) FROM contents") == [(0,)]
    (((packed,),)) = ask(path, "SELECT avg(length(request_body)) FROM archive")
    assert packed[0] < len(body(1)) * 0.5 if isinstance(packed, tuple) else packed < 150


def test_a_few_bodies_are_packed_without_one(tmp_path: Path) -> None:
    path = tmp_path / "activity.db"
    writer = fill(path, 20, NOW, StoreOptions())
    maintain(writer, NOW + 2 * DAY_MS)
    writer.close()
    assert ask(path, "SELECT count(*) FROM dictionaries") == [(0,)]
    assert ask(path, "SELECT count(*) FROM archive WHERE typeof(request_body) = 'blob'") == [(20,)]


def test_a_dictionary_goes_with_the_last_row_that_needs_it(tmp_path: Path) -> None:
    path = tmp_path / "activity.db"
    writer = fill(path, 600, NOW, StoreOptions(keep=100 * DAY_MS))
    maintain(writer, NOW + 2 * DAY_MS)
    later = NOW + 60 * DAY_MS
    writer.write([row(created_at=later + n, request_body=body(n)) for n in range(600)])
    maintain(writer, later + 2 * DAY_MS)
    assert [number for (number,) in ask(path, "SELECT number FROM dictionaries")] == [1, 2]
    maintain(writer, NOW + 110 * DAY_MS)
    writer.close()
    assert [number for (number,) in ask(path, "SELECT number FROM dictionaries")] == [2]
    assert ask(path, "SELECT count(*), min(dictionary) FROM archive") == [(600, 2)]


def test_never_means_never(tmp_path: Path) -> None:
    path = tmp_path / "activity.db"
    writer = fill(path, 5, NOW, StoreOptions(compress_after=None))
    maintain(writer, NOW + 50 * DAY_MS)
    writer.close()
    assert ask(path, "SELECT count(*) FROM archive") == [(0,)]


def test_space_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "activity.db"
    writer = fill(path, 3000, NOW, StoreOptions(spare_bytes=0, compress_after=None))
    writer.close()
    large = path.stat().st_size
    writer = SqliteWriter(path, StoreOptions(spare_bytes=0, keep_rollups=DAY_MS))
    assert maintain(writer, NOW + 100 * DAY_MS) > 3
    writer.close()
    assert path.stat().st_size < large / 3
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]


def test_space_that_new_rows_will_need_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "activity.db"
    writer = fill(path, 1000, NOW, StoreOptions())
    writer.close()
    large = path.stat().st_size
    writer = SqliteWriter(path, StoreOptions())
    maintain(writer, NOW + 100 * DAY_MS)
    writer.close()
    assert path.stat().st_size == large


def test_names_and_rollups_that_nothing_needs_go(tmp_path: Path) -> None:
    path = tmp_path / "activity.db"
    clock = NOW / 1000
    writer = SqliteWriter(path, StoreOptions(keep_rollups=120 * DAY_MS), lambda: clock)
    writer.write([row(created_at=NOW, user_agent="old")])
    writer.record_gap("poison", 1, NOW, NOW)
    clock += 100 * 86_400
    maintain(writer, int(clock * 1000))
    for table in ROLLUP_TABLES:
        spans = ENDPOINT_SPANS if table == "endpoint_rollups" else SPANS
        assert ask(path, f"SELECT count(*) FROM {table}") == [(len(spans),)], table
    assert ask(path, "SELECT count(*) FROM clients") == [(0,)]
    assert ask(path, "SELECT count(*) FROM endpoints") == [(1,)]
    clock += 100 * 86_400
    maintain(writer, int(clock * 1000))
    for table in (*ROLLUP_TABLES, "hours", "endpoints", "gaps"):
        assert ask(path, f"SELECT count(*) FROM {table}") == [(0,)], table
    writer.write([row(created_at=int(clock * 1000), user_agent="old")])
    assert ask(path, "SELECT user_agent FROM integration_activity_log") == [("old",)]
    writer.close()


def test_rollups_never_go_before_their_rows(tmp_path: Path) -> None:
    path = tmp_path / "activity.db"
    writer = fill(path, 3, NOW, StoreOptions(keep=None, keep_rollups=DAY_MS))
    maintain(writer, NOW + 1000 * DAY_MS)
    writer.close()
    assert ask(path, "SELECT sum(count) FROM rollups WHERE span = 1") == [(3,)]
