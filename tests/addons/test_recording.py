"""Ended exchanges on their way to the sink."""

import asyncio

from addons.exchange import Binding, Exchange
from addons.recording import Recording
from store.activity import Direction
from tests.addons.relay_world import ListSink


def opened(recording: Recording, number: int) -> Exchange:
    exchange = Exchange(
        listener="reverse",
        direction=Direction.INCOMING,
        binding=Binding(None),
        body_limit=100,
        started_at=0.0,
        client_address=None,
        method="GET",
        scheme="http",
        host="a.test",
        port=80,
        target=f"/{number}",
        http_version="HTTP/1.1",
        headers=[],
        claims=None,
    )
    recording.opened(exchange)
    return exchange


async def test_many_that_end_at_once_are_taken_in_their_order() -> None:
    sink = ListSink()
    recording = Recording(sink)
    for number in range(1000):
        recording.ended(opened(recording, number))
    assert sink.in_flight == 1000
    captures = await sink.wait(1000)
    assert [capture.target for capture in captures] == [f"/{n}" for n in range(1000)]


async def test_the_end_is_when_the_exchange_ended() -> None:
    sink = ListSink()
    recording = Recording(sink)
    exchange = opened(recording, 0)
    recording.ended(exchange)
    ended_at = exchange.ended_at
    await asyncio.sleep(0.02)
    capture = await sink.only()
    assert capture.response_time_ms == ended_at * 1000.0


async def test_a_flush_leaves_nothing_and_no_timer() -> None:
    sink = ListSink()
    recording = Recording(sink)
    first = opened(recording, 0)
    recording.ended(first)
    recording.flush()
    assert sink.in_flight == 0
    recording.ended(opened(recording, 1))
    assert len(await sink.wait(2)) == 2
