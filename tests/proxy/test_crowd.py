"""Workers see how busy the others are, and forget those that are gone."""

from proxy.accounting import CounterBlock
from proxy.crowd import SharedCrowd
from proxy.losses import Losses


def test_the_fewest_connections_of_those_that_accept() -> None:
    block = CounterBlock.create()
    slots = [block.assign(set()), block.assign(set())]
    first, second = [SharedCrowd(CounterBlock(block.descriptor), slot) for slot in slots]
    assert first.least() > 1_000_000
    first.publish(3)
    assert second.least() == 3
    second.publish(1)
    assert first.least() == 1
    second.leave()
    assert first.least() == 3


def test_a_worker_that_ended_does_not_count() -> None:
    block = CounterBlock.create()
    slots = [block.assign(set()), block.assign(set())]
    first, second = [SharedCrowd(block, slot) for slot in slots]
    first.publish(2)
    second.publish(0)
    Losses(block).ended(slots[1])
    assert first.least() == 2
    assert block.read().balanced
