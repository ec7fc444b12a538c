"""The keeper warms the charts of the zones from which people look."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from proxy.api.buckets import DAY_MS
from proxy.api.zones import Zones
from proxy.keeper import warming
from proxy.keeper.warming import charts, keep_warm
from store.errors import StoreUnavailable

NOW = int(datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp() * 1000)
BERLIN, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")


class Reader:
    """Notes what is to be warmed; fails the first time."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.steps = 0

    async def warm(self, edges: Sequence[Sequence[int]]) -> AsyncIterator[None]:
        self.asked.append(len(edges))
        if len(self.asked) == 1:
            raise StoreUnavailable("not yet")
        for _ in edges:
            self.steps += 1
            yield


async def _until(true: Callable[[], bool]) -> None:
    for _ in range(3_000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("not in 30 s")


def test_days_of_utc_and_of_the_zones() -> None:
    utc, berlin = charts(NOW, [BERLIN])
    assert utc[-1] - utc[0] == 91 * DAY_MS
    assert [edge % DAY_MS for edge in (utc[0], berlin[-1])] == [0, 22 * 3_600_000]
    assert charts(NOW, [ZoneInfo("UTC"), KOLKATA]) == [utc]


def test_the_last_zones_are_known() -> None:
    zones = Zones()
    for name in ("Europe/Berlin", "Asia/Tokyo", "Europe/Paris", "Europe/Berlin", "Asia/Kolkata"):
        zones.note(ZoneInfo(name))
    zones.note(ZoneInfo("America/New_York"))
    keys = [zone.key for zone in zones.known()]
    assert keys == ["America/New_York", "Asia/Kolkata", "Europe/Berlin", "Europe/Paris"]


async def test_a_new_zone_is_warmed_at_once_and_a_store_that_fails_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader, zones = Reader(), Zones()
    working = asyncio.create_task(keep_warm(cast(Any, reader), zones, lambda: NOW))
    await _until(lambda: reader.asked == [1])
    zones.note(BERLIN)
    await _until(lambda: reader.steps == 2)
    zones.note(BERLIN)  # known already
    await asyncio.sleep(0.05)
    assert (reader.asked, reader.steps) == ([1, 2], 2)
    monkeypatch.setattr(warming, "_EVERY_SECONDS", 0.01)
    zones.note(ZoneInfo("Asia/Tokyo"))
    await _until(lambda: len(reader.asked) > 3)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
