"""Keeps the viewer's charts warm: what they need to know of the last ninety days is asked for once
the keeper is ready, and again whenever something of the past has changed."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from proxy.api.buckets import DAY_MS, days
from store.analytics import AnalyticsReader
from store.errors import StoreError

_DAYS: Final = 90
_SHARE: Final = 0.05
"""So much of the time at most: traffic and readers come first."""
_EVERY_SECONDS: Final = 60.0


def charts(now: int) -> list[list[int]]:
    """Edges of the charts over ninety days: by days of UTC and those of this machine, which is
    where most people look from. `now` are Unix milliseconds."""
    zones: list[tzinfo] = [UTC]
    local = datetime.fromtimestamp(now / 1000, UTC).astimezone().tzinfo
    if local is not None and local.utcoffset(None) != timedelta(0):
        zones.append(local)
    return [days(now - _DAYS * DAY_MS, now, zone) for zone in zones]


async def keep_warm(
    reader: AnalyticsReader, clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000
) -> None:
    """Until cancelled."""
    while True:
        begun = time.monotonic()
        with suppress(StoreError):  # whoever asks will hear of it
            async for _ in reader.warm(charts(clock())):
                await asyncio.sleep((time.monotonic() - begun) / _SHARE)
                begun = time.monotonic()
        await asyncio.sleep(_EVERY_SECONDS)
