"""What stays how long, and that compressed bodies read as before."""

import pytest

from store.activity import ActivityRow
from store.filters import EVERYTHING, parse_filter
from store.options import DAY_MS, StoreOptions
from store.scope import SERVICE
from store.times import uuid_text
from tests.store.contract.conftest import DAY, NOW, Store
from tests.store.contract.past import matches, past
from tests.support.rows import row


async def kept(store: Store) -> set[str]:
    page = await store.reader.page(SERVICE, EVERYTHING, cursor=None, limit=1000)
    return {activity.id for activity in page.items}


def ids(rows: list[ActivityRow]) -> set[str]:
    return {uuid_text(found.id) for found in rows}


async def test_rows_go_at_their_age_each_organization_by_its_own(store: Store) -> None:
    rows = [
        row(organization, created_at=NOW - age * DAY)
        for organization in ("acme", "globex", "forever", "initech")
        for age in (1, 10, 40, 200)
    ]
    store.write(*rows)
    by_uuid = uuid_text(rows[4].organization_id)
    store.reopen(
        StoreOptions(
            keep=30 * DAY_MS,
            organizations={"acme": 5 * DAY_MS, by_uuid: 50 * DAY_MS, "forever": None},
        )
    )
    store.maintain(NOW)
    ages = {"acme": 5, "globex": 50, "forever": 1000, "initech": 30}
    expected = [r for r in rows if r.created_at >= NOW - ages[r.organization] * DAY]
    assert await kept(store) == ids(expected)


async def test_never_means_never(store: Store) -> None:
    store.write(row(created_at=NOW - 3000 * DAY))
    store.reopen(StoreOptions(keep=None))
    store.maintain(NOW)
    assert len(await kept(store)) == 1


async def test_rows_that_get_old_later_go_later(store: Store) -> None:
    rows = [row(created_at=NOW + hour * 3_600_000) for hour in range(5)]
    store.write(*rows)
    for gone in range(5):
        store.maintain(NOW + 90 * DAY + gone * 3_600_000)
        assert await kept(store) == ids(rows[gone:])


async def test_bodies_may_go_before_their_rows(store: Store) -> None:
    old, new = row(created_at=NOW - 9 * DAY), row(created_at=NOW)
    store.write(old, new)
    store.reopen(StoreOptions(keep_bodies=5 * DAY_MS))
    store.maintain(NOW)
    gone = await store.reader.one(SERVICE, uuid_text(old.id))
    assert gone.request_body is gone.response_body is gone.request_headers is None
    assert gone.request_size == 19
    there = await store.reader.one(SERVICE, uuid_text(new.id))
    assert there.request_body is not None


async def test_messages_of_a_stream_go_with_bodies(store: Store) -> None:
    stream = '{"stream":{"kind":"websocket","count":1,"messages":["said"]}}'
    old, new = (row(created_at=at, metadata=stream) for at in (NOW - 9 * DAY, NOW))
    store.write(old, new)
    store.reopen(StoreOptions(keep_bodies=5 * DAY_MS))
    store.maintain(NOW)
    gone = await store.reader.one(SERVICE, uuid_text(old.id))
    assert gone.metadata == {"stream": {"kind": "websocket", "count": 1}}
    there = await store.reader.one(SERVICE, uuid_text(new.id))
    assert there.metadata["stream"]["messages"] == ["said"]


@pytest.mark.parametrize("count", [5, 900], ids=["few", "enough for a dictionary"])
async def test_compressed_bodies_read_and_are_found_as_before(store: Store, count: int) -> None:
    rows = past(count, hours=70)
    for number, found in enumerate(rows):
        found.request_body = f'{{"number":{number},"text":"{"the same again " * 8}"}}'
    store.write(*rows)
    before = [activity async for activity in store.reader.export(SERVICE, EVERYTHING)]
    store.maintain(NOW + 2 * DAY)
    after = [activity async for activity in store.reader.export(SERVICE, EVERYTHING)]
    assert after == before
    where = parse_filter({"q": ["again"], "status": ["failed"]}, NOW)
    page = await store.reader.page(SERVICE, where, cursor=None, limit=1000)
    assert {a.id for a in page.items} == ids([r for r in rows if matches(where, r, SERVICE)])
