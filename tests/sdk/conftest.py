"""A sidecar whose every TLS call ends at one stub of all vendors, and vendors' own libraries as
child processes of `wiretrail run`, as a developer would start them."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.sdk.grpc_stub import pubsub_server
from tests.sdk.vendors import HOSTS, answer
from tests.support.certificates import Authority
from tests.support.partner import Partner
from tests.support.ports import free_port
from tests.support.sidecar import ROOT, Sidecar

JOBS = Path(__file__).with_name("jobs")
GRPC_HOST = "europe-west1-pubsub.googleapis.com"
CANARY = "FAKE" + "sdkcanary0123456789abcdef"
"""Every credential and secret that the jobs use contains it."""


class Desk:
    """The place where jobs are run and their rows read."""

    def __init__(self, sidecar: Sidecar, vendors: Partner, webhook_url: str) -> None:
        self.sidecar = sidecar
        self.vendors = vendors
        self.webhook_url = webhook_url
        self.service: Partner | None = None
        self._seen: set[str] = set()

    def run(self, job: str, needs: str, rows: int) -> list[dict[str, Any]]:
        """Run a job and return the rows that it left, oldest first; there must be exactly `rows`.
        Skips where the library it needs is not installed."""
        if importlib.util.find_spec(needs.partition(".")[0]) is None:
            pytest.skip(f"{needs} is not installed (extra `sdk`)")
        self.new_rows(0)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "proxy", "run", "--data", str(self.sidecar.data), "--"),
                *(sys.executable, str(JOBS / f"{job}.py"), CANARY),
            ],
            cwd=ROOT,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        found = self.new_rows(rows)
        assert len(found) == rows, [(row["method"], row["endpoint"]) for row in found]
        for row in found:
            assert row["direction"] == "outgoing"
            assert CANARY not in json.dumps(row), row["endpoint"]
        return found

    def environment(self) -> dict[str, str]:
        """The environment of a job."""
        return os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}

    def new_rows(self, count: int) -> list[dict[str, Any]]:
        """The rows that came since the last question, once there are at least `count`."""
        rows = self.sidecar.wait_for_rows(len(self._seen) + count)
        fresh = [row for row in rows if row["id"] not in self._seen]
        self._seen |= {row["id"] for row in fresh}
        return fresh


def shown(rows: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """What a reader of the log goes by: method, activity type, path."""
    return [(row["method"], row["activity_type"], row["path"]) for row in rows]


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with open_desk(tmp_path_factory.mktemp("sdk")) as opened:
        yield opened


@contextmanager
def open_desk(folder: Path) -> Iterator[Desk]:
    """A desk in a folder of its own. Nothing in there holds the canary afterwards."""
    authority = Authority(folder)
    webhook_port = free_port()
    with (
        Partner(answer, authority.server_context(*HOSTS)) as vendors,
        Partner() as service,
        pubsub_server(authority.leaf(GRPC_HOST)) as grpc_port,
    ):
        arguments = [
            f"--connect-to={GRPC_HOST}:443=127.0.0.1:{grpc_port or vendors.port}",
            f"--connect-to=*:443=127.0.0.1:{vendors.port}",
            f"--upstream-ca={authority.file}",
            f"--incoming=127.0.0.1:{webhook_port}={service.url}",
        ]
        with Sidecar(folder / "data", *arguments) as sidecar:
            desk = Desk(sidecar, vendors, f"http://127.0.0.1:{webhook_port}")
            desk.service = service
            yield desk
        _assert_no_canary(folder)


def _assert_no_canary(folder: Path) -> None:
    """After everything: no file that any process wrote holds the canary."""
    for path in folder.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path
