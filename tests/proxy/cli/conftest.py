"""The command line as real processes over a real store."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from store.activity import ActivityType, Direction, Status
from store.data_folder import DataFolder
from store.tokens import admin_token
from tests.support.rows import fill, row

ROOT = Path(__file__).parents[3]
ENTRY = ROOT / "proxy" / "__main__.py"
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str


def environment(**more: str) -> dict[str, str]:
    """This environment without what would change the command line's behaviour."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("WIRETRAIL_") and not name.lower().endswith("_proxy")
    }
    # Some hundred processes: compiling the sources anew for each would take most of the time.
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    bytecode = str(ROOT / ".pytest_cache" / "bytecode")
    return kept | {"NO_COLOR": "1", "PYTHONPYCACHEPREFIX": bytecode} | more


def wiretrail(*arguments: str, stdin: str | None = None, **env: str) -> Result:
    """Run one command to its end."""
    done = subprocess.run(
        [sys.executable, "-P", str(ENTRY), *arguments],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        env=environment(**env),
        timeout=60,
    )
    return Result(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with five activities of two organizations."""
    data = tmp_path_factory.mktemp("seeded") / "data"
    now = time.time_ns() // 1_000_000
    fill(
        data,
        [
            row(created_at=now - 5 * HOUR_MS, path="/v1/oldest"),
            row(
                "globex",
                "stripe",
                created_at=now - 4 * HOUR_MS,
                status=Status.FAILED,
                response_status=402,
                path="/v1/charges",
                query="?amount=7",
                redactions=1,
                redaction_places='[["request.headers.Authorization", "header"]]',
                metadata='{"event": "charge.failed"}',
                response_body='"Declined\\u001b[31m."',
            ),
            row(
                created_at=now - 3 * HOUR_MS,
                status=Status.ERROR,
                response_status=None,
                error_code="dns",
                error_message="slack.example has no address",
                path="/hooks/\x1b[2Jevil",
            ),
            row(
                created_at=now - 2 * HOUR_MS,
                direction=Direction.INCOMING,
                activity_type=ActivityType.WEBHOOK_RECEIVED,
                path="/webhooks/github",
                response_time_ms=4321.0,
            ),
            row(created_at=now - HOUR_MS, status=Status.STARTED, path="/v1/newest"),
        ],
    )
    admin_token(DataFolder(data))
    return data


@dataclass(frozen=True)
class Served:
    """`wiretrail serve` over a data folder."""

    url: str
    token_file: Path
    first_lines: str

    @property
    def flags(self) -> tuple[str, ...]:
        return ("--server", self.url, "--token-file", str(self.token_file))


@pytest.fixture(scope="session")
def served(seeded: Path) -> Iterator[Served]:
    """A real API over the seeded store, in a process of its own."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-P", str(ENTRY), "serve"),
            *("--data", str(seeded), "--api", "127.0.0.1:0"),
        ],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    lines = process.stdout.readline() + process.stdout.readline()
    yield Served(lines.split()[3], seeded / "admin-token", lines)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    process.stdout.close()
