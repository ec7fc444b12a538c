"""Promise 6, the short form: `tests/bench/kills.py` has the long one."""

from pathlib import Path

from tests.bench.kills import run
from tests.faults.verdicts import Verdicts


def test_no_accepted_webhook_is_lost(tmp_path: Path, verdicts: Verdicts) -> None:
    outcome = run(tmp_path, kills=6)
    verdicts.check(6, "database after each of 6 kills", "0 unsound", f"{outcome.unsound} unsound")
    verdicts.check(6, "accepted webhooks without a row", [], list(outcome.missing))
    verdicts.check(6, "webhooks with two rows", 0, outcome.double)
    assert outcome.accepted > 20
