"""What a store of many rows costs beside queries: opening it, following it live while it grows,
and deleting what is too old."""

import asyncio
import sqlite3
import time
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import httpx
import msgspec

from proxy.link.sender import LinkSender
from store.filters import EVERYTHING
from store.options import DAY_MS, StoreOptions
from store.scope import SERVICE
from store.sqlite.keys import created_at
from store.sqlite.reader import SqliteReader
from store.sqlite.writer import SqliteWriter
from tests.bench.captures import WORKLOADS
from tests.bench.keeper import ROOT, Keeper, captures, hand_over, settled

_OPENED: Final = 10
_RATE: Final = 2_000
_SECONDS: Final = 5.0
_STEP_SECONDS: Final = 8.0


class Steps(NamedTuple):
    """What retention did."""

    held: list[float]
    """Milliseconds that each step held the writer."""
    rows: int


def opened(path: Path) -> list[float]:
    """Milliseconds until a writer and a reader have a store open and a page read."""
    return [_open(path) for _ in range(_OPENED)]


def _open(path: Path) -> float:
    begun = time.perf_counter()
    writer = SqliteWriter(path)
    asyncio.run(_first_page(path))
    took = time.perf_counter() - begun
    writer.close()
    return took * 1e3


async def _first_page(path: Path) -> None:
    reader = SqliteReader(path)
    await reader.page(SERVICE, EVERYTHING, cursor=None, limit=50)
    await reader.close()


def retained(path: Path) -> Steps:
    """Delete the oldest day, for some seconds, as a keeper does between its batches."""
    writer = SqliteWriter(path, StoreOptions(compress_after=None))
    now = _oldest(path) + 91 * DAY_MS
    held: list[float] = []
    begun = time.perf_counter()
    more = True
    while more and time.perf_counter() - begun < _STEP_SECONDS:
        started = time.perf_counter()
        more = writer.maintain(now)
        held.append((time.perf_counter() - started) * 1e3)
    steps = Steps(held, writer.gone().rows)
    writer.close()
    return steps


def _oldest(path: Path) -> int:
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    (key,) = database.execute("SELECT min(key) FROM activities").fetchone()
    database.close()
    return created_at(key)


async def followed(path: Path) -> list[float]:
    """How many milliseconds after its exchange each event of a live stream came, while 2,000
    exchanges a second are recorded: a keeper process, fed over the link, followed over HTTP.
    The first second after its start does not count."""
    source = captures(WORKLOADS[min(WORKLOADS)])
    keeper = Keeper(ROOT, path.parent)
    slot = keeper.counters.assign(set())
    sender = LinkSender(str(keeper.link), slot, keeper.counters.worker(slot))
    await sender.start()
    await keeper.ready()
    token = (path.parent / "admin-token").read_text().strip()
    lags: list[float] = []
    following = asyncio.create_task(_follow(keeper.address, token, lags))
    await asyncio.sleep(1.0)
    begun, sent = time.monotonic(), 0
    while (passed := time.monotonic() - begun) < _SECONDS:
        due = int(_RATE * passed) - sent
        await hand_over(sender, source, due)
        sent += due
        await asyncio.sleep(0.005)
    await settled(keeper)
    await asyncio.sleep(1.0)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    await sender.close()
    keeper.stop()
    if len(lags) < sent:
        raise SystemExit(f"{len(lags)} events of {sent} exchanges came")
    return lags[_RATE:]


class _Event(msgspec.Struct):
    created_at: datetime


async def _follow(address: str, token: str, lags: list[float]) -> None:
    decoder = msgspec.json.Decoder(_Event)
    headers = {"Authorization": f"Bearer {token}"}
    url = f"http://{address}/api/v1/activities/stream"
    async with (
        httpx.AsyncClient(timeout=None, trust_env=False) as client,
        client.stream("GET", url, headers=headers) as answer,
    ):
        answer.raise_for_status()
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                event = decoder.decode(line[6:])
                lags.append((time.time() - event.created_at.timestamp()) * 1e3)
