"""Both ends of the link over a real unix socket: nothing is lost, nothing is counted twice."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.accounting import CounterBlock
from proxy.keeper.batch import Batch
from proxy.link.receiver import LinkReceiver
from proxy.link.sender import LinkSender
from proxy.listening import listen_unix
from store.capture import Capture, Phase
from tests.support.exchanges import Exchange


class Link:
    """A sender, and receivers that come and go."""

    def __init__(self, path: Path, queue_bytes: int = 1 << 20) -> None:
        self.listener = listen_unix(path)
        self.block = CounterBlock.create()
        self.slot = self.block.assign(set())
        self.sender = LinkSender(
            str(path), self.slot, self.block.worker(self.slot), queue_bytes=queue_bytes
        )
        self.receiver: LinkReceiver | None = None
        self.gaps: list[tuple[str, int]] = []

    async def keeper(self) -> None:
        self.receiver = LinkReceiver(self.block)
        await self.receiver.start(self.listener)

    async def batch(self) -> Batch:
        assert self.receiver is not None
        frames = await asyncio.to_thread(self.receiver.inbox.take, 5.0)
        assert frames, "nothing came"
        return Batch(frames, now=0)

    async def keep(self, count: int) -> list[Capture]:
        """Take and acknowledge until so many captures came."""
        captures: list[Capture] = []
        while len(captures) < count:
            captures += await self.take_one()
        return captures

    async def take_one(self) -> list[Capture]:
        """Take one batch and acknowledge it."""
        batch = await self.batch()
        self.gaps += [(gap.reason, gap.count) for gap in batch.new_gaps()]
        batch.acknowledge()
        return list(batch.captures.values())

    async def close(self) -> None:
        await self.sender.close()
        if self.receiver is not None:
            self.receiver.close()
        self.listener.close()


@pytest.fixture
async def link(tmp_path: Path) -> AsyncIterator[Link]:
    link = Link(tmp_path / "link")
    await link.sender.start()
    yield link
    await link.close()


def finish(link: Link, count: int, body: bytes = b"{}") -> list[Exchange]:
    exchanges = [Exchange() for _ in range(count)]
    for exchange in exchanges:
        link.sender.opened(exchange)
        link.sender.closed(exchange, exchange.final(body))
    return exchanges


async def test_captures_arrive_once_and_count_as_stored(link: Link) -> None:
    await link.keeper()
    sent = finish(link, 100)
    got = await link.keep(100)
    assert [capture.id for capture in got] == [exchange.id for exchange in sent]
    assert await link.sender.drain(5) == 0
    found = link.block.read()
    assert (found.seen, found.stored, found.in_flight) == (100, 100, 0)


async def test_captures_wait_for_a_keeper(link: Link) -> None:
    finish(link, 10)
    await asyncio.sleep(0.05)
    assert link.block.read().in_flight == 10
    await link.keeper()
    assert len(await link.keep(10)) == 10


async def test_what_a_dead_keeper_did_not_acknowledge_comes_again(link: Link) -> None:
    await link.keeper()
    finish(link, 20)
    unfinished = await link.batch()
    assert link.receiver is not None
    link.receiver.close()
    await link.keeper()
    again = await link.keep(20)
    assert {capture.id for capture in again} >= set(unfinished.captures)
    await link.sender.drain(5)
    assert link.block.read().stored == 20


async def test_a_commit_before_the_keepers_death_is_counted_once(link: Link) -> None:
    await link.keeper()
    finish(link, 5)
    batch = await link.batch()
    settled = link.block.settled(link.slot)
    settled.settle(5, len(batch.captures), 0)  # committed, and killed before it could say so
    assert link.receiver is not None
    link.receiver.close()
    await link.keeper()
    await link.keep(5)
    await link.sender.drain(5)
    assert link.block.read().stored == 5
    assert settled._read()[1] == 5


async def test_a_long_exchange_is_told_as_started(link: Link) -> None:
    await link.keeper()
    exchange = Exchange()
    link.sender.opened(exchange)
    (started,) = await link.keep(1)
    assert started.phase is Phase.STARTED
    assert link.block.read().in_flight == 1
    link.sender.closed(exchange, exchange.final())
    (final,) = await link.keep(1)
    assert (final.phase, final.id) == (Phase.FINAL, started.id)
    await link.sender.drain(5)
    assert link.block.read().stored == 1


async def test_a_new_keeper_hears_of_open_exchanges_again(link: Link) -> None:
    await link.keeper()
    exchange = Exchange()
    link.sender.opened(exchange)
    await link.keep(1)
    assert link.receiver is not None
    link.receiver.close()
    await link.keeper()
    (again,) = await link.keep(1)
    assert (again.phase, again.id) == (Phase.STARTED, exchange.id)


async def test_exchanges_of_a_dead_worker_end_as_interrupted(link: Link) -> None:
    await link.keeper()
    exchange = Exchange()
    link.sender.opened(exchange)
    await link.keep(1)
    await link.sender.close()
    batch = await link.batch()
    (capture,) = batch.captures.values()
    assert (capture.phase, capture.error_code) == (Phase.FINAL, "interrupted")
    batch.acknowledge()
    assert link.block.is_drained(link.slot)
    assert link.block.fold(link.slot) == 1


async def test_what_cannot_be_captured_is_dropped_with_its_reason(link: Link) -> None:
    await link.keeper()
    exchange = Exchange()
    link.sender.opened(exchange)
    link.sender.closed(exchange, None, "not_captured")
    batch = await link.batch()
    (gap,) = batch.new_gaps()
    assert (gap.reason, gap.count) == ("not_captured", 1)
    assert link.block.read().dropped == {"not_captured": 1}


async def test_a_told_exchange_without_a_capture_is_told_to_have_ended(link: Link) -> None:
    await link.keeper()
    exchange = Exchange()
    link.sender.opened(exchange)
    assert await link.keep(1)
    link.sender.closed(exchange, None)
    batch = await link.batch()
    assert (batch.captures, batch.unrecorded()) == ({}, [exchange.id])
    batch.acknowledge()


async def test_a_rejected_capture_is_counted_by_its_reason(link: Link) -> None:
    await link.keeper()
    bad, good = finish(link, 2)
    batch = await link.batch()
    batch.rejected[bad.id] = "rejected"
    batch.acknowledge()
    await link.sender.drain(5)
    found = link.block.read()
    assert (found.stored, found.dropped) == (1, {"rejected": 1})
    assert good.id in batch.captures


async def test_a_durable_request_waits_for_its_commit(link: Link) -> None:
    await link.keeper()
    exchange = Exchange()
    link.sender.opened(exchange)
    waiting = asyncio.create_task(link.sender.commit(exchange.request()))
    batch = await link.batch()
    assert not waiting.done()
    batch.acknowledge()
    assert await waiting is True
    assert link.block.read().in_flight == 1


async def test_a_durable_request_that_is_rejected_is_not_committed(link: Link) -> None:
    await link.keeper()
    exchange = Exchange()
    link.sender.opened(exchange)
    waiting = asyncio.create_task(link.sender.commit(exchange.request()))
    batch = await link.batch()
    batch.rejected[exchange.id] = "rejected"
    batch.acknowledge()
    assert await waiting is False


async def test_a_full_queue_drops_the_newest_and_tells_the_gap(tmp_path: Path) -> None:
    link = Link(tmp_path / "link", queue_bytes=20_000)
    try:
        sent = finish(link, 30, body=b"x" * 500)
        found = link.block.read()
        kept = found.in_flight
        assert 0 < kept < 30
        assert found.dropped == {"queue_full": 30 - kept}
        assert found.balanced
        await link.sender.start()
        await link.keeper()
        got = await link.keep(kept)
        assert [capture.id for capture in got] == [exchange.id for exchange in sent[:kept]]
        while not link.gaps:
            await link.take_one()
        assert link.gaps == [("queue_full", 30 - kept)]
    finally:
        await link.close()


async def test_a_told_exchange_gets_its_end_even_when_the_queue_is_full(tmp_path: Path) -> None:
    link = Link(tmp_path / "link", queue_bytes=20_000)
    await link.sender.start()
    await link.keeper()
    try:
        exchange = Exchange()
        link.sender.opened(exchange)
        await link.keep(1)
        finish(link, 30, body=b"x" * 500)
        link.sender.closed(exchange, exchange.final(b"x" * 500))
        captures = await link.keep(link.block.read().in_flight)
        end = next(capture for capture in captures if capture.id == exchange.id)
        assert end.phase is Phase.FINAL
        assert end.notes == {"capture": "queue_full"}
        assert (end.request_body, end.request_size) == (b"", 500)
    finally:
        await link.close()


async def test_draining_without_a_keeper_counts_what_is_left(link: Link) -> None:
    finish(link, 3)
    assert await link.sender.drain(0.05) == 3
    found = link.block.read()
    assert (found.in_flight, found.dropped) == (0, {"shutdown": 3})
