"""The whole play: every case through one sidecar, with faults in the middle; what was written and
said is collected while it runs and after it has ended."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.canary import bodies, committed, failures, heads, held, upgraded
from tests.canary.looking import Evidence
from tests.canary.planting import Case, Plant
from tests.canary.stage import ScriptedPartner, Stage, ok, request
from tests.support.certificates import Authority
from tests.support.ports import free_port
from tests.support.sidecar import ROOT, Sidecar

CASES: dict[str, Case] = {
    case.name: case
    for module in (bodies, heads, failures, committed, upgraded)
    for case in module.TABLE.cases
}

HELD: dict[str, Case] = {case.name: case for case in held.TABLE.cases}

_CONFIG = """
[[listen.credential]]
user = "svc"
password_file = "{password_file}"

[[incoming]]
listen = "127.0.0.1:{incoming}"
upstream = "http://127.0.0.1:{partner}"

[[incoming]]
listen = "127.0.0.1:{durable}"
upstream = "http://127.0.0.1:{partner}"
durable = true

[upstream]
ca = ["{authority}"]
connect_to = [
  "{h2_host}:443=127.0.0.1:{h2}",
  "{ws_host}:80=127.0.0.1:{ws}",
  "*:8098=127.0.0.1:{closed}",
  "*:80=127.0.0.1:{partner}",
  "*:443=127.0.0.1:{h2}",
]
"""


@dataclass
class Scene:
    """What is left when the play is over."""

    running: Evidence
    """Written or said while the sidecar ran, after the last exchange had ended."""
    ended: Evidence
    """What was there after it had stopped."""
    held: Evidence = field(default_factory=Evidence)
    """What was there while calls and webhooks waited for their answers."""
    broken: dict[str, BaseException] = field(default_factory=dict)
    """Cases that could not be played to their end."""
    rows: dict[str, list[str]] = field(default_factory=dict)
    """By case: its rows as the API tells them, one JSON text each."""
    outages: dict[str, int] = field(default_factory=dict)
    """Rows of the exchanges during each fault."""
    log: str = ""
    control: Evidence = field(default_factory=Evidence)
    """The proxy's password file: what is looked for is found where it is."""


@contextmanager
def play(folder: Path) -> Iterator[Scene]:
    """Plays everything in a folder of its own."""
    with ExitStack() as stack:
        stage = stack.enter_context(_stage(folder))
        broken = _play_cases(stage)
        outages = {
            "keeper killed": _during(stage, OUTAGES["keeper killed"], _kill_keeper),
            "store locked": _during(stage, OUTAGES["store locked"], _lock_store),
        }
        _ask_nonsense(stage)
        _break_config(stage, folder)
        waiting = Evidence()
        rows = _hold(stage, waiting)
        scene = Scene(running=_collect(stage, folder), ended=Evidence(), outages=outages)
        scene.held = waiting
        scene.broken = broken
        scene.rows = rows | {name: _details(stage, case) for name, case in CASES.items()}
        _say_rows(scene.running, stage)
        assert stage.sidecar.stop() == 0
        scene.log = stage.sidecar.log.read_text()
        scene.running.add("standard error", scene.log)
        _replay(stage, scene.ended)
        scene.ended.add_folder("data", stage.sidecar.data)
        scene.ended.add_folder("temporary", folder / "tmp")
        scene.ended.add_database("database", stage.sidecar.database)
        scene.control.add_folder("secrets", folder / "secrets")
        yield scene


@contextmanager
def _stage(folder: Path) -> Iterator[Stage]:
    (folder / "tmp").mkdir()
    secrets = folder / "secrets"
    secrets.mkdir()
    password = PASSWORD.opaque()
    (secrets / "password").write_text(password)
    authority = Authority(secrets)
    with (
        ScriptedPartner() as partner,
        upgraded.websocket_partner(upgraded.ANSWERS) as ws,
        upgraded.h2_partner(authority) as h2,
    ):
        incoming, durable, closed = free_port(), free_port(), free_port()
        config = secrets / "wiretrail.toml"
        config.write_text(
            _CONFIG.format(
                password_file=secrets / "password",
                incoming=incoming,
                durable=durable,
                closed=closed,
                partner=partner.port,
                authority=authority.file,
                h2_host=upgraded.H2_HOST,
                h2=h2,
                ws_host=upgraded.WS_HOST,
                ws=ws,
            )
        )
        env = {"TMPDIR": str(folder / "tmp")}
        with Sidecar(folder / "data", "--config", str(config), env=env) as sidecar:
            yield Stage(sidecar, partner, password, incoming, durable, closed)


PASSWORD = Plant()
"""The password of the forward proxy: each call carries it."""
STRAY = Plant()
"""What is said to the API and in config files, and belongs to no row."""


