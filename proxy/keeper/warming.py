"""Keeps the viewer's charts warm: what they need to know of the last ninety days is asked for once
the keeper is ready, and again whenever something of the past has changed or somebody looks from
another time zone."""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, tzinfo
from typing import Final

from proxy.api.buckets import DAY_MS, HOUR_MS, days
from proxy.api.zones import Zones
from store.analytics import AnalyticsReader
from store.errors import StoreError

_DAYS: Final = 90
_SHARE: Final = 0.05
"""So much of the time at most: traffic and readers come first."""
_FIRST_SHARE: Final = 0.2
"""The first time, about a second's work, so that it is done in five seconds and not in twenty."""
_EVERY_SECONDS: Final = 60.0


def charts(now: int, zones: Iterable[tzinfo]) -> list[list[int]]:
    """Edges of the charts over ninety days, by days of UTC and of zones. `now` are Unix
    milliseconds."""
    found: list[list[int]] = []
    for zone in (UTC, *zones):
        edges = days(now - _DAYS * DAY_MS, now, zone)
        # Parts of hours would be counted from rows, each time anew.
        if edges not in found and not any(edge % HOUR_MS for edge in edges):
            found.append(edges)
    return found


async def keep_warm(
    reader: AnalyticsReader,
    zones: Zones,
    clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
) -> None:
    """Until cancelled."""
    share = _FIRST_SHARE
    while True:
        begun = time.monotonic()
        with suppress(StoreError):  # whoever asks will hear of it
            async for _ in reader.warm(charts(clock(), zones.known())):
                await asyncio.sleep((time.monotonic() - begun) / share)
                begun = time.monotonic()
            share = _SHARE
        await zones.wait(_EVERY_SECONDS)
