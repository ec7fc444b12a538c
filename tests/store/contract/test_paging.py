"""Pages: exactly the rows that a filter means, newest first, stable while others arrive."""

import random

import pytest

from store.activity import Activity
from store.errors import FilterError
from store.filters import EVERYTHING, ActivityFilter, parse_filter
from store.identity import organization_id
from store.scope import SERVICE, Scope
from store.times import uuid_text
from tests.store.contract.conftest import DAY, NOW, Store
from tests.store.contract.past import matches, past
from tests.support.rows import row

FILTERS = [
    {},
    {"organization": ["acme"]},
    {"integration": ["slack"]},
    {"integration": ["slack", "rare"], "organization": ["globex"]},
    {"integration_id": ["00000000-0000-0000-0000-000000000000"]},
    {"provider": ["slack"]},
    {"direction": ["incoming"]},
    {"status": ["failed"]},
    {"status": ["failed", "error", "timeout"]},
    {"status": ["started"]},
    {"direction": ["incoming"], "status": ["success"]},
    {"activity_type": ["api_call"], "status": ["failed"]},
    {"activity_type": ["api_call", "webhook_received"]},
    {"method": ["GET"]},
    {"host": ["slack.com"]},
    {"host": ["*.test"]},
    {"path": ["/v1/things/7"]},
    {"path": ["/v1/*"]},
    {"path": ["/[odd]?"]},
    {"endpoint": ["https://slack.com/api/auth.test?a=1"]},
    {"endpoint": ["*auth*"]},
    {"endpoint": ["https://other.test/auth"]},
    {"endpoint": ["https://slack.com"]},
    {"response_status": ["404"]},
    {"response_status": ["5xx"]},
    {"response_status": ["4xx", "none"]},
    {"response_status": ["200"]},
    {"error_code": ["dns", "reset"]},
    {"user_id": ["u-1"]},
    {"user_id": ["u-1"], "status": ["failed"]},
    {"ip_address": ["10.0.0.1"]},
    {"ip_address": ["10.0.*"]},
    {"user_agent": ["curl*"]},
    {"metadata": ["user:bob"]},
    {"metadata": ["user", "job:17"]},
    {"metadata": ["user:b*"], "status": ["failed"]},
    {"metadata": ["durable:true", "ratio:0.5", "user:null"]},
    {"metadata": ['a "b":Größe:*']},
    {"metadata": ["stream:*hidden*"]},
    {"q": ["metadata:job:17 -metadata:durable"]},
    {"q": ['-metadata:"user:bob \\*" metadata:listener']},
    {"user_id": ["bob"]},
    {"user_id": ["bob", "u-1"]},
    {"user_id": ["b*"]},
    {"q": ["-user_id:bob"]},
    {"trace_id": ["ab" * 16]},
    {"min_ms": ["100"]},
    {"max_ms": ["7"]},
    {"min_ms": ["7"], "max_ms": ["300"], "status": ["error"]},
    {"since": ["30h"]},
    {"since": ["30h"], "until": ["5h"], "host": ["slack.com"]},
    {"until": ["40h"], "integration": ["slack"]},
    {"q": ["unreachable"]},
    {"q": ["100% sure_"]},
    {"q": ["GRÖSSE"]},
    {"q": ['"x\\"']},
    {"q": ["Größe -auth"]},
    {"q": ["-status:success -host:slack.com"]},
    {"q": ["-user_id:u-1 -response_status:none"]},
    {"q": ["-provider:slack -path:/v1/*"]},
    {"q": ["things status:failed -user_agent:curl*"]},
]


async def every(store: Store, scope: Scope, where: ActivityFilter, limit: int) -> list[Activity]:
    found: list[Activity] = []
    cursor = None
    for _ in range(1000):
        page = await store.reader.page(scope, where, cursor=cursor, limit=limit)
        assert len(page.items) <= limit
        found += page.items
        cursor = page.next
        if cursor is None:
            return found
    raise AssertionError("the list does not end")


@pytest.mark.parametrize("params", FILTERS, ids=str)
async def test_a_filter_finds_exactly_its_rows(store: Store, params: dict[str, list[str]]) -> None:
    store.write(*past(400, hours=70))
    where = parse_filter(params, NOW)
    expected = {uuid_text(r.id) for r in store.rows.values() if matches(where, r, SERVICE)}
    found = [activity.id for activity in await every(store, SERVICE, where, 23)]
    assert found == sorted(expected, reverse=True)
    exported = [a.id async for a in store.reader.export(SERVICE, where)]
    assert exported == found
    changed = await store.reader.changes(SERVICE, where, after=0, limit=1000)
    assert {activity.id for activity in changed} == expected


async def test_filters_put_together_at_random(store: Store) -> None:
    store.write(*past(400, hours=70))
    choose = random.Random(5)
    simple = [params for params in FILTERS if "q" not in params]
    for _ in range(150):
        params = {k: v for part in choose.sample(simple, 3) for k, v in part.items()}
        try:
            where = parse_filter(params, NOW)
        except FilterError:
            continue
        expected = {uuid_text(r.id) for r in store.rows.values() if matches(where, r, SERVICE)}
        found = {activity.id for activity in await every(store, SERVICE, where, 50)}
        assert found == expected, params


