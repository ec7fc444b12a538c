"""Pages look at windows of days, each further back and longer; together they are all of them."""

from pathlib import Path

import pytest

from store.activity import Status
from store.filters import parse_filter
from store.scope import SERVICE
from store.sqlite.reader import SqliteReader
from store.sqlite.writer import SqliteWriter
from store.sqlite.zones import _windows
from store.times import uuid_text
from tests.store.contract.conftest import DAY, HOUR, NOW
from tests.store.contract.past import matches, past
from tests.support.rows import row


@pytest.mark.parametrize(
    ("oldest", "newest"),
    [(0, 0), (7, 7), (5, 30), (1000, 1000 + 24 * 400), (1003, 3111), (24, 119)],
)
def test_windows_are_every_hour_once(oldest: int, newest: int) -> None:
    windows = list(_windows(oldest, newest))
    hours = [hour for first, last in reversed(windows) for hour in range(first, last + 1)]
    assert hours == list(range(oldest, newest + 1))
    assert all(first % 24 == 0 for first, _ in windows[:-1])


@pytest.mark.parametrize(
    "params",
    [
        {"integration": ["rare"]},
        {"host": ["slack.com"], "status": ["error"]},
        {"integration": ["rare"], "since": ["30d"], "until": ["45h"]},
        {"response_status": ["503"]},
        {"q": ["auth"]},
        {"user_id": ["u-1"], "integration": ["hidden"]},
    ],
    ids=str,
)
async def test_every_window_is_paged_through(tmp_path: Path, params: dict[str, list[str]]) -> None:
    rows = past(150, hours=70) + past(300, hours=100 * 24, seed=2)
    # Alone, on the edges of days.
    rows += [
        row("acme", "hidden", created_at=NOW // DAY * DAY - n * DAY, user_id="u-1", status=status)
        for n in (3, 4, 20, 85)
        for status in (Status.SUCCESS, Status.ERROR)
    ]
    rows.append(row("acme", "hidden", created_at=NOW - 200 * DAY + HOUR, user_id="u-1"))
    writer = SqliteWriter(tmp_path / "activity.db")
    writer.write(rows)
    writer.close()
    where = parse_filter(params, NOW)
    wanted = sorted((r for r in rows if matches(where, r, SERVICE)), key=lambda r: r.id)
    reader = SqliteReader(tmp_path / "activity.db")
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await reader.page(SERVICE, where, cursor=cursor, limit=7)
        found += [one.id for one in page.items]
        cursor = page.next
        if cursor is None:
            break
    exported = [one.id async for one in reader.export(SERVICE, where)]
    await reader.close()
    assert found == exported == [uuid_text(one.id) for one in reversed(wanted)]
    assert found


async def test_failures_are_looked_for_alone_where_nothing_else_can_match(tmp_path: Path) -> None:
    rows = [
        row(created_at=NOW - n * HOUR, response_status=503, status=status)
        for n, status in enumerate((Status.FAILED, Status.ERROR, Status.TIMEOUT) * 40)
    ]
    writer = SqliteWriter(tmp_path / "activity.db")
    writer.write(rows)
    # What services log themselves may be a success all the same.
    odd = row(created_at=NOW - 30 * HOUR - 1, response_status=503, status=Status.SUCCESS)
    writer.write([odd])
    writer.close()
    wanted = sorted((uuid_text(r.id) for r in [*rows, odd]), reverse=True)
    reader = SqliteReader(tmp_path / "activity.db")
    for params in ({"response_status": ["503"]}, {"response_status": ["5xx"], "min_ms": ["0"]}):
        where = parse_filter(params, NOW)
        found = await reader.page(SERVICE, where, cursor=None, limit=500)
        assert [one.id for one in found.items] == wanted
    await reader.close()
