"""Where things stand: nothing runs off the window, lines of one row share their height."""

import pytest
from playwright.sync_api import Locator

from store.accounting import Accounting
from tests.support.api_world import Server, World
from tests.viewer.looking import Viewer, expect, past, sign_in

LONG = "/v1/projects/a03ad85d16/devices/e7ea3ff1c048b/readings/latest"


def inside(viewer: Viewer, panel: Locator) -> bool:
    """Whether all of a panel is in the window."""
    box = panel.bounding_box()
    size = viewer.page.viewport_size
    assert box is not None
    assert size is not None
    right, bottom = box["x"] + box["width"], box["y"] + box["height"]
    return box["x"] >= 0 and box["y"] >= 0 and right <= size["width"] and bottom <= size["height"]


@pytest.mark.parametrize("width", [360, 1280])
def test_panels_stay_in_the_window_also_when_their_content_comes_later(
    world: World, viewer: Viewer, width: int
) -> None:
    world.write(*(past(n, path=LONG) for n in range(1, 5)))
    viewer.page.set_viewport_size({"width": width, "height": 740})
    viewer.open().ready(4)
    panel = viewer.page.locator(".popover:popover-open")
    for name, text in (
        ("Account", "Sign out"),
        ("Display settings", "Time zone"),
        ("Saved filters", "Suggested"),
        ("All time", "Apply"),
    ):
        viewer.page.get_by_role("button", name=name).click()
        expect(panel.get_by_text(text).first).to_be_visible()
        viewer.page.wait_for_timeout(100)
        assert inside(viewer, panel), name
        viewer.page.keyboard.press("Escape")
    viewer.rows.first.click()
    for name, text in (("Compare", "Success"), ("Copy as", "HAR file")):
        viewer.page.get_by_role("button", name=name).click()
        expect(panel.get_by_text(text).first).to_be_visible()
        viewer.page.wait_for_timeout(100)
        assert inside(viewer, panel), name
        viewer.page.keyboard.press("Escape")


def test_facts_of_one_line_share_their_height(world: World, viewer: Viewer) -> None:
    world.write(past(1, user_id="bob", user_agent="curl/8"))
    viewer.open().ready(1)
    viewer.rows.first.click()
    expect(viewer.page.locator(".facts time")).to_be_visible()
    lines = viewer.page.evaluate(
        """() => [...document.querySelectorAll(".facts > div")].map(fact => {
            const text = document.createTreeWalker(fact.querySelector("dd"), NodeFilter.SHOW_TEXT);
            const range = new Range();
            while (text.nextNode()) if (text.currentNode.data.trim().length > 2) break;
            range.selectNode(text.currentNode);
            return [fact.getBoundingClientRect().top, range.getBoundingClientRect().bottom];
        })"""
    )
    first = [bottom for top, bottom in lines if top == lines[0][0]]
    assert len(first) >= 4
    assert max(first) - min(first) <= 1


def test_nothing_of_the_facts_is_cut_off_on_a_phone(world: World, viewer: Viewer) -> None:
    world.write(past(1))
    viewer.page.set_viewport_size({"width": 360, "height": 740})
    viewer.open().ready(1)
    viewer.rows.first.click()
    expect(viewer.page.locator(".facts time")).to_be_visible()
    assert (
        viewer.page.locator(".facts dd").evaluate_all(
            "list => list.filter(dd => dd.scrollWidth > dd.clientWidth).length"
        )
        == 0
    )


