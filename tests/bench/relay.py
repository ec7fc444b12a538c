"""Relay against stock mitmdump, interleaved in one run: `python tests/bench/relay.py`.

For each proxy and case: requests a second, CPU microseconds a request of the proxy process
(from /proc/PID/stat), latencies. wrk drives the reverse mode, `load.py` the TLS interception.
Every request must be answered 200, else the run ends.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.ports import free_port  # noqa: E402

HOST = "localhost"
SCRIPT = """
wrk.method = "POST"
wrk.body = '{"device":"dev_0001","reading":' .. string.rep("1", 960) .. '}'
wrk.headers["Content-Type"] = "application/json"
wrk.headers["User-Agent"] = "bench/1"
wrk.headers["Accept"] = "*/*"
"""


def cpu_seconds(pid: int) -> float:
    """User and system time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def leaf(folder: Path) -> Path:
    """A test authority and a certificate of it for the upstream."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from mitmproxy import certs

    from addons.certificate_authority import KEY_FILE, ensure_ca

    ensure_ca(folder)
    raw = (folder / KEY_FILE).read_bytes()
    key = serialization.load_pem_private_key(raw, None)
    authority = x509.load_pem_x509_certificate(raw)
    names = [x509.DNSName(HOST), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = certs.dummy_cert(key, authority, HOST, names)  # type: ignore[arg-type]
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    path = folder / "leaf.pem"
    path.write_bytes(private + made.to_pem())
    return path


@contextlib.contextmanager
def process(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT)
    try:
        yield started
    finally:
        started.terminate()
        started.wait(10)


def wait_for(port: int, tries: int = 200) -> None:
    for _ in range(tries):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on {port}")


class WrongAnswers(Exception):
    """Not every answer was 200; what the load generator said."""


def wrk(port: int, seconds: float, connections: int, script: Path) -> dict[str, float]:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency"]
    command += ["-s", str(script), f"http://127.0.0.1:{port}/v1/devices"]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise WrongAnswers(out)
    count = re.search(r"(\d+) requests in", out)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", out)
    assert count is not None
    assert rate is not None
    percentiles = {
        name: milliseconds(match)
        for name in ("50", "99")
        if (match := re.search(rf"{name}%\s+([\d.]+)(us|ms|s)", out))
    }
    return {
        "requests": int(count[1]),
        "rate": float(rate[1]),
        "p50_ms": percentiles["50"],
        "p99_ms": percentiles["99"],
    }


def milliseconds(match: re.Match[str]) -> float:
    return float(match[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[match[2]]


def tls_load(
    proxy: int, port: int, ca: Path, seconds: float, connections: int, *, fresh: bool
) -> dict[str, float]:
    command = [
        sys.executable, str(HERE / "load.py"), "--proxy", str(proxy), "--host", HOST,
        "--port", str(port), "--ca", str(ca), "--seconds", str(seconds),
        "--connections", str(connections),
    ]  # fmt: skip
    if fresh:
        command.append("--fresh")
    out = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, timeout=seconds + 60
    ).stdout
    result: dict[str, float] = json.loads(out)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--loop", choices=("uvloop", "asyncio"), default="uvloop")
    parser.add_argument("--only", choices=("relay", "mitmdump"))
    parser.add_argument("--cases", default="reverse,tls,fresh")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is needed")
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        (folder / "post.lua").write_text(SCRIPT)
        certificate = leaf(folder / "upstream")
        bundle = folder / "upstream" / "wiretrail-ca.pem"
        ca = folder / "ca"
        from addons.certificate_authority import ensure_ca

        ensure_ca(ca)
        plain, tls = free_port(), free_port()
        stack.enter_context(
            process(
                sys.executable, str(HERE / "upstream.py"), str(plain), str(tls), str(certificate)
            )
        )
        wait_for(plain)
        proxies: dict[str, tuple[int, int, int]] = {}
        if arguments.only != "mitmdump":
            reverse, forward = free_port(), free_port()
            started = stack.enter_context(
                process(
                    sys.executable, str(HERE / "relay_process.py"),
                    "--reverse", str(reverse), "--forward", str(forward),
                    "--upstream", f"http://127.0.0.1:{plain}", "--ca", str(ca),
                    "--upstream-ca", str(bundle), "--loop", arguments.loop,
                )
            )  # fmt: skip
            proxies["relay"] = (started.pid, reverse, forward)
        if arguments.only != "relay":
            reverse, forward = free_port(), free_port()
            started = stack.enter_context(
                process(
                    str(Path(sys.executable).with_name("mitmdump")), "-q",
                    "--mode", f"reverse:http://127.0.0.1:{plain}@127.0.0.1:{reverse}",
                    "--mode", f"regular@127.0.0.1:{forward}",
                    "--set", f"confdir={ca}",
                    "--set", f"ssl_verify_upstream_trusted_ca={bundle}",
                )
            )  # fmt: skip
            proxies["mitmdump"] = (started.pid, reverse, forward)
        for _, reverse, forward in proxies.values():
            wait_for(reverse)
            wait_for(forward)
        results: dict[tuple[str, str], list[dict[str, float]]] = {}
        for _ in range(arguments.rounds):
            for case in arguments.cases.split(","):
                for proxy, (pid, reverse, forward) in proxies.items():
                    before = cpu_seconds(pid)
                    if case == "reverse":
                        got = wrk(
                            reverse, arguments.seconds, arguments.connections, folder / "post.lua"
                        )
                    else:
                        got = tls_load(
                            forward, tls, ca / "wiretrail-ca.pem", arguments.seconds,
                            arguments.connections, fresh=case == "fresh",
                        )  # fmt: skip
                    got["cpu_us"] = (cpu_seconds(pid) - before) / got["requests"] * 1e6
                    results.setdefault((case, proxy), []).append(got)
        if arguments.cases.startswith("reverse"):
            results["reverse", "direct"] = [
                wrk(plain, arguments.seconds, arguments.connections, folder / "post.lua")
            ]
        report(results, arguments)


def report(
    results: dict[tuple[str, str], list[dict[str, float]]], arguments: argparse.Namespace
) -> None:
    medians = {
        key: {name: statistics.median(row.get(name, 0.0) for row in rows) for name in
              ("rate", "cpu_us", "p50_ms", "p99_ms")}
        for key, rows in results.items()
    }  # fmt: skip
    print("| case | proxy | requests/s | CPU us/request | p50 ms | p99 ms |")
    print("| --- | --- | --- | --- | --- | --- |")
    for (case, proxy), row in medians.items():
        print(
            f"| {case} | {proxy} | {row['rate']:,.0f} | {row['cpu_us']:.1f} "
            f"| {row['p50_ms']:.2f} | {row['p99_ms']:.2f} |"
        )
    for case in arguments.cases.split(","):
        ours, theirs = medians.get((case, "relay")), medians.get((case, "mitmdump"))
        if ours and theirs:
            print(f"{case}: CPU ratio {ours['cpu_us'] / theirs['cpu_us']:.3f}")
    if arguments.json:
        arguments.json.write_text(
            json.dumps([{"case": c, "proxy": p, **row} for (c, p), row in medians.items()])
        )


if __name__ == "__main__":
    main()
