"""Promise 3: exactly one final row for each exchange, truthful, soon after its end, however it
ends. All of them go through one sidecar."""

import pytest

from store.activity import ErrorCode
from tests.faults.endings_run import Case, Outcome, cases, run
from tests.faults.verdicts import Verdicts

ALL = {f"{case.name} ({case.way})": case for case in cases()}


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run(tmp_path_factory.mktemp("endings"))


@pytest.fixture(scope="module")
def played(outcome: Outcome) -> dict[str, Case]:
    return {f"{case.name} ({case.way})": case for case in outcome.cases}


@pytest.mark.parametrize("name", ALL)
def test_ending(name: str, played: dict[str, Case], verdicts: Verdicts) -> None:
    case = played[name]
    ending = case.ending
    expected = [] if ending.told is None else [tuple(ending.told)]
    verdicts.check(3, f"{name}: row", expected, [tuple(told) for told in case.told])
    verdicts.check(3, f"{name}: client", ending.saw, case.saw)


def test_everything_is_accounted_for(outcome: Outcome, verdicts: Verdicts) -> None:
    rows = sum(case.seconds is not None for case in outcome.cases)
    expected = {"seen": rows, "stored": rows, "dropped": {}, "in_flight": 0}
    verdicts.check(3, "accounts before the stop", expected, outcome.counted)
    verdicts.check(3, "rows that nobody caused", [], outcome.unowned)
    verdicts.check(3, "rows without an end after the stop", 0, outcome.unfinished)
    verdicts.check(7, "exit code", 0, outcome.exit_code)
    measured = [case.seconds for case in outcome.cases if case.seconds is not None]
    verdicts.figure(
        3, f"slowest of {len(measured)} rows after its end", "1 s", f"{max(measured):.2f} s"
    )


def test_the_codes_are_those_of_the_closed_list(outcome: Outcome) -> None:
    codes = {told.code for case in outcome.cases for told in case.told} - {None}
    assert codes <= set(ErrorCode)
    assert len(codes) >= 14
    assert "Traceback" not in outcome.log
