"""Signing in: by token, by the one-time link, and never further than to our own pages."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.api_world import Server, World
from tests.viewer.looking import Viewer, expect, milliseconds, past


@pytest.fixture
def stranger(browser: Browser, server: Server) -> Iterator[Viewer]:
    """The viewer in a profile that is not signed in."""
    context = browser.new_context()
    yield Viewer(context.new_page(), server.url)
    context.close()


def test_a_token_signs_in_and_leads_back(world: World, stranger: Viewer) -> None:
    world.write(past(1, integration="stripe"), past(2))
    page = stranger.open("/?integration=stripe").page
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("unknown, expired, revoked or spent")
    page.get_by_label("Token").fill(world.token())
    page.keyboard.press("Enter")
    stranger.ready(1)
    expect(page).to_have_url(re.compile(r"/\?integration=stripe$"))
    # HttpOnly, and nothing of it in the page's own storage.
    assert page.evaluate("document.cookie + JSON.stringify(localStorage)") == "{}"


def test_the_link_signs_in_once(world: World, stranger: Viewer) -> None:
    world.write(past(1))
    code = world.tokens.create_code(now=milliseconds())
    stranger.open(f"/sign-in#{code}").ready(1)
    assert code not in stranger.page.url
    stranger.page.context.clear_cookies()
    stranger.open(f"/sign-in#{code}")
    expect(stranger.page.get_by_role("alert")).to_contain_text("was used or has expired")


ELSEWHERE = ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)")


@pytest.mark.parametrize("next_page", ELSEWHERE)
def test_sign_in_leads_nowhere_else(world: World, stranger: Viewer, next_page: str) -> None:
    stranger.open(f"/sign-in?next={next_page}")
    stranger.page.get_by_label("Token").fill(world.token())
    stranger.page.keyboard.press("Enter")
    expect(stranger.page.get_by_text("Nothing recorded yet")).to_be_visible()
    expect(stranger.page).to_have_url(stranger.url + "/")


def test_signing_out_ends_the_session(world: World, viewer: Viewer) -> None:
    world.write(past(1))
    viewer.open().ready(1)
    viewer.page.get_by_role("button", name="Account").click()
    account = viewer.page.get_by_role("dialog", name="Account")
    expect(account).to_contain_text(re.compile("All organizations.*bodies", re.DOTALL))
    viewer.page.get_by_role("button", name="Sign out").click()
    expect(viewer.page.get_by_role("heading", name="Sign in to Wiretrail")).to_be_visible()
    viewer.open("/analytics")
    expect(viewer.page.get_by_role("heading", name="Sign in to Wiretrail")).to_be_visible()
