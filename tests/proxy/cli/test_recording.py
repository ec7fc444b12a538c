"""up, run, serve and demo: real sidecars, real traffic."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from proxy.running import RunningSidecar, running
from store.data_folder import DataFolder
from tests.proxy.cli.conftest import ENTRY, Served, environment, wiretrail
from tests.support.partner import Answer, Partner


class Up:
    """`wiretrail up` with what it prints; ends with the block."""

    def __init__(self, data: Path, *arguments: str, **env: str) -> None:
        self.folder = DataFolder(data)
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(ENTRY), "up", "--data", str(data), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(**env),
        )

    def __enter__(self) -> "Up":
        deadline = time.monotonic() + 30
        while running(self.folder) is None:
            assert time.monotonic() < deadline
            if self.process.poll() is not None:
                raise AssertionError(self.process.communicate()[1])
            time.sleep(0.05)
        return self

    @property
    def sidecar(self) -> RunningSidecar:
        found = running(self.folder)
        assert found is not None
        return found

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()


FREE = ("--listen", "127.0.0.1:0", "--api", "127.0.0.1:0")


def rows(data: Path, count: int) -> list[dict[str, Any]]:
    """The finished rows once there are `count`, newest first."""
    deadline = time.monotonic() + 10
    while True:
        listed = json.loads(wiretrail("list", "--json", "--data", str(data)).out)["items"]
        found = [item for item in listed if item["status"] != "started"]
        if len(found) >= count or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def test_up_tells_all_that_is_needed_and_ends_in_order(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with (
        Partner() as service,
        Up(data, *FREE, "--incoming", f"127.0.0.1:0={service.url}") as up,
    ):
        sidecar = up.sidecar
        incoming = sidecar.listeners[1]
        request = urllib.request.Request(f"{incoming.url}/hooks?x=1", b"{}", method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()
        (row,) = rows(data, 1)
        assert (row["direction"], row["path"], row["status"]) == ("incoming", "/hooks", "success")
        code, out, err = up.stop(signal.SIGINT)
    assert (code, err) == (0, "")
    for expected in (
        rf"Wiretrail {re.escape(sidecar.version)} is recording\.",
        rf"Outgoing calls +proxy {sidecar.listeners[0].url}",
        rf"Webhooks +{incoming.url} → {service.url}",
        rf"API and viewer +{sidecar.api.url}",
        rf"Recorded in +{data}/activity\.db, secrets cut, kept 90d",
        rf"CA certificate +{data}/ca/wiretrail-ca\.pem",
        rf'eval "\$\(wiretrail env --data {data}\)"',
    ):
        assert re.search(expected, out), expected
    assert running(DataFolder(data)) is None
    assert not (data / "running.json").exists()
    assert (data / "admin-token").stat().st_mode & 0o777 == 0o600


def test_the_sign_in_link_works_once(tmp_path: Path) -> None:
    with Up(tmp_path / "data", *FREE) as up:
        api = up.sidecar.api.url
        assert up.process.stdout is not None
        lines = iter(up.process.stdout.readline, "")
        code = next(re.findall(r"/sign-in#(\S+)", line) for line in lines if "sign-in#" in line)[0]
        codes = []
        for _ in range(2):
            request = urllib.request.Request(
                f"{api}/api/v1/session",
                json.dumps({"code": code}).encode(),
                {"Content-Type": "application/json"},
            )
            try:
                codes.append(urllib.request.urlopen(request, timeout=10).status)
            except urllib.error.HTTPError as error:
                codes.append(error.code)
        up.stop()
    assert codes == [201, 401]


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["--listen", "nonsense"], 2, "wiretrail up: --listen: expected HOST:PORT"),
        (["--listen", "0.0.0.0:0"], 2, "wiretrail up: --listen: 0.0.0.0:0 can be reached from"),
        (["--incoming", "127.0.0.1:0"], 2, "wiretrail up: --incoming: expected HOST:PORT=URL"),
        (["--incoming", "127.0.0.1:0=x"], 2, "wiretrail up: --incoming: incoming[0].upstream: ex"),
        (["--workers", "many"], 2, "wiretrail up: --workers: expected a whole number, found text"),
        (["--workers", "-1"], 2, "wiretrail up: --workers: expected a whole number >= 1, found -1"),
        (["--connect-to", "a"], 2, "wiretrail up: --connect-to: expected HOST:PORT=ADDRESS:PORT"),
        (["--config", "/nowhere.toml"], 2, "wiretrail up: /nowhere.toml: cannot be read: No such"),
        (["--upstream-ca", "/nowhere.pem"], 1, "wiretrail: --upstream-ca: /nowhere.pem cannot be"),
        (["--api", "192.0.2.1:80"], 1, "wiretrail: cannot listen on 192.0.2.1:80: this machine ha"),
    ],
)
def test_up_with_settings_that_cannot_be(
    tmp_path: Path, arguments: list[str], code: int, expected: str
) -> None:
    result = wiretrail("up", "--data", str(tmp_path / "d"), *FREE, *arguments)
    assert result.code == code
    assert result.out == ""
    assert any(line.startswith(expected) for line in result.err.splitlines()), result.err


def test_env_and_doctor_know_the_running_sidecar(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Up(data, *FREE) as up:
        proxy = up.sidecar.listeners[0].url
        shown = json.loads(wiretrail("env", "--shell", "json", "--data", str(data)).out)
        result = wiretrail("doctor", "--json", "--data", str(data))
    assert shown["https_proxy"] == proxy
    found = {one["subject"]: one["state"] for one in json.loads(result.out)}
    assert result.code == 0
    assert found["API"] == found["CA"] == found["store"] == found["sidecar"] == "ok"
    assert {state for subject, state in found.items() if subject.startswith("forward")} == {"ok"}


CLIENT = """
import sys, urllib.request
opened = urllib.request.urlopen(urllib.request.Request(sys.argv[1], b"{}"), timeout=10)
opened.read()
print(opened.status)
sys.exit(int(sys.argv[2]))
"""


def test_run_starts_a_sidecar_of_its_own(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Partner() as partner:
        result = wiretrail(
            "run", "--data", str(data), "--no-proxy", "", "--",
            sys.executable, "-c", CLIENT, f"{partner.url}/v1/things", "7",
        )  # fmt: skip
    assert (result.code, result.out) == (7, "200\n")
    assert result.err == f"wiretrail run: recording into {data}\n"
    (row,) = rows(data, 1)
    assert (row["method"], row["path"], row["response_status"]) == ("POST", "/v1/things", 200)
    assert running(DataFolder(data)) is None


def test_run_uses_the_sidecar_that_runs(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Partner() as partner, Up(data, *FREE) as up:
        result = wiretrail(
            "run", "--data", str(data), "--no-proxy", "", "--",
            sys.executable, "-c", CLIENT, partner.url, "0",
        )  # fmt: skip
        assert (result.code, result.out, result.err) == (0, "200\n", "")
        assert up.process.poll() is None
        assert len(rows(data, 1)) == 1


@pytest.mark.parametrize(
    ("command", "code", "expected"),
    [
        (["/nowhere/at/all"], 127, "wiretrail run: /nowhere/at/all: not found"),
        ([os.devnull], 126, f"wiretrail run: {os.devnull}: Permission denied"),
        (["sh", "-c", "kill -TERM $$"], 128 + signal.SIGTERM, ""),
    ],
)
def test_run_ends_like_a_shell(
    tmp_path_factory: pytest.TempPathFactory, command: list[str], code: int, expected: str
) -> None:
    data = tmp_path_factory.mktemp("run") / "data"
    with Up(data, *FREE):
        result = wiretrail("run", "--data", str(data), "--", *command)
    assert (result.code, result.err.strip()) == (code, expected)


def test_run_without_a_command() -> None:
    result = wiretrail("run")
    assert result.code == 2
    assert result.err.startswith("wiretrail run: expected a command")


def test_a_second_sidecar_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Up(data, *FREE):
        second = wiretrail("up", "--data", str(data), *FREE)
        pruned = wiretrail("prune", "--data", str(data))
    assert second.code == 1
    assert pruned.code == 1
    assert re.fullmatch(
        r"wiretrail prune: the sidecar \(process \d+\) owns the store and prunes it by its "
        r"\[retention\]; stop it before\n",
        pruned.err,
    )


def test_serve_tells_where(served: Served) -> None:
    assert re.fullmatch(
        r"API and viewer  http://127\.0\.0\.1:\d+\nSign in, once   \1/sign-in#\S+\n"
        .replace(r"\1", re.escape(served.url)),
        served.first_lines,
    )  # fmt: skip


def test_serve_without_a_store(tmp_path: Path) -> None:
    result = wiretrail("serve", "--data", str(tmp_path / "d"), "--api", "127.0.0.1:0")
    assert result.code == 1
    assert "there is no activity log at" in result.err


def test_serve_on_a_port_that_is_taken(seeded: Path, served: Served) -> None:
    address = served.url.removeprefix("http://")
    result = wiretrail("serve", "--data", str(seeded), "--api", address)
    assert (result.code, result.err) == (
        1,
        f"wiretrail serve: cannot listen on {address}: another program listens there already; "
        "choose another with --api\n",
    )


def test_serve_does_not_record(served: Served) -> None:
    request = urllib.request.Request(
        f"{served.url}/api/v1/activities",
        b'{"activity_type": "api_call", "method": "GET", "endpoint": "https://a.example/"}',
        {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {served.token_file.read_text().strip()}",
        },
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    assert caught.value.code == 501
    caught.value.close()


def test_a_note_of_a_dead_sidecar_does_not_count(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Up(data, *FREE) as up:
        os.kill(up.process.pid, signal.SIGKILL)
        up.process.communicate()
        assert (data / "running.json").exists()
        assert running(up.folder) is None


def test_answers_of_a_partner_pass_unchanged(tmp_path: Path) -> None:
    """The one end-to-end look of this file; the relay's own tests look closer."""
    data = tmp_path / "data"
    with (
        Partner(lambda _: Answer(418, b"short and stout", {"X-Pot": "tea"})) as partner,
        Up(data, *FREE) as up,
    ):
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({"http": up.sidecar.listeners[0].url})
        )
        with pytest.raises(urllib.error.HTTPError) as caught:
            opener.open(f"{partner.url}/pot", timeout=10)
        assert (caught.value.code, caught.value.headers["X-Pot"]) == (418, "tea")
        assert caught.value.read() == b"short and stout"
        (row,) = rows(data, 1)
        shown = json.loads(wiretrail("show", "--json", "--data", str(data)).out)
    assert row["status"] == "failed"
    assert shown["response_headers"]["X-Pot"] == "tea"
