"""News of commits, from the writer's thread to the live streams of the API's loop."""

import asyncio


class Notice:
    """Remembers the highest `seq` that was committed and wakes those who wait for a higher one.
    One per process; every waiter sees every commit, however slow it is."""

    def __init__(self) -> None:
        self._seq = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()

    def bind(self) -> "Notice":
        """Belong to the running loop; call once, in the loop that serves the API."""
        self._loop = asyncio.get_running_loop()
        return self

    def publish(self, seq: int) -> None:
        """Tell that rows up to `seq` are committed. May be called from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._publish, seq)

    def _publish(self, seq: int) -> None:
        if seq > self._seq:
            self._seq = seq
            # A fresh event each time: those woken by this one wait on the next.
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()

    async def wait(self, after: int) -> int:
        """The highest `seq` that is committed, once that is above `after`."""
        while self._seq <= after:
            await self._changed.wait()
        return self._seq
