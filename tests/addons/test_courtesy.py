"""How long others are let go first."""

import pytest

from addons import courtesy
from addons.courtesy import Courtesy


class Others:
    """What they have."""

    least_of_all = 0

    def publish(self, connections: int) -> None: ...

    def leave(self) -> None: ...

    def least(self) -> int:
        return self.least_of_all


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which stands."""
    made = [100.0]
    monkeypatch.setattr("addons.courtesy.time.monotonic", lambda: made[0])
    return made


def take(ours: Courtesy, count: int, mine: int = 1) -> int:
    """Waits for so many connections that nobody else comes for."""
    waited = 0
    for number in range(count):
        waits = ours.waits(mine + number)
        waited += waits
        if waits:
            ours.in_vain()
    return waited


@pytest.mark.usefixtures("now")
def test_who_has_no_more_than_others_does_not_wait() -> None:
    ours = Courtesy(Others())
    assert ours.waits(0) == 0
    assert ours.waits(1) == courtesy._PATIENCE


@pytest.mark.usefixtures("now")
def test_one_that_never_comes_costs_little() -> None:
    assert take(Courtesy(Others()), 200) < courtesy._PATIENCE + 10


@pytest.mark.usefixtures("now")
def test_having_none_is_no_sign_that_the_other_lives() -> None:
    ours = Courtesy(Others())
    first = take(ours, 1)
    for _ in range(100):
        assert ours.waits(0) == 0
        first += take(ours, 1)
    assert first < courtesy._PATIENCE + 10


@pytest.mark.usefixtures("now")
def test_one_that_comes_is_waited_for_again() -> None:
    others = Others()
    ours = Courtesy(others)
    take(ours, 50)
    others.least_of_all = 1
    assert ours.waits(50) == courtesy._PATIENCE
    take(ours, 50)
    ours.came()
    assert ours.waits(50) == courtesy._PATIENCE


@pytest.mark.usefixtures("now")
def test_one_that_comes_and_leaves_some_is_waited_for_again() -> None:
    others = Others()
    ours = Courtesy(others)
    assert ours.waits(1) == courtesy._PATIENCE
    others.least_of_all = 1
    ours.in_vain()
    assert ours.waits(2) == courtesy._PATIENCE


def test_it_is_waited_for_again_in_a_while(now: list[float]) -> None:
    ours = Courtesy(Others())
    take(ours, 50)
    now[0] += 0.9
    assert take(ours, 50, 50) < courtesy._PATIENCE
    now[0] += 0.2
    assert ours.waits(100) == courtesy._PATIENCE
