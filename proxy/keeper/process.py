"""The keeper's life: opens the store, takes captures, serves the API, and ends in order."""

import asyncio
import gc
import logging
import shutil
import socket
from typing import Final
from uuid import UUID

from proxy.accounting import CounterBlock
from proxy.api.notice import Notice
from proxy.child import ChildEnd, begin, loop_factory
from proxy.control import Failed, KeeperStart, Lost, Ready, Reload, Stop
from proxy.keeper.api_server import ApiServer
from proxy.keeper.metrics import register
from proxy.keeper.opening import Door, open_door, open_store
from proxy.keeper.services import keeper_services
from proxy.keeper.store_thread import OpenStore, StoreThread
from proxy.keeper.vitals import Vitals
from proxy.keeper.warming import keep_warm
from proxy.link.receiver import LinkReceiver
from proxy.private_log import report_context
from store.capture import Capture
from store.errors import StoreError, StoreUnavailable
from store.redaction.exchange import RedactedExchange

log = logging.getLogger("wiretrail.keeper")

_GARBAGE_THRESHOLD: Final = 20_000
_BEAT_SECONDS: Final = 0.5
# When the supervisor was killed the workers end by themselves; so long are they waited for.
_ORPHAN_SECONDS: Final = 5.0


def main() -> int:
    """Run a keeper; returns the exit code."""
    control = begin("keeper")
    start = control.first()
    if not isinstance(start, KeeperStart):
        return 1
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.get_loop().set_exception_handler(report_context)
        return runner.run(Keeper(control, start).run())


class Keeper:
    """One keeper."""

    def __init__(self, control: ChildEnd, start: KeeperStart) -> None:
        self._control = control
        self._start = start
        self._config = start.config
        self._vitals = Vitals(start.vitals_fd)
        self._counters = CounterBlock(start.counters_fd)
        self._notice = Notice()
        self._receiver = LinkReceiver(self._counters)
        self._door: Door | None = None

    async def run(self) -> int:
        """Until told to stop; returns the exit code."""
        self._vitals.begun()
        beating = asyncio.create_task(self._beat())
        self._notice.bind()
        store: OpenStore | None = None
        if self._start.first:
            # Nobody relies on us yet: better no start than one that records nothing.
            try:
                # In a thread: bringing a large store up to date may take minutes, and is progress.
                store = await asyncio.to_thread(self._open_store)
            except StoreError as error:
                self._control.say(Failed(str(error)))
                return 1
        thread = StoreThread(store or self._open_store, self._receiver.inbox, self._vitals)
        thread.start()
        await self._receiver.start(socket.socket(fileno=self._start.link_fd))
        services = keeper_services(
            self._start.config,
            self._start.listeners,
            thread=thread,
            notice=self._notice,
            accounting=self._counters.read,
            ready=self._is_ready,
            explain=self._explain,
        )
        register(
            services.registry,
            thread=thread,
            receiver=self._receiver,
            counters=self._counters,
            vitals=self._vitals,
        )
        api = ApiServer(services, socket.socket(fileno=self._start.api.fd))
        await api.start()
        # What is alive now lives as long as the process: the collector need not look at it.
        gc.collect()
        gc.freeze()
        # A batch is 15,000 objects that all live until it is written: looking through them every
        # 2,000 finds nothing and was 5 of 120 µs an exchange.
        gc.set_threshold(_GARBAGE_THRESHOLD)
        self._vitals.ready = True
        self._control.say(Ready())
        warming = asyncio.create_task(keep_warm(services.reader, services.zones))
        sound = await self._serve(thread)
        self._vitals.ready = False
        warming.cancel()
        await asyncio.wait([warming])
        await api.close()
        self._receiver.close()
        thread.stop()
        await asyncio.to_thread(thread.finished.wait)
        beating.cancel()
        await self._control.close()
        return 0 if sound else 1

    def _open_store(self) -> OpenStore:
        """The store, with an end for the rows of runs that had none.

        Raises:
            StoreError: it cannot be opened now.
        """
        self._door = open_door(self._config)
        store = open_store(self._config, self._door, self._notice.publish)
        try:
            store.writer.interrupt_started(self._start.run_started)
        except StoreError:
            store.writer.close()
            raise
        return store

    async def _serve(self, thread: StoreThread) -> bool:
        """Do what the supervisor says until it says stop; False when the writer has failed."""
        failed = asyncio.create_task(asyncio.to_thread(thread.finished.wait))
        while True:
            told = asyncio.create_task(self._control.next())
            await asyncio.wait((told, failed), return_when=asyncio.FIRST_COMPLETED)
            if failed.done():
                told.cancel()
                log.critical("the writer has ended unexpectedly")
                return False
            message = told.result()
            if message is None:
                await self._wait_for_orphans()
                return True
            if isinstance(message, Stop):
                return True
            if isinstance(message, Reload):
                before, now = self._start.config, message.config
                if (before.retention, before.search) != (now.retention, now.search):
                    log.info("retention or search has changed: a new keeper takes over")
                    return True
                await self._reload(message, thread)
            elif isinstance(message, Lost):
                await self._record_lost(message, thread)

    async def _reload(self, message: Reload, thread: StoreThread) -> None:
        # A store that is opened later takes these rules, too.
        self._config = message.config
        try:
            door = open_door(message.config)
            await thread.call(lambda store: store.recorder.reconfigure(*door))
        except StoreError as error:
            log.error("the rules are not taken over: %s", error)
        else:
            self._door = door

    async def _record_lost(self, message: Lost, thread: StoreThread) -> None:
        try:
            await thread.call(
                lambda store: store.writer.record_gap(
                    "worker_died", message.count, message.since, message.until
                )
            )
        except StoreUnavailable as error:
            log.error("a gap of %d exchanges is not recorded: %s", message.count, error)

    async def _wait_for_orphans(self) -> None:
        log.error("the supervisor is gone; ending with the workers")
        waited = 0.0
        while self._receiver.connected and waited < _ORPHAN_SECONDS:
            await asyncio.sleep(0.05)
            waited += 0.05
        shutil.rmtree(self._start.runtime, ignore_errors=True)

    async def _beat(self) -> None:
        while True:
            self._vitals.beat()
            await asyncio.sleep(_BEAT_SECONDS)

    def _explain(self, capture: Capture, organization: UUID) -> RedactedExchange:
        if self._door is None:
            raise StoreUnavailable("the store cannot be opened")
        return self._door.redactor.redact(capture, organization)

    def _is_ready(self) -> bool:
        return self._vitals.ready and self._vitals.workers_ready
