"""Promise 1: what each side sees equals what it sees without the proxy. Each shape goes directly
and through each kind of listener; both recordings are read and compared."""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pytest

from addons.settings import ConnectTo
from tests.addons.relay_world import World, to, upstream, world
from tests.faults.shapes import SHAPES, Shape
from tests.faults.verdicts import Verdicts
from tests.faults.wire import Message, Player, Rest, Send, Step, answers, final, requests
from tests.support.certificates import Authority

HOST = "partner.test"
# A recorded target is text: what is beyond ASCII stands there percent-encoded.
_ASCII = bytes(range(33, 127))


@dataclass(frozen=True)
class Seen:
    """What the server read and what the client read."""

    requests: list[Message]
    answers: list[Message]


@pytest.mark.parametrize("way", ["reverse", "forward", "tls"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
async def test_shape(
    request: pytest.FixtureRequest,
    folder: Path,
    authority: Authority,
    verdicts: Verdicts,
    shape: Shape,
    way: str,
) -> None:
    if way not in shape.ways:
        pytest.skip("TLS has no half-close")
    tls = authority.server_context(HOST) if way == "tls" else None

    running: list[asyncio.StreamWriter] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        running.append(writer)
        await Player(reader, writer).play(shape.server if shape.closes else (*shape.server, Rest()))
        running.remove(writer)

    async with upstream(script) as server:
        direct = await play(shape, server.port)
        await stopped(running)
        direct = replace(direct, requests=requests(server.text))
    async with (
        upstream(script, tls) as server,
        world(
            folder,
            to(server),
            upstream_ca=authority.file,
            connect_to=(
                ConnectTo(host=HOST, port=443, address="127.0.0.1", address_port=server.port),
                ConnectTo(host="h", port=80, address="127.0.0.1", address_port=server.port),
            ),
        ) as w,
    ):
        proxied = await play(shape, w.incoming if way == "reverse" else w.forward, w, way)
        await stopped(running)
        proxied = replace(proxied, requests=requests(server.text))
        captures = await w.sink.wait(len(shape.methods))
    case = f"{request.node.callspec.id}"
    verdicts.check(
        1, case, "as direct", "as direct" if proxied == direct else different(direct, proxied)
    )
    recorded = [(c.method, c.target, c.request_size) for c in captures]
    sent = [(m.first[0].decode(), quote(m.first[1], _ASCII), len(m.body)) for m in direct.requests]
    assert recorded == sent


async def play(shape: Shape, port: int, w: World | None = None, way: str = "direct") -> Seen:
    """Play a shape through a port; the recordings of both sides."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    if way == "tls":
        assert w is not None
        writer.write(b"CONNECT %b:443 HTTP/1.1\r\nHost: h\r\n\r\n" % HOST.encode())
        await reader.readuntil(b"\r\n\r\n")
        trust = ssl.create_default_context(cafile=str(w.ca))
        await writer.start_tls(trust, server_hostname=HOST)
    before = b"http://h" if way == "forward" else b""
    client = Player(reader, writer)
    try:
        async with asyncio.timeout(8):
            await client.play(addressed(shape.client, before))
            while not client.ended and final(seen(client, shape)) < len(shape.methods):
                await client.more()
    finally:
        writer.close()
    return Seen([], seen(client, shape))


async def stopped(running: list[asyncio.StreamWriter]) -> None:
    """Wait until the server has read all that it will."""
    for _ in range(1000):
        if not running:
            return
        await asyncio.sleep(0.005)
    raise AssertionError("the server still reads")


def addressed(steps: Sequence[Step], before: bytes) -> list[Step]:
    """The client's steps with scheme and authority where they belong."""
    return [
        replace(step, data=step.data.replace(b"<>", before)) if isinstance(step, Send) else step
        for step in steps
    ]


def seen(client: Player, shape: Shape) -> list[Message]:
    return answers(bytes(client.read), shape.methods, ended=client.ended)


def different(direct: Seen, proxied: Seen) -> str:
    """The first difference."""
    for side in ("requests", "answers"):
        one, two = getattr(direct, side), getattr(proxied, side)
        if len(one) != len(two):
            return f"{side}: {len(two)} instead of {len(one)}"
        for a, b in zip(one, two, strict=True):
            for name in ("first", "headers", "body", "framing", "trailers", "complete"):
                if getattr(a, name) != getattr(b, name):
                    return f"{side}: another {name}"
    return "as direct"
