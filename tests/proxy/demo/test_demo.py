"""`wiretrail demo`: every kind of exchange leaves its row, and no made-up secret does."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from proxy.demo.partners import HOSTS, Stub, partner_answer, throw_away_authority
from proxy.demo.traffic import outgoing_calls, webhooks
from proxy.running import Place, RunningSidecar, announce
from store.data_folder import DataFolder
from tests.proxy.cli.conftest import ENTRY, environment, wiretrail


def test_every_exchange_leaves_its_row(tmp_path: Path) -> None:
    data = tmp_path / "data"
    result = wiretrail("demo", "--data", str(data))
    assert (result.code, result.err) == (0, "")
    items = json.loads(wiretrail("list", "--json", "--data", str(data)).out)["items"]
    found = {
        (i["integration"], i["activity_type"], i["status"], i["response_status"]) for i in items
    }
    assert len(items) == len(outgoing_calls(1)) + len(webhooks("http://a")) == 10
    assert found == {
        ("slack", "notification_slack", "success", 200),
        ("stripe", "api_call", "failed", 402),
        ("golioth", "device_create", "success", 200),
        ("sendgrid", "notification_email", "success", 202),
        ("github", "test_connection", "success", 200),
        ("api.example.com", "api_call", "failed", 500),
        ("api.example.com", "api_call", "success", 200),
        ("127.0.0.1", "api_call", "error", None),
        ("stripe", "webhook_received", "success", 200),
        ("github", "webhook_received", "success", 200),
    }
    table = result.out.partition("What `wiretrail list` shows now:\n")[2]
    for item in items:
        assert item["id"][:18] in table
    assert "connect_refused" in table
    assert f"The log stays in {data}" in result.out
    assert f"See it in the viewer:  wiretrail serve --data {data}\n" in result.out


def test_nothing_that_was_made_up_as_a_secret_is_on_disk(tmp_path: Path) -> None:
    data = tmp_path / "data"
    wiretrail("demo", "--data", str(data))
    exported = wiretrail("export", "--data", str(data)).out
    assert exported.count("[REDACTED") > 6
    raw = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    for shape in (
        rb"xoxb-1234-[0-9a-f]",
        rb"sk_test_[0-9a-f]",
        rb"SG\.[0-9a-f]{9}",
        rb"ghp_[0-9a-f]",
    ):
        assert not re.search(shape, raw), shape


def test_it_stays_when_asked_to(tmp_path: Path) -> None:
    """Without a data folder of its own, everything is gone afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-P", str(ENTRY), "demo", "--stay"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(TMPDIR=str(tmp_path)),
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "until Ctrl-C" in line:
            break
    text = "".join(lines)
    api = re.search(r"API and viewer: (\S+)", text)
    assert api is not None, text
    with urllib.request.urlopen(f"{api[1]}/readyz", timeout=10) as answer:
        assert answer.status == 200
    assert re.search(rf"{re.escape(api[1])}/sign-in#\S+", text)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert list(tmp_path.glob("wiretrail-demo-*")) == []


def test_it_leaves_a_folder_in_use_alone(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data").ensure()
    api = Place(name="api", direction="api", host="127.0.0.1", port=1)
    announce(folder, RunningSidecar(pid=os.getpid(), version="1", api=api, listeners=()))
    result = wiretrail("demo", "--data", str(folder.path))
    assert result.code == 1
    assert "a sidecar records into" in result.err


def test_partners_answer_under_every_host(tmp_path: Path) -> None:
    authority, context = throw_away_authority(tmp_path)
    assert authority.read_text().startswith("-----BEGIN CERTIFICATE")
    with Stub(partner_answer, context) as stub:
        assert stub.port
    assert {call.url.split("/")[2] for call in outgoing_calls(1)} <= {*HOSTS, "127.0.0.1:1"}
