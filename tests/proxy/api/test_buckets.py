from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from proxy.api.buckets import HOUR_MS, days, evenly

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def test_hours_cover_the_range_and_begin_on_the_hour() -> None:
    assert evenly(at("2026-01-01T10:30"), at("2026-01-01T12:00")) == [
        at("2026-01-01T10:00"),
        at("2026-01-01T11:00"),
        at("2026-01-01T12:00"),
    ]


def test_days_change_length_with_the_clocks() -> None:
    spring = days(at("2026-03-28T12:00"), at("2026-03-30T12:00"), BERLIN)
    lengths = [(b - a) // HOUR_MS for a, b in pairwise(spring)]
    assert lengths == [24, 23, 24]
    autumn = days(at("2026-10-24T12:00"), at("2026-10-26T12:00"), BERLIN)
    lengths = [(b - a) // HOUR_MS for a, b in pairwise(autumn)]
    assert lengths == [24, 25, 24]


def test_days_of_half_hour_zones_begin_at_midnight() -> None:
    edges = days(at("2026-03-01T12:00"), at("2026-03-02T12:00"), ZoneInfo("Asia/Kolkata"))
    assert edges[:2] == [at("2026-02-28T18:30"), at("2026-03-01T18:30")]


def test_parts_of_an_hour() -> None:
    five = 5 * 60_000
    edges = evenly(at("2026-01-01T10:33"), at("2026-01-01T10:44"), five)
    assert edges == [at("2026-01-01T10:30") + n * five for n in range(4)]


@given(
    since=st.integers(0, at("2099-01-01T00:00")),
    length=st.integers(1, 40 * 24 * HOUR_MS),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "Pacific/Apia"]),
)
def test_edges_ascend_and_cover_the_range(since: int, length: int, zone: str) -> None:
    for edges in (evenly(since, since + length), days(since, since + length, ZoneInfo(zone))):
        assert edges == sorted(set(edges))
        assert edges[0] <= since
        assert edges[-1] >= since + length
        assert len(edges) >= 2
