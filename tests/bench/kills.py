"""`kill -9` of keeper, worker and supervisor at random moments under load:
`python -m tests.bench.kills --kills 200`.

After each kill the database is checked. At the end every webhook that a sender saw accepted
(2xx) by a durable route must be a row.
"""

import argparse
import random
import sqlite3
import tempfile
import threading
import time
import urllib.request
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.proxy.conftest import World, wait_until
from tests.support.partner import Partner
from tests.support.ports import free_port

PROCESSES = ("keeper", "worker", "supervisor")


@dataclass
class Senders:
    """Threads that send numbered webhooks and note which ones were accepted."""

    url: str
    accepted: set[str] = field(default_factory=set)
    refused: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, count: int = 4) -> None:
        for sender in range(count):
            thread = threading.Thread(target=self._run, args=(sender,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _run(self, sender: int) -> None:
        number = 0
        while not self._stop.is_set():
            name = f"s{sender}n{number}"
            number += 1
            request = urllib.request.Request(f"{self.url}/hook?n={name}", b"{}", method="POST")
            try:
                with urllib.request.urlopen(request, timeout=15) as answer:
                    answer.read()
                self.accepted.add(name)
            except OSError:
                self.refused += 1
                time.sleep(0.02)


@dataclass(frozen=True)
class Outcome:
    """What the kills left behind."""

    kills: int
    unsound: int
    """Kills after which `integrity_check` found something."""
    accepted: int
    missing: Sequence[str]
    """Accepted webhooks that are no row; must be empty."""
    refused: int
    rows: int
    double: int
    """Webhooks with more than one row; must be 0."""


def run(folder: Path, kills: int, seed: int = 0) -> Outcome:
    """Kill so many times, each a process by turns at a random moment."""
    chance = random.Random(seed)
    address = f"127.0.0.1:{free_port()}"
    config = folder / "wiretrail.toml"
    unsound = 0
    with Partner() as service:
        config.write_text(
            f'[[incoming]]\nlisten = "{address}"\nupstream = "{service.url}"\ndurable = true\n'
        )
        with World(folder / "data", service, f"--config={config}") as world:
            senders = Senders(f"http://{address}")
            senders.start()
            for number in range(kills):
                time.sleep(chance.uniform(0.05, 0.5))
                _kill(world, PROCESSES[number % len(PROCESSES)])
                unsound += not _is_sound(world.database)
            wait_for = len(senders.accepted) + 20
            wait_until(lambda: len(senders.accepted) >= wait_for, "webhooks are accepted again")
            senders.stop()
            named = [row["endpoint"].rpartition("n=")[2] for row in world.rows()]
            rows = set(named)
    return Outcome(
        kills,
        unsound,
        len(senders.accepted),
        sorted(senders.accepted - rows),
        senders.refused,
        len(rows),
        len(named) - len(rows),
    )


def _kill(world: World, name: str) -> None:
    if name != "supervisor":
        world.replaced(name, world.kill(name))
        return
    assert world.process is not None
    children = [world.child("worker"), world.child("keeper")]
    world.process.kill()
    world.process.wait(10)
    wait_until(lambda: not any(_runs(pid) for pid in children), "the children end", 60)
    world.start()


def _runs(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _is_sound(database: Path) -> bool:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        outcome = run(Path(name), arguments.kills, arguments.seed)
    print(
        f"{outcome.kills} kills: {outcome.unsound} unsound databases, "
        f"{outcome.accepted} accepted, {len(outcome.missing)} of them missing, "
        f"{outcome.refused} refused or cut, {outcome.rows} rows, {outcome.double} of them double"
    )
    raise SystemExit(bool(outcome.unsound or outcome.missing or outcome.double))
