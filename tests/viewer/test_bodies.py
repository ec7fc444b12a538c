"""Bodies of which not all was kept, and readers who may not see them: what is shown is said."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator

from store.activity import Status
from store.tokens import Right
from tests.support.api_world import Server, World
from tests.viewer.looking import Viewer, expect, past, sign_in

DIGEST = "ab" * 32


def response_of(world: World, viewer: Viewer, content_type: str, body: Any, **row: Any) -> Locator:
    """The response side of the only row's details."""
    headers = json.dumps({"Content-Type": content_type})
    world.write(past(1, response_headers=headers, response_body=json.dumps(body), **row))
    viewer.open().ready(1)
    viewer.rows.first.click()
    side = viewer.page.get_by_role("region", name="Response")
    expect(side).to_be_visible()
    return side


@pytest.mark.parametrize(
    ("hashed", "said"),
    [
        (65_536, "The digest is of the first 66 KB that were captured."),
        (900_000, "The digest is of the 900 KB after decoding."),
        (300_000, None),
        (None, None),
    ],
)
def test_a_digest_says_of_how_much_it_is(
    world: World, viewer: Viewer, hashed: int | None, said: str | None
) -> None:
    body = {"binary": "image/png", "size": 300_000, "sha256": DIGEST}
    if hashed is not None:
        body["hashed"] = hashed
    side = response_of(world, viewer, "image/png", body, response_size=300_000)
    expect(side).to_contain_text("Image, 300 KB; size and digest are kept")
    expect(side).to_contain_text(f"sha256 {DIGEST}")
    if said:
        expect(side).to_contain_text(said)
    else:
        expect(side).not_to_contain_text("The digest is of")


def test_a_binary_part_is_shown_by_its_own_size_and_digest(world: World, viewer: Viewer) -> None:
    body = (
        '--B\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n'
        f"Content-Type: image/png\r\n\r\n[binary image/png, 65390 bytes, sha256 {DIGEST}]\r\n"
        '--B\r\nContent-Disposition: form-data; name="note"\r\n\r\nhällo\r\n--B--'
    )
    side = response_of(world, viewer, "multipart/form-data; boundary=B", body)
    file, note = side.get_by_role("row").nth(1), side.get_by_role("row").nth(2)
    expect(file).to_contain_text(re.compile(f"65 KB.*not the content.*sha256 {DIGEST}"))
    expect(file).not_to_contain_text("[binary")
    expect(note).to_contain_text(re.compile("note.*text.*6 B.*hällo"))


CUT = '{"items":[{"id":12345678901234567890,"name":"a \\"b\\", {["},{"id":2,"name":"unfin'


def test_a_body_that_was_cut_is_a_tree_as_far_as_it_goes(world: World, viewer: Viewer) -> None:
    side = response_of(
        world, viewer, "application/json", CUT, response_size=1_500_000, response_truncated=True
    )
    expect(side).to_contain_text("The body was 1.5 MB; its beginning was kept. The tree ends")
    tree = side.locator(".tree")
    expect(tree).to_contain_text("items: [ 2 items ]")
    expect(tree).to_contain_text('name: a "b", {[')
    expect(tree).to_contain_text("12345678901234567890")
    expect(tree).not_to_contain_text("unfin")
    side.get_by_role("button", name="Raw").click()
    expect(side).to_contain_text("unfin")


@pytest.mark.parametrize("body", ['{"k":"' + "x" * 300, "[", "just text", '{"a":1}}}'])
def test_a_cut_body_without_a_value_stays_text(world: World, viewer: Viewer, body: str) -> None:
    side = response_of(
        world, viewer, "application/json", body, response_size=90_000, response_truncated=True
    )
    expect(side.locator(".tree")).to_have_count(0)
    expect(side.locator("pre")).to_contain_text(body[:40])


@pytest.fixture
def reader(browser: Browser, server: Server, world: World) -> Iterator[Viewer]:
    """The viewer for a token that may not see bodies."""
    context = browser.new_context()
    sign_in(context, server.url, world.token(Right.READ))
    yield Viewer(context.new_page(), server.url)
    context.close()


def test_who_may_not_see_bodies_is_told_wherever_they_matter(world: World, reader: Viewer) -> None:
    world.write(past(1, response_body='{"word": "zebra"}'))
    page = reader.open("/?q=zebra").page
    expect(page.get_by_text("Headers and bodies are not searched")).to_be_visible()
    reader.open("/").ready(1)
    page.get_by_role("button", name="Export").click()
    export = page.get_by_role("dialog", name="Export")
    expect(export.get_by_text("Headers and bodies are left out")).to_be_visible()
    page.keyboard.press("Escape")
    reader.rows.first.click()
    for name in ("Request", "Response"):
        side = page.get_by_role("region", name=name)
        expect(side.get_by_text("Your token may not see headers and bodies")).to_be_visible()
        expect(side.locator("details")).to_have_count(0)
    assert "zebra" not in page.content()


def test_who_may_see_bodies_reads_nothing_of_it(world: World, viewer: Viewer) -> None:
    world.write(past(1))
    viewer.open("/?q=nothinglikethis")
    expect(viewer.page.get_by_text("No activity matches")).to_be_visible()
    expect(viewer.page.get_by_text("Headers and bodies are not searched")).to_be_hidden()


def test_an_answer_of_the_proxy_is_not_taken_for_one_of_the_server(
    world: World, viewer: Viewer
) -> None:
    world.write(
        past(
            1, status=Status.ERROR, response_status=None, error_code="dns",
            metadata='{"proxy_status":502}',
            response_headers=None, response_body=None, response_size=0,
        )
    )  # fmt: skip
    viewer.open().ready(1)
    viewer.rows.first.click()
    side = viewer.page.get_by_role("region", name="Response")
    expect(side).to_contain_text("There was no answer. The proxy answered 502 in its place.")
