"""The log page: live rows, filters, keys, scrolling."""

import csv
import itertools
import json
import re
import time

import pytest
from playwright.sync_api import Browser, Download, Request, Route

from proxy.api.notice import Notice
from store.activity import ActivityType, Direction, Status
from tests.support.api_world import Server, World
from tests.viewer.looking import Viewer, expect, past, sign_in


def test_rows_stand_newest_first_and_tell_what_happened(world: World, viewer: Viewer) -> None:
    world.write(
        past(3, integration="slack", activity_type=ActivityType.NOTIFICATION_SLACK),
        past(
            2,
            integration="stripe",
            direction=Direction.INCOMING,
            status=Status.FAILED,
            response_status=503,
        ),
        past(1, integration="dead", status=Status.ERROR, response_status=None, error_code="dns"),
    )
    viewer.open().ready(3)
    assert viewer.paths() == ["/n/00001", "/n/00002", "/n/00003"]
    first, second, third = (viewer.row(f"/n/0000{n}") for n in (1, 2, 3))
    expect(first).to_contain_text("Error")
    expect(second).to_contain_text(re.compile("Incoming.*Failed.*503"))
    expect(third).to_contain_text(
        re.compile("Outgoing.*Success.*200.*POST.*slack.*Slack notification.*13 ms")
    )
    assert third.locator("time").get_attribute("title", timeout=1000).endswith("+01:00")  # type: ignore[union-attr]


def test_a_row_appears_and_completes_without_reload(world: World, viewer: Viewer) -> None:
    viewer.open()
    expect(viewer.page.get_by_text("Nothing recorded yet")).to_be_visible()
    started = past(0, status=Status.STARTED)
    world.write(started)
    expect(viewer.row("/n/00000")).to_contain_text("Started")
    done = past(0, id=started.id, created_at=started.created_at)
    world.write(done)
    expect(viewer.row("/n/00000")).to_contain_text("Success")
    expect(viewer.rows).to_have_count(1)


def test_pause_holds_rows_back_and_resuming_brings_them_once(world: World, viewer: Viewer) -> None:
    world.write(past(9))
    viewer.open().ready(1)
    viewer.page.keyboard.press("p")
    world.write(past(2), past(1))
    viewer.page.wait_for_timeout(400)
    assert viewer.rows.count() == 1
    viewer.page.get_by_role("button", name="Resume live rows").click()
    viewer.ready(3)
    assert viewer.paths() == ["/n/00001", "/n/00002", "/n/00009"]


def test_new_rows_do_not_move_what_is_being_read(world: World, viewer: Viewer) -> None:
    world.write(*(past(number) for number in range(10, 210)))
    viewer.open().ready()
    viewer.page.locator(".viewport").evaluate("e => e.scrollTop = 1500")
    viewer.page.wait_for_timeout(300)
    seen = viewer.paths()
    before = viewer.boxes(".rows .row:not([hidden])")
    world.write(past(1), past(0))
    button = viewer.page.get_by_role("button", name="2 new")
    expect(button).to_be_visible()
    assert viewer.paths() == seen
    assert viewer.boxes(".rows .row:not([hidden])") == before
    button.click()
    expect(viewer.row("/n/00000")).to_be_in_viewport()
    assert viewer.paths()[:2] == ["/n/00000", "/n/00001"]


def test_a_lost_connection_is_taken_up_without_gaps_or_doubles(
    world: World, browser: Browser
) -> None:
    world.write(past(9))
    server = Server(world.make_services(), world.notice)
    server.start()
    context = browser.new_context()
    viewer = Viewer(context.new_page(), server.url)
    try:
        sign_in(context, server.url, world.token())
        viewer.open().ready(1)
        server.stop()
        expect(viewer.page.locator("#connection[data-state=lost]")).to_be_visible()
        world.write(*(past(number) for number in (5, 4, 3)))
        # As a restarted process has it: news of commits belong to a loop.
        world.notice = Notice()
        server = Server(world.make_services(), world.notice, server.port)
        server.start()
        expect(viewer.rows).to_have_count(4, timeout=15_000)
        world.write(past(1))
        expect(viewer.rows).to_have_count(5)
        assert viewer.paths() == [f"/n/0000{n}" for n in (1, 3, 4, 5, 9)]
    finally:
        context.close()
        server.stop()


