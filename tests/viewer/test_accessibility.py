"""WCAG 2.2 AA as far as a machine can tell: axe-core on every page, in both themes."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from store.activity import Direction, Status
from tests.support.api_world import Server, World
from tests.viewer.looking import Viewer, expect, past, sign_in

axe = pytest.importorskip("axe_playwright_python", reason="needs `axe-playwright-python`")
SCRIPT = (Path(axe.__file__).parent / "axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def findings(viewer: Viewer) -> list[str]:
    """What axe finds on the page as it is now."""
    page = viewer.page
    page.evaluate(SCRIPT)
    found: list[dict[str, Any]] = page.evaluate(
        "tags => axe.run(document, {runOnly: tags}).then(found => found.violations)", TAGS
    )
    return [
        f"{one['id']}: {node['html'][:160]} ({node['failureSummary'][:200]})"
        for one in found
        for node in one["nodes"]
    ]


@pytest.fixture(params=["light", "dark"])
def themed(request: pytest.FixtureRequest, browser: Browser, server: Server, world: World) -> Any:
    world.write(
        past(1),
        past(2, status=Status.STARTED),
        past(3, status=Status.FAILED, response_status=404, direction=Direction.INCOMING),
        past(4, status=Status.ERROR, response_status=None, error_code="dns"),
        past(5, status=Status.TIMEOUT, response_status=504, error_code="upstream_timeout"),
        past(6, integration="stripe", response_status=302),
    )
    context = browser.new_context(color_scheme=request.param, reduced_motion="reduce")
    sign_in(context, server.url, world.token())
    yield Viewer(context.new_page(), server.url)
    context.close()


def test_the_log(themed: Viewer) -> None:
    themed.open("/?since=24h&direction=outgoing").ready(5)
    expect(themed.page.locator(".facets input").first).to_be_visible()
    expect(themed.page.locator(".timeline svg")).to_be_visible()
    assert findings(themed) == []
    themed.page.keyboard.press("j")
    assert findings(themed) == []


def test_details_and_what_opens_over_them(themed: Viewer) -> None:
    themed.open("/").ready(6)
    for text in ("/n/00004", "/n/00001"):
        themed.row(text).click()
        expect(themed.page.get_by_role("region", name="Response")).to_be_visible()
        assert findings(themed) == []
        themed.page.get_by_role("button", name="Copy as").click()
        assert findings(themed) == []
        themed.page.keyboard.press("Escape")
        themed.page.keyboard.press("Escape")


def test_menus_and_dialogs(themed: Viewer) -> None:
    themed.open("/").ready(6)
    for name in ("Display settings", "Saved filters", "All time", "Account"):
        themed.page.get_by_role("button", name=name).click()
        assert findings(themed) == [], name
        themed.page.keyboard.press("Escape")
    themed.page.keyboard.press("/")
    assert findings(themed) == []
    themed.page.keyboard.press("Escape")
    themed.page.get_by_role("button", name="Export").click()
    assert findings(themed) == []
    themed.page.keyboard.press("Escape")
    themed.page.keyboard.press("?")
    expect(themed.page.get_by_role("dialog", name="Help")).to_be_visible()
    assert findings(themed) == []


@pytest.mark.parametrize("path", ["/analytics", "/integrations", "/integrations/stripe"])
def test_pages_of_figures(themed: Viewer, path: str) -> None:
    themed.open(path)
    expect(themed.page.get_by_text("100%").first).to_be_visible()
    assert findings(themed) == []


def test_empty_missing_and_signed_out(themed: Viewer) -> None:
    themed.open("/?q=nothinglikethis")
    expect(themed.page.get_by_text("No activity matches")).to_be_visible()
    assert findings(themed) == []
    themed.open("/activities/00000000-0000-7000-8000-000000000000")
    expect(themed.page.get_by_text("There is no such activity")).to_be_visible()
    assert findings(themed) == []
    themed.page.context.clear_cookies()
    themed.open("/")
    expect(themed.page.get_by_role("heading", name="Sign in to Wiretrail")).to_be_visible()
    assert findings(themed) == []


def test_the_embedded_tab(themed: Viewer) -> None:
    themed.open("/embed")
    assert findings(themed) == []
    themed.open("/static/sample.html")
    assert findings(themed) == []
