"""The counters add up, also when a worker or the keeper is killed between two steps."""

import pytest

from proxy.accounting import REASONS, CounterBlock


@pytest.fixture
def block() -> CounterBlock:
    return CounterBlock.create()


def test_law_holds_through_a_workers_day(block: CounterBlock) -> None:
    worker = block.worker(block.assign(set()))
    for _ in range(10):
        worker.opened()
    worker.stored(4)
    worker.dropped("queue_full", 2)
    worker.dropped("a reason nobody knows")
    found = block.read()
    assert (found.seen, found.stored, found.in_flight) == (10, 4, 3)
    assert found.dropped == {"queue_full": 2, "other": 1}
    assert found.balanced


def test_counters_are_seen_through_the_descriptor(block: CounterBlock) -> None:
    slot = block.assign(set())
    block.worker(slot).opened()
    assert CounterBlock(block.descriptor).read().seen == 1


def test_fold_counts_the_rest_of_a_dead_worker_as_lost(block: CounterBlock) -> None:
    slot = block.assign(set())
    worker = block.worker(slot)
    for _ in range(5):
        worker.opened()
    worker.stored(2)
    assert not block.is_drained(slot)
    assert block.fold(slot) == 3
    found = block.read()
    assert (found.seen, found.stored, found.in_flight) == (5, 2, 0)
    assert found.dropped == {"worker_died": 3}


def test_fold_believes_the_keeper_about_unacknowledged_commits(block: CounterBlock) -> None:
    slot = block.assign(set())
    worker, keeper = block.worker(slot), block.settled(slot)
    for _ in range(6):
        worker.opened()
    worker.stored(1)
    keeper.settle(number=9, stored=4, dropped=1)
    keeper.drained()
    assert block.is_drained(slot)
    assert block.fold(slot) == 1
    found = block.read()
    assert found.stored == 4
    assert found.dropped == {"rejected": 1, "worker_died": 1}
    assert found.balanced


def test_a_kill_between_two_increments_does_not_break_the_law(block: CounterBlock) -> None:
    slot = block.assign(set())
    worker = block.worker(slot)
    worker.opened()
    worker._words[1] += 1  # seen, and killed before the count of those in flight
    assert block.fold(slot) == 2
    assert block.read().balanced


def test_settled_is_kept_whole_across_keepers(block: CounterBlock) -> None:
    slot = block.assign(set())
    block.settled(slot).settle(5, 3, 0)
    successor = CounterBlock(block.descriptor).settled(slot)
    assert successor.number == 5
    successor.settle(8, 2, 1)
    assert successor._read() == (8, 5, 1)


def test_a_slot_used_again_has_another_generation(block: CounterBlock) -> None:
    first = block.assign(set())
    before = block.worker(first).generation
    block.fold(first)
    slots = {block.assign(set()) for _ in range(320)}
    assert first in slots
    assert block.worker(first).generation > before


def test_slots_in_use_are_left_alone(block: CounterBlock) -> None:
    first = block.assign(set())
    assert all(block.assign({first}) != first for _ in range(700))


@pytest.mark.parametrize("slot", [0, -1, 320])
def test_no_keeper_counts_outside_the_slots(block: CounterBlock, slot: int) -> None:
    with pytest.raises(IndexError):
        block.settled(slot)


def test_every_reason_has_a_counter(block: CounterBlock) -> None:
    worker = block.worker(block.assign(set()))
    for reason in REASONS:
        worker.opened()
        worker.dropped(reason)
    assert block.read().dropped == dict.fromkeys(REASONS, 1)