def test_a_link_restores_every_filter(world: World, viewer: Viewer) -> None:
    world.write(
        past(1, integration="stripe", status=Status.FAILED, response_status=500),
        past(2, integration="stripe"),
        past(3, integration="slack", status=Status.FAILED, response_status=404),
        past(4, integration="slack", status=Status.ERROR, error_code="dns", response_status=None),
    )
    viewer.open("/?status=failed&status=error&integration=slack").ready(2)
    assert viewer.paths() == ["/n/00003", "/n/00004"]
    chips = viewer.page.get_by_role("group", name="Filters in force")
    expect(chips).to_contain_text(re.compile("Status.*Failed.*Status.*Error.*Integration.*slack"))
    expect(viewer.page.get_by_role("checkbox", name="Error 1")).to_be_checked()
    chips.get_by_role("button", name="Remove filter Status Error").click()
    viewer.ready(1)
    assert sorted(viewer.page.url.partition("?")[2].split("&")) == [
        "integration=slack",
        "status=failed",
    ]
    viewer.page.go_back()
    viewer.ready(2)
    chips.get_by_role("button", name="Clear all").click()
    viewer.ready(4)
    expect(viewer.page).to_have_url(viewer.url + "/")


def test_facets_count_and_narrow(world: World, viewer: Viewer) -> None:
    world.write(*(past(n, integration="stripe" if n % 3 else "slack") for n in range(9)))
    viewer.open().ready(9)
    viewer.page.get_by_role("checkbox", name="slack 3").check()
    viewer.ready(3)
    # The column's own choice does not narrow its list.
    expect(viewer.page.get_by_role("checkbox", name="stripe 6")).to_be_visible()


def test_search_understands_keys_and_words(world: World, viewer: Viewer) -> None:
    world.write(
        past(1, status=Status.FAILED, response_status=500, method="GET"),
        past(
            2, status=Status.FAILED, response_status=500, response_body='{"error":"no such device"}'
        ),
        past(3),
    )
    viewer.open().ready(3)
    viewer.page.keyboard.press("/")
    viewer.page.keyboard.type('status:failed "such device" -method:GET')
    viewer.page.keyboard.press("Enter")
    viewer.ready(1)
    assert viewer.paths() == ["/n/00002"]
    expect(viewer.page).to_have_url(re.compile("status=failed"))
    expect(viewer.page.get_by_label("Search activities")).to_have_value('"such device" -method:GET')


def test_suggestions_offer_keys_then_values(world: World, viewer: Viewer) -> None:
    world.write(past(1, integration="stripe"), past(2, integration="golioth"))
    viewer.open().ready(2)
    field = viewer.page.get_by_label("Search activities")
    field.fill("integ")
    expect(viewer.page.get_by_role("option", name="integration:")).to_be_visible()
    viewer.page.keyboard.press("ArrowDown")
    viewer.page.keyboard.press("Enter")
    expect(viewer.page.get_by_role("option", name="integration:golioth")).to_be_visible()
    viewer.page.keyboard.type("gol")
    viewer.page.keyboard.press("ArrowDown")
    viewer.page.keyboard.press("Enter")
    expect(field).to_have_value("integration:golioth ")
    viewer.page.keyboard.press("Enter")
    viewer.ready(1)


def test_a_free_word_finds_the_values_that_it_begins(world: World, viewer: Viewer) -> None:
    world.write(
        *(past(n, integration="Stripe webhooks") for n in range(3, 1_240)),
        past(1, integration="golioth", status=Status.FAILED, response_status=500),
    )
    viewer.open().ready()
    expect(viewer.page.get_by_role("checkbox", name="golioth 1")).to_be_visible()
    field = viewer.page.get_by_label("Search activities")
    field.fill("timeout webh")
    option = viewer.page.get_by_role("option", name="integration:Stripe webhooks 1,237")
    expect(option).to_be_visible()
    field.fill("-fai")
    expect(viewer.page.get_by_role("option", name="-status:failed 1")).to_be_visible()
    field.fill("webh")
    viewer.page.keyboard.press("ArrowDown")
    viewer.page.keyboard.press("Enter")
    expect(field).to_have_value('integration:"Stripe webhooks" ')


def test_a_filter_that_cannot_be_used_is_told_and_left(world: World, viewer: Viewer) -> None:
    world.write(past(1))
    for address, why in (("/?status=bogus", "'bogus' is none of"), ("/?since=soon", "is no time")):
        viewer.open(address)
        expect(viewer.page.get_by_text("This filter cannot be used")).to_be_visible()
        expect(viewer.page.locator(".empty")).to_contain_text(why)
        viewer.page.get_by_role("button", name="Clear filters").click()
        viewer.ready(1)
        expect(viewer.page).to_have_url(viewer.url + "/")


def test_a_search_that_takes_long_says_so(world: World, viewer: Viewer) -> None:
    world.write(past(1))
    viewer.open().ready(1)
    held: list[Route] = []
    viewer.page.route("**/api/v1/activities?*", lambda route: held.append(route))
    viewer.page.get_by_label("Search activities").fill("zebra")
    viewer.page.keyboard.press("Enter")
    note = viewer.page.locator("activity-table .note")
    expect(note).to_have_text("Searching…")
    held[0].continue_()
    expect(viewer.page.get_by_text("No activity matches")).to_be_visible()
    expect(note).to_be_empty()


