"""What an exchange costs as bodies, heads, crowds and the number of tenants grow.

    python -m tests.bench.cost [--seconds 2] [--only body,headers,connections,tenants]

A whole sidecar that records everything. CPU microseconds from /proc: the worker's for each request,
the keeper's for each row that it stored. Every answer must be 200. Prints a table; an SVG of each
curve goes to tests/bench/results/.
"""

import argparse
import contextlib
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.bench.chart import line_chart
from tests.bench.peers.ground import Ground, cpu_seconds, processes
from tests.bench.relay import wait_for, wrk
from tests.support.ports import free_port
from tests.support.sidecar import Sidecar

CURVES: Final = {
    "body": ("bytes of the request's body", (0, 1_000, 10_000, 100_000, 1_000_000, 10_000_000)),
    "headers": ("header fields of the request", (3, 10, 30, 100, 150)),
    "connections": ("connections at once", (1, 4, 16, 128, 500, 2_000)),
    "tenants": ("organizations, each with an integration", (1, 10, 100, 1_000, 5_000)),
}
"""What grows, and the points of its curve."""
_ITEM: Final = '{"device":"dev_0001","reading":12.5,"note":"all is well here"},'
_CONNECTIONS: Final = 8
_SETTLE: Final = 60.0
_RESULTS: Final = Path(__file__).parent / "results"


class Cost(NamedTuple):
    """One point of a curve."""

    worker_us: float
    keeper_us: float
    rate: float
    p99_ms: float
    worker_mb: float
    keeper_mb: float


class World:
    """A sidecar with an upstream, and what its two processes have used."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack, tenants: int) -> None:
        self.folder = folder
        ground = Ground(folder, folder)
        stack.callback(ground.close)
        wait_for(ground.plain, tries=1200)
        self.upstream = ground.plain
        self.reverse = free_port()
        config = folder / "wiretrail.toml"
        names = (f'[[organization]]\nname = "tenant-{number}"\n' for number in range(tenants))
        config.write_text("\n".join(names))
        self._ground = ground
        self._sidecar = stack.enter_context(
            Sidecar(
                folder / "data", "--config", str(config),
                "--incoming", f"127.0.0.1:{self.reverse}={ground.plain_url}",
            )
        )  # fmt: skip
        assert self._sidecar.process is not None
        self.forward = self._sidecar.forward_port
        pids = processes(self._sidecar.process.pid)
        self.worker, self.keeper = (_named(pids, f"proxy.{name}") for name in ("worker", "keeper"))

    def stored(self) -> int:
        """Exchanges that are rows now."""
        return int(self._ground.metric(self._sidecar, "wiretrail_exchanges_stored_total"))

    def settle(self) -> None:
        """Wait until nothing is on its way to the store."""
        until = time.monotonic() + _SETTLE
        while self._ground.metric(self._sidecar, "wiretrail_exchanges_in_flight"):
            if time.monotonic() > until:
                raise SystemExit(f"not all recorded after {_SETTLE:.0f} s")
            time.sleep(0.1)

    def measure(self, curve: str, at: int, seconds: float) -> Cost:
        """One point: `at` of what grows along the curve."""
        lua = self.folder / "request.lua"
        lua.write_text(_script(curve, at, self.upstream))
        port = self.forward if curve == "tenants" else self.reverse
        clients = at if curve == "connections" else _CONNECTIONS
        used = [cpu_seconds([pid]) for pid in (self.worker, self.keeper)]
        had = self.stored()
        got = wrk(port, seconds, clients, lua)
        self.settle()
        rows = self.stored() - had
        if not rows:
            raise SystemExit(f"nothing was recorded with {curve} {at}")
        spent = [cpu_seconds([pid]) for pid in (self.worker, self.keeper)]
        return Cost(
            (spent[0] - used[0]) / got["requests"] * 1e6,
            (spent[1] - used[1]) / rows * 1e6,
            got["rate"],
            got["p99_ms"],
            _resident(self.worker),
            _resident(self.keeper),
        )


def _script(curve: str, at: int, upstream: int) -> str:
    """The load generator's request."""
    size = at if curve == "body" else 1_000
    fields = at if curve == "headers" else 3
    items = f"string.rep('{_ITEM}', {size // len(_ITEM)})"
    lines = [
        'wrk.method = "POST"',
        f"wrk.body = '{{\"items\":[' .. {items} .. '0]}}'" if size else 'wrk.body = ""',
        'wrk.headers["Content-Type"] = "application/json"',
    ]
    for number in range(fields - 1):
        lines.append(f'wrk.headers["X-Field-{number}"] = "value {number} of some usual length"')
    if curve == "tenants":
        lines += [
            "local number = 0",
            "request = function()",
            f"  number = (number + 1) % {at}",
            '  wrk.headers["X-Wiretrail-Organization"] = "tenant-" .. number',
            '  wrk.headers["X-Wiretrail-Integration"] = "partner-" .. number',
            f'  return wrk.format(nil, "http://127.0.0.1:{upstream}/v1/devices")',
            "end",
        ]
    return "\n".join(lines) + "\n"


def _named(pids: Sequence[int], module: str) -> int:
    """The process that runs a module."""
    for pid in pids:
        if module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
            return pid
    raise SystemExit(f"there is no process of {module}")


def _resident(pid: int) -> float:
    """Megabytes that a process has in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def measured(curves: Sequence[str], seconds: float) -> Iterator[tuple[str, int, Cost]]:
    """Every point of the curves, each curve with a sidecar of its own."""
    for curve in curves:
        points = CURVES[curve][1]
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            world = World(folder, stack, max(points) if curve == "tenants" else 0)
            world.measure(curve, points[0], 1.0)  # certificates, caches, automata
            for at in points:
                yield curve, at, world.measure(curve, at, seconds)


def chart(curve: str, found: Sequence[tuple[int, Cost]]) -> str:
    """The SVG of one curve; what has nothing of what grows stands at one of it."""
    label = CURVES[curve][0]
    lines = {
        "worker: relay, capture": [(max(at, 1), cost.worker_us) for at, cost in found],
        "keeper: redact, store": [(max(at, 1), cost.keeper_us) for at, cost in found],
    }
    return line_chart("CPU of an exchange", label, "µs", lines)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--only", default=",".join(CURVES))
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is needed")
    # Two thousand clients are four thousand descriptors of the relay.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 16_384), most))
    print("| | | worker µs | keeper µs | requests/s | p99 ms | worker MB | keeper MB |")
    print("| --- | --- |" + " --- |" * 6)
    curves: dict[str, list[tuple[int, Cost]]] = {}
    for curve, at, cost in measured(given.only.split(","), given.seconds):
        curves.setdefault(curve, []).append((at, cost))
        figures = f"{cost.worker_us:,.0f} | {cost.keeper_us:,.0f} | {cost.rate:,.0f}"
        sizes = f"{cost.p99_ms:.1f} | {cost.worker_mb:.0f} | {cost.keeper_mb:.0f}"
        print(f"| {curve} | {at:,} | {figures} | {sizes} |", flush=True)
    _RESULTS.mkdir(exist_ok=True)
    for curve, found in curves.items():
        (_RESULTS / f"cost-{curve}.svg").write_text(chart(curve, found))


if __name__ == "__main__":
    main()
