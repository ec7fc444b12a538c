"""What a keeper leaves to its successor: signs of life, and who is under suspicion."""

import time

import pytest

from proxy.keeper.vitals import SURE, UNSURE, Vitals, is_poison
from store.identity import activity_id

GUILTY, INNOCENT = activity_id(), activity_id()


@pytest.fixture
def vitals() -> Vitals:
    return Vitals.create()


def end_while_working(vitals: Vitals, ids: list[bytes], weight: int) -> dict[bytes, int]:
    """A keeper ends in the middle of a batch; what its successor suspects."""
    vitals.busy(ids)
    vitals.ended(weight)
    return Vitals(vitals.descriptor).suspects()


def test_nobody_is_suspect_after_an_idle_end(vitals: Vitals) -> None:
    vitals.busy([GUILTY])
    vitals.idle()
    vitals.ended(SURE)
    assert vitals.suspects() == {}


def test_two_crashes_of_its_own_make_poison(vitals: Vitals) -> None:
    first = end_while_working(vitals, [INNOCENT, GUILTY], SURE)
    assert first.keys() == {INNOCENT, GUILTY}
    assert not any(map(is_poison, first.values()))
    second = end_while_working(vitals, [GUILTY], SURE)
    assert is_poison(second[GUILTY])
    assert not is_poison(second[INNOCENT])


def test_kills_from_outside_prove_less(vitals: Vitals) -> None:
    for _ in range(3):
        found = end_while_working(vitals, [GUILTY], UNSURE)
        assert not is_poison(found[GUILTY])
    assert is_poison(end_while_working(vitals, [GUILTY], UNSURE)[GUILTY])


def test_cleared_suspects_are_forgotten(vitals: Vitals) -> None:
    found = end_while_working(vitals, [INNOCENT, GUILTY], SURE)
    del found[INNOCENT]
    vitals.cleared(found)
    assert vitals.suspects() == {GUILTY: SURE}


def test_more_suspects_than_fit_keep_the_newest(vitals: Vitals) -> None:
    older = [activity_id() for _ in range(1024)]
    newer = [activity_id() for _ in range(1000)]
    end_while_working(vitals, older, UNSURE)
    end_while_working(vitals, newer, UNSURE)
    assert set(newer) <= vitals.suspects().keys()


def test_silence_counts_from_the_older_sign(vitals: Vitals) -> None:
    assert vitals.silent_for() == 0
    vitals.busy([GUILTY])
    time.sleep(0.02)
    vitals.beat()
    assert vitals.silent_for() >= 0.02
    vitals.ended(UNSURE)
    assert vitals.silent_for() == 0


def test_readiness_ends_with_the_keeper(vitals: Vitals) -> None:
    vitals.ready = True
    vitals.workers_ready = True
    vitals.ended(SURE)
    assert not vitals.ready
    assert vitals.workers_ready
