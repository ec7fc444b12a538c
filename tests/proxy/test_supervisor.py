"""The whole sidecar with real processes: it records, stops cleanly, and survives its ends."""

import contextlib
import os
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.proxy.conftest import World, wait_until
from tests.support.certificates import Authority
from tests.support.load import Load
from tests.support.partner import Answer, Partner, Received
from tests.support.sidecar import ROOT, Sidecar


def test_calls_and_webhooks_become_rows(tmp_path: Path, service: Partner) -> None:
    authority = Authority(tmp_path)
    with Partner(tls=authority.server_context("api.partner.test")) as partner:
        trust = (f"--connect-to=*:443=127.0.0.1:{partner.port}", f"--upstream-ca={authority.file}")
        with World(tmp_path / "data", service, *trust) as world:
            trusting = ssl.create_default_context(cafile=str(world.ca))
            with httpx.Client(proxy=world.proxy, verify=trusting, trust_env=False) as client:
                for index in range(5):
                    answer = client.post(f"https://api.partner.test/v1/things/{index}", json={})
                    assert answer.status_code == 200
            assert world.post() == 200
            rows = world.wait_for_rows(6)
            found = world.settled()
    assert [row["direction"] for row in rows] == ["outgoing"] * 5 + ["incoming"]
    assert {row["status"] for row in rows} == {"success"}
    assert rows[0]["endpoint"] == "https://api.partner.test/v1/things/0"
    assert (found["seen"], found["stored"]) == (6, 6)


def test_a_stop_under_load_loses_no_row_and_exits_with_0(world: World) -> None:
    with Load(world.webhook) as load:
        load.wait_for(100)
        assert world.stop() == 0
    rows = world.rows()
    assert {row["status"] for row in rows} == {"success"}
    assert len(rows) >= load.succeeded
    assert len(rows) == len(world.service.received)


def test_a_running_exchange_ends_before_the_stop(tmp_path: Path) -> None:
    reached = threading.Event()

    def slow(request: Received) -> Answer:
        reached.set()
        time.sleep(1.0)
        return Answer(status=201)

    statuses: list[int] = []
    with Partner(slow) as service, World(tmp_path / "data", service) as world:
        client = threading.Thread(target=lambda: statuses.append(world.post()))
        client.start()
        assert reached.wait(10)
        assert world.process is not None
        world.process.send_signal(signal.SIGTERM)
        wait_until(lambda: _is_refused(world.webhook), "who comes now is refused at once")
        assert not statuses
        assert world.process.wait(30) == 0
        client.join(10)
        assert [row["response_status"] for row in world.rows()] == [201]
    assert statuses == [201]


def _is_refused(url: str) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.parametrize(("grace", "signals"), [("1s", 1), ("60s", 2)])
def test_a_stop_does_not_wait_for_ever(tmp_path: Path, grace: str, signals: int) -> None:
    reached, release = threading.Event(), threading.Event()

    def hanging(request: Received) -> Answer:
        reached.set()
        release.wait(60)
        return Answer()

    config = tmp_path / "wiretrail.toml"
    config.write_text(f'[limits]\nshutdown_grace = "{grace}"\n')
    with (
        Partner(hanging) as service,
        World(tmp_path / "data", service, f"--config={config}") as world,
    ):
        client = threading.Thread(target=lambda: _try(lambda: world.post(timeout=60)))
        client.start()
        assert reached.wait(10)
        assert world.process is not None
        for _ in range(signals - 1):
            world.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
        assert world.stop() == 0
        release.set()
        client.join(10)
        (row,) = world.rows()
    assert (row["status"], row["error_code"]) == ("error", "interrupted")


def test_everything_killed_leaves_interrupted_rows_at_the_next_start(tmp_path: Path) -> None:
    release = threading.Event()

    def hanging(request: Received) -> Answer:
        if request.target == "/hang":
            release.wait(60)
        return Answer()

    with Partner(hanging) as service, World(tmp_path / "data", service) as world:
        world.post("/done")
        client = threading.Thread(target=lambda: _try(lambda: world.post("/hang", timeout=60)))
        client.start()
        world.wait_for_rows(1, "status = 'started'")
        pids = [world.child("worker"), world.child("keeper")]
        assert world.process is not None
        for pid in (world.process.pid, *pids):
            os.kill(pid, signal.SIGKILL)
        world.process.wait(10)
        client.join(10)
        world.start()
        rows = world.wait_for_rows(2)
        release.set()
        with sqlite3.connect(world.database) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        database.close()
    by_path = {row["endpoint"].rpartition("/")[2]: row for row in rows}
    assert by_path["done"]["status"] == "success"
    assert (by_path["hang"]["status"], by_path["hang"]["error_code"]) == ("error", "interrupted")


def test_children_end_when_the_supervisor_is_killed(world: World) -> None:
    with Load(world.webhook) as load:
        load.wait_for(50)
        pids = [world.child("worker"), world.child("keeper")]
        assert world.process is not None
        world.process.kill()
        world.process.wait(10)
        wait_until(lambda: not any(map(_is_alive, pids)), "the children end")
    assert len(world.rows()) == len(world.service.received)
    world.start()
    assert world.post() == 200


def test_a_second_sidecar_on_the_same_data_is_refused(world: World) -> None:
    second = Sidecar(world.data)
    with pytest.raises(AssertionError, match="in use by another keeper"):
        second.start()
    assert second.stop() == 1
    assert world.post() == 200


def test_a_taken_address_is_told_with_its_flag(world: World) -> None:
    port = world.forward_port
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "proxy", "up", "--data", str(world.data.parent / "other")),
            *("--listen", f"127.0.0.1:{port}", "--api", "127.0.0.1:0"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ended.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr
    assert "--listen" in ended.stderr


def test_a_changed_config_file_is_taken_over(tmp_path: Path, service: Partner) -> None:
    config = tmp_path / "wiretrail.toml"
    config.write_text("")
    with World(tmp_path / "data", service, f"--config={config}") as world:
        world.post("/first")
        world.wait_for_rows(1)
        rule = '[[rule]]\npath = "/second"\nactivity_type = "device_create"\n'
        config.write_text(rule)
        assert world.process is not None
        world.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "taken over" in world.log.read_text(), "the config is taken over")
        world.post("/second")
        rows = world.wait_for_rows(2)
    assert [row["activity_type"] for row in rows] == ["webhook_received", "device_create"]


def test_a_broken_config_file_changes_nothing(tmp_path: Path, service: Partner) -> None:
    config = tmp_path / "wiretrail.toml"
    config.write_text("")
    with World(tmp_path / "data", service, f"--config={config}") as world:
        config.write_text("rulez = 1\n")
        assert world.process is not None
        world.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "not taken over" in world.log.read_text(), "the mistake is told")
        assert "rulez" in world.log.read_text()
        assert world.post() == 200


def test_two_workers_share_the_work(tmp_path: Path, service: Partner) -> None:
    with World(tmp_path / "data", service, "--workers=2") as world:
        with Load(world.webhook, clients=8) as load:
            load.wait_for(200)
        found = world.settled()
        assert found["stored"] == len(world.rows()) == len(world.service.received)


def _is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def _try(action: object) -> None:
    assert callable(action)
    with contextlib.suppress(OSError):
        action()
