"""Promise 1 for HTTP/2: both sides, and towards a server that has HTTP/1.1 only."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from addons.settings import ConnectTo
from tests.addons.relay_world import world
from tests.faults.h2_client import Ask, Got, connect
from tests.faults.peers import SERVERS, wait_for
from tests.faults.verdicts import Verdicts
from tests.support.certificates import Authority
from tests.support.ports import free_port

HOST = "h2.test"
BIG = bytes(range(251)) * 5000

CASES: dict[str, list[Ask]] = {
    "GET": [Ask("/a?b=c&d=%20")],
    "headers": [
        Ask("/", fields=[("x-a", "1"), ("x-b", "2"), ("x-a", "3"), ("cookie", "a=1"), ("x-e", "")])
    ],
    "POST": [Ask("/", "POST", [("content-length", "3")], b"abc")],
    "POST without a length": [Ask("/", "POST", [], b"abc")],
    "an empty body": [Ask("/", "POST", [("content-length", "0")], b"")],
    "PATCH, DELETE, OPTIONS": [
        Ask("/", "PATCH", [], b"x"), Ask("/", "DELETE"), Ask("/o", "OPTIONS"),
    ],
    "HEAD": [Ask("/", "HEAD")],
    "204": [Ask("/204")],
    "304": [Ask("/304")],
    "1.2 MB up": [Ask("/", "PUT", [], BIG)],
    "1 MB down": [Ask("/large")],
    "trailers up": [Ask("/", "POST", [], b"abc", [("x-sum", "1")])],
    "trailers down": [Ask("/trailers", fields=[("te", "trailers")])],
    "60 at once": [Ask(f"/{n}", "POST", [], b"x" * n * 100) for n in range(60)],
    "8 large ones at once": [Ask("/large") for _ in range(8)],
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _node() -> None:
    if shutil.which("node") is None:
        pytest.skip("no node here")


@contextmanager
def node(leaf: Path, protocol: str) -> Iterator[int]:
    """The server, and its port."""
    port = free_port()
    command = ["node", str(SERVERS / "http2.js"), str(port), str(leaf), protocol]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(port, process)
            yield port
        finally:
            process.terminate()


@pytest.mark.parametrize("protocol", ["h2", "http/1.1"])
async def test_as_direct(
    folder: Path, authority: Authority, verdicts: Verdicts, protocol: str
) -> None:
    leaf = authority.leaf(HOST)
    with node(leaf, "h2") as direct_port, node(leaf, protocol) as port:
        where = ConnectTo(host=HOST, port=443, address="127.0.0.1", address_port=port)
        async with world(folder, upstream_ca=authority.file, connect_to=(where,)) as w:
            for case in CASES:
                direct = await play(direct_port, authority.file, case, proxied=False)
                proxied = await play(w.forward, w.ca, case, proxied=True)
                if protocol != "h2":
                    # Node tells a length in HTTP/1.1 where it does not in HTTP/2.
                    direct, proxied = without_length(direct), without_length(proxied)
                outcome = different(direct, proxied)
                verdicts.check(1, f"HTTP/2 to {protocol}: {case}", "as direct", outcome)
                await w.sink.wait(len(CASES[case]))
                w.sink.captures.clear()


async def play(port: int, trust: Path, case: str, *, proxied: bool) -> list[Got]:
    """What the client gets."""
    context = ssl.create_default_context(cafile=str(trust))
    client = await connect(HOST, port, context, proxied=proxied)
    try:
        async with asyncio.timeout(20):
            return await client.ask(HOST, CASES[case])
    finally:
        client.writer.close()


def without_length(answers: list[Got]) -> list[Got]:
    for got in answers:
        got.heads = [[f for f in head if f[0] != "content-length"] for head in got.heads]
    return answers


def different(direct: list[Got], proxied: list[Got]) -> str:
    for one, two in zip(direct, proxied, strict=True):
        if one != two:
            for name in ("heads", "body", "trailers", "end"):
                was, now = str(getattr(one, name)), str(getattr(two, name))
                if was != now:
                    return f"{name}: {now[:200]} for {was[:200]}"
    return "as direct"
