"""Whatever a partner sent, it is shown as text, in its place, and nothing else happens."""

import itertools
from uuid import UUID

import pytest

from tests.support.api_world import World
from tests.viewer.hostile import MARKUP, OVERRIDE, PAYLOADS, hostile_rows
from tests.viewer.looking import Viewer, expect

INJECTED = (
    "img, iframe, script:not([src^='/static/']), style, [onerror], [onload], [style*=expression]"
)


@pytest.mark.parametrize("width", [360, 1280])
def test_hostile_rows_stay_rows(world: World, viewer: Viewer, width: int) -> None:
    world.write(*hostile_rows())
    viewer.page.set_viewport_size({"width": width, "height": 1400})
    viewer.open().ready(len(PAYLOADS) + 1)
    assert viewer.page.locator(INJECTED).count() == 0
    boxes = viewer.boxes("activity-table .rows .row")
    heights = {round(box["bottom"] - box["top"]) for box in boxes}
    assert len(heights) == 1
    for above, below in itertools.pairwise(boxes):
        assert below["top"] >= above["bottom"] - 0.5
    assert viewer.overflow() == 0
    # A direction override is told, not obeyed.
    assert OVERRIDE not in viewer.page.locator(".rows").inner_text()
    expect(viewer.page.locator(".rows")).to_contain_text("\\u202egnp.exe")


def test_hostile_details_stay_text(world: World, viewer: Viewer) -> None:
    bare, *rows = hostile_rows()
    world.write(bare, *rows)
    for payload, row in zip(PAYLOADS, rows, strict=True):
        viewer.open(f"/activities/{UUID(bytes=row.id)}")
        dialog = viewer.page.get_by_role("dialog", name="Activity details")
        response = dialog.get_by_role("region", name="Response")
        expect(response).to_be_visible()
        for view in dialog.get_by_role("group", name="View").get_by_role("button").all():
            view.click()
        assert viewer.page.locator(INJECTED).count() == 0
        assert viewer.page.evaluate("({}).polluted") is None
        assert viewer.overflow() == 0, ascii(payload[:40])
        wide = dialog.locator(".details-body").evaluate("e => e.scrollWidth - e.clientWidth")
        assert wide <= 0, ascii(payload[:40])
        if payload in MARKUP:
            expect(response).to_contain_text(payload)


def test_hostile_names_in_filters_and_charts(world: World, viewer: Viewer) -> None:
    world.write(*hostile_rows())
    viewer.open("/?q=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E&host=%3Cscript%3E").ready()
    assert viewer.page.locator(INJECTED).count() == 0
    for path in ("/analytics", "/integrations"):
        viewer.open(path)
        expect(viewer.page.locator("table.data").first).to_be_visible()
        assert viewer.page.locator(INJECTED).count() == 0
        assert viewer.overflow() == 0
