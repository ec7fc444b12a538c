"""What an exchange costs the relay as bodies, heads and crowds grow.

    python -m tests.bench.cost [--seconds 2] [--only body,headers,connections]

The worker's part alone (relay, capture, frame of the capture), in reverse mode; CPU microseconds
a request from /proc. Every answer must be 200.
"""

import argparse
import contextlib
import resource
import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from addons.certificate_authority import ensure_ca
from tests.bench.relay import cpu_seconds, leaf, process, wait_for, wrk
from tests.support.ports import free_port


class Case(NamedTuple):
    """One point of a curve."""

    curve: str
    at: str
    body: int = 1_000
    headers: int = 3
    connections: int = 8


CASES: Final = (
    *(Case("body", f"{size:,} bytes", body=size)
      for size in (0, 1_000, 10_000, 100_000, 1_000_000, 10_000_000)),
    *(Case("headers", f"{count} fields", headers=count) for count in (3, 10, 30, 100, 150)),
    *(Case("connections", f"{count} clients", connections=count)
      for count in (1, 4, 16, 128, 500, 2_000)),
)  # fmt: skip


def script(case: Case) -> str:
    """The load generator's request."""
    lines = ['wrk.method = "POST"', f'wrk.body = string.rep("1", {case.body})']
    for number in range(case.headers):
        lines.append(f'wrk.headers["X-Field-{number}"] = "value {number} of some usual length"')
    return "\n".join(lines) + "\n"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--only", default="body,headers,connections")
    given = parser.parse_args()
    # Two thousand clients are four thousand descriptors of the relay.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 16_384), most))
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        here = Path(__file__).parent
        certificate = leaf(folder / "upstream")
        ensure_ca(folder / "ca")
        plain, tls, reverse, forward = (free_port() for _ in range(4))
        upstream = (str(here / "upstream.py"), str(plain), str(tls), str(certificate))
        stack.enter_context(process(sys.executable, *upstream))
        relay = stack.enter_context(
            process(
                sys.executable, str(here / "relay_process.py"),
                "--reverse", str(reverse), "--forward", str(forward),
                "--upstream", f"http://127.0.0.1:{plain}", "--ca", str(folder / "ca"),
                "--upstream-ca", str(folder / "upstream" / "wiretrail-ca.pem"),
            )
        )  # fmt: skip
        wait_for(plain, tries=1200)
        wait_for(reverse, tries=1200)
        print("| | | CPU us/request | requests/s | p99 ms | resident MB |")
        print("| --- | --- | --- | --- | --- | --- |")
        lua = folder / "post.lua"
        for case in CASES:
            if case.curve not in given.only.split(","):
                continue
            lua.write_text(script(case))
            before = cpu_seconds(relay.pid)
            got = wrk(reverse, given.seconds, case.connections, lua)
            if not got["requests"]:
                raise SystemExit(f"no request with {case.curve} {case.at} was answered")
            used = (cpu_seconds(relay.pid) - before) / got["requests"] * 1e6
            print(
                f"| {case.curve} | {case.at} | {used:,.0f} | {got['rate']:,.0f} "
                f"| {got['p99_ms']:.1f} | {resident(relay.pid):.0f} |",
                flush=True,
            )


def resident(pid: int) -> float:
    """Megabytes that a process has in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


if __name__ == "__main__":
    main()
