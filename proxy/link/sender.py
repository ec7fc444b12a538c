"""The worker's end of the link: takes captures from the relay and sees them to the keeper.

On the hot path an exchange costs one encoding, an append and four counter increments; frames
leave in groups, a few milliseconds apart. What the keeper has not acknowledged stays in a queue
bounded in bytes and is sent again on the next connection. When the queue is full the newest
capture is dropped and counted, and a gap record tells the keeper; the traffic goes on.
"""

import asyncio
import contextlib
import logging
import time
from typing import Final

import msgspec

from addons.sink import OpenExchange
from proxy.accounting import WorkerCounters
from proxy.link.keeper_connection import KeeperConnection
from proxy.link.messages import (
    UNNUMBERED,
    Acknowledged,
    Gap,
    Hello,
    Hurry,
    Unrecorded,
    frame,
)
from proxy.link.queue import Entry, FrameQueue
from store.capture import MAX_FRAME, Capture, encode_frame

log = logging.getLogger("wiretrail.link")

# Captures gathered before they are written: one system call and one wake-up of the keeper for
# many exchanges.
FLUSH_SECONDS: Final = 0.005
# Drops of this time make one gap record.
GAP_SECONDS: Final = 1.0
# An exchange open for longer than this (and at most twice as long) is told as started.
STARTED_SECONDS: Final = 0.1
_RETRY_SECONDS: Final = (0.02, 0.05, 0.1, 0.2, 0.5)
_HURRY: Final = frame(UNNUMBERED, Hurry())
# Room beyond the limit for captures stripped of content, which complete a `started` row.
_RESERVE: Final = 1024 * 1024


