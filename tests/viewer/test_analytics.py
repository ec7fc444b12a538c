"""The analytics pages: figures that agree with the log, and lead into it."""

import re

import pytest
from playwright.sync_api import Page

from store.activity import ActivityType, Direction, Status
from tests.support.api_world import World
from tests.viewer.looking import Viewer, expect, past

HOUR = 3600


def tile(page: Page, label: str) -> str:
    found: str = page.locator(".tile", has_text=label).locator("dd").inner_text()
    return found


@pytest.fixture
def busy(world: World, viewer: Viewer) -> Viewer:
    """Ten hours of two integrations, one of them sick."""
    for hour in range(10):
        for n in range(6):
            age = hour * HOUR + n + 1
            world.write(past(age, integration="golioth", response_time_ms=40.0 + n))
            failing = {"status": Status.FAILED, "response_status": 503} if n % 3 else {}
            world.write(past(age, integration="stripe", response_time_ms=900.0, **failing))
    return viewer.open("/analytics")


def test_figures_agree_with_what_was_written(busy: Viewer) -> None:
    expect(busy.page.locator(".tile").first).to_be_visible()
    assert tile(busy.page, "Requests").split()[0] == "120"
    assert tile(busy.page, "Share of failures").split() == ["33%", "40", "of", "120"]
    rows = busy.page.get_by_role("table", name="Health of integrations").get_by_role("row")
    expect(rows.nth(1)).to_contain_text(re.compile("stripe.*Failing.*60.*33%.*67%"))
    expect(rows.nth(2)).to_contain_text(re.compile("golioth.*Healthy.*60.*100%.*0%.*never"))


def test_of_very_many_integrations_the_worst_and_the_most_active_are_shown(
    world: World, viewer: Viewer
) -> None:
    failing = {"status": Status.FAILED, "response_status": 503}
    world.write(*(past(60, integration=f"tenant-{n}") for n in range(210)))
    world.write(past(60, organization="rival", integration="other"))
    world.write(past(61, integration="sick", **failing), past(61, integration="sore", **failing))
    world.write(*(past(90, integration="busy") for _ in range(5)))
    viewer.open("/analytics")
    expect(viewer.page.locator(".tile").first).to_be_visible()
    assert tile(viewer.page, "Sick integrations").split() == ["2", "sick,", "sore"]
    card = viewer.page.locator(".card", has_text="Health of integrations").first
    expect(card).to_contain_text("200 of 214: the worst, then the most active")
    bars = viewer.page.locator(".card", has_text="Most active integrations").locator(".bars li")
    expect(bars).to_have_count(8)
    expect(bars.first).to_contain_text("busy, acme")
    viewer.open("/integrations")
    rows = viewer.page.get_by_role("table", name="Health of integrations").get_by_role("row")
    expect(rows).to_have_count(215)
    expect(rows.nth(1)).to_contain_text("sick")


def test_bars_stand_for_their_counts_and_lead_to_their_rows(busy: Viewer) -> None:
    chart = busy.page.get_by_role("group", name="Requests by status")
    expect(chart).to_be_visible()
    bars = chart.locator("rect.bar")
    heights = bars.evaluate_all("l => l.map(r => [r.dataset.status, r.getBBox().height])")
    by_status = dict(heights)
    assert by_status["success"] == pytest.approx(by_status["failed"] * 2, rel=0.02)
    busy.page.get_by_role("link", name=re.compile("HTTP 503")).click()
    expect(busy.page.locator(".chips")).to_contain_text("503")
    busy.ready()
    assert {"since", "status", "response_status"} <= set(re.findall(r"(\w+)=", busy.page.url))


def test_long_labels_stay_in_their_cards_on_a_phone(world: World, viewer: Viewer) -> None:
    broken = {"status": Status.ERROR, "response_status": None, "error_code": "reset"}
    world.write(past(1, **broken), past(2, path_template="/long" * 40, **broken))
    viewer.page.set_viewport_size({"width": 360, "height": 800})
    viewer.open("/analytics")
    expect(viewer.page.locator(".bars a").first).to_be_visible()
    assert viewer.overflow() == 0
    cards = viewer.boxes(".card:has(.bars)")
    for bar in viewer.boxes(".bars b"):
        assert any(
            card["left"] < bar["left"] and bar["right"] < card["right"]
            for card in cards
            if card["top"] < bar["top"] < card["bottom"]
        )


def test_a_bucket_leads_to_exactly_its_rows(busy: Viewer) -> None:
    band = busy.page.get_by_role("group", name="Requests by status").locator("a.band").nth(3)
    expected = int(re.search(r"All (\d+)", band.get_attribute("aria-label") or "").group(1))  # type: ignore[union-attr]
    band.focus()
    expect(busy.page.locator(".tip:not([hidden])")).to_contain_text(f"All{expected}")
    busy.page.keyboard.press("Enter")
    busy.ready(expected)


