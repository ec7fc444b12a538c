"""How fast the store writes, how large rows are, and what queries cost at a given size.

    python tests/bench/store.py [--rows 1000000] [--written 100000] [--data DIR]

Seeds a store of `--rows` rows (kept and used again where `--data` names a folder), and prints
Markdown. Sizes are compared with what mitmproxy's own flow writer takes for the same pairs.
"""

import argparse
import asyncio
import io
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import batched
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from store.activity import ActivityRow
from store.data_folder import DataFolder
from store.filters import ActivityFilter, parse_filter
from store.options import DAY_MS, StoreOptions
from store.scope import SERVICE
from store.sqlite.reader import SqliteReader
from store.sqlite.writer import SqliteWriter
from tests.bench.seed import Past, seed

HOUR_MS = 3_600_000
BATCH = 500
ROUNDS = 7
PAGES = {
    "no filter": {},
    "integration": {"integration": ["Slack"]},
    "failed": {"status": ["failed"]},
    "failed, error or timeout": {"status": ["failed", "error", "timeout"]},
    "integration and failed": {"integration": ["Slack"], "status": ["failed"]},
    "host": {"host": ["api.stripe.com"]},
    "method": {"method": ["DELETE"]},
    "path": {"path": ["/api/auth.test"]},
    "5xx": {"response_status": ["5xx"]},
    "503 of a quiet integration": {"response_status": ["503"], "integration": ["Shopify"]},
    "error code": {"error_code": ["dns"]},
    "user": {"user_id": ["user-7"]},
    "two users": {"user_id": ["user-7", "user-300"]},
    "user and failed": {"user_id": ["user-7"], "status": ["failed"]},
    "address of a client": {"ip_address": ["198.51.100.7"]},
    "slower than 5 s": {"min_ms": ["5000"]},
    "one organization, timeouts": {"organization": ["initech"], "status": ["timeout"]},
    "trace id that does not exist": {"trace_id": ["ab" * 16]},
    "provider that does not exist": {"provider": ["nobody"]},
    "word in bodies, frequent": {"q": ["valve"]},
    "word in bodies, nowhere": {"q": ["zyzzyva"]},
}


def now_ms() -> int:
    """Unix milliseconds."""
    return int(time.time() * 1000)


def bench_writing(folder: Path, count: int) -> None:
    """Rows a second of `write` alone, and how large they are before and after compression."""
    rows = list(Past(count, 1, now_ms() - 2 * DAY_MS, 1, 3).rows())
    path = folder / "written.db"
    writer = SqliteWriter(path)
    longest = 0.0
    begun, cpu = time.perf_counter(), time.process_time()
    for some in batched(rows, BATCH):
        started = time.perf_counter()
        writer.write(some)
        longest = max(longest, time.perf_counter() - started)
    took, cpu = time.perf_counter() - begun, time.process_time() - cpu
    writer.close()
    plain = path.stat().st_size
    steps = compress(path)
    packed = path.stat().st_size
    peer = mitmproxy_size(rows[:1000]) * count // 1000
    print(f"| rows/s | CPU a row | longest batch of {BATCH} |\n| --- | --- | --- |")
    print(f"| {count / took:,.0f} | {cpu / count * 1e6:.0f} µs | {longest * 1e3:.0f} ms |\n")
    print("| | bytes a row | of `mitmdump -w` |\n| --- | --- | --- |")
    print(f"| mitmproxy's flow writer | {peer / count:,.0f} | 1.00 |")
    print(f"| before compression | {plain / count:,.0f} | {plain / peer:.2f} |")
    print(f"| after compression | {packed / count:,.0f} | {packed / peer:.2f} |\n")
    print(
        f"Compression: {len(steps)} steps, p99 {percentile(steps, 0.99):.0f} ms,"
        f" longest {max(steps):.0f} ms\n"
    )


def compress(path: Path) -> list[float]:
    """Do all maintenance; how long each step took, in milliseconds."""
    writer = SqliteWriter(path, StoreOptions(spare_bytes=0))
    steps: list[float] = []
    more = True
    while more:
        begun = time.perf_counter()
        more = writer.maintain(now_ms())
        steps.append((time.perf_counter() - begun) * 1e3)
    writer.close()
    return steps


