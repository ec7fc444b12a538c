"""The thread that alone writes the store: batches of the link, entries of the API, and the
store's own housekeeping in between."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Final

from proxy.keeper.batch import Batch
from proxy.keeper.vitals import Vitals, is_poison
from proxy.link.inbox import BATCH_COUNT, Inbox
from proxy.link.receiver import WorkerConnection
from store.backend import Writer
from store.capture import Capture
from store.errors import StoreError, StoreUnavailable
from store.recorder import Recorder

log = logging.getLogger("wiretrail.keeper")

_RETRY_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0)
# After so many refusals of a batch (about five seconds) its captures are tried one by one. One
# that is refused so often while the store takes others is dropped.
_SINGLY_AFTER: Final = 8
_REFUSALS: Final = 5
_MAINTAIN_SECONDS: Final = 60.0
# Between two steps of housekeeping while there is more to do.
_STEP_PAUSE_SECONDS: Final = 0.05
# The search index follows closely, so that the rows that are not in it yet are few, and in smaller
# steps than the rest.
_INDEX_SECONDS: Final = 1.0
_INDEX_PAUSE_SECONDS: Final = 0.015
_IDLE_SECONDS: Final = 1.0
_REOPEN_SECONDS: Final = 1.0


@dataclass(slots=True)
class OpenStore:
    """The store's two ends for the writer thread."""

    writer: Writer
    recorder: Recorder


type Job[T] = Callable[[OpenStore], T]


