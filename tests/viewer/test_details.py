"""The details dialog: everything about one activity, and what can be done with it."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Locator

from store.activity import Direction, Status, Timing
from store.tokens import Right
from tests.support.api_world import Server, World
from tests.viewer.looking import Viewer, expect, past, sign_in

MARK = "[REDACTED:3f9a1c2e]"


def dialog_of(viewer: Viewer) -> Locator:
    return viewer.page.get_by_role("dialog", name="Activity details")


def open_only(world: World, viewer: Viewer, **values: Any) -> Locator:
    """The dialog of the only row."""
    world.write(past(1, **values))
    viewer.open().ready(1)
    viewer.rows.first.click()
    dialog = dialog_of(viewer)
    expect(dialog.get_by_role("region", name="Response")).to_be_visible()
    return dialog


def test_an_error_is_told_in_plain_words_with_a_hint(world: World, viewer: Viewer) -> None:
    dialog = open_only(
        world, viewer, status=Status.ERROR, response_status=None, error_code="connect_refused",
        error_message="connection refused by 10.0.0.9:443",
        response_headers=None, response_body=None, response_size=0,
    )  # fmt: skip
    expect(dialog).to_contain_text("The server refused the connection.")
    expect(dialog).to_contain_text("Nothing listens on that port")
    expect(dialog).to_contain_text("connection refused by 10.0.0.9:443")
    expect(dialog.get_by_role("region", name="Response")).to_contain_text("There was no answer.")


def test_redactions_are_marks_that_tell_their_rule(world: World, viewer: Viewer) -> None:
    dialog = open_only(
        world, viewer,
        request_headers=json.dumps({"Authorization": f"Bearer {MARK}"}),
        response_body=json.dumps({"cards": [{"number": MARK}]}),
        redactions=2,
        redaction_places='[["request.headers.Authorization","authorization"],["response.body.cards[].number","card"]]',
    )  # fmt: skip
    header = dialog.get_by_role("region", name="Request").locator(".redacted")
    expect(header).to_have_attribute("title", re.compile("credentials.*3f9a1c2e"))
    expect(dialog.get_by_role("region", name="Response").locator(".redacted")).to_have_attribute(
        "title", re.compile("card number")
    )
    expect(dialog).not_to_contain_text("[REDACTED")


def test_numbers_are_shown_as_they_were_written(world: World, viewer: Viewer) -> None:
    body = '{"id":12345678901234567890,"price":1.00,"tiny":1e-9}'
    dialog = open_only(world, viewer, response_body=body)
    response = dialog.get_by_role("region", name="Response")
    for text in ("12345678901234567890", "1.00", "1e-9"):
        expect(response).to_contain_text(text)
    response.get_by_role("button", name="Raw").click()
    expect(response.locator("pre")).to_have_text(body)


PART = (
    '--B\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n'
    "Content-Type: image/png\r\n\r\nbytes\r\n--B--"
)
BINARY = {"binary": "image/png", "size": 4200, "sha256": "ab" * 32}
BODIES: dict[str, tuple[Any, list[str]]] = {
    "application/x-www-form-urlencoded": ("name=J%C3%BCrgen+K&x=%26", ["Jürgen K", "&"]),
    "multipart/form-data; boundary=B": (PART, ["file", "a.png", "image/png"]),
    "text/event-stream": (
        'event: tick\ndata: {"n":1}\n\ndata: two\n\n',
        ["tick", '{"n":1}', "two"],
    ),
    "application/x-ndjson": ('{"a":1}\n{"a":2}\n', ['{"a":1}', '{"a":2}']),
    "image/png": (BINARY, ["Image, 4.2 KB", "ab" * 32]),
}


@pytest.mark.parametrize("content_type", BODIES)
def test_bodies_take_the_form_that_suits_them(
    world: World, viewer: Viewer, content_type: str
) -> None:
    body, shown = BODIES[content_type]
    dialog = open_only(
        world, viewer,
        response_headers=json.dumps({"Content-Type": content_type}), response_body=json.dumps(body),
    )  # fmt: skip
    for text in shown:
        expect(dialog.get_by_role("region", name="Response")).to_contain_text(text)


def test_events_are_listed_with_their_times(world: World, viewer: Viewer) -> None:
    metadata = {"stream": {"kind": "sse", "count": 3, "times": [20, 1300.5, 1500], "messages": []}}
    dialog = open_only(
        world, viewer, metadata=json.dumps(metadata),
        response_headers=json.dumps({"Content-Type": "text/event-stream"}),
        response_body=json.dumps("data: one\n\n: still there\n\nevent: bye\ndata: two\n\n"),
    )  # fmt: skip
    expect(dialog.locator(".messages")).to_contain_text(
        re.compile(r"one.*\+20 ms.*bye.*two.*\+1.50 s")
    )


def test_stream_messages_are_listed_with_their_times(world: World, viewer: Viewer) -> None:
    messages = [
        {"at": 12.5, "from": "client", "size": 4, "data": "ping"},
        {"at": 1500, "from": "server", "size": 12, "data": {"pong": True}},
    ]
    metadata = {"stream": {"kind": "websocket", "count": 9, "messages": messages}}
    dialog = open_only(world, viewer, metadata=json.dumps(metadata))
    expect(dialog).to_contain_text("first 2 of 9")
    expect(dialog).not_to_contain_text("capture is off")
    expect(dialog.get_by_text("Redacted", exact=True)).to_have_count(0)
    expect(dialog.locator(".messages")).to_contain_text(
        re.compile(r"ping.*\+13 ms.*pong.*\+1.50 s")
    )


def test_timing_adds_up_on_the_screen(world: World, viewer: Viewer) -> None:
    dialog = open_only(
        world, viewer, timing=Timing(10.0, 20.0, 0.0, 60.0, 10.0), response_time_ms=100.0
    )
    widths = dialog.locator(".waterfall rect").evaluate_all("l => l.map(r => r.getBBox().width)")
    assert [round(width) for width in widths] == [10, 20, 1, 60, 10]


def test_previous_next_and_permalink(world: World, viewer: Viewer) -> None:
    world.write(past(1), past(2), past(3))
    viewer.open().ready(3)
    viewer.row("/n/00002").click()
    dialog = dialog_of(viewer)
    expect(dialog.get_by_role("heading", name="/n/00002")).to_be_visible()
    dialog.get_by_role("button", name=re.compile("Next")).click()
    expect(dialog.get_by_role("heading", name="/n/00003")).to_be_visible()
    permalink = viewer.page.url
    viewer.open("/").ready(3)
    viewer.page.goto(permalink)
    expect(dialog_of(viewer).get_by_role("heading", name="/n/00003")).to_be_visible()
    viewer.page.keyboard.press("Escape")
    viewer.ready(3)


def test_a_link_opened_anew_shows_its_activity_and_then_the_log(
    world: World, viewer: Viewer
) -> None:
    """The log is not even fetched until it is wanted."""
    world.write(past(1), past(2), started := past(3, status=Status.STARTED))
    viewer.open().ready(3)
    viewer.rows.first.click()
    expect(dialog_of(viewer)).to_contain_text("/n/00001")
    viewer.page.reload()
    expect(dialog_of(viewer)).to_contain_text("/n/00001")
    expect(viewer.rows).to_have_count(0)
    viewer.page.keyboard.press("j")
    expect(dialog_of(viewer)).to_contain_text("/n/00002")
    expect(dialog_of(viewer)).to_have_count(1)
    viewer.ready(3)
    viewer.page.reload()
    expect(dialog_of(viewer)).to_contain_text("/n/00002")
    viewer.page.keyboard.press("Escape")
    viewer.ready(3)
    expect(dialog_of(viewer)).to_have_count(0)
    # What still runs is followed live.
    viewer.open(f"/activities/{UUID(bytes=started.id)}").ready()
    expect(dialog_of(viewer)).to_contain_text("Waiting for the answer.")
    world.write(past(3, id=started.id, created_at=started.created_at))
    expect(dialog_of(viewer).locator(".details-title")).to_contain_text("Success")


def test_number_keys_lead_to_the_parts_and_bad_addresses_to_a_page(
    world: World, viewer: Viewer
) -> None:
    dialog = open_only(world, viewer)
    viewer.page.keyboard.press("4")
    expect(dialog.get_by_role("region", name="Response")).to_be_focused()
    viewer.page.keyboard.press("3")
    expect(dialog.get_by_role("region", name="Request")).to_be_focused()
    for path in ("/activities/%E0%A4%A", "/integrations/%E0%A4%A"):
        viewer.open(path)
        expect(viewer.page.get_by_text("Nothing is at this address")).to_be_visible()


def test_a_started_activity_completes_in_the_open_dialog(world: World, viewer: Viewer) -> None:
    started = past(1, status=Status.STARTED)
    world.write(started)
    viewer.open().ready(1)
    viewer.rows.first.click()
    dialog = dialog_of(viewer)
    expect(dialog).to_contain_text("Waiting for the answer.")
    world.write(past(1, id=started.id, created_at=started.created_at))
    expect(dialog.locator(".details-title")).to_contain_text("Success")


def test_the_same_trace_shows_the_webhook_that_began_it(world: World, viewer: Viewer) -> None:
    trace = "ab" * 16
    world.write(
        past(3, direction=Direction.INCOMING, integration="github", trace_id=trace),
        past(2, integration="slack", trace_id=trace),
        past(1, integration="stripe"),
    )
    viewer.open().ready(3)
    viewer.row("slack").click()
    related = dialog_of(viewer).locator(".related")
    expect(related).to_contain_text("2 activities, set off by an incoming call")
    related.get_by_role("link", name=re.compile("github")).click()
    expect(dialog_of(viewer).get_by_role("heading", name="/n/00003")).to_be_visible()


def test_finding_opens_what_is_folded(world: World, viewer: Viewer) -> None:
    deep: Any = {"needle": "in the hay"}
    for level in range(8):
        deep = {f"level{level}": deep}
    dialog = open_only(world, viewer, response_body=json.dumps(deep))
    expect(dialog.get_by_text("in the hay")).to_be_hidden()
    viewer.page.keyboard.press("/")
    viewer.page.keyboard.type("in the hay")
    expect(dialog.get_by_text("in the hay")).to_be_visible()
    expect(dialog.locator(".find")).to_contain_text("1 found")


def test_comparing_shows_only_what_differs(world: World, viewer: Viewer) -> None:
    world.write(
        past(2, response_body='{"ok":true,"n":[1,2,3]}'),
        past(
            1, status=Status.FAILED, response_status=422, response_body='{"ok":false,"n":[1,9,3]}'
        ),
    )
    viewer.open().ready(2)
    viewer.row("/n/00001").click()
    dialog_of(viewer).get_by_role("button", name="Compare").click()
    viewer.page.get_by_role("dialog", name="Compare").get_by_role("button").first.click()
    table = dialog_of(viewer).locator(".comparison")
    expect(table.get_by_role("row", name=re.compile(r"body\.ok false true"))).to_be_visible()
    expect(table.get_by_role("row", name=re.compile(r"body\.n\[1\] 9 2"))).to_be_visible()
    expect(table).not_to_contain_text("body.n[0]")
    expect(viewer.page).to_have_url(re.compile("compare="))


def test_without_the_right_bodies_are_withheld_and_it_says_so(
    world: World, server: Server, browser: Browser
) -> None:
    world.write(past(1))
    context = browser.new_context()
    sign_in(context, server.url, world.token(Right.READ))
    viewer = Viewer(context.new_page(), server.url).open().ready(1)
    viewer.rows.first.click()
    response = dialog_of(viewer).get_by_role("region", name="Response")
    expect(response).to_contain_text("Your token may not see headers and bodies.")
    context.close()


@pytest.fixture
def echo() -> Iterator[tuple[str, list[tuple[str, str, dict[str, str], bytes]]]]:
    """A server that keeps what it is sent."""
    seen: list[tuple[str, str, dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"] or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen.append((self.command, self.path, headers, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever).start()
    yield f"http://127.0.0.1:{listening.server_port}", seen
    listening.shutdown()
    listening.server_close()


NODE = ["node", "--input-type=module", "-e"]
# HTTPie lies beside this interpreter, where the extra `dev` puts it, or anywhere.
PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
HTTPIE = shutil.which("http", path=PATH) or ""


@pytest.mark.parametrize(
    ("form", "run"),
    [
        ("cURL", ["bash", "-c"]),
        pytest.param(
            *("HTTPie", ["bash", "-c"]), marks=pytest.mark.skipif(not HTTPIE, reason="no HTTPie")
        ),
        ("Python (httpx)", None),
        ("JavaScript (fetch)", NODE),
    ],
)
def test_what_is_copied_sends_the_request_again(
    world: World, viewer: Viewer, echo: Any, form: str, run: list[str] | None, python: list[str]
) -> None:
    url, seen = echo
    body = 'it\'s "quoted" $HOME `id` \\n é\nsecond line\r\nthird \x1b[201~ !! end'
    viewer.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dialog = open_only(
        world, viewer, origin=url, host="127.0.0.1", query="?q=[a]&token=" + MARK,
        request_headers=json.dumps(
            {"Content-Type": "text/plain", "X-Odd": "a'b\"c", "Authorization": f"Bearer {MARK}",
             "Host": "elsewhere", "Content-Length": "3", "Content-Encoding": "gzip",
             "X-File": "@/etc/hostname", "X-Json": "=5"}
        ),
        request_body=json.dumps(body),
    )  # fmt: skip
    dialog.get_by_role("button", name="Copy as").click()
    viewer.page.get_by_role("button", name=form).click()
    expect(viewer.page.get_by_text(f"{form} copied")).to_be_visible()
    copied = viewer.page.evaluate("navigator.clipboard.readText()")
    subprocess.run(
        [*(run or python), copied],
        check=True, timeout=30, capture_output=True, env=os.environ | {"PATH": PATH},
    )  # fmt: skip
    ((method, path, headers, sent),) = seen
    assert (method, path.replace("%5B", "[").replace("%5D", "]")) == (
        "POST",
        "/n/00001?q=[a]&token=YOUR_TOKEN",
    )
    assert headers["x-odd"] == "a'b\"c"
    assert (headers["x-file"], headers["x-json"]) == ("@/etc/hostname", "=5")
    assert "content-encoding" not in headers
    assert headers["authorization"] == "Bearer YOUR_AUTHORIZATION"
    assert headers["host"] == url.removeprefix("http://")
    assert sent.decode() == body


def test_copied_commands_survive_any_method_and_say_what_they_leave_out(
    world: World, viewer: Viewer
) -> None:
    """None of these may do more than its request when it is pasted."""
    viewer.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dialog = open_only(world, viewer, method="GET;id", request_body=json.dumps("a\0b"))

    def copied(form: str) -> str:
        dialog.get_by_role("button", name="Copy as").click()
        viewer.page.get_by_role("button", name=form).click()
        expect(viewer.page.get_by_text(f"{form} copied")).to_be_visible()
        text: str = viewer.page.evaluate("navigator.clipboard.readText()")
        return text

    for form in ("cURL", "HTTPie"):
        words = shlex.split(copied(form), comments=True)
        assert "GET;id" in words
        assert "ab" in words
        assert not any("\0" in word for word in words)


def test_a_get_with_a_body_is_a_program_that_runs(world: World, viewer: Viewer) -> None:
    viewer.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dialog = open_only(world, viewer, method="GET", request_body='{"query":1}')
    dialog.get_by_role("button", name="Copy as").click()
    viewer.page.get_by_role("button", name="JavaScript").click()
    expect(viewer.page.get_by_text("JavaScript (fetch) copied")).to_be_visible()
    text = viewer.page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("// fetch sends no body with GET")
    assert "body:" not in text


@pytest.fixture
def python() -> list[str]:
    import sys

    return [sys.executable, "-c"]


def test_the_har_of_one_is_har(world: World, viewer: Viewer) -> None:
    dialog = open_only(world, viewer, timing=Timing(1.0, 2.0, 3.0, 4.0, 5.0))
    dialog.get_by_role("button", name="Copy as").click()
    with viewer.page.expect_download() as download:
        viewer.page.get_by_role("button", name="HAR file").click()
    (entry,) = json.loads(download.value.path().read_text())["log"]["entries"]
    assert entry["request"]["url"] == "https://api.example.com/n/00001"
    assert entry["response"]["content"]["text"] == '{"ok":true}'
    # In HAR, `connect` includes `ssl`.
    assert entry["timings"]["connect"] == 3
