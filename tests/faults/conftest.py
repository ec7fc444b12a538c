"""Verdicts: what a promise says of a case, and what was seen. `python -m tests.faults` runs the
suite and prints them as one table."""

from pathlib import Path

import pytest

from tests.faults.verdicts import PROPERTY, Verdicts
from tests.support.certificates import Authority


@pytest.fixture
def verdicts(request: pytest.FixtureRequest) -> Verdicts:
    """Takes the verdicts of a test; they travel in its report."""
    noted: list[tuple[str, object]] = request.node.user_properties
    return Verdicts(lambda row: noted.append((PROPERTY, row)))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds the certificates of the whole run; making them takes longer than most cases."""
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="session")
def authority(folder: Path) -> Authority:
    """The authority of the partners."""
    (folder / "partners").mkdir()
    return Authority(folder / "partners")