def _play_cases(stage: Stage) -> dict[str, BaseException]:
    """Plays all of them; those that could not be played to their end, and why."""
    with ThreadPoolExecutor(8) as pool:
        played = {name: pool.submit(case.play, stage) for name, case in CASES.items()}
        broken = {name: error for name, one in played.items() if (error := one.exception())}
    _wait_until_kept(stage)
    return broken


def _wait_until_kept(stage: Stage) -> None:
    """Nothing is in flight any more, so that each exchange has its last row."""
    deadline = time.monotonic() + 10
    while b"wiretrail_exchanges_in_flight 0" not in _ask(stage, "/metrics"):
        assert time.monotonic() < deadline, _ask(stage, "/metrics")
        time.sleep(0.05)


def _hold(stage: Stage, found: Evidence) -> dict[str, list[str]]:
    """Rows of exchanges that wait for their answers, and all that is on disk by then."""
    with ThreadPoolExecutor(8) as pool:
        played = [pool.submit(case.play, stage) for case in HELD.values()]
        stage.sidecar.wait_for_rows(len(HELD), "status = 'started'")
        found.add_folder("data", stage.sidecar.data)
        found.add_database("database", stage.sidecar.database)
        rows = {name: _details(stage, case) for name, case in HELD.items()}
        held.SEEN.set()
        for each in played:
            each.result()
    return rows


# Faults


@dataclass(frozen=True)
class Outage:
    """Calls that are under way while something breaks."""

    name: str
    plant: Plant
    requests: int = 24

    def fire(self, stage: Stage, number: int) -> None:
        case = f"{self.name}-{number}"
        secret = self.plant.cores[number]
        body = json.dumps({"room": "kitchen", "password": secret, "n": number}).encode()
        answer = ok(json.dumps({"echo": secret}).encode())
        stage.call(case, [request(case, body, f"X-Api-Key: {secret}")], [0.2, answer])


def _outage(name: str) -> Outage:
    outage = Outage(name, Plant())
    for _ in range(outage.requests):
        outage.plant.opaque()
    return outage


OUTAGES = {"keeper killed": _outage("killed"), "store locked": _outage("locked")}


def _during(stage: Stage, outage: Outage, fault: Any) -> int:
    with ThreadPoolExecutor(8) as pool:
        fired = [pool.submit(outage.fire, stage, n) for n in range(outage.requests)]
        time.sleep(0.15)
        fault(stage)
        for each in fired:
            each.result()
    where = f"status = 'success' AND endpoint LIKE '%/{outage.name}-%'"
    return len(stage.sidecar.wait_for_rows(outage.requests, where))


def _kill_keeper(stage: Stage) -> None:
    (keeper,) = [pid for pid, line in _processes(stage) if b"proxy.keeper" in line]
    os.kill(keeper, signal.SIGKILL)


