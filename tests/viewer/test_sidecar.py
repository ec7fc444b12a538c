"""The whole of it: a call through the sidecar's proxy stands in the open viewer."""

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.sidecar import Sidecar
from tests.viewer.looking import Viewer, expect, sign_in


class Partner(BaseHTTPRequestHandler):
    """Answers with what it was asked, and a secret of its own."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        answer = json.dumps(
            {"got": json.loads(body or b"null"), "access_token": "s3cr3t-" + "v" * 30}
        ).encode()
        self.send_response(201)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def partner() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Partner)
    threading.Thread(target=server.serve_forever).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_call_through_the_proxy_appears_redacted(
    tmp_path: Path, browser: Browser, partner: str
) -> None:
    with Sidecar(tmp_path / "data") as sidecar:
        context = browser.new_context()
        sign_in(context, sidecar.api, sidecar.admin_token)
        viewer = Viewer(context.new_page(), sidecar.api).open()
        expect(viewer.page.get_by_text("Nothing recorded yet")).to_be_visible()
        expect(viewer.page.locator(".commands")).to_contain_text(str(sidecar.forward_port))
        subprocess.run(
            [
                *("curl", "-sS", "--proxy", sidecar.proxy, partner + "/v1/devices?page=2"),
                *("--json", '{"name":"door"}', "-H", "Authorization: Bearer " + "t" * 40),
            ],
            check=True,
            env=sidecar.proxy_env(),
            capture_output=True,
            timeout=30,
        )
        expect(viewer.rows).to_have_count(1)
        expect(viewer.rows).to_contain_text(re.compile("Success.*201.*POST.*/v1/devices"))
        viewer.rows.click()
        dialog = viewer.page.get_by_role("dialog", name="Activity details")
        expect(dialog.get_by_role("region", name="Response")).to_contain_text("door")
        expect(dialog.locator(".redacted")).to_have_count(2)
        for mark in dialog.locator(".redacted").all():
            expect(mark).to_have_attribute("title", re.compile("^Redacted: "))
        assert "s3cr3t" not in viewer.page.content()
        assert viewer.errors == []
        context.close()


def test_a_connection_is_tested_from_its_page(
    tmp_path: Path, browser: Browser, partner: str
) -> None:
    config = tmp_path / "wiretrail.toml"
    config.write_text(
        f'[[connection_test]]\nintegration = "devices"\nmethod = "POST"\nurl = "{partner}/ping"\n'
    )
    with Sidecar(tmp_path / "data", "--config", str(config)) as sidecar:
        context = browser.new_context()
        sign_in(context, sidecar.api, sidecar.admin_token)
        viewer = Viewer(context.new_page(), sidecar.api).open("/integrations/devices")
        viewer.page.get_by_role("button", name="Test connection").click()
        expect(viewer.rows).to_have_count(1)
        viewer.page.get_by_role("button", name="Test connection").click()
        expect(viewer.page.get_by_text("It works")).to_be_visible()
        expect(viewer.rows).to_have_count(2)
        expect(viewer.rows.first).to_contain_text("Connection test")
        context.close()