def test_the_range_and_the_integration_narrow_every_figure(busy: Viewer) -> None:
    busy.page.get_by_label("Integration", exact=True).select_option("golioth")
    expect(busy.page.locator(".tile").first).to_contain_text("60")
    busy.page.get_by_role("button", name="Last 24 hours").click()
    busy.page.get_by_role("button", name="Last 7 days").click()
    expect(busy.page).to_have_url(re.compile(r"integration=golioth.*since=7d|since=7d.*golioth"))
    expect(busy.page.get_by_role("button", name="Last 7 days")).to_be_visible()


def test_tables_sort_by_their_heads(busy: Viewer) -> None:
    table = busy.page.get_by_role("table", name="Health of integrations")
    table.get_by_role("button", name="Integration").click()
    expect(table.get_by_role("row").nth(1)).to_contain_text("golioth")
    expect(table.get_by_role("columnheader", name="Integration")).to_have_attribute(
        "aria-sort", "ascending"
    )
    table.get_by_role("button", name="p95").click()
    expect(table.get_by_role("row").nth(1)).to_contain_text("stripe")


def test_a_table_keeps_its_order_when_its_figures_are_renewed(busy: Viewer) -> None:
    table = busy.page.get_by_role("table", name="Health of integrations")
    table.get_by_role("button", name="Integration").click()
    busy.page.get_by_label("Direction").select_option("outgoing")
    expect(busy.page).to_have_url(re.compile("direction=outgoing"))
    expect(table.get_by_role("columnheader", name="Integration")).to_have_attribute(
        "aria-sort", "ascending"
    )
    expect(table.get_by_role("row").nth(1)).to_contain_text("golioth")


def test_no_data_and_one_point_are_shown_honestly(world: World, viewer: Viewer) -> None:
    viewer.open("/analytics")
    expect(viewer.page.get_by_text("Nothing recorded yet")).to_be_visible()
    world.write(past(90_000))
    viewer.open("/analytics")
    expect(viewer.page.get_by_text("No activity in this time").first).to_be_visible()
    assert tile(viewer.page, "Share of failures").startswith("–")
    world.write(past(1, response_time_ms=250.0))
    viewer.open("/analytics")
    chart = viewer.page.get_by_role("group", name="Response time percentiles")
    expect(chart.locator("circle.dot")).to_have_count(3)
    expect(chart.locator("path.line")).to_have_count(0)


def test_what_was_not_recorded_is_told(world: World, viewer: Viewer) -> None:
    first = past(5)
    world.write(first)
    world.writer.record_gap("queue_full", 7, first.created_at - 60_000, first.created_at)
    viewer.open("/analytics")
    expect(viewer.page.locator(".tile", has_text="Not recorded")).to_contain_text("7")
    expect(viewer.page.locator("rect.gap").first).to_be_visible()


def test_one_integration_shows_its_last_rows_live(world: World, viewer: Viewer) -> None:
    world.write(
        *(past(n, integration="stripe") for n in range(2, 70)),
        past(
            1, integration="stripe", direction=Direction.INCOMING,
            activity_type=ActivityType.WEBHOOK_RECEIVED,
        ),
        past(1, integration="other"),
    )  # fmt: skip
    viewer.open("/integrations/stripe")
    page = viewer.page
    expect(viewer.row("/n/00001")).to_be_visible()
    assert page.locator("activity-table .viewport").get_attribute("aria-rowcount") == "51"
    assert viewer.row("other").count() == 0
    world.write(past(0, integration="stripe", path="/fresh"))
    expect(viewer.row("/fresh")).to_be_visible()
    assert page.locator("activity-table .viewport").get_attribute("aria-rowcount") == "51"
    page.get_by_role("group", name="Which activities").get_by_role(
        "button", name="Webhooks"
    ).click()
    expect(viewer.rows).to_have_count(1)
    viewer.rows.first.click()
    expect(page.get_by_role("dialog", name="Activity details")).to_contain_text("Webhook received")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Test connection")).to_be_disabled()
    expect(page.get_by_text("No test request is configured")).to_be_visible()


def test_several_organizations_with_one_name(world: World, viewer: Viewer) -> None:
    world.write(past(1, organization="acme"), past(2, organization="globex"))
    viewer.open("/integrations/slack")
    viewer.page.get_by_role("link", name="globex").click()
    expect(viewer.row("/n/00002")).to_be_visible()
    assert viewer.rows.count() == 1
