"""Standalone: a stock mitmdump with `-s addons/record.py` leaves redacted rows."""

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

from addons import record
from tests.addons.relay_world import OK, answering, upstream
from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]


async def test_rows_of_a_stock_mitmdump(tmp_path: Path) -> None:
    port = free_port()
    secret = "sk_" + "live_0123456789abcdef"
    async with upstream(answering(OK)) as server:
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("mitmdump")),
            "-q",
            *("-s", str(ROOT / "addons" / "record.py")),
            *("--mode", f"regular@127.0.0.1:{port}"),
            *("--set", f"confdir={tmp_path / 'mitm'}"),
            *("--set", f"wiretrail_data={tmp_path / 'data'}"),
            cwd=tmp_path,
        )
        try:
            await _listens(port)
            for target, fields in (
                (f"http://127.0.0.1:{server.port}/ok", f"Authorization: Bearer {secret}\r\n"),
                ("http://127.0.0.1:1/refused", "X-Wiretrail-User: bob\r\n"),
            ):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                request = f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}\r\n"
                writer.write(request.encode())
                await reader.read()
                writer.close()
        finally:
            process.terminate()
            await process.wait()
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "activity.db")) as database:
        rows = database.execute(
            "SELECT endpoint, response_status, status, error_code, request_headers"
            " FROM integration_activity_log ORDER BY created_at"
        ).fetchall()
    assert [row[1:4] for row in rows] == [
        (200, "success", None),
        (None, "error", "connect_refused"),
    ]
    assert "REDACTED" in rows[0][4]
    for path in (tmp_path / "data").rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes()


def _imported(*hidden: str) -> str:
    """What the import of the script says where these modules are not installed."""
    code = f"import sys; sys.modules |= dict.fromkeys({hidden!r}); import addons.record"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stderr


def test_it_needs_what_it_says_beside_mitmproxy_and_tells_what_is_missing() -> None:
    """A bare `No module named 're2'` would send people to another package."""
    others = ("aiosqlite", "httptools", "httpx", "prometheus_client", "starlette", "uvicorn")
    assert _imported(*others, "uvloop") == ""
    assert f"{sys.executable} -m pip install google-re2\n" in _imported("re2")
    command = f"pip install {' '.join(record._NEEDED.values())}"
    assert command in _imported(*record._NEEDED)
    assert f"`{command}`" in (ROOT / "README.md").read_text()


async def _listens(port: int) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return
