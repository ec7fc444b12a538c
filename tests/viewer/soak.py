"""Watches the log page's memory while rows arrive: does it stay flat?

python tests/viewer/soak.py [--minutes 10] [--rate 200]
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from playwright.sync_api import sync_playwright

from store.data_folder import DataFolder
from store.sqlite.writer import SqliteWriter
from store.tokens import TokenStore
from tests.support.api_world import Server, World
from tests.viewer.conftest import ARGUMENTS, CHROMIUM, VIEWER
from tests.viewer.looking import Viewer, milliseconds, past, sign_in

SHARE = 20
"""Batches a second; the keeper's are not larger."""


def main() -> None:
    """Command line."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--minutes", type=float, default=10)
    arguments.add_argument("--rate", type=int, default=200)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as data:
        kept = DataFolder(Path(data)).ensure()
        writer = SqliteWriter(kept.activity_db)
        world = World(kept, writer, TokenStore(kept.tokens, kept.admin_token))
        world.services.update(viewer=VIEWER, clock=milliseconds)
        server = Server(world.make_services(), world.notice)
        server.start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=[*ARGUMENTS, "--enable-precise-memory-info"]
            )
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            sign_in(context, server.url, world.token())
            viewer = Viewer(context.new_page(), server.url).open()
            session = context.new_cdp_session(viewer.page)
            begun = reported = time.monotonic()
            written = 0
            while (now := time.monotonic()) - begun < given.minutes * 60:
                due = int((now - begun) * given.rate) - written
                if due > 0:
                    world.write(*(past(0, path=f"/n/{written + n}") for n in range(due)))
                    written += due
                if now - reported >= 15:
                    reported = now
                    session.send("HeapProfiler.collectGarbage")
                    heap = viewer.page.evaluate("performance.memory.usedJSHeapSize") / 1e6
                    rows = viewer.page.evaluate(
                        "document.querySelector('activity-table').rows.size"
                    )
                    nodes = viewer.page.evaluate("document.getElementsByTagName('*').length")
                    took = now - begun
                    print(
                        f"{took:5.0f} s {written:7d} rows {heap:6.1f} MB, {nodes} elements,"
                        f" {rows} listed",
                        flush=True,
                    )
                viewer.page.wait_for_timeout(1000 / SHARE)
            browser.close()
        server.stop()
        writer.close()


if __name__ == "__main__":
    main()
