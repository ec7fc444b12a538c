"""Promise 1 for WebSocket: both sides see through the proxy what they see directly."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import websockets
from websockets.frames import CloseCode

from addons.settings import ConnectTo, Route
from tests.addons.relay_world import World, world
from tests.faults.verdicts import Verdicts
from tests.support.certificates import Authority

HOST = "ws.test"
BIG = "\N{EURO SIGN}abc" * 300_000

type Side = Callable[[Any], Awaitable[list[object]]]


async def echo(socket: Any) -> list[object]:
    """Sends back what comes."""
    seen: list[object] = []
    try:
        async for message in socket:
            seen.append(message)
            await socket.send(message)
    except websockets.ConnectionClosedError:
        seen.append("no close")
    return seen


async def fragments_back(socket: Any) -> list[object]:
    """Answers in three fragments."""
    message = await socket.recv()
    await socket.send([message[:1], message[1:2], message[2:]])
    await socket.wait_closed()
    return [message]


async def closes(socket: Any, code: int = 4001, reason: str = "go\N{EURO SIGN}") -> list[object]:
    message = await socket.recv()
    await socket.close(code, reason)
    return [message]


async def drops(socket: Any) -> list[object]:
    message = await socket.recv()
    socket.transport.abort()
    return [message]


async def asks_for_pong(socket: Any) -> list[object]:
    await (await socket.ping(b"are you there"))
    await socket.send("pong came")
    await socket.wait_closed()
    return ["pong"]


def says(*messages: object, code: int = 1000, reason: str = "") -> Side:
    """Sends each, reads an answer to each, closes."""

    async def run(socket: Any) -> list[object]:
        got: list[object] = [socket.subprotocol, bool(socket.protocol.extensions)]
        for message in messages:
            await socket.send(message)
            got.append(await socket.recv())
        await socket.close(code, reason)
        return got

    return run


async def until_closed(socket: Any) -> list[object]:
    await socket.send("x")
    return [message async for message in socket]


async def pings(socket: Any) -> list[object]:
    await (await socket.ping(b"1"))
    await (await socket.ping(b"2"))
    await socket.close()
    return ["two pongs"]


async def waits(socket: Any) -> list[object]:
    got = [await socket.recv()]
    await socket.close()
    return got


async def leaves(socket: Any) -> list[object]:
    await socket.send("x")
    got = [await socket.recv()]
    socket.transport.abort()
    return got


CASES: dict[str, tuple[Side, Side, dict[str, Any]]] = {
    "text": (says("a", "\N{EURO SIGN}", ""), echo, {}),
    "binary": (says(b"\x00\xff", b""), echo, {}),
    "fragments up": (says(["a", "b", "", "c"], [b"1", b"2"]), echo, {}),
    "fragments down": (says("abc"), fragments_back, {}),
    "1.8 MB": (says(BIG), echo, {"max_size": 1 << 23}),
    "300 messages": (says(*(f"m{n}" for n in range(300))), echo, {}),
    "pings up": (pings, echo, {}),
    "pings down": (waits, asks_for_pong, {}),
    "without compression": (says("a" * 1000), echo, {"compression": None}),
    "a subprotocol": (says("a"), echo, {"subprotocols": ["v1", "v2"]}),
    "close 1001": (says("a", code=1001, reason="away"), echo, {}),
    "close 4999": (says("a", code=4999, reason="x" * 120), echo, {}),
    "the server closes": (until_closed, closes, {}),
    "the server closes with 1011": (
        until_closed,
        lambda s: closes(s, CloseCode.INTERNAL_ERROR, ""),
        {},
    ),
    "the server drops": (until_closed, drops, {}),
    "the client drops": (leaves, echo, {}),
}


async def play(url: str, client: Side, more: dict[str, Any]) -> list[object]:
    """What the client sees."""
    async with websockets.connect(url, **({"proxy": None} | more)) as socket:
        seen: list[object]
        try:
            seen = await client(socket)
        except websockets.ConnectionClosed as closed:
            seen = ["closed"]
            del closed
        await socket.wait_closed()
        return [*seen, _close(socket)]


def _close(socket: Any) -> tuple[int | None, str | None]:
    return socket.close_code, socket.close_reason


@pytest.mark.parametrize("case", CASES)
async def test_as_direct(folder: Path, authority: Authority, verdicts: Verdicts, case: str) -> None:
    client, server, more = CASES[case]
    seen: asyncio.Queue[list[object]] = asyncio.Queue()

    async def serve(socket: Any) -> None:
        found = await server(socket)
        await socket.wait_closed()
        await seen.put([*found, _close(socket)])

    options: Any = {"max_size": more.get("max_size", 1 << 20)}
    if "subprotocols" in more:
        options["subprotocols"] = ["v2"]
    async with (
        websockets.serve(serve, "127.0.0.1", 0, **options) as plain,
        websockets.serve(
            serve, "127.0.0.1", 0, ssl=authority.server_context(HOST), **options
        ) as secure,
    ):
        port, tls = (next(iter(s.sockets)).getsockname()[1] for s in (plain, secure))
        direct = await play(f"ws://127.0.0.1:{port}/", client, more), await seen.get()
        where = ConnectTo(host=HOST, port=443, address="127.0.0.1", address_port=tls)
        route = Route(upstream=f"http://127.0.0.1:{port}")
        async with world(folder, route, upstream_ca=authority.file, connect_to=(where,)) as w:
            through = {
                "reverse": (f"ws://127.0.0.1:{w.incoming}/", more),
                "TLS": (f"wss://{HOST}/", more | _through(w)),
            }
            for way, (url, options) in through.items():
                proxied = await play(url, client, options), await seen.get()
                verdicts.check(1, f"WebSocket, {case}, {way}", _short(direct), _short(proxied))
            await w.sink.wait(2)


def _through(w: World) -> dict[str, Any]:
    return {
        "proxy": f"http://127.0.0.1:{w.forward}",
        "ssl": ssl.create_default_context(cafile=str(w.ca)),
    }


def _short(seen: object) -> str:
    return repr(seen) if len(repr(seen)) < 400 else f"{hash(repr(seen)):x}"