async def test_pages_stay_as_they_are_while_rows_arrive(store: Store) -> None:
    store.write(*past(60, hours=5))
    before = [activity.id for activity in await every(store, SERVICE, EVERYTHING, 100)]
    page = await store.reader.page(SERVICE, EVERYTHING, cursor=None, limit=20)
    found = [activity.id for activity in page.items]
    while page.next:
        store.write(row(created_at=NOW + len(found)))
        page = await store.reader.page(SERVICE, EVERYTHING, cursor=page.next, limit=20)
        found += [activity.id for activity in page.items]
    assert found == before


async def test_a_page_that_is_just_full_is_the_last(store: Store) -> None:
    store.write(*(row(created_at=NOW + n) for n in range(3)))
    page = await store.reader.page(SERVICE, EVERYTHING, cursor=None, limit=3)
    assert (len(page.items), page.next) == (3, None)


async def test_lists_have_no_headers_and_bodies(store: Store) -> None:
    store.write(row(created_at=NOW))
    (activity,) = await every(store, SERVICE, EVERYTHING, 10)
    assert activity.request_headers is activity.response_headers is None
    assert activity.request_body is activity.response_body is None
    assert not activity.bodies_withheld


async def test_an_empty_store_has_an_empty_page(store: Store) -> None:
    page = await store.reader.page(SERVICE, EVERYTHING, cursor=None, limit=10)
    assert (page.items, page.next) == ([], None)


async def test_a_foreign_cursor_is_refused(store: Store) -> None:
    with pytest.raises(FilterError, match="cursor"):
        await store.reader.page(SERVICE, EVERYTHING, cursor="nonsense", limit=10)


async def test_an_impatient_reader_gives_short_pages_that_go_on(store: Store) -> None:
    store.write(*past(200, hours=70))
    store.reader._patience = -1.0  # as if every look took too long
    where = parse_filter({"q": ["unreachable"]}, NOW)
    expected = {uuid_text(r.id) for r in store.rows.values() if matches(where, r, SERVICE)}
    assert {activity.id for activity in await every(store, SERVICE, where, 5)} == expected


class TestScope:
    """Rows outside a scope do not exist for it, whatever is asked."""

    ACME = Scope(organizations=frozenset({organization_id("acme")}), bodies=True)
    NO_BODIES = Scope(organizations=frozenset({organization_id("acme")}), bodies=False)
    NOBODY = Scope(organizations=frozenset(), bodies=True)

    @pytest.mark.parametrize("params", FILTERS, ids=str)
    @pytest.mark.parametrize("scope", [ACME, NO_BODIES], ids=["acme", "no_bodies"])
    async def test_lists(self, store: Store, scope: Scope, params: dict[str, list[str]]) -> None:
        store.write(*past(200, hours=40))
        where = parse_filter(params, NOW)
        expected = {
            uuid_text(r.id)
            for r in store.rows.values()
            if r.organization == "acme" and matches(where, r, scope)
        }
        found = {activity.id for activity in await every(store, scope, where, 23)}
        assert found == expected
        assert {a.id async for a in store.reader.export(scope, where)} == expected

    async def test_messages_of_a_stream_are_withheld_as_bodies_are(self, store: Store) -> None:
        metadata = '{"stream":{"count":1,"messages":["hidden"]}}'
        store.write(row(created_at=NOW, metadata=metadata))
        for scope, kept in ((self.ACME, {"messages": ["hidden"]}), (self.NO_BODIES, {})):
            (found,) = await every(store, scope, EVERYTHING, 9)
            assert found.metadata == {"stream": {"count": 1} | kept}
            assert (await store.reader.one(scope, found.id)).metadata == found.metadata

    async def test_everything_else(self, store: Store) -> None:
        mine, foreign = row(created_at=NOW), row("globex", "secretive", created_at=NOW)
        store.write(mine, foreign)
        reader = store.reader
        assert (await reader.one(self.ACME, uuid_text(mine.id))).organization == "acme"
        assert await reader.one(self.ACME, uuid_text(foreign.id)) is None
        edges = [NOW // DAY * DAY, NOW // DAY * DAY + DAY]
        for scope, expected in ((self.ACME, 1), (self.NOBODY, 0), (SERVICE, 2)):
            assert len(await reader.changes(scope, EVERYTHING, after=0, limit=9)) == expected
            assert len(await reader.summary(scope, EVERYTHING)) == expected
            assert len(await reader.integrations(scope)) == expected
            assert (await reader.health(scope, EVERYTHING, edges)).total == expected
            assert len(await reader.endpoints(scope, EVERYTHING, "count", 9)) == expected
            (point,) = await reader.series(scope, EVERYTHING, edges)
            assert point.counts.success == expected
            names = ["integration", "host", "user_agent"]
            facets = await reader.facets(scope, EVERYTHING, names)
            assert len(facets["integration"]) == expected
            assert sum(value.count for value in facets["host"]) == expected

    async def test_without_the_right_bodies_are_withheld_everywhere(self, store: Store) -> None:
        mine = row(created_at=NOW)
        store.write(mine)
        one = await store.reader.one(self.NO_BODIES, uuid_text(mine.id))
        listed = await every(store, self.NO_BODIES, EVERYTHING, 9)
        exported = [a async for a in store.reader.export(self.NO_BODIES, EVERYTHING)]
        for activity in (one, *listed, *exported):
            assert activity.bodies_withheld
            assert activity.request_headers is activity.response_headers is None
            assert activity.request_body is activity.response_body is None
