"""A real API over a real store, and Debian's Chromium looking at the viewer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="the viewer's tests need the package `playwright`")

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from store.data_folder import DataFolder
from store.sqlite.writer import SqliteWriter
from store.tokens import TokenStore
from tests.support.api_world import Server, World
from tests.viewer.looking import Viewer, milliseconds, sign_in

CHROMIUM = Path("/usr/bin/chromium")
VIEWER = Path(__file__).parents[2] / "proxy" / "viewer"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One a module: the sync API keeps a loop running, which async tests could not bear."""
    if not CHROMIUM.exists():
        pytest.skip(f"no {CHROMIUM}")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield opened
        opened.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    folder = DataFolder(tmp_path / "data").ensure()
    writer = SqliteWriter(folder.activity_db)
    made = World(folder, writer, TokenStore(folder.tokens, folder.admin_token))
    made.services.update(viewer=VIEWER, clock=milliseconds)
    yield made
    writer.close()


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    running = Server(world.make_services(), world.notice)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def context(browser: Browser, server: Server, world: World) -> Iterator[BrowserContext]:
    """A signed-in browser profile of its own."""
    opened = browser.new_context(
        viewport={"width": 1280, "height": 800}, timezone_id="Europe/Berlin"
    )
    sign_in(opened, server.url, world.token())
    yield opened
    opened.close()


@pytest.fixture
def viewer(context: BrowserContext, server: Server) -> Iterator[Viewer]:
    """The viewer in a page; the test fails when the browser reports an error."""
    seen = Viewer(context.new_page(), server.url)
    yield seen
    assert seen.errors == []
