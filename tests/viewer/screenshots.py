"""Makes the README's pictures: a believable past, the real API, and Chromium.

python tests/viewer/screenshots.py [FOLDER]     # default: .screenshots
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from playwright.sync_api import Browser, sync_playwright

from store.activity import Status
from store.data_folder import DataFolder
from store.sqlite.writer import SqliteWriter
from store.tokens import TokenStore
from tests.bench.seed import Past
from tests.support.api_world import Server, World
from tests.viewer.conftest import ARGUMENTS, CHROMIUM, VIEWER
from tests.viewer.looking import Viewer, expect, milliseconds, sign_in
from tests.viewer.palette import reduced

ROWS = 40_000
TROUBLE = {
    1: (Status.STARTED, None, None),
    4: (Status.FAILED, 429, None),
    5: (Status.FAILED, 503, None),
    8: (Status.TIMEOUT, None, "upstream_timeout"),
    13: (Status.ERROR, None, "connect_refused"),
}
"""Some of the newest rows did not go well: status, HTTP status, error code."""


def past_of(world: World, organizations: int) -> None:
    past = Past(ROWS, 30, milliseconds(), 7, organizations)
    rows = list(past.rows())
    # What people open a log for.
    for age, (status, answer, error) in TROUBLE.items():
        sick = sorted(rows, key=lambda row: -row.created_at)[age]
        sick.status, sick.response_status, sick.error_code = status, answer, error
    for start in range(0, len(rows), 2_000):
        world.write(*rows[start : start + 2_000])


def take(browser: Browser, server: Server, token: str, folder: Path, theme: str) -> None:
    """The pictures of one theme."""
    context = browser.new_context(viewport={"width": 1280, "height": 760}, color_scheme=theme)  # type: ignore[arg-type]
    sign_in(context, server.url, token)
    viewer = Viewer(context.new_page(), server.url)

    def shoot(name: str) -> None:
        viewer.page.wait_for_timeout(600)
        (folder / f"{name}.png").write_bytes(reduced(viewer.page.screenshot()))

    viewer.open("/?since=7d").ready()
    expect(viewer.page.locator(".timeline rect.bar").first).to_be_visible()
    shoot(f"log-{theme}")
    if theme == "light":
        viewer.open("/?status=failed&direction=outgoing").ready()
        viewer.rows.nth(2).click()
        expect(viewer.page.get_by_role("region", name="Response")).to_be_visible()
        shoot("details")
        viewer.open("/analytics?since=7d")
        expect(viewer.page.get_by_role("group", name="Requests by status")).to_be_visible()
        shoot("analytics")
    context.close()


def main() -> None:
    """Command line."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("folder", type=Path, nargs="?", default=Path(".screenshots"))
    folder = arguments.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        kept = DataFolder(Path(data)).ensure()
        writer = SqliteWriter(kept.activity_db)
        world = World(kept, writer, TokenStore(kept.tokens, kept.admin_token))
        world.services.update(viewer=VIEWER, clock=milliseconds)
        past_of(world, organizations=1)
        server = Server(world.make_services(), world.notice)
        server.start()
        begun = time.monotonic()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
            for theme in ("light", "dark"):
                take(browser, server, world.token(), folder, theme)
            browser.close()
        server.stop()
        writer.close()
    print(f"{len(list(folder.glob('*.png')))} pictures in {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
