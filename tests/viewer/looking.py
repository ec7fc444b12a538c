"""How the tests look at the viewer: pages, rows, and where things stand on the screen."""

import time
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, expect

from store.activity import ActivityRow
from tests.support.rows import row

__all__ = ["Viewer", "expect", "milliseconds", "past", "sign_in"]

ROWS = "activity-table .rows .row:not([hidden])"


def milliseconds() -> int:
    return time.time_ns() // 1_000_000


def past(seconds: int, **values: Any) -> ActivityRow:
    """A row so many seconds old whose path is that number; `values` replace columns."""
    default = {"path": f"/n/{seconds:05d}", "path_template": "/n/{id}"}
    return row(**(default | {"created_at": milliseconds() - seconds * 1_000} | values))


def sign_in(context: BrowserContext, url: str, token: str) -> None:
    """Open a session for every page of a browser profile."""
    answer = context.request.post(
        f"{url}/api/v1/session", data={"token": token}, headers={"Origin": url}
    )
    assert answer.status == 201, answer.text()


class Viewer:
    """One page, with what the browser complained about."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(f"exception: {error}"))
        page.on("dialog", lambda dialog: self.errors.append(f"dialog: {dialog.message}"))
        page.on("console", self._note)

    def _note(self, message: Any) -> None:
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.errors.append(f"{message.type}: {message.text}")

    def open(self, path: str = "/") -> "Viewer":
        self.page.goto(self.url + path)
        return self

    @property
    def rows(self) -> Locator:
        return self.page.locator(ROWS)

    def ready(self, count: int | None = None) -> "Viewer":
        """Wait until rows are there (that many), and the live stream is open."""
        expect(self.page.locator("#connection[data-state=live]")).to_be_visible()
        if count is not None:
            expect(self.rows).to_have_count(count)
        return self

    def row(self, text: str) -> Locator:
        return self.rows.filter(has_text=text)

    def paths(self) -> list[str]:
        """The paths in view, from the top of the screen down."""
        found: list[str] = self.page.evaluate(
            f"""[...document.querySelectorAll({ROWS!r})]
            .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
            .map(row => row.row?.path)"""
        )
        return found

    def boxes(self, selector: str) -> list[dict[str, float]]:
        """The rectangles of every visible element that fits, from the top down."""
        found: list[dict[str, float]] = self.page.evaluate(
            """selector => [...document.querySelectorAll(selector)]
            .filter(e => e.checkVisibility() && e.getClientRects().length)
            .map(e => { const r = e.getBoundingClientRect();
                return {left: r.left, right: r.right, top: r.top, bottom: r.bottom}; })
            .sort((a, b) => a.top - b.top || a.left - b.left)""",
            selector,
        )
        return found

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        wide: int = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return wide