@pytest.mark.parametrize("width", [360, 1000, *range(1276, 1284), 1700])
def test_a_cut_path_has_no_hole_and_keeps_both_ends(
    world: World, viewer: Viewer, width: int
) -> None:
    world.write(past(1, path=LONG, host="api.of-a-rather-long-partner.example"))
    viewer.page.set_viewport_size({"width": width, "height": 740})
    viewer.open().ready(1)
    host, head, tail, cell = viewer.page.evaluate(
        """() => [".host", ".head", ".tail", ""].map(part => {
            const box = document.querySelector(`.rows .c-endpoint ${part}`.trim());
            const {left, right, width} = box.getBoundingClientRect();
            return {left, right, width};
        })"""
    )
    character = viewer.page.locator(".rows .endpoint .tail").evaluate(
        "tail => tail.getBoundingClientRect().width / tail.textContent.length"
    )
    assert abs(tail["left"] - head["right"]) < 0.5
    assert tail["right"] <= cell["right"] + 0.5
    for part in (host, head):
        # Whole characters, so that dots fill what is left.
        spare = part["width"] % character
        assert part["width"] == 0 or spare < 2 or character - spare < 0.5, part


def test_a_warning_stands_above_the_filters_in_force_and_both_above_the_list(
    world: World, viewer: Viewer
) -> None:
    world.services["accounting"] = lambda: Accounting(seen=9, stored=2, dropped={"queue_full": 7})
    world.write(past(1), past(2))
    server = Server(world.make_services(), world.notice)
    server.start()
    try:
        sign_in(viewer.page.context, server.url, world.token())
        viewer.page.goto(server.url + "/?direction=outgoing")
        viewer.ready(2)
        expect(viewer.page.locator(".banner")).to_contain_text("7 because the queue")
        below = 0.0
        for part in (".toolbar", ".banner", ".chips", ".stage"):
            (box,) = viewer.boxes(part)
            assert box["top"] >= below - 0.5, part
            below = box["bottom"]
    finally:
        server.stop()


def test_the_ring_of_the_list_is_seen_over_its_rows(world: World, viewer: Viewer) -> None:
    world.write(*(past(n) for n in range(1, 60)))
    viewer.open().ready()
    viewer.page.keyboard.press("j")
    ring = viewer.page.locator("activity-table").evaluate(
        """table => { const {outlineStyle, zIndex, inset} = getComputedStyle(table, "::after");
        return [outlineStyle, Number(zIndex) > 0, inset]; }"""
    )
    assert ring == ["solid", True, "0px"]


@pytest.mark.parametrize("width", [360, 1280])
def test_both_sides_of_a_comparison_are_in_view(world: World, viewer: Viewer, width: int) -> None:
    world.write(past(1, response_body='{"a": 1}'), past(2, response_body='{"a": 2}'))
    viewer.page.set_viewport_size({"width": width, "height": 740})
    viewer.open().ready(2)
    viewer.rows.first.click()
    viewer.page.get_by_role("button", name="Compare").click()
    viewer.page.locator(".popover .menu button").first.click()
    expect(viewer.page.get_by_role("cell", name="2", exact=True)).to_be_visible()
    cells = viewer.boxes(".comparison tbody td")
    assert cells
    assert all(cell["left"] >= 0 and cell["right"] <= width for cell in cells)


def test_long_names_leave_the_choices_of_analytics_in_a_line(world: World, viewer: Viewer) -> None:
    world.write(past(1, integration="x" * 200), past(2))
    viewer.open("/analytics")
    expect(viewer.page.get_by_text("Health of integrations").first).to_be_visible()
    tops = {round(box["top"]) for box in viewer.boxes(".page-head > select")}
    assert len(tops) == 1
    assert viewer.overflow() == 0


def test_the_range_in_force_is_told_apart_and_saving_is_a_button(
    world: World, viewer: Viewer
) -> None:
    world.write(past(1))
    viewer.open("/?since=7d").ready(1)
    viewer.page.get_by_role("button", name="Last 7 days").click()
    color = "e => getComputedStyle(e).color"
    menu = viewer.page.locator(".popover .menu")
    chosen, other = (
        menu.get_by_role("button", name=name).evaluate(color)
        for name in ("Last 7 days", "Last 30 days")
    )
    assert chosen != other
    viewer.page.keyboard.press("Escape")
    viewer.page.get_by_role("button", name="Saved filters").click()
    border = viewer.page.get_by_role("button", name="Save", exact=True).evaluate(
        "e => getComputedStyle(e).borderTopWidth"
    )
    assert border == "1px"