def test_metadata_of_the_rows_is_suggested(world: World, viewer: Viewer) -> None:
    world.write(past(1, metadata='{"user":"bob m","n":7}'), past(2, metadata='{"user":"eve"}'))
    viewer.open().ready(2)
    field = viewer.page.get_by_label("Search activities")
    field.fill("metadata:bo")
    expect(viewer.page.get_by_role("option", name="metadata:user:bob m")).to_be_visible()
    viewer.page.keyboard.press("ArrowDown")
    viewer.page.keyboard.press("Enter")
    expect(field).to_have_value('metadata:"user:bob m" ')
    viewer.page.keyboard.press("Enter")
    viewer.ready(1)


def test_the_keyboard_moves_opens_and_closes(world: World, viewer: Viewer) -> None:
    world.write(*(past(n) for n in range(1, 6)))
    viewer.open().ready(5)
    for key in ("j", "j", "j", "k"):
        viewer.page.keyboard.press(key)
    expect(viewer.page.locator("[aria-selected=true]")).to_contain_text("/n/00002")
    viewer.page.keyboard.press("Enter")
    dialog = viewer.page.get_by_role("dialog", name="Activity details")
    expect(dialog).to_contain_text("/n/00002")
    viewer.page.keyboard.press("j")
    expect(dialog.get_by_role("heading", name="/n/00003")).to_be_visible()
    viewer.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(viewer.page).to_have_url(viewer.url + "/")
    viewer.page.keyboard.press("k")
    expect(viewer.page.locator("[aria-selected=true]")).to_contain_text("/n/00002")
    viewer.page.keyboard.press("?")
    expect(viewer.page.get_by_role("dialog", name="Help")).to_be_visible()


def test_scrolling_is_continuous_and_draws_few_rows(world: World, viewer: Viewer) -> None:
    world.write(*(past(number) for number in range(2_000)))
    viewer.open().ready()
    port = viewer.page.locator(".viewport")
    deadline = time.monotonic() + 20
    while "/n/01999" not in viewer.paths():
        port.evaluate("e => e.scrollTop += 3000")
        viewer.page.wait_for_timeout(40)
        assert time.monotonic() < deadline
    # Back up to pages that were forgotten meanwhile.
    port.evaluate("e => e.scrollTop = 300 * e.closest('activity-table').rowHeight")
    expect(viewer.row("/n/00305")).to_be_visible()
    shown = [int(path.removeprefix("/n/")) for path in viewer.paths()]
    assert shown == list(range(shown[0], shown[0] + len(shown)))
    assert len(shown) < 60
    boxes = viewer.boxes(".rows .row:not([hidden])")
    gaps = {round(b["top"] - a["bottom"], 1) for a, b in itertools.pairwise(boxes)}
    assert gaps == {0.0}


def test_saved_filters_come_back(world: World, viewer: Viewer) -> None:
    world.write(past(1, integration="stripe"), past(2))
    viewer.open("/?integration=stripe").ready(1)
    viewer.page.get_by_role("button", name="Saved filters").click()
    viewer.page.get_by_label("Name for this filter").fill("Just Stripe")
    viewer.page.keyboard.press("Enter")
    viewer.open("/").ready(2)
    viewer.page.get_by_role("button", name="Saved filters").click()
    viewer.page.get_by_role("button", name="Just Stripe", exact=True).click()
    viewer.ready(1)


def test_times_follow_the_viewer(world: World, viewer: Viewer) -> None:
    world.write(past(125))
    viewer.open().ready(1)
    expect(viewer.rows.locator("time")).to_have_text("2 minutes ago")
    viewer.page.get_by_role("button", name="Display settings").click()
    viewer.page.get_by_role("group", name="Times").get_by_role("button").last.click()
    expect(viewer.rows.locator("time")).to_have_text(re.compile(r"\d\d:\d\d:\d\d"))
    viewer.page.get_by_label("Time zone").select_option("Asia/Tokyo")
    assert viewer.rows.locator("time").get_attribute("title").endswith("+09:00")  # type: ignore[union-attr]


