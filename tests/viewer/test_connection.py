"""Pages while the connection is lost and when it is back: none lies, none loses its place."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from proxy.api.notice import Notice
from store.activity import Status
from tests.support.api_world import Server, World
from tests.viewer.looking import Viewer, expect, past, sign_in

LOST = "#connection[data-state=lost]"
LIVE = "#connection[data-state=live]"


class Restartable:
    """A server that can go and come back at the same address."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._server = Server(world.make_services(), world.notice)
        self._server.start()
        self.url = self._server.url
        self.stop: Callable[[], None] = self._server.stop

    def come_back(self) -> None:
        # As a restarted process has it: news of commits belong to a loop.
        self._world.notice = Notice()
        services = self._world.make_services()
        self._server = Server(services, self._world.notice, self._server.port)
        self._server.start()
        self.stop = self._server.stop


@pytest.fixture
def home(world: World) -> Iterator[Restartable]:
    running = Restartable(world)
    yield running
    running.stop()


@pytest.fixture
def there(browser: Browser, world: World, home: Restartable) -> Iterator[Viewer]:
    context = browser.new_context()
    sign_in(context, home.url, world.token())
    yield Viewer(context.new_page(), home.url)
    context.close()


def test_what_is_fetched_on_demand_says_that_it_cannot_be(
    world: World, there: Viewer, home: Restartable
) -> None:
    world.write(past(1), past(2))
    there.open().ready(2)
    home.stop()
    expect(there.page.locator(LOST)).to_be_visible()
    said = there.page.locator(".toast")
    there.rows.first.click()
    expect(said).to_have_text("Wiretrail cannot be reached")
    expect(there.page).to_have_url(home.url + "/")
    there.page.get_by_role("button", name="Export").click()
    expect(said).to_have_count(2)
    home.come_back()
    there.ready(2)
    there.rows.first.click()
    expect(there.page.get_by_role("region", name="Response")).to_be_visible()


def test_an_integration_tells_its_connection_and_renews_its_figures(
    world: World, there: Viewer, home: Restartable
) -> None:
    world.write(past(4), past(3))
    page = there.open("/integrations/slack").page
    expect(page.locator(LIVE)).to_be_visible()
    requests = page.locator(".tile", has_text="Requests, 24 hours").locator("dd")
    expect(requests).to_contain_text("2")
    home.stop()
    expect(page.locator(LOST)).to_be_visible()
    world.write(past(2, status=Status.FAILED, response_status=500))
    home.come_back()
    expect(there.rows).to_have_count(3, timeout=15_000)
    expect(requests).to_contain_text("1 of 3 failed", timeout=15_000)
    page.get_by_role("link", name="Analytics").click()
    expect(page.get_by_text("Health of integrations").first).to_be_visible()
    expect(page.locator("#connection[data-state]")).to_have_count(0)


@pytest.mark.parametrize("path", ["/integrations", "/integrations/slack"])
def test_a_page_that_found_no_connection_fills_itself_when_it_is_back(
    world: World, there: Viewer, home: Restartable, path: str
) -> None:
    world.write(past(1))
    there.open("/integrations").page.get_by_role("link", name="slack").click()
    expect(there.rows).to_have_count(1)
    there.page.get_by_role("link", name="Log", exact=True).click()
    there.ready(1)
    home.stop()
    # The files of the page came before.
    there.page.evaluate(
        "path => { history.pushState(null, '', path); dispatchEvent(new Event('popstate')); }", path
    )
    expect(there.page.get_by_text("Wiretrail cannot be reached")).to_be_visible()
    home.come_back()
    expect(there.page.get_by_text("100%").first).to_be_visible(timeout=10_000)


def test_a_running_call_completes_in_the_details_of_an_integration(
    world: World, there: Viewer
) -> None:
    started = past(1, status=Status.STARTED)
    world.write(started)
    there.open("/integrations/slack")
    there.rows.first.click()
    dialog = there.page.get_by_role("dialog", name="Activity details")
    expect(dialog).to_contain_text("Waiting for the answer")
    world.write(past(1, id=started.id, created_at=started.created_at))
    expect(dialog.get_by_role("region", name="Response")).to_contain_text("application/json")
