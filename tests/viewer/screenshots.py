"""Makes the README's pictures: a believable past, the real API, and Chromium.

python tests/viewer/screenshots.py [FOLDER]     # default: docs/screenshots
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from playwright.sync_api import Browser, sync_playwright

from store.data_folder import DataFolder
from store.sqlite.writer import SqliteWriter
from store.tokens import TokenStore
from tests.bench.seed import Past
from tests.support.api_world import Server, World
from tests.viewer.conftest import ARGUMENTS, CHROMIUM, VIEWER
from tests.viewer.looking import Viewer, expect, milliseconds, sign_in

ROWS = 60_000


def past_of(world: World, organizations: int) -> None:
    past = Past(ROWS, 30, milliseconds(), 7, organizations)
    rows = list(past.rows())
    for start in range(0, len(rows), 2_000):
        world.write(*rows[start : start + 2_000])


def take(browser: Browser, server: Server, token: str, folder: Path, theme: str) -> None:
    """Every picture in one theme."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme=theme, device_scale_factor=1.5
    )  # type: ignore[call-overload]
    sign_in(context, server.url, token)
    viewer = Viewer(context.new_page(), server.url)

    def shoot(name: str) -> None:
        viewer.page.wait_for_timeout(400)
        viewer.page.screenshot(path=folder / f"{name}-{theme}.png")

    viewer.open("/").ready()
    expect(viewer.page.locator(".timeline rect.bar").first).to_be_visible()
    shoot("log")
    viewer.open("/?status=failed&direction=outgoing").ready()
    viewer.rows.nth(2).click()
    expect(viewer.page.get_by_role("region", name="Response")).to_be_visible()
    shoot("details")
    viewer.open("/analytics?since=7d")
    expect(viewer.page.get_by_role("group", name="Requests by status")).to_be_visible()
    viewer.page.locator(".card", has_text="Health").locator("tbody tr").nth(
        5
    ).scroll_into_view_if_needed()
    shoot("analytics")
    viewer.open("/integrations/Stripe")
    expect(viewer.rows.first).to_be_visible()
    shoot("integration")
    viewer.page.set_viewport_size({"width": 390, "height": 780})
    viewer.open("/").ready()
    shoot("phone")
    context.close()


def main() -> None:
    """Command line."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("folder", type=Path, nargs="?", default=Path("docs/screenshots"))
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