class StoreThread(threading.Thread):
    """What it cannot write now it keeps and tries again; the inbox fills, and then the workers'
    queues."""

    def __init__(
        self,
        store: OpenStore | Callable[[], OpenStore],
        inbox: Inbox[WorkerConnection],
        vitals: Vitals,
    ) -> None:
        """`store` is open, or is to be opened by this call, again and again until it can be."""
        super().__init__(name="store", daemon=True)
        self._opener = None if isinstance(store, OpenStore) else store
        self._opened = store if isinstance(store, OpenStore) else None
        self._inbox = inbox
        self._vitals = vitals
        self._suspects = vitals.suspects()
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._batch: Batch | None = None
        self._retry_at = 0.0
        self._failures = 0
        self._chores = (
            _Chore(
                lambda now: self._store.writer.maintain(now),
                first=_MAINTAIN_SECONDS / 4,
                idle=_MAINTAIN_SECONDS,
                pause=_STEP_PAUSE_SECONDS,
            ),
            _Chore(
                lambda now: self._store.writer.index(now),
                first=_INDEX_SECONDS,
                idle=_INDEX_SECONDS,
                pause=_INDEX_PAUSE_SECONDS,
            ),
        )
        self._stopping = threading.Event()
        self.finished = threading.Event()

    @property
    def opened(self) -> bool:
        """Whether the store is open for writing."""
        return self._opened is not None

    @property
    def writable(self) -> bool:
        """Whether the store is open and the last batch could be written."""
        return self._opened is not None and self._failures == 0

    @property
    def _store(self) -> OpenStore:
        if self._opened is None:
            raise StoreUnavailable("the store cannot be opened")
        return self._opened

    async def call[T](self, job: Job[T]) -> T:
        """Run a job on the store between two batches; raises what it raises."""
        future: Future[T] = Future()

        def work() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(job(self._store))
                except Exception as error:  # noqa: BLE001 - handed to the caller
                    future.set_exception(error)

        self._jobs.put(work)
        self._inbox.hurry()
        return await asyncio.wrap_future(future)

    def stop(self) -> None:
        """End once everything that has arrived is written (or cannot be), then close."""
        self._stopping.set()
        self._inbox.hurry()

    def run(self) -> None:
        """The thread's body."""
        try:
            while self._step():
                pass
            if self._opened is not None:
                self._opened.writer.close()
        finally:
            self._vitals.idle()
            self.finished.set()

    def _step(self) -> bool:
        """One round; False when it is time to end."""
        self._run_jobs()
        if self._opened is None:
            self._open()
            return not self._stopping.is_set()
        if self._batch is not None:
            if time.monotonic() >= self._retry_at:
                self._write(self._batch)
            elif self._stopping.is_set():
                return False  # the workers keep what was not acknowledged
            else:
                time.sleep(0.01)
            return True
        frames = self._inbox.take(self._patience())
        if frames:
            self._write(Batch(frames, _now()))
        elif self._stopping.is_set():
            return False
        self._maintain(at_limit=len(frames) >= BATCH_COUNT)
        return True

    def _open(self) -> None:
        assert self._opener is not None
        if time.monotonic() < self._retry_at:
            self._stopping.wait(0.02)
            return
        self._vitals.busy(())
        try:
            self._opened = self._opener()
        except StoreError as error:
            if self._failures == 0:
                log.error("the store cannot be opened, captures wait: %s", error)
            self._failures += 1
            self._retry_at = time.monotonic() + _REOPEN_SECONDS
        else:
            if self._failures:
                log.warning("the store is open again")
            self._failures = 0
        finally:
            self._vitals.idle()

    def _patience(self) -> float:
        if self._stopping.is_set() or not self._jobs.empty():
            return 0.0
        due = min(chore.due_at for chore in self._chores)
        return max(0.0, min(_IDLE_SECONDS, due - time.monotonic()))

    def _run_jobs(self) -> None:
        while True:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                return
            self._vitals.busy(())
            job()
            self._vitals.idle()

    def _write(self, batch: Batch) -> None:
        self._batch = batch
        try:
            self._record(batch)
            if ended := batch.unrecorded():
                self._store.writer.end_started(ended)
            for gap in [*batch.new_gaps(), *batch.drops(_now())]:
                self._store.writer.record_gap(gap.reason, gap.count, gap.since, gap.until)
        except StoreUnavailable as error:
            self._back_off(error)
            return
        finally:
            self._vitals.idle()
        self._batch = None
        if self._failures:
            log.warning("the store can be written again")
        self._failures = 0
        batch.acknowledge()

    def _back_off(self, error: StoreUnavailable) -> None:
        wait = _RETRY_SECONDS[min(self._failures, len(_RETRY_SECONDS) - 1)]
        if self._failures == 0:
            log.warning("the store cannot be written now, captures wait: %s", error)
        self._failures += 1
        self._retry_at = time.monotonic() + wait

    def _record(self, batch: Batch) -> None:
        """Write the captures of a batch. Suspects of earlier ends go one by one."""
        rest = []
        for key, capture in batch.captures.items():
            if key in batch.rejected:
                continue
            if key not in self._suspects:
                rest.append(capture)
                continue
            if is_poison(self._suspects[key]):
                batch.rejected[key] = "poison"
                log.error("capture %s ended the keeper twice and is dropped", key.hex())
            else:
                batch.rejected |= self._record_together([capture])
            del self._suspects[key]
            self._vitals.cleared(self._suspects)
        if rest and self._failures < _SINGLY_AFTER:
            batch.rejected |= self._record_together(rest)
        elif rest:
            self._record_singly(batch, rest)

    def _record_together(self, captures: list[Capture]) -> dict[bytes, str]:
        self._vitals.busy([capture.id for capture in captures])
        try:
            result = self._store.recorder.record(captures)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - capture guard: a bad one must not stop the rest
            if len(captures) == 1:
                log.error("a capture cannot be recorded (%s)", type(error).__name__)
                return {captures[0].id: "rejected"}
            rejected: dict[bytes, str] = {}
            for capture in captures:
                rejected |= self._record_together([capture])
            return rejected
        return dict.fromkeys(result.rejected, "rejected")

    def _record_singly(self, batch: Batch, captures: list[Capture]) -> None:
        """Find out whether the store refuses everything or only one capture."""
        last: StoreUnavailable | None = None
        for capture in captures:
            try:
                batch.rejected |= self._record_together([capture])
                del batch.captures[capture.id]
            except StoreUnavailable as error:
                # Changes nothing, but is a write: fails too when the store itself is at fault.
                self._store.writer.interrupt_started(0)
                batch.refusals[capture.id] += 1
                if batch.refusals[capture.id] < _REFUSALS:
                    last = error
                else:
                    log.error("capture %s is refused by the store: %s", capture.id.hex(), error)
                    batch.rejected[capture.id] = "rejected"
        if last is not None:
            raise last

    def _maintain(self, *, at_limit: bool) -> None:
        """Do what is due. At the limit of what can be written, the search index waits."""
        for chore in self._chores[:1] if at_limit else self._chores:
            if time.monotonic() < chore.due_at:
                continue
            self._vitals.busy(())
            try:
                chore.step()
            except StoreUnavailable as error:
                log.warning("housekeeping of the store waits: %s", error)
            finally:
                self._vitals.idle()


class _Chore:
    """Work that goes on in small steps while there is something to do."""

    def __init__(
        self, work: Callable[[int], bool], *, first: float, idle: float, pause: float
    ) -> None:
        """`work` is given the time and tells whether there is more to do. Seconds until the first
        step, between two when there is nothing to do, and when there is."""
        self._work = work
        self._idle = idle
        self._pause = pause
        self.due_at = time.monotonic() + first

    def step(self) -> None:
        """One step; the next one is due when it has ended, or failed."""
        pause = self._idle
        try:
            if self._work(_now()):
                pause = self._pause
        finally:
            self.due_at = time.monotonic() + pause


def _now() -> int:
    return time.time_ns() // 1_000_000