def _lock_store(stage: Stage) -> None:
    connection = sqlite3.connect(stage.sidecar.database, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    time.sleep(1.6)
    connection.execute("ROLLBACK")
    connection.close()
    deadline = time.monotonic() + 10
    while "cannot be written" not in stage.sidecar.log.read_text():
        assert time.monotonic() < deadline, "the store was not found locked"
        time.sleep(0.05)


def _processes(stage: Stage) -> list[tuple[int, bytes]]:
    """The sidecar's processes and how they are called in `ps`."""
    assert stage.sidecar.process is not None
    found = [stage.sidecar.process.pid]
    for pid in found:
        children = Path(f"/proc/{pid}/task/{pid}/children")
        found += [int(child) for child in children.read_text().split()]
    return [
        (
            pid,
            b" ".join(
                (Path(f"/proc/{pid}") / name).read_bytes()
                for name in ("cmdline", "comm", "environ")
            ),
        )
        for pid in found
    ]


# What is said to the sidecar beside exchanges


def _ask(stage: Stage, path: str, *, token: str | None = None, body: bytes | None = None) -> bytes:
    fields = {"Authorization": f"Bearer {token or stage.sidecar.admin_token}"}
    asked = urllib.request.Request(stage.sidecar.api + path, headers=fields, data=body)
    if body is not None:
        asked.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            found: bytes = answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.read()
    return found


def _ask_nonsense(stage: Stage) -> None:
    """Canaries in questions: answers may quote them, logs and files may not."""
    for path in (
        "/api/v1/activities?q={}",
        "/api/v1/activities?status={}",
        "/api/v1/activities?cursor={}",
        "/api/v1/activities?{}=1",
        "/api/v1/activities/{}",
        "/api/v1/activities/export?format={}",
        "/api/v1/{}",
        "/{}",
        "/sign-in?code={}",
    ):
        _ask(stage, path.format(STRAY.opaque()))
        _ask(stage, path.format(STRAY.shaped()))
    _ask(stage, "/api/v1/activities", token=STRAY.opaque())
    explained = json.dumps({"body": f"password={STRAY.opaque()} {STRAY.shaped()}"}).encode()
    _ask(stage, "/api/v1/redact", body=explained)


def _break_config(stage: Stage, folder: Path) -> None:
    """Broken config files are told in the log when they are to be taken over."""
    config = folder / "secrets" / "wiretrail.toml"
    sound = config.read_text()
    for broken in broken_configs(STRAY):
        config.write_text(f"{sound}\n{broken}")
        told = stage.sidecar.log.read_text().count("is not taken over")
        assert stage.sidecar.process is not None
        stage.sidecar.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while stage.sidecar.log.read_text().count("is not taken over") <= told:
            assert time.monotonic() < deadline, broken
            time.sleep(0.05)
    config.write_text(sound)


def broken_configs(plant: Plant) -> list[str]:
    """Mistakes in and beside values that are secret."""
    return [
        f'[[listen.credential]]\nuser = "a:b"\npassword_digest = "{plant.opaque()}"',
        f'[[listen.credential]]\nuser = "a"\npassword = "{plant.opaque()}"',
        f'[[listen.credential]]\nuser = "a"\npassword_digest = ["{plant.opaque()}"]',
        f'[[incoming]]\nlisten = "127.0.0.1:1"\nupstream = "ftp://u:{plant.opaque()}@x"',
        f'[[incoming]]\nlisten = "127.0.0.1:1"\nupstream = "http//u:{plant.opaque()}@x"',
        f'[[connection_test]]\nintegration = "x"\nurl = "x://u:{plant.opaque()}@x"\n',
        '[[connection_test]]\nintegration = "x"\nurl = "http://x"\n'
        f'headers = {{ X-Key = "{plant.opaque()}\\n" }}',
        f'[[connection_test]]\nintegration = "x"\nurl = "http://x"\nheaders = "{plant.opaque()}"',
        f'[[listen.credential]]\nuser = "a"\npassword_digest = "{plant.opaque()}',
        f'[redaction]\nnames = "{plant.opaque()}"',
    ]


# Evidence


def _collect(stage: Stage, folder: Path) -> Evidence:
    found = Evidence()
    found.add_folder("data", stage.sidecar.data)
    found.add_folder("temporary", folder / "tmp")
    found.add_database("database", stage.sidecar.database)
    for pid, line in _processes(stage):
        found.add(f"process {pid}", line)
    for path in (
        "/metrics",
        "/readyz",
        "/api/v1/activities?limit=500",
        "/api/v1/activities?status=started",
        "/api/v1/activities/export?format=csv",
        "/api/v1/activities/export?format=ndjson",
        "/api/v1/activities/export?format=har",
        "/api/v1/integrations",
        "/api/v1/summary",
        "/api/v1/facets",
        "/api/v1/gaps",
    ):
        answer = _ask(stage, path)
        assert answer, path
        found.add(path, answer)
    return found


def _details(stage: Stage, case: Case) -> list[str]:
    return [
        json.dumps(stage.sidecar.get(f"/api/v1/activities/{row['id']}"), ensure_ascii=False)
        for row in stage.sidecar.rows(case.where)
    ]


def _say_rows(found: Evidence, stage: Stage) -> None:
    for row in stage.sidecar.rows():
        text = json.dumps(stage.sidecar.get(f"/api/v1/activities/{row['id']}"), ensure_ascii=False)
        found.add("details", text)
    newest = stage.sidecar.rows()[-1]["id"]
    for command in (
        ("list", "--limit", "500"),
        ("list", "--limit", "500", "--json"),
        ("show", newest),
        ("stats", "--by", "endpoint"),
        ("export", "--format", "csv"),
        ("doctor",),
    ):
        found.add(" ".join(command), _wiretrail(stage, *command))


def _replay(stage: Stage, found: Evidence) -> None:
    """Rules applied anew to the rows that are there."""
    found.add("redact --replay", _wiretrail(stage, "redact", "--replay", "--all"))


def _wiretrail(stage: Stage, *words: str) -> bytes:
    done = subprocess.run(
        [sys.executable, "-m", "proxy", *words, "--data", str(stage.sidecar.data)],
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=False,
        env=os.environ | {"WIRETRAIL_DATA": str(stage.sidecar.data), "NO_COLOR": "1"},
    )
    assert done.stdout or done.stderr, words
    return done.stdout + done.stderr


def everything_planted() -> dict[str, str]:
    """Every canary, and whose it is."""
    every = CASES | HELD
    owners = {core: name for name, case in every.items() for core in case.cores}
    owners |= {core: name for name, outage in OUTAGES.items() for core in outage.plant.cores}
    owners |= dict.fromkeys(STRAY.cores, "asked")
    return owners | dict.fromkeys(PASSWORD.cores, "proxy password")
