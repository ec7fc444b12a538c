"""A real sidecar: `wiretrail up` in processes of its own, over a data folder of the test."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]


class Sidecar:
    """Started with `wiretrail up` and more arguments; stopped with SIGTERM at the block's end."""

    command: tuple[str, ...] = ("proxy", "up")

    def __init__(self, data: Path, *arguments: str, env: dict[str, str] | None = None) -> None:
        self.data = data
        self.forward_port = free_port()
        self.api_port = free_port()
        self.proxy = f"http://127.0.0.1:{self.forward_port}"
        self.api = f"http://127.0.0.1:{self.api_port}"
        self.log = data.parent / f"{data.name}.log"
        self._arguments = arguments
        self._env = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"} | (env or {})
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Sidecar":
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", *self.command),
                    *("--data", str(self.data)),
                    *("--listen", f"127.0.0.1:{self.forward_port}"),
                    *("--api", f"127.0.0.1:{self.api_port}"),
                    *self._arguments,
                ],
                cwd=ROOT,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait_until_ready()
        return self

    def _wait_until_ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"ended at start:\n{self.log.read_text()}")
            try:
                with urllib.request.urlopen(self.api + "/readyz", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise AssertionError(f"not ready in 30 s:\n{self.log.read_text()}")

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def __enter__(self) -> "Sidecar":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def ca(self) -> Path:
        return self.data / "ca" / "wiretrail-ca.pem"

    @property
    def database(self) -> Path:
        return self.data / "activity.db"

    @property
    def admin_token(self) -> str:
        return (self.data / "admin-token").read_text().strip()

    def proxy_env(self) -> dict[str, str]:
        """The environment of a client that uses the sidecar and trusts its CA."""
        both = {"HTTP_PROXY": self.proxy, "HTTPS_PROXY": self.proxy, "NO_PROXY": ""}
        trust = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
        return (
            both
            | {name.lower(): value for name, value in both.items()}
            | dict.fromkeys(trust, str(self.ca))
        )

    def get(self, path: str) -> Any:
        """JSON from the API with the admin token."""
        request = urllib.request.Request(
            self.api + path, headers={"Authorization": f"Bearer {self.admin_token}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def rows(self, where: str = "1") -> list[dict[str, Any]]:
        """Rows of the readable table, oldest first, by plain SQL as any user would."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as connection:
            connection.row_factory = sqlite3.Row
            found = connection.execute(
                f"SELECT * FROM integration_activity_log WHERE {where} ORDER BY created_at, id"
            ).fetchall()
        connection.close()
        return [dict(row) for row in found]

    def wait_for_rows(self, count: int, where: str = "status <> 'started'") -> list[dict[str, Any]]:
        """The rows once there are `count`; fails after half a minute."""
        deadline = time.monotonic() + 30
        while len(rows := self.rows(where)) < count:
            assert time.monotonic() < deadline, f"{len(rows)} of {count} rows"
            time.sleep(0.05)
        return rows
