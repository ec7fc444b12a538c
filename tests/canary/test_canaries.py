"""Nothing unredacted is ever written or said, by whatever way it came; and what is no secret is
there."""

from collections import Counter

import pytest

from tests.canary.scene import CASES, HELD, OUTAGES, Scene

type Sightings = dict[str, dict[str, set[str]]]


@pytest.mark.parametrize("name", CASES | HELD)
def test_row_is_there_with_its_neighbours(scene: Scene, name: str) -> None:
    case = (CASES | HELD)[name]
    assert name not in scene.broken, scene.broken[name]
    rows = scene.rows[name]
    assert len(rows) >= case.rows
    for row in rows[: case.rows]:
        assert not [kept for kept in case.kept if kept not in row], row


def test_each_exchange_has_a_row_of_its_own(scene: Scene) -> None:
    """Also where nothing but the kind of its failure tells which one it is."""
    wanted: Counter[str] = Counter()
    for case in CASES.values():
        wanted[case.where] += case.rows
    for name, case in CASES.items():
        assert len(scene.rows[name]) >= wanted[case.where], case.where


@pytest.mark.parametrize("name", HELD)
def test_canary_is_not_there_before_the_answer(sightings: Sightings, name: str) -> None:
    assert sightings["held"].get(name, set()) == set()


@pytest.mark.parametrize("name", CASES | HELD)
def test_canary_is_nowhere(sightings: Sightings, name: str) -> None:
    assert sightings["running"].get(name, set()) == set()
    assert sightings["ended"].get(name, set()) == set()


@pytest.mark.parametrize("name", OUTAGES)
def test_outage(scene: Scene, sightings: Sightings, name: str) -> None:
    assert scene.outages[name] == OUTAGES[name].requests
    assert sightings["running"].get(name, set()) == set()
    assert sightings["ended"].get(name, set()) == set()


@pytest.mark.parametrize("name", ["asked", "proxy password"])
def test_what_belongs_to_no_row(sightings: Sightings, name: str) -> None:
    assert sightings["running"].get(name, set()) == set()
    assert sightings["ended"].get(name, set()) == set()


def test_what_is_looked_for_is_found(sightings: Sightings) -> None:
    assert sightings["control"].get("proxy password") == {"secrets: password"}


def test_faults_were_told(scene: Scene) -> None:
    assert "cannot be written" in scene.log
    assert "is not taken over" in scene.log
