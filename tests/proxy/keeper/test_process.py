"""Whatever happens to the keeper and its store, traffic goes on and the counters add up."""

import os
import signal
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tests.proxy.conftest import World, wait_until
from tests.support.load import Load
from tests.support.partner import Answer, Partner, Received
from tests.support.ports import free_port
from tests.support.sidecar import ROOT, Sidecar

SABOTAGE = {"PYTHONPATH": str(ROOT / "tests" / "support" / "sabotage")}


class ImpatientWorld(World):
    """A world whose supervisor gives a silent keeper two seconds."""

    command = ("tests.support.impatient", "up")


def everything_is_stored(world: World, load: Load) -> None:
    """Every request that the service saw is a row, none failed, and the counters say so."""
    found = world.settled()
    received = len(world.service.received)
    assert load.failed == []
    assert load.succeeded == received
    assert found == {"seen": received, "stored": received, "in_flight": 0}
    rows = world.rows()
    assert len(rows) == received
    assert {row["status"] for row in rows} == {"success"}


def test_a_killed_keeper_loses_no_row_and_stops_no_traffic(world: World) -> None:
    with Load(world.webhook) as load:
        for _ in range(3):
            load.wait_for(100)
            world.replaced("keeper", world.kill("keeper"))
        load.wait_for(100)
    everything_is_stored(world, load)


def test_a_stopped_keeper_is_replaced(tmp_path: Path, service: Partner) -> None:
    with ImpatientWorld(tmp_path / "data", service) as world:
        with Load(world.webhook) as load:
            load.wait_for(50)
            pid = world.kill("keeper", signal.SIGSTOP)
            load.wait_for(100)
            world.replaced("keeper", pid)
            load.wait_for(50)
        everything_is_stored(world, load)


def test_a_locked_store_makes_captures_wait(world: World) -> None:
    with Load(world.webhook, clients=2) as load:
        load.wait_for(50)
        with closing(sqlite3.connect(world.database, isolation_level=None)) as database:
            database.execute("PRAGMA busy_timeout = 5000")
            database.execute("BEGIN IMMEDIATE")
            wait_until(lambda: "cannot be written now" in world.log.read_text(), "it is told")
            pid = world.child("keeper")
            load.wait_for(300)
            assert world.counters()["in_flight"] > 200
            database.execute("ROLLBACK")
        load.wait_for(50)
    everything_is_stored(world, load)
    assert world.child("keeper") == pid


def test_a_capture_that_crashes_the_keeper_is_dropped_as_poison(
    tmp_path: Path, service: Partner
) -> None:
    with World(tmp_path / "data", service, env=SABOTAGE) as world:
        assert world.post("/before") == 200
        assert world.post("/crash") == 200
        assert world.post("/after") == 200
        wait_until(lambda: world.counters().get("poison") == 1, "the capture is dropped")
        found = world.settled()
        assert (found["seen"], found["stored"]) == (3, 2)
        assert [row["endpoint"].rpartition("/")[2] for row in world.rows()] == ["before", "after"]
        assert gaps(world) == [("poison", 1)]


def test_poison_ends_the_row_that_told_its_start(tmp_path: Path) -> None:
    release = threading.Event()

    def late(request: Received) -> Answer:
        release.wait(20)
        return Answer()

    with (
        Partner(late) as service,
        World(tmp_path / "data", service, env=SABOTAGE) as world,
    ):
        client = threading.Thread(target=world.post, args=("/crash-at-its-end",))
        client.start()
        world.wait_for_rows(1, "status = 'started'")
        release.set()
        client.join(20)
        (row,) = world.wait_for_rows(1)
        assert (row["status"], row["error_code"]) == ("error", "not_recorded")
        found = world.settled()
        assert (found["seen"], found["stored"], found["poison"]) == (1, 0, 1)
        assert gaps(world) == [("poison", 1)]


def test_a_capture_that_stalls_the_keeper_is_dropped_as_poison(
    tmp_path: Path, service: Partner
) -> None:
    with ImpatientWorld(tmp_path / "data", service, env=SABOTAGE) as world:
        assert world.post("/spin") == 200
        assert world.post("/after") == 200
        wait_until(lambda: world.counters().get("poison") == 1, "the capture is dropped")
        assert [row["endpoint"].rpartition("/")[2] for row in world.rows()] == ["after"]


def test_a_capture_that_cannot_be_recorded_does_not_stop_the_others(
    tmp_path: Path, service: Partner
) -> None:
    with World(tmp_path / "data", service, env=SABOTAGE) as world:
        for path in ("/one", "/raise", "/two"):
            assert world.post(path) == 200
        found = world.settled()
        assert (found["stored"], found["rejected"]) == (2, 1)
        assert gaps(world) == [("rejected", 1)]
        assert "/raise" not in world.log.read_text()


def test_a_full_queue_drops_and_leaves_a_gap(tmp_path: Path, service: Partner) -> None:
    config = tmp_path / "wiretrail.toml"
    config.write_text('[limits]\nqueue_bytes = "64KB"\n')
    with World(tmp_path / "data", service, f"--config={config}") as world:
        pid = world.kill("keeper", signal.SIGSTOP)
        with Load(world.webhook, clients=2, body=b"x" * 8000) as load:
            load.wait_for(300)
            os.kill(pid, signal.SIGCONT)
        found = world.settled()
        assert load.failed == []
        assert found["seen"] == load.succeeded
        assert found["queue_full"] > 0
        assert len(world.rows()) == found["stored"]
        wait_until(
            lambda: sum(count for _, count in gaps(world)) == found["queue_full"], "gaps are told"
        )
        assert {reason for reason, _ in gaps(world)} == {"queue_full"}


def test_a_durable_webhook_is_a_row_before_the_service_sees_it(
    tmp_path: Path, service: Partner
) -> None:
    address = f"127.0.0.1:{free_port()}"
    config = tmp_path / "wiretrail.toml"
    config.write_text(
        f'[limits]\ndurable_wait = "1s"\n[[incoming]]\nlisten = "{address}"\n'
        f'path = "/durable"\nupstream = "{service.url}"\ndurable = true\n'
    )
    with World(tmp_path / "data", service, f"--config={config}") as world:
        world.webhook = f"http://{address}"
        assert world.post("/durable") == 200
        (row,) = world.wait_for_rows(1)
        assert row["status"] == "success"
        pid = world.kill("keeper", signal.SIGSTOP)
        with pytest.raises(OSError, match="503"):
            world.post("/durable")
        assert len(service.received) == 1
        os.kill(pid, signal.SIGCONT)
        rows = world.wait_for_rows(2)
        assert rows[1]["error_code"] == "not_durable"


def gaps(world: Sidecar) -> list[tuple[str, int]]:
    """The gap records, oldest first."""
    with closing(sqlite3.connect(f"file:{world.database}?mode=ro", uri=True)) as database:
        return database.execute("SELECT reason, count FROM gaps ORDER BY since").fetchall()
