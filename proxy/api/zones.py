"""The time zones from which people look."""

import asyncio
from contextlib import suppress
from typing import Final
from zoneinfo import ZoneInfo

_MOST: Final = 4


class Zones:
    """Those in which days of charts were asked for, the last few."""

    def __init__(self) -> None:
        self._known: dict[str, ZoneInfo] = {}
        self._new = asyncio.Event()

    def note(self, zone: ZoneInfo) -> None:
        """Somebody looks from there. The viewer tells its zone on its first page already."""
        if zone.key not in self._known:
            self._new.set()
        self._known.pop(zone.key, None)
        self._known[zone.key] = zone
        while len(self._known) > _MOST:
            del self._known[next(iter(self._known))]

    def known(self) -> list[ZoneInfo]:
        """By name."""
        self._new.clear()
        return [zone for _, zone in sorted(self._known.items())]

    async def wait(self, seconds: float) -> None:
        """Until there is a new one since `known`, at most so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._new.wait()
