"""The writer thread over a real store, when the store refuses some or all of it."""

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from proxy.config import data_folder, load
from proxy.keeper.opening import open_door, open_store
from proxy.keeper.store_thread import OpenStore, StoreThread
from proxy.keeper.vitals import Vitals
from proxy.link.inbox import Inbox, Received
from proxy.link.receiver import WorkerConnection
from store.activity import ActivityRow
from store.backend import Writer, WriteResult
from store.capture import encode_frame
from store.errors import StoreUnavailable
from tests.proxy.conftest import wait_until
from tests.support.exchanges import Exchange


class Moody:
    """A writer that refuses rows with some paths, or everything for a while."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.refused: set[str] = set()
        self.down = threading.Event()
        self.end_started = writer.end_started
        self.record_gap = writer.record_gap
        self.maintain = writer.maintain
        self.index = writer.index
        self.unindex = writer.unindex
        self.gone = writer.gone
        self.close = writer.close

    def write(self, rows: Sequence[ActivityRow]) -> WriteResult:
        if self.down.is_set() or any(row.path in self.refused for row in rows):
            raise StoreUnavailable("refused")
        return self._writer.write(rows)

    def interrupt_started(self, before: int) -> int:
        if self.down.is_set():
            raise StoreUnavailable("refused")
        return self._writer.interrupt_started(before)


class Worker:
    """Stands for a worker's connection: remembers what was acknowledged."""

    def __init__(self) -> None:
        self.counters = None
        self.started: dict[bytes, object] = {}
        self.acknowledged = 0
        self.dropped: dict[int, str] = {}

    def settled(self, number: int, dropped: dict[int, str]) -> None:
        self.acknowledged = number
        self.dropped |= dropped


class World:
    def __init__(self, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        config = load(None, overrides={"data": str(data)}, environ={})
        data_folder(config).ensure()
        moody: list[Moody] = []

        def moody_writer(*arguments: object) -> Moody:
            from store.open_store import open_writer

            moody.append(Moody(open_writer(*arguments)))  # type: ignore[arg-type]
            return moody[0]

        monkeypatch.setattr("proxy.keeper.opening.open_writer", moody_writer)
        monkeypatch.setattr("proxy.keeper.store_thread._RETRY_SECONDS", (0.01,))
        store: OpenStore = open_store(config, open_door(config), lambda seq: None)
        self.writer = moody[0]
        self.worker = Worker()
        self.inbox: Inbox[WorkerConnection] = Inbox(on_room=lambda: None)
        self.thread = StoreThread(store, self.inbox, Vitals.create())
        self.thread.start()

    def send(self, *targets: str) -> None:
        frames = [
            Received(self.worker, number, encode_frame(number, Exchange(target).final())[12:])
            for number, target in enumerate(targets, 1)
        ]
        self.inbox.put(frames)  # type: ignore[arg-type]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    world = World(tmp_path / "data", monkeypatch)
    yield world
    world.writer.down.clear()
    world.thread.stop()
    world.thread.join(10)


def test_one_row_that_the_store_refuses_does_not_hold_up_the_rest(world: World) -> None:
    world.writer.refused = {"/bad"}
    world.send("/one", "/bad", "/two")
    wait_until(lambda: world.worker.acknowledged == 3, "the batch is settled")
    assert world.worker.dropped == {2: "rejected"}


def test_a_store_that_is_down_drops_nothing(world: World) -> None:
    world.writer.down.set()
    world.send("/one", "/two")
    wait_until(lambda: not world.thread.writable, "the store is found to be down")
    time.sleep(0.3)  # far more tries than a single capture gets
    assert world.worker.acknowledged == 0
    world.writer.down.clear()
    wait_until(lambda: world.worker.acknowledged == 2, "the batch is settled")
    assert world.worker.dropped == {}
    assert world.thread.writable


async def test_jobs_run_between_batches_and_raise_to_the_caller(world: World) -> None:
    assert await world.thread.call(lambda store: store.writer.interrupt_started(0)) == 0
    world.writer.down.set()
    with pytest.raises(StoreUnavailable):
        await world.thread.call(lambda store: store.writer.interrupt_started(0))


def test_an_unreadable_frame_is_rejected_alone(world: World) -> None:
    world.inbox.put([Received(world.worker, 1, b"\x93\x01\x02\x03")])  # type: ignore[arg-type]
    wait_until(lambda: world.worker.acknowledged == 1, "the frame is settled")
    assert world.worker.dropped == {1: "rejected"}