class LinkSender:
    """The capture sink of a worker. All methods belong to its event loop."""

    def __init__(
        self, path: str, slot: int, counters: WorkerCounters, *, queue_bytes: int = 64 << 20
    ) -> None:
        """`path` is the keeper's unix socket; `slot` the worker's slot of counters."""
        self._path = path
        self._hello = frame(UNNUMBERED, Hello(slot, counters.generation))
        self._counters = counters
        self._queue = FrameQueue(queue_bytes)
        self._number = 0
        # Open exchanges by age: of this interval, of the one before, and told as started.
        self._young: dict[bytes, OpenExchange] = {}
        self._older: dict[bytes, OpenExchange] = {}
        self._told: dict[bytes, OpenExchange] = {}
        self._gaps: dict[str, Gap] = {}
        self._gap_timer: asyncio.TimerHandle | None = None
        self._flush_timer: asyncio.TimerHandle | None = None
        self._aging_timer: asyncio.TimerHandle | None = None
        self._connection: KeeperConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()

    async def start(self) -> None:
        """Connect, now and again whenever the keeper is gone."""
        self._task = asyncio.create_task(self._stay_connected())

    def opened(self, exchange: OpenExchange) -> None:
        """See `CaptureSink.opened`."""
        self._counters.opened()
        self._young[exchange.id] = exchange
        if self._aging_timer is None:
            self._aging_timer = asyncio.get_running_loop().call_later(STARTED_SECONDS, self._age)

    def closed(self, exchange: OpenExchange, capture: Capture | None, reason: str = "") -> None:
        """See `CaptureSink.closed`."""
        told = False
        if not (self._young.pop(exchange.id, None) or self._older.pop(exchange.id, None)):
            told = self._told.pop(exchange.id, None) is not None
            if not told:
                self._counters.opened()
        data = self._encoded(capture) if capture is not None else None
        if data is None:
            why = "too_large" if capture is not None else reason or "not_captured"
        elif self._queue.has_room(len(data)):
            self._append(data, final=True)
            return
        else:
            why = "queue_full"
            small = self._encoded(_stripped(capture)) if capture is not None and told else None
            if small is not None and self._queue.has_room(len(small), _RESERVE):
                self._append(small, final=True)
                return
        self._drop(why)
        if told:
            # A `started` row is in the store already; without an end it would stay open.
            self._append(frame(self._number + 1, Unrecorded(exchange.id)))

    async def commit(self, capture: Capture) -> bool:
        """See `CaptureSink.commit`. False at once when there is no room."""
        data = self._encoded(capture)
        if data is None or not self._queue.has_room(len(data)):
            return False
        exchange = self._young.pop(capture.id, None) or self._older.pop(capture.id, None)
        if exchange is not None:
            # The row that this makes stands for "started".
            self._told[capture.id] = exchange
        committed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._append(data, committed=committed)
        self._flush()
        if self._connection is not None:
            self._connection.write(_HURRY)
        return await committed

    async def drain(self, seconds: float) -> int:
        """Wait until everything is settled, at most so long; what is left then is dropped for
        `shutdown`. Returns how many exchanges that were."""
        self._tell_gaps()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while len(self._queue):
                    self._settled.clear()
                    self._flush()
                    await self._settled.wait()
        left = sum(entry.final for entry in self._queue.settle(self._number))
        if left:
            self._counters.dropped("shutdown", left)
        return left

    async def close(self) -> None:
        """End the connection and every timer."""
        for timer in (self._flush_timer, self._aging_timer, self._gap_timer):
            if timer is not None:
                timer.cancel()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._connection is not None:
            self._connection.close()

    def _encoded(self, capture: Capture) -> bytes | None:
        """The capture's frame under the next number, or `None` when it is no possible frame."""
        try:
            data = encode_frame(self._number + 1, capture)
        except (ValueError, TypeError, OverflowError, msgspec.MsgspecError) as error:
            log.warning("a capture cannot be encoded (%s)", type(error).__name__)
            return None
        return data if len(data) <= MAX_FRAME else None

    def _append(
        self, data: bytes, final: bool = False, committed: asyncio.Future[bool] | None = None
    ) -> None:
        self._number += 1
        self._queue.append(Entry(self._number, data, final, committed))
        if self._flush_timer is None:
            self._flush_timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._flush)

    def _drop(self, reason: str) -> None:
        self._counters.dropped(reason)
        now = time.time_ns() // 1_000_000
        gap = self._gaps.get(reason) or Gap(reason, 0, now, now)
        self._gaps[reason] = Gap(reason, gap.count + 1, gap.since, now)
        if self._gap_timer is None:
            loop = asyncio.get_running_loop()
            self._gap_timer = loop.call_later(GAP_SECONDS, self._tell_gaps)

    def _flush(self) -> None:
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        self._counters.queued(self._queue.size)
        if self._connection is None:
            return
        self._connection.send_from(self._queue)

    def _tell_gaps(self) -> None:
        """Queue the gap records, whether there is room or not: there are few of them, and they
        stand for much more."""
        if self._gap_timer is not None:
            self._gap_timer.cancel()
            self._gap_timer = None
        gaps, self._gaps = self._gaps, {}
        for gap in gaps.values():
            self._append(frame(self._number + 1, gap))

    def _age(self) -> None:
        """Tell the exchanges that were open for a whole interval, and move the others on."""
        old, self._older, self._young = self._older, self._young, {}
        self._tell(old)
        self._told |= old
        self._aging_timer = None
        if self._older:
            self._aging_timer = asyncio.get_running_loop().call_later(STARTED_SECONDS, self._age)

    def _tell(self, exchanges: dict[bytes, OpenExchange]) -> None:
        for exchange in exchanges.values():
            data = self._encoded(exchange.started())
            # Without room it is left out: the final capture will tell everything.
            if data is not None and self._queue.has_room(len(data)):
                self._append(data)

    async def _stay_connected(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        known = False
        while True:
            try:
                _, connection = await loop.create_unix_connection(
                    lambda: KeeperConnection(self._acknowledged, self._may_send), self._path
                )
            except OSError as error:
                await asyncio.sleep(_RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)])
                failures += 1
                if failures == len(_RETRY_SECONDS):
                    log.warning("no keeper at the link: %s", error.strerror)
                continue
            failures = 0
            self._queue.send_again()
            self._connection = connection
            connection.write(self._hello)
            if known:
                # A new keeper does not know the open exchanges of this worker.
                self._tell(self._told)
            known = True
            self._flush()
            await connection.lost.wait()
            self._connection = None
            await asyncio.sleep(_RETRY_SECONDS[0])

    def _may_send(self) -> None:
        if self._connection is not None and self._queue.has_waiting():
            self._flush()

    def _acknowledged(self, message: Acknowledged) -> None:
        dropped = message.dropped
        stored = 0
        for entry in self._queue.settle(message.number):
            lost = dropped.get(entry.number) if dropped else None
            if entry.final:
                if lost is None:
                    stored += 1
                else:
                    self._counters.dropped(lost)
            if entry.committed is not None and not entry.committed.done():
                entry.committed.set_result(lost is None)
        if stored:
            self._counters.stored(stored)
        self._counters.queued(self._queue.size)
        self._settled.set()


def _stripped(capture: Capture) -> Capture:
    """The capture without headers and bodies, when there is no room for them."""
    return msgspec.structs.replace(
        capture,
        request_headers=[],
        request_trailers=[],
        request_body=b"",
        response_headers=[],
        response_trailers=[],
        response_body=b"",
        stream=None,
        notes={**capture.notes, "capture": "queue_full"},
    )
