"""Promise 10: a request that two parsers may read differently is refused, or arrives at a real
server exactly as it was recorded."""

import asyncio
from pathlib import Path

import pytest

from addons.settings import Route
from store.capture import Capture
from tests.addons.relay_world import World, world
from tests.faults.peers import COMMANDS, Peer, missing, peer
from tests.faults.vectors import LAST, VECTORS, Vector
from tests.faults.verdicts import Verdicts

PATIENCE = 5.0
# To this waitress says 100 Continue and nothing else, direct as well.
LEFT_OUT = {"waitress": {"Expect without a body"}}


@pytest.mark.parametrize("name", COMMANDS)
async def test_ambiguous_requests(tmp_path: Path, verdicts: Verdicts, name: str) -> None:
    if missing(name):
        pytest.skip(f"no {name} here")
    outcomes = {}
    with peer(name, tmp_path) as server:
        route = Route(upstream=f"http://127.0.0.1:{server.port}")
        async with world(tmp_path, route) as w:
            for case in VECTORS.keys() - LEFT_OUT.get(name, set()):
                outcomes[case] = await attack(w, server, VECTORS[case])
    for case, outcome in outcomes.items():
        verdicts.figure(10, f"{name}: {case}", "as recorded", outcome)
    wrong = [f"{case}: {seen}" for case, seen in outcomes.items() if seen != "as recorded"]
    assert not wrong, "\n".join(wrong)


async def attack(w: World, server: Peer, vector: Vector) -> str:
    """Send a vector; what record and server make of it."""
    w.sink.captures.clear()
    reader, writer = await w.connect()
    writer.write(vector.sent + LAST)
    try:
        async with asyncio.timeout(PATIENCE):
            await reader.read(-1)
    except ConnectionResetError:
        pass
    except TimeoutError:
        return "no end"
    writer.transport.abort()
    await w.sink.settled()
    passed = [capture for capture in w.sink.captures if capture.response_status is not None]
    if len(passed) != vector.arrive:
        return f"{len(passed)} requests passed on instead of {vector.arrive}"
    refused = [c for c in w.sink.captures if c.response_status is None]
    if any(c.proxy_status is None or not 400 <= c.proxy_status < 500 for c in refused):
        return "failed instead of refused"
    if vector.arrive == 0 and len(w.sink.captures) != 1:
        return f"{len(w.sink.captures)} rows of a refused request"
    # What a server refuses itself it does not tell its application.
    expected = [_shown(capture) for capture in passed if capture.response_status == 200]
    return await _compared(server, expected)


async def _compared(server: Peer, expected: list[tuple[str, str, bytes]]) -> str:
    seen = server.seen()
    for _ in range(100):
        if len(seen) >= len(expected):
            break
        await asyncio.sleep(0.01)  # nginx logs behind its answer
        seen += server.seen()
    if len(seen) != len(expected):
        return f"the server saw {len(seen)} requests of {len(expected)}"
    for one, two in zip(seen, expected, strict=True):
        for part, got, recorded in zip(("method", "target", "body"), one, two, strict=True):
            if got != recorded:
                return f"the server saw another {part}: {got!r} instead of {recorded!r}"
    return "as recorded"


def _shown(capture: Capture) -> tuple[str, str, bytes]:
    return capture.method, capture.target, capture.request_body
