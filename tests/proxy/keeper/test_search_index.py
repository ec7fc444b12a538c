"""The keeper keeps a search index when it is told to, between its batches."""

import json
import signal
import sqlite3
import urllib.request
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from tests.proxy.conftest import World, wait_until
from tests.support.load import Load
from tests.support.partner import Partner

INDEXED = "[search]\nindex = true\n"


def indexed(file: Path) -> int:
    """How many slots are in the index by now."""
    if not file.exists():
        return 0
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        tables = database.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'slots'")
        if tables.fetchone() == (0,):
            return 0
        (found,) = database.execute("SELECT count(*) FROM slots").fetchone()
        return int(found)


def found(world: World, word: str) -> int:
    """How many activities the API finds by a word."""
    token = (world.data / "admin-token").read_text().strip()
    request = urllib.request.Request(
        f"{world.api}/api/v1/activities?q={quote(word)}&limit=1000",
        headers={"Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return len(json.load(answer)["items"])


def test_rows_are_indexed_while_traffic_goes_on(tmp_path: Path, service: Partner) -> None:
    config = tmp_path / "wiretrail.toml"
    config.write_text(INDEXED)
    file = tmp_path / "data" / "activity-search.db"
    with World(tmp_path / "data", service, f"--config={config}") as world:
        with Load(world.webhook) as load:
            wait_until(lambda: indexed(file) >= 8, "the first rows are indexed")
        everything = world.settled()["stored"]
        world.post(body=b'{"note": "an unmistakable word"}')
        wait_until(lambda: found(world, "unmistak") == 1, "it is found")
        assert load.failed == []
        assert found(world, "nowhere-at-all") == 0
        assert len(world.rows()) == everything + 1
        # Switched off, it goes.
        keeper = world.child("keeper")
        config.write_text("")
        assert world.process is not None
        world.process.send_signal(signal.SIGHUP)
        world.replaced("keeper", keeper)
        wait_until(lambda: not file.exists(), "the index is deleted")
        assert found(world, "unmistak") == 1
