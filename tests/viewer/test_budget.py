"""What the viewer costs and what it may do: bytes, origins, policy, geometry at every width."""

import itertools
import re
from pathlib import Path
from uuid import UUID

import pytest

from tests.support.api_world import World
from tests.viewer.conftest import VIEWER
from tests.viewer.looking import Viewer, expect, past

BUDGET = 150_000
PAGES = ("/", "/activities/{id}", "/analytics", "/integrations", "/integrations/slack", "/sign-in")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_few_bytes_and_all_of_them_from_here(
    world: World, viewer: Viewer, path: str
) -> None:
    one = past(1)
    world.write(one)
    sizes: dict[str, int] = {}
    addresses: list[str] = []

    def note(response: object) -> None:
        url: str = response.url  # type: ignore[attr-defined]
        addresses.append(url)
        if "/api/" not in url:
            sizes[url] = len(response.body())  # type: ignore[attr-defined]

    viewer.page.on("response", note)
    viewer.open(path.format(id=UUID(bytes=one.id)))
    expect(viewer.page.locator("main").get_by_role("heading").first).to_be_attached()
    viewer.page.wait_for_timeout(500)
    assert sum(sizes.values()) < BUDGET, sizes
    assert all(address.startswith(viewer.url) for address in addresses)


@pytest.mark.parametrize("file", sorted(VIEWER.rglob("*.html")), ids=lambda file: file.name)
def test_pages_hold_no_inline_code_or_style(file: Path) -> None:
    text = file.read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)


@pytest.mark.parametrize(
    "file", sorted(VIEWER.rglob("*.js")), ids=lambda file: str(file.relative_to(VIEWER))
)
def test_modules_cannot_make_markup_of_data(file: Path) -> None:
    text = file.read_text()
    found = re.findall(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc"
        r"|setAttribute\(\"style\"|https?://(?!www\.w3\.org|\$\{|wiretrail\.example|api\.github)",
        text,
    )
    allowed = {"https://", "http://"} if file.name in ("empty.js",) else set()
    assert set(found) <= allowed
    assert len(text.splitlines()) <= 300


@pytest.mark.parametrize("width", [320, 360, 768, 1280, 2560, 3840])
def test_nothing_overlaps_at_any_width(world: World, viewer: Viewer, width: int) -> None:
    world.write(*(past(n, path=f"/a/rather/long/path/{'x' * n * 4}/end") for n in range(1, 40)))
    viewer.page.set_viewport_size({"width": width, "height": 900})
    viewer.open("/?since=24h").ready()
    assert viewer.overflow() == 0
    rows = viewer.boxes(".rows .row:not([hidden])")
    assert all(below["top"] >= above["bottom"] - 0.5 for above, below in itertools.pairwise(rows))
    assert all(row["left"] >= 0 and row["right"] <= width for row in rows)
    cells = viewer.page.evaluate(
        """() => [...document.querySelector(".rows .row").children]
        .filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect())
        .map(r => ({left: r.left, right: r.right, top: r.top, bottom: r.bottom}))"""
    )
    for one, other in itertools.combinations(cells, 2):
        apart = (
            one["right"] <= other["left"] + 0.5
            or other["right"] <= one["left"] + 0.5
            or one["bottom"] <= other["top"] + 0.5
            or other["bottom"] <= one["top"] + 0.5
        )
        assert apart, (one, other)
    viewer.rows.first.click()
    expect(viewer.page.get_by_role("region", name="Response")).to_be_attached()
    assert viewer.overflow() == 0
    for path in ("/analytics", "/integrations"):
        viewer.open(path)
        expect(viewer.page.locator("table.data").first).to_be_visible()
        assert viewer.overflow() == 0


def test_arriving_rows_shift_no_layout(world: World, viewer: Viewer) -> None:
    world.write(*(past(n) for n in range(10, 60)))
    viewer.open().ready()
    expect(viewer.page.locator(".facets input").first).to_be_visible()
    viewer.page.wait_for_timeout(300)
    viewer.page.evaluate(
        """() => { window.shift = 0; new PerformanceObserver(list => {
        for (const one of list.getEntries()) window.shift += one.value; })
        .observe({type: "layout-shift"}); }"""
    )
    for n in range(9, -1, -1):
        world.write(past(n))
        viewer.page.wait_for_timeout(60)
    expect(viewer.row("/n/00000")).to_be_visible()
    assert viewer.page.evaluate("window.shift") == 0
