"""Promise 8: hostile clients cost a bounded amount of memory, and others are served. The long form
is `python -m tests.bench.floods`."""

import multiprocessing
import time
from collections.abc import Iterator

import pytest

from tests.bench.floods import accounts, attacked, strike
from tests.faults.floods import Force
from tests.faults.verdicts import Verdicts
from tests.support.sidecar import Sidecar

# Of each process, for ten attackers. Python gives little of what it used once back.
MEGABYTES = 60
SHORT = (
    "silent connections",
    "chunk extensions without end",
    "pages that nobody reads",
    "gzip bombs",
    "HTTP/2: pings that nobody reads",
)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sidecar, int]]:
    """One sidecar for all attacks."""
    with attacked(tmp_path_factory.mktemp("floods")) as made:
        yield made


@pytest.mark.parametrize("attack", SHORT)
def test_others_are_served(target: tuple[Sidecar, int], verdicts: Verdicts, attack: str) -> None:
    sidecar, port = target
    harm = strike(sidecar, attack, Force(port, seconds=0.7, connections=8))
    assert harm.exchanges > 0
    verdicts.check(8, f"{attack}: others", [], harm.failed)
    grown = max(harm.worker_mb, harm.keeper_mb)
    verdicts.check(8, f"{attack}: memory", "bounded", _bounded(grown))


def test_accounts_are_even_after_the_floods(target: tuple[Sidecar, int]) -> None:
    sidecar, _ = target
    deadline = time.monotonic() + 20
    while (counted := accounts(sidecar))["in_flight"]:
        assert time.monotonic() < deadline, counted
        time.sleep(0.1)
    dropped = sum(value for name, value in counted.items() if name.startswith("dropped"))
    assert counted["seen"] == counted["stored"] + dropped
    assert len(sidecar.rows()) == counted["stored"]
    assert not multiprocessing.active_children()[1:], "an attacker still runs"


def _bounded(megabytes: float) -> str:
    return "bounded" if megabytes < MEGABYTES else f"{megabytes:.0f} MB"
