"""A worker that dies costs its running exchanges, and nothing that was committed."""

import contextlib
import os
import signal
import socket
import threading
from collections import Counter
from pathlib import Path

from tests.proxy.conftest import World, wait_until
from tests.support.load import Load
from tests.support.partner import Answer, Partner, Received


def test_a_killed_worker_is_replaced_and_its_exchanges_are_counted(world: World) -> None:
    with Load(world.webhook) as load:
        load.wait_for(100)
        world.replaced("worker", world.kill("worker"))
        load.wait_for(100)
    found = world.settled()
    lost = found.get("worker_died", 0)
    assert found["seen"] == found["stored"] + lost
    rows = world.rows("status = 'success'")
    # What the killed worker had not handed over is lost; every other request is a row.
    assert len(rows) == found["stored"]
    assert load.succeeded - lost <= len(rows) <= len(world.service.received)


def test_a_running_exchange_of_a_killed_worker_ends_as_interrupted(tmp_path: Path) -> None:
    release = threading.Event()

    def hanging(request: Received) -> Answer:
        release.wait(60)
        return Answer()

    with Partner(hanging) as service, World(tmp_path / "data", service) as world:
        client = threading.Thread(target=lambda: _ignore_errors(world))
        client.start()
        world.wait_for_rows(1, "status = 'started'")
        world.kill("worker")
        (row,) = world.wait_for_rows(1)
        release.set()
        client.join(10)
        assert (row["status"], row["error_code"]) == ("error", "interrupted")
        wait_until(lambda: world.counters().get("worker_died") == 1, "the loss is counted")
        world.settled()


def test_a_signal_to_the_whole_group_is_the_supervisors_to_handle(world: World) -> None:
    with Load(world.webhook) as load:
        load.wait_for(50)
        pid = world.child("worker")
        os.kill(pid, signal.SIGTERM)
        load.wait_for(50)
    assert world.child("worker") == pid


def test_workers_share_kept_connections(tmp_path: Path) -> None:
    with Partner() as service, World(tmp_path / "data", service, "--workers", "2") as world:
        port = int(world.webhook.rpartition(":")[2])
        request = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
        with contextlib.ExitStack() as open_sockets:
            for _ in range(16):
                client = socket.create_connection(("127.0.0.1", port), 10)
                open_sockets.enter_context(client)
                client.sendall(request)
                assert client.recv(64).startswith(b"HTTP/1.1 200 ")
            shares = Counter(world.accepted(port)).values()
            # Eight each; on a busy machine a worker may be too late for some of its share.
            assert len(shares) == 2
            assert min(shares) >= 5


def _ignore_errors(world: World) -> None:
    with contextlib.suppress(OSError):
        world.post(timeout=60)
