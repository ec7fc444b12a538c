from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from proxy.api.buckets import HOUR_MS, days, hours

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def test_hours_cover_the_range_and_begin_on_the_hour() -> None:
    assert hours(at("2026-01-01T10:30"), at("2026-01-01T12:00")) == [
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


@given(
    since=st.integers(0, at("2099-01-01T00:00")),
    length=st.integers(1, 40 * 24 * HOUR_MS),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "Pacific/Apia"]),
)
def test_edges_ascend_on_full_hours_and_cover_the_range(since: int, length: int, zone: str) -> None:
    for edges in (hours(since, since + length), days(since, since + length, ZoneInfo(zone))):
        assert edges == sorted(set(edges))
        assert all(edge % HOUR_MS == 0 for edge in edges)
        assert edges[0] <= since
        assert edges[-1] >= since + length
        assert len(edges) >= 2
