"""Charts out of rollups say what the rows say."""

import json
from collections import Counter
from collections.abc import Iterable
from itertools import product

import pytest

from store.activity import ActivityRow, Status
from store.analytics import HealthPage
from store.errors import FilterError
from store.filters import EVERYTHING, ActivityFilter, parse_filter
from store.latency import BUCKETS, bucket_of
from store.scope import SERVICE
from store.times import rfc3339
from tests.store.contract.conftest import DAY, HOUR, NOW, Store
from tests.store.contract.past import matches, past
from tests.support.rows import row

END = NOW // HOUR * HOUR + HOUR
HOURS = [END - n * HOUR for n in range(80, -1, -1)]
# Days of a zone that is five hours behind, then an uneven one as where clocks change.
DAYS = [END // DAY * DAY + 5 * HOUR - n * DAY for n in range(4, 1, -1)]
DAYS += [DAYS[-1] + 23 * HOUR, DAYS[-1] + 47 * HOUR]
UTC_DAYS = [END // DAY * DAY - n * DAY for n in range(4, -2, -1)]
# Days of a zone half an hour beside the others.
INDIA = [END // DAY * DAY + 18 * HOUR + HOUR // 2 - n * DAY for n in range(5, -1, -1)]
MINUTES = [END - HOUR - n * 300_000 for n in range(30, -1, -1)]
WHERES = [
    {},
    {"organization": ["acme"]},
    {"integration": ["slack"]},
    {"direction": ["incoming"], "status": ["failed", "success"]},
    {"activity_type": ["device_create"]},
    {"integration": ["rare"], "organization": ["globex"], "status": ["error"]},
]
FAILURES = (Status.FAILED, Status.ERROR, Status.TIMEOUT)


def by_status(rows: Iterable[ActivityRow]) -> dict[str, int]:
    return dict(Counter(found.status.value for found in rows))


def counts(found: object) -> dict[str, int]:
    return {s.value: getattr(found, s.value) for s in Status if getattr(found, s.value)}


def start_of(final: ActivityRow) -> ActivityRow:
    """The row of an exchange before its end; rules may sort the end in elsewhere."""
    return row(
        final.organization,
        final.integration,
        created_at=final.created_at,
        id=final.id,
        provider=final.provider,
        status=Status.STARTED,
    )


@pytest.fixture
def full(store: Store) -> Store:
    """A store whose rows were written in several batches, started ones completed later."""
    rows = past(400, hours=70)
    for begin in range(0, len(rows), 100):
        some = rows[begin : begin + 100]
        ended = [r for r in some if r.status is not Status.STARTED]
        store.write(*map(start_of, ended))
        store.write(*some)
    return store


@pytest.mark.parametrize(
    "edges",
    [HOURS, DAYS, UTC_DAYS, INDIA, MINUTES],
    ids=["hours", "zone", "utc", "india", "minutes"],
)
@pytest.mark.parametrize("params", WHERES, ids=str)
async def test_series_and_heat_map(
    full: Store, params: dict[str, list[str]], edges: list[int]
) -> None:
    where = parse_filter(params, NOW)
    series = await full.reader.series(SERVICE, where, edges)
    heat = await full.reader.heatmap(SERVICE, where, edges)
    assert [point.at for point in series] == [column.at for column in heat] == edges[:-1]
    for point, column, end in zip(series, heat, edges[1:], strict=True):
        rows = [
            r
            for r in full.rows.values()
            if point.at <= r.created_at < end and matches(where, r, SERVICE)
        ]
        assert counts(point.counts) == by_status(rows)
        times = [r.response_time_ms for r in rows if r.response_time_ms is not None]
        histogram = [0] * BUCKETS
        for time in times:
            histogram[bucket_of(time)] += 1
        assert column.counts == histogram
        assert point.latency.longest == (max(times) if times else None)
        if times:
            assert point.latency.average == pytest.approx(sum(times) / len(times), abs=0.01)
            # There are few.
            times.sort()
            assert point.latency.p50 == pytest.approx(times[(len(times) - 1) // 2], abs=0.001)
            assert point.latency.p99 == pytest.approx(times[-1], abs=0.001)


TIMES = [
    {},
    {"since": [rfc3339(END - 40 * HOUR + 1234)]},
    {"since": [rfc3339(END - 9 * HOUR - 77)], "until": [rfc3339(END - 8 * HOUR - 99)]},
]
FILTERS = [
    *WHERES,
    {"host": ["slack.com"]},
    {"method": ["GET", "PUT"], "status": ["success"]},
    {"q": ["things"]},
    {"min_ms": ["100"], "integration": ["slack"]},
    {"response_status": ["5xx"]},
]


@pytest.mark.parametrize("edges", [HOURS, INDIA, MINUTES], ids=["hours", "india", "minutes"])
async def test_a_timeline_is_the_filtered_log(full: Store, edges: list[int]) -> None:
    for params, times in product(FILTERS, TIMES):
        await check_timeline(full, parse_filter(params | times, NOW), edges)


async def check_timeline(full: Store, where: ActivityFilter, edges: list[int]) -> None:
    if where.since is not None and edges is MINUTES and where.since < edges[0]:
        edges = [where.since, *edges]
    found = await full.reader.timeline(SERVICE, where, edges)
    rows = [r for r in full.rows.values() if matches(where, r, SERVICE)]
    assert found.counted_since is None
    for point, end in zip(found.items, found.edges[1:], strict=True):
        assert counts(point.counts) == by_status(r for r in rows if point.at <= r.created_at < end)
    begin, end = found.edges[0], found.edges[-1]
    assert found.counted == sum(begin <= r.created_at < end for r in rows)
    if where.until is not None and where.since is not None and where.since >= edges[0]:
        assert (begin, end) == (where.since, where.until)


async def test_a_timeline_tells_what_it_did_not_count(
    full: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.sqlite.timeline.COUNTED", 40)
    where = parse_filter({"host": ["slack.com"]}, NOW)
    found = await full.reader.timeline(SERVICE, where, HOURS)
    assert found.counted == 40
    assert found.counted_since is not None
    rows = [r for r in full.rows.values() if matches(where, r, SERVICE)]
    assert 0 < sum(r.created_at >= found.counted_since for r in rows) <= 40
    for point, end in zip(found.items, found.edges[1:], strict=True):
        if point.at >= found.counted_since:
            within = (r for r in rows if point.at <= r.created_at < end)
            assert counts(point.counts) == by_status(within)


async def test_edges_within_hours_need_rows(full: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await full.reader.settled(SERVICE, INDIA) != [e // HOUR * HOUR for e in INDIA]
    assert await full.reader.settled(SERVICE, HOURS) == HOURS
    known = [edge for edge in MINUTES if edge >= END - 2 * HOUR]
    assert await full.reader.settled(SERVICE, known) == known
    monkeypatch.setattr("store.sqlite.hour_parts.ROWS", 0)
    hours = sorted({edge // HOUR * HOUR for edge in known})
    assert await full.reader.settled(SERVICE, known) == hours
    # Asked for all the same, an hour that cannot be told counts for its last range.
    series = await full.reader.series(SERVICE, EVERYTHING, known)
    whole = await full.reader.series(SERVICE, EVERYTHING, [known[0], known[-1]])
    assert sum(sum(counts(point.counts).values()) for point in series) == sum(
        counts(whole[0].counts).values()
    )


async def test_days_within_an_hour_outlive_their_rows(full: Store) -> None:
    before = await full.reader.series(SERVICE, EVERYTHING, [INDIA[0], INDIA[-1]])
    full.maintain(NOW + 100 * DAY)
    assert await full.reader.settled(SERVICE, INDIA) == [e // HOUR * HOUR for e in INDIA]
    after = await full.reader.series(SERVICE, EVERYTHING, [INDIA[0], INDIA[-1]])
    assert counts(after[0].counts) == counts(before[0].counts)


async def test_percentiles_of_few_times_are_exact(store: Store) -> None:
    times = (2003.0, 3004.0)
    store.write(*(row(created_at=NOW, response_time_ms=time) for time in times))
    edges = [END - HOUR, END]
    (point,) = await store.reader.series(SERVICE, EVERYTHING, edges)
    (health,) = (await store.reader.health(SERVICE, EVERYTHING, edges)).items
    (place,) = await store.reader.endpoints(SERVICE, EVERYTHING, "p95", 5)
    for found in (point.latency, health.latency, place.latency):
        assert (found.p50, found.p95, found.p99, found.longest) == (2003, 3004, 3004, 3004)


async def test_percentiles_of_many_times_are_estimated(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.sqlite.few.FEW", 1)
    store.write(*(row(created_at=NOW, response_time_ms=time) for time in (2003.0, 3004.0)))
    (health,) = (await store.reader.health(SERVICE, EVERYTHING, [END - HOUR, END])).items
    assert health.latency.p50 == 2500
    assert health.latency.p99 == 3004


async def test_health(full: Store) -> None:
    found = (await full.reader.health(SERVICE, EVERYTHING, DAYS)).items
    totals = [sum(counts(entry.counts).values()) for entry in found]
    assert totals == sorted(totals, reverse=True)
    assert len(found) == 6
    for entry in found:
        rows = [
            r
            for r in full.rows.values()
            if (r.organization, r.integration) == (entry.organization, entry.integration)
        ]
        within = [r for r in rows if DAYS[0] <= r.created_at < DAYS[-1]]
        assert counts(entry.counts) == by_status(within)
        assert len(entry.trend) == len(DAYS) - 1
        for begin, end, part in zip(DAYS, DAYS[1:], entry.trend, strict=False):
            assert counts(part) == by_status(r for r in rows if begin <= r.created_at < end)
        assert entry.last_at == max(r.created_at for r in rows)
        assert entry.last_failure_at == max(r.created_at for r in rows if r.status in FAILURES)
        assert entry.last_success_at == max(
            r.created_at for r in rows if r.status is Status.SUCCESS
        )


@pytest.mark.parametrize("edges", [DAYS, UTC_DAYS, [END - 5 * HOUR - 7, END - 11]])
@pytest.mark.parametrize("order", ["count", "verdict"])
@pytest.mark.parametrize("few", [0, 300])
async def test_health_of_some_is_the_beginning_of_all(
    full: Store, edges: list[int], order: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.sqlite.health.FEW", few)

    async def told(limit: int | None) -> HealthPage:
        return await full.reader.health(SERVICE, EVERYTHING, edges, order, limit)

    whole = await told(None)
    assert len(whole.items) == whole.total == 6
    for limit in (1, 2, 5, 6, 7):
        page = await told(limit)
        assert page.items == whole.items[:limit]
        assert (page.total, page.verdicts) == (whole.total, whole.verdicts)


async def test_the_worst_come_first_when_asked(store: Store) -> None:
    def of(integration: str, good: int, bad: int) -> list[ActivityRow]:
        each = [Status.SUCCESS] * good + [Status.FAILED] * bad
        return [row(created_at=NOW, integration=integration, status=status) for status in each]

    store.write(row(created_at=NOW - 10 * DAY, integration="quiet"))
    store.write(*of("busy", 30, 1), *of("bad", 1, 2), *of("worse", 0, 5), *of("fair", 9, 1))
    edges = [END - HOUR, END]
    page = await store.reader.health(SERVICE, EVERYTHING, edges, "verdict", 3)
    assert [one.integration for one in page.items] == ["worse", "bad", "fair"]
    assert page.verdicts == {"failing": 2, "degraded": 1, "healthy": 1, "silent": 1}
    assert page.total == 5
    first = await store.reader.health(SERVICE, EVERYTHING, edges, "count", 1)
    assert [one.integration for one in first.items] == ["busy"]


async def test_an_integration_that_was_silent_is_listed(store: Store) -> None:
    store.write(row(created_at=NOW - 10 * DAY, integration="quiet"))
    (entry,) = (await store.reader.health(SERVICE, EVERYTHING, UTC_DAYS)).items
    assert entry.integration == "quiet"
    assert counts(entry.counts) == {}
    assert entry.last_at == NOW - 10 * DAY


async def test_failures(full: Store) -> None:
    where = parse_filter({"since": [rfc3339(END - 20 * HOUR)]}, NOW)
    found = await full.reader.failures(SERVICE, where, 1000)
    expected = Counter(
        (
            r.organization,
            r.integration,
            r.activity_type,
            r.direction,
            r.error_code or str(r.response_status),
        )
        for r in full.rows.values()
        if r.status in FAILURES and r.created_at >= END - 20 * HOUR
    )
    assert {
        (e.organization, e.integration, e.activity_type, e.direction, e.code): e.count
        for e in found
    } == expected
    assert [e.count for e in found] == sorted((e.count for e in found), reverse=True)


@pytest.mark.parametrize("order", ["p95", "count", "failures"])
async def test_endpoints(full: Store, order: str) -> None:
    found = await full.reader.endpoints(SERVICE, EVERYTHING, order, 1000)
    rows = list(full.rows.values())
    assert sum(entry.count for entry in found) == len(rows)
    assert sum(entry.failures for entry in found) == sum(r.status in FAILURES for r in rows)
    assert {entry.path for entry in found} == {r.path_template for r in rows}
    ranks = [
        entry.latency.p95 or 0.0 if order == "p95" else getattr(entry, order) for entry in found
    ]
    assert ranks == sorted(ranks, reverse=True)
    assert len(await full.reader.endpoints(SERVICE, EVERYTHING, order, 2)) == 2


async def test_summary(full: Store) -> None:
    found = await full.reader.summary(SERVICE, EVERYTHING)
    expected = Counter(
        (
            r.organization,
            r.integration,
            r.activity_type,
            r.direction,
            r.status,
            rfc3339(r.created_at)[:10],
        )
        for r in full.rows.values()
    )
    names = ("organization", "integration", "activity_type", "direction", "status", "activity_date")
    assert {tuple(e[n] for n in names): e["activity_count"] for e in found} == expected
    for entry in found:
        failed = entry["status"] in FAILURES
        assert entry["failure_count"] == (entry["activity_count"] if failed else 0)


@pytest.mark.parametrize(
    "params",
    [{}, {"status": ["failed"]}, {"host": ["slack.com"]}, {"q": ["things"]}, {"since": ["1215m"]}],
    ids=str,
)
async def test_facets(full: Store, params: dict[str, list[str]]) -> None:
    where = parse_filter(params, END)
    names = ["status", "direction", "integration", "organization", "host", "response_status"]
    names += ["provider", "method", "error_code", "user_id", "ip_address", "user_agent"]
    found = await full.reader.facets(SERVICE, where, names)
    for name in names:
        others = {key: value for key, value in params.items() if key != name}
        own = parse_filter(others, END)
        values = [getattr(r, name) for r in full.rows.values() if matches(own, r, SERVICE)]
        if name == "response_status":
            values = ["none" if value is None else str(value) for value in values]
        if name == "user_id":
            told = [
                json.loads(r.metadata or "{}").get("user")
                for r in full.rows.values()
                if matches(own, r, SERVICE)
            ]
            values = [known or noted for known, noted in zip(values, told, strict=True)]
        expected = Counter(str(value) for value in values if value is not None)
        assert {value.value: value.count for value in found[name]} == expected, name


async def test_integrations(full: Store) -> None:
    found = await full.reader.integrations(SERVICE)
    assert [(e.name, e.organization) for e in found] == sorted(
        (e.name, e.organization) for e in found
    )
    assert len(found) == 6
    assert set(found[0].hosts) == {"api.example.com", "slack.com", "iot.aws.test"}
    assert found[0].providers == ["slack"]
    assert len(found[0].activity_types) == 3


async def test_gaps(store: Store) -> None:
    store.writer.record_gap("queue_full", 7, NOW, NOW + 5)
    store.writer.record_gap("poison", 1, NOW + DAY, NOW + DAY)
    found = await store.reader.gaps(SERVICE, NOW + 1, NOW + 2)
    assert [(gap.reason, gap.count, gap.since, gap.until) for gap in found] == [
        ("queue_full", 7, NOW, NOW + 5)
    ]
    assert [gap.reason for gap in await store.reader.gaps(SERVICE, 0, NOW + 2 * DAY)] == [
        "poison",
        "queue_full",
    ]


@pytest.mark.parametrize(
    "params", [{"host": ["a"]}, {"q": ["word"]}, {"min_ms": ["1"]}, {"error_code": ["dns"]}]
)
async def test_charts_refuse_what_rollups_do_not_know(
    store: Store, params: dict[str, list[str]]
) -> None:
    where = parse_filter(params, NOW)
    with pytest.raises(FilterError) as caught:
        await store.reader.series(SERVICE, where, HOURS)
    assert caught.value.field == next(iter(params))


async def test_rollups_outlive_their_rows(full: Store) -> None:
    before = await full.reader.summary(SERVICE, EVERYTHING)
    full.maintain(NOW + 100 * DAY)
    page = await full.reader.page(SERVICE, EVERYTHING, cursor=None, limit=10)
    assert page.items == []
    assert await full.reader.summary(SERVICE, EVERYTHING) == before
