"""One play for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.canary.scene import Scene, everything_planted, play


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with play(tmp_path_factory.mktemp("canary")) as played:
        yield played


@pytest.fixture(scope="session")
def sightings(scene: Scene) -> dict[str, dict[str, set[str]]]:
    """Where canaries were seen: while the sidecar ran, and after it had stopped."""
    planted = everything_planted()
    return {
        "running": scene.running.sightings(planted),
        "ended": scene.ended.sightings(planted),
        "held": scene.held.sightings(planted),
        "control": scene.control.sightings(planted),
    }