def test_export_saves_exactly_the_filtered_rows(world: World, viewer: Viewer) -> None:
    world.write(
        *(
            past(n, integration="stripe" if n % 2 else "slack", error_message="=1+1\n2")
            for n in range(10)
        )
    )
    viewer.open("/?integration=stripe").ready(5)
    viewer.page.get_by_role("button", name="Export").click()
    dialog = viewer.page.get_by_role("dialog", name="Export")
    expect(dialog).to_contain_text("match the filter: 5.")
    dialog.get_by_label("NDJSON").check()
    with viewer.page.expect_download() as download:
        dialog.get_by_role("button", name="Export").click()
    lines = [json.loads(line) for line in download.value.path().read_text().splitlines()]
    assert [line["path"] for line in lines] == [f"/n/{n:05d}" for n in (1, 3, 5, 7, 9)]
    assert {line["integration"] for line in lines} == {"stripe"}
    expect(dialog).to_contain_text("Done: 5 rows")

    dialog.get_by_label("CSV").check()
    with viewer.page.expect_download() as download:
        dialog.get_by_role("button", name="Export").click()
    with download.value.path().open(newline="") as file:
        cells = list(csv.DictReader(file))
    assert [line["path"] for line in cells] == [line["path"] for line in lines]
    assert {line["error_message"] for line in cells} == {"'=1+1\n2"}
    expect(dialog).to_contain_text("Done: 5 rows")

    dialog.get_by_label("HAR 1.2").check()
    with viewer.page.expect_download() as download:
        dialog.get_by_role("button", name="Export").click()
    log = json.loads(download.value.path().read_text())["log"]
    assert log["version"] == "1.2"
    assert [entry["request"]["url"][-5:] for entry in log["entries"]] == [
        line["path"][-5:] for line in lines
    ]
    expect(dialog).to_contain_text("Done: 5 rows")


def test_a_cancelled_export_stops_the_server_and_saves_nothing(
    world: World, viewer: Viewer
) -> None:
    asked: list[Request] = []
    failed: list[str] = []
    saved: list[Download] = []
    viewer.page.on(
        "request", lambda one: asked.append(one) if "activities/export" in one.url else None
    )
    viewer.page.on("requestfailed", lambda one: failed.append(one.url))
    viewer.page.on("download", lambda one: saved.append(one))
    world.write(*(past(n) for n in range(30)))
    viewer.open().ready()
    viewer.page.route("**/activities/export*", lambda route: None)
    viewer.page.get_by_role("button", name="Export").click()
    dialog = viewer.page.get_by_role("dialog", name="Export")
    dialog.get_by_role("button", name="Export").click()
    expect(dialog.get_by_role("progressbar", name="Export progress")).to_be_visible()
    expect(dialog.get_by_role("button", name="Export")).to_be_disabled()
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    viewer.page.wait_for_timeout(200)
    assert [one.url for one in asked] == failed
    assert saved == []


def drawn(viewer: Viewer) -> int:
    """The sum of the counts that the bands of the time chart tell."""
    labels = viewer.page.locator(".timeline .band").evaluate_all(
        "l => l.map(band => band.getAttribute('aria-label'))"
    )
    return sum(int(found[1]) for label in labels if (found := re.search(r"All (\d+)", label)))


def test_the_time_chart_counts_what_the_filter_finds(world: World, viewer: Viewer) -> None:
    world.write(*(past(n * 400, integration="slack", host="slack.com") for n in range(1, 21)))
    world.write(*(past(n * 500, host="api.stripe.com", method="GET") for n in range(1, 31)))
    note = viewer.page.locator(".timeline-note")
    for where, count in (
        ("host=slack.com", 20),
        ("method=GET", 30),
        ("q=/n/01", 4),
        ("method=GET&since=1h", 7),
        ("since=15m", 3),
        ("", 50),
    ):
        viewer.open(f"/?{where}").ready(count if count <= 20 else None)
        expect(viewer.page.locator(".timeline rect.bar").first).to_be_visible()
        assert drawn(viewer) == count, where
        expect(note).to_have_text("" if "since" in where else "last 7 days")


def test_the_time_chart_says_what_it_did_not_count(
    world: World, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.sqlite.timeline.COUNTED", 10)
    world.write(*(past(n * 400, host="slack.com") for n in range(1, 21)))
    viewer.open("/?host=slack.com&since=3h").ready(20)
    expect(viewer.page.locator(".timeline-note")).to_have_text("counts of the newest 10")
    assert drawn(viewer) == 10
    expect(viewer.page.locator(".timeline .gap")).to_have_count(1)


def test_a_page_whose_files_do_not_come_says_so_and_opens_later(
    world: World, browser: Browser
) -> None:
    server = Server(world.make_services(), world.notice)
    server.start()
    context = browser.new_context()
    sign_in(context, server.url, world.token())
    viewer = Viewer(context.new_page(), server.url)
    viewer.open().ready()
    server.stop()
    viewer.page.get_by_role("link", name="Analytics").click()
    expect(viewer.page.get_by_text("Wiretrail cannot be reached")).to_be_visible()
    again = Server(world.make_services(), world.notice, port=server.port)
    again.start()
    expect(viewer.page.get_by_role("heading", name="Analytics")).to_be_visible(timeout=15_000)
    context.close()
    again.stop()
