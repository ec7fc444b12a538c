"""The tab in other teams' pages: another origin, another style, a token of its own."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from proxy.api.services import ApiSettings
from store.tokens import Right
from tests.support.api_world import Server, World
from tests.viewer.looking import expect, past

PAGE = """<!doctype html><meta charset="utf-8"><title>Other team</title>
<style>* {{ color: red !important; display: block; font-size: 40px }}</style>
<script src="{home}/embed.js" async></script>
<integration-activity-log integration="stripe" token="{token}"></integration-activity-log>"""


class Host:
    """Another team's web server."""

    def __init__(self) -> None:
        host = self
        self.html = ""

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/html")
                self.end_headers()
                self.wfile.write(host.html.encode())

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def host() -> Iterator[Host]:
    made = Host()
    yield made
    made.stop()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def home(world: World, host: Host, request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server that lets the other team's origin frame the tab, unless told otherwise."""
    allowed = (host.url,) if getattr(request, "param", True) else ()
    services = world.make_services(settings=ApiSettings(frame_ancestors=allowed))
    server = Server(services, world.notice)
    server.start()
    yield server
    server.stop()


def test_the_tab_shows_its_integration_live_with_its_own_style(
    world: World, home: Server, host: Host, page: Page
) -> None:
    world.write(past(1, integration="stripe"), past(2, integration="slack"))
    token = world.token(Right.READ, Right.BODIES, organizations=["acme"])
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    host.html = PAGE.format(home=home.url, token=token)
    page.goto(host.url)
    frame = page.frame_locator("iframe")
    rows = frame.locator(".rows .row:not([hidden])")
    expect(rows).to_have_count(1)
    expect(frame.locator("#connection[data-state=live]")).to_be_visible()
    assert rows.evaluate("row => getComputedStyle(row).color") != "rgb(255, 0, 0)"
    world.write(past(0, integration="stripe", path="/fresh"))
    expect(rows).to_have_count(2)
    rows.first.click()
    expect(frame.get_by_role("dialog", name="Activity details")).to_contain_text("/fresh")
    assert not any(token in address for address in addresses)
    assert all(address.startswith((home.url, host.url)) for address in addresses)


def test_a_foreign_organizations_rows_do_not_exist_for_the_token(
    world: World, home: Server, host: Host, page: Page
) -> None:
    world.write(past(1, integration="stripe", organization="globex"))
    token = world.token(Right.READ, organizations=["acme"])
    host.html = PAGE.format(home=home.url, token=token)
    page.goto(host.url)
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("Nothing is recorded for this integration yet.")).to_be_visible()


def test_a_wrong_token_is_told(world: World, home: Server, host: Host, page: Page) -> None:
    host.html = PAGE.format(home=home.url, token="wrong")
    page.goto(host.url)
    expect(page.frame_locator("iframe").get_by_text("unknown, expired or revoked")).to_be_visible()


@pytest.mark.parametrize("home", [False], indirect=True)
def test_other_origins_may_not_frame_it(world: World, home: Server, host: Host, page: Page) -> None:
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    host.html = PAGE.format(home=home.url, token=world.token())
    page.goto(host.url)
    page.wait_for_timeout(500)
    assert any("frame-ancestors" in text for text in refused)
    assert page.frame_locator("iframe").locator("#title").count() == 0


def test_the_sample_page_works(world: World, home: Server, page: Page) -> None:
    world.write(past(1, integration="stripe"))
    page.goto(home.url + "/static/sample.html?integration=stripe")
    page.get_by_label("Token").fill(world.token(Right.READ))
    page.get_by_role("button", name="Show").click()
    expect(page.frame_locator("iframe").locator(".rows .row:not([hidden])")).to_have_count(1)
    page.get_by_role("button", name="General").click()
    expect(page.locator("iframe")).to_be_hidden()
    page.get_by_role("button", name="Activity log").click()
    expect(page.frame_locator("iframe").locator(".rows .row:not([hidden])")).to_have_count(1)
