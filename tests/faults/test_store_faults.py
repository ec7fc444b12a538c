"""Promise 5, the short form: what happens to the store and its keeper never happens to traffic,
and recording goes on by itself. `python -m tests.faults.store_faults` has the long one, and the
times. A locked database, ends and halts of the keeper: tests/proxy/keeper."""

import pytest

from tests.faults.store_faults import FAULTS, Seen, run
from tests.faults.verdicts import Verdicts

SHORT = [
    "disk full",
    "data folder read-only",
    "database corrupt",
    "worker killed",
]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seen]:
    return {one.name: one for one in run(tmp_path_factory.mktemp("store"), 0.5, SHORT)}


@pytest.mark.parametrize("name", SHORT)
def test_traffic_goes_on(name: str, seen: dict[str, Seen], verdicts: Verdicts) -> None:
    fault = FAULTS[name]
    if name not in seen:
        pytest.skip("no file system can be mounted here")
    found = seen[name]
    cut = 3 if fault.cuts else 0  # one for each client
    verdicts.check(5, f"{name}: requests that fail", 0, max(0, len(found.failed) - cut))
    verdicts.check(5, f"{name}: dropped for other reasons", set(), set(found.dropped) - fault.drops)
    verdicts.check(5, f"{name}: dropped and in no gap record", 0, found.without_gap)
    verdicts.check(5, f"{name}: seen and not accounted for", 0, found.unaccounted)
    verdicts.check(5, f"{name}: stored and no row", 0, found.missing_rows)
    verdicts.check(5, f"{name}: told in the log", True, found.told)
    verdicts.figure(5, f"{name}: until all is stored", "soon", f"{found.recovered:.1f} s")