def mitmproxy_size(rows: Sequence[ActivityRow]) -> int:
    """The bytes that mitmproxy writes for the same exchanges, plain HTTP, no certificates."""
    from mitmproxy import http
    from mitmproxy.io import FlowWriter
    from mitmproxy.test import tflow

    out = io.BytesIO()
    writer = FlowWriter(out)
    for row in rows:
        flow = tflow.tflow(resp=row.response_headers is not None)
        flow.server_conn.certificate_list = []
        url = row.origin + row.path + row.query
        headers = json.loads(row.request_headers or "{}")
        flow.request = http.Request.make(row.method, url, row.request_body or "", headers)
        if row.response_headers is not None:
            headers = json.loads(row.response_headers)
            body = row.response_body or ""
            flow.response = http.Response.make(row.response_status or 200, body, headers)
        writer.add(flow)
    return out.tell()


async def bench_queries(path: Path) -> None:
    """What pages, single activities and charts cost."""
    reader = SqliteReader(path)
    print("| page of 50 | first, p50 | deep, p50 | longest |\n| --- | --- | --- | --- |")
    for name, params in PAGES.items():
        await bench_page(reader, name, parse_filter(params, now_ms()))
    print("\n| query | p50 | longest |\n| --- | --- | --- |")
    for name, query in charts(reader).items():
        times = [await timed(query) for _ in range(ROUNDS)]
        print(f"| {name} | {statistics.median(times):.1f} ms | {max(times):.1f} ms |")
    await reader.close()


async def bench_page(reader: SqliteReader, name: str, where: ActivityFilter) -> None:
    """One line of the table of pages."""
    first: list[float] = []
    deep: list[float] = []
    for _ in range(3):
        cursor, depth = None, 0
        while depth < ROUNDS:
            begun = time.perf_counter()
            page = await reader.page(SERVICE, where, cursor=cursor, limit=50)
            (deep if depth else first).append((time.perf_counter() - begun) * 1e3)
            cursor, depth = page.next, depth + 1
            if cursor is None:
                break
    shown = f"{statistics.median(deep):.1f} ms" if deep else "-"
    print(f"| {name} | {statistics.median(first):.1f} ms | {shown} | {max(first + deep):.1f} ms |")


def charts(reader: SqliteReader) -> dict[str, Callable[[], Awaitable[Any]]]:
    """Every chart, over a day and over ninety."""
    hour = now_ms() // HOUR_MS * HOUR_MS + HOUR_MS
    day = [hour - n * HOUR_MS for n in range(24, -1, -1)]
    # Local days, so that no whole day of UTC fits.
    quarter = [hour // DAY_MS * DAY_MS + 7 * HOUR_MS - n * DAY_MS for n in range(90, -1, -1)]

    def asked(**params: str) -> ActivityFilter:
        return parse_filter({name: [value] for name, value in params.items()}, now_ms())

    everything, slack = asked(), asked(integration="Slack")
    return {
        "series, 24 hours": lambda: reader.series(SERVICE, everything, day),
        "series, 90 days": lambda: reader.series(SERVICE, everything, quarter),
        "series of one integration, 90 days": lambda: reader.series(SERVICE, slack, quarter),
        "heat map, 90 days": lambda: reader.heatmap(SERVICE, everything, quarter),
        # As the viewer asks.
        "health, 24 hours": lambda: reader.health(SERVICE, everything, day, "verdict", 200),
        "health, 90 days": lambda: reader.health(SERVICE, everything, quarter, "verdict", 200),
        "failures, 90 days": lambda: reader.failures(SERVICE, asked(since="90d"), 100),
        "slowest endpoints, 90 days": lambda: reader.endpoints(
            SERVICE, asked(since="90d"), "p95", 20
        ),
        "summary, 90 days": lambda: reader.summary(SERVICE, asked(since="90d")),
        "integrations": lambda: reader.integrations(SERVICE),
        "facets": lambda: reader.facets(
            SERVICE, everything, ["status", "direction", "activity_type", "integration"]
        ),
        "one activity": lambda: newest(reader),
    }


async def newest(reader: SqliteReader) -> None:
    """The newest activity in full."""
    page = await reader.page(SERVICE, parse_filter({}, 0), cursor=None, limit=1)
    await reader.one(SERVICE, page.items[0].id)


async def timed(query: Callable[[], Awaitable[Any]]) -> float:
    """Milliseconds of one query."""
    begun = time.perf_counter()
    await query()
    return (time.perf_counter() - begun) * 1e3


def percentile(values: Sequence[float], share: float) -> float:
    """The value at a share of sorted values."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main() -> None:
    """Command line."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--written", type=int, default=50_000)
    arguments.add_argument("--data", type=Path)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench_writing(Path(folder), given.written)
        data = DataFolder(given.data or Path(folder) / "data").ensure()
        if not data.activity_db.exists():
            seed(data.activity_db, Past(given.rows, 90, now_ms(), 1, 3))
        asyncio.run(bench_queries(data.activity_db))


if __name__ == "__main__":
    main()
