"""list, show, tail, stats and export, on the local store and through the API alike."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from store.cursors import encode_cursor
from tests.proxy.cli.conftest import ENTRY, Served, environment, wiretrail
from tests.support.rows import fill, row

NEWEST_FIRST = ["/v1/newest", "/webhooks/github", "/hooks/\x1b[2Jevil", "/v1/charges", "/v1/oldest"]


@pytest.fixture(params=["local", "server"])
def source(request: pytest.FixtureRequest, seeded: Path, served: Served) -> tuple[str, ...]:
    """The flags of both sources."""
    return ("--data", str(seeded)) if request.param == "local" else served.flags


def items(*arguments: str) -> list[dict]:
    result = wiretrail("list", "--json", *arguments)
    assert result.code == 0, result.err
    return json.loads(result.out)["items"]


def test_list_prints_a_table(source: tuple[str, ...]) -> None:
    result = wiretrail("list", *source)
    assert result.code == 0, result.err
    head, *lines = result.out.splitlines()
    assert re.split(r"\s{2,}", head.strip()) == [
        "AGE", "STATUS", "ANSWER", "TIME", "METHOD", "ENDPOINT", "INTEGRATION", "TYPE",
        "ORGANIZATION", "ID",
    ]  # fmt: skip
    assert re.split(r"\s{2,}", lines[1].strip())[:9] == [
        "2h", "←", "success", "200", "4.32s", "POST", "api.example.com/webhooks/github", "slack",
        "webhook_received",
    ]  # fmt: skip
    assert len(lines) == 5
    assert "started" in lines[0]


def test_nothing_recorded_reaches_the_terminal_as_control_characters(
    source: tuple[str, ...],
) -> None:
    for arguments in (["list"], ["tail", "--count", "0"], ["show"], ["stats"]):
        result = wiretrail(*arguments, *source)
        assert "\x1b" not in result.out, arguments
    assert r"/hooks/\x1b[2Jevil" in wiretrail("list", *source).out


def test_list_as_json(source: tuple[str, ...]) -> None:
    assert [item["path"] for item in items(*source)] == NEWEST_FIRST


def test_pages_follow_each_other(source: tuple[str, ...]) -> None:
    seen, cursor = [], ()
    for _ in range(3):
        result = wiretrail("list", "--json", "-n", "2", *cursor, *source)
        page = json.loads(result.out)
        seen += [item["path"] for item in page["items"]]
        cursor = ("--cursor", page["next"])
    assert seen == NEWEST_FIRST
    assert page["next"] is None


def test_a_cursor_may_begin_with_a_dash(source: tuple[str, ...]) -> None:
    """One in 64 does: `-` is a letter of theirs."""
    cursors = map(encode_cursor, range(1 << 40, (1 << 40) + 1000))
    cursor = next(text for text in cursors if text.startswith("-"))
    for arguments in (["--cursor", cursor], [f"--cursor={cursor}"]):
        result = wiretrail("list", *arguments, *source)
        assert (result.code, "unrecognized" in result.err) == (0, False), result.err
    assert "more: --cursor=" in wiretrail("list", "-n", "1", *source).err


def test_a_flag_is_over_the_environment_s_source(seeded: Path, served: Served) -> None:
    dead = {"WIRETRAIL_SERVER": "http://127.0.0.1:1", "WIRETRAIL_TOKEN_FILE": "/nowhere"}
    dead |= {"WIRETRAIL_STORE": "sqlite:////nowhere", "WIRETRAIL_DATA": "/nowhere"}
    store = f"sqlite:///{seeded / 'activity.db'}"
    for flags in (["--data", str(seeded)], ["--store", store], served.flags):
        result = wiretrail("list", "-n", "1", *flags, **dead)
        assert (result.code, "/v1/newest" in result.out) == (0, True), result.err
    both = wiretrail("list", "--store", store, *served.flags)
    assert both.err.startswith("wiretrail list: --store and --server name different sources")


def test_the_token_s_text_may_stand_in_the_environment(served: Served) -> None:
    """As the client that services log with takes it."""
    token = served.token_file.read_text()
    found = wiretrail("list", WIRETRAIL_SERVER=served.url, WIRETRAIL_TOKEN=token)
    assert (found.code, "/v1/newest" in found.out) == (0, True), found.err
    wrong = wiretrail("list", WIRETRAIL_SERVER=served.url, WIRETRAIL_TOKEN="t\u00f6ken")
    assert wrong.err.startswith("wiretrail list: $WIRETRAIL_TOKEN holds no token")


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["--status", "failed"], ["/v1/charges"]),
        (["--status", "failed", "--status", "started"], ["/v1/newest", "/v1/charges"]),
        (["--status", "failed,started"], ["/v1/newest", "/v1/charges"]),
        (["-integration:slack"], ["/v1/charges"]),
        (["webhooks", "--direction", "incoming", "-status:failed", "github"], ["/webhooks/github"]),
        (["--organization", "globex"], ["/v1/charges"]),
        (["--response-status", "4xx"], ["/v1/charges"]),
        (["--error-code", "dns"], ["/hooks/\x1b[2Jevil"]),
        (["--direction", "incoming"], ["/webhooks/github"]),
        (["--activity-type", "webhook_received"], ["/webhooks/github"]),
        (["--path", "/v1/*", "--integration", "slack"], ["/v1/newest", "/v1/oldest"]),
        (["--since", "90m"], ["/v1/newest"]),
        (["--until", "270m"], ["/v1/oldest"]),
        (["--min-ms", "1000"], ["/webhooks/github"]),
        (["provider:stripe"], ["/v1/charges"]),
        (["github"], ["/webhooks/github"]),
        (["status:success", "webhooks"], ["/webhooks/github"]),
    ],
)
def test_filters(source: tuple[str, ...], filters: list[str], expected: list[str]) -> None:
    assert [item["path"] for item in items(*source, *filters)] == expected


def test_words_that_begin_with_a_dash(source: tuple[str, ...]) -> None:
    found = items(*source, "--", "-integration:slack", "-webhooks")
    assert [item["path"] for item in found] == ["/v1/charges"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--statsu", "x"], 'unrecognized arguments: --statsu; did you mean "--status"?'),
        (["--status", "fail"], "status: 'fail' is none of"),
        (["--since", "yesterday"], "since: 'yesterday' is no time"),
        (["--cursor", "nonsense"], "cursor: is not a cursor of this list"),
        (["--limit", "x"], "argument -n/--limit: invalid int value: 'x'"),
        (["--limit", "0"], "--limit: expected 1 or more, found 0"),
        (["statsu:failed"], "q: unknown key 'statsu'; did you mean status?"),
    ],
)
def test_what_cannot_be_understood(seeded: Path, arguments: list[str], expected: str) -> None:
    result = wiretrail("list", "--data", str(seeded), *arguments)
    assert result.code == 2
    assert result.out == ""
    (line,) = result.err.splitlines()
    assert line.startswith("wiretrail list: " + expected)


@pytest.mark.parametrize("name", ["--lines", "--count"])
def test_fewer_than_no_lines_cannot_be_followed(seeded: Path, name: str) -> None:
    result = wiretrail("tail", "--data", str(seeded), name, "-1")
    assert result.code == 2
    assert result.err == f"wiretrail tail: {name}: expected 0 or more, found -1\n"


def test_the_server_s_objections_read_like_our_own(served: Served) -> None:
    result = wiretrail("list", *served.flags, "--status", "fail")
    assert result.code == 2
    (line,) = result.err.splitlines()
    assert line.startswith(f"wiretrail list: {served.url} answered 422 status: ")


def test_nothing_that_fits(source: tuple[str, ...]) -> None:
    result = wiretrail("list", *source, "--host", "nowhere.example")
    assert (result.code, result.err) == (0, "nothing is recorded that fits\n")


def test_no_store(tmp_path: Path) -> None:
    result = wiretrail("list", "--data", str(tmp_path / "none"))
    assert result.code == 1
    assert result.err == (
        f"wiretrail list: there is no activity log at {tmp_path}/none/activity.db; "
        "`wiretrail up` starts one, --data names another\n"
    )
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("flags", "code", "expected"),
    [
        (["--server", "http://127.0.0.1:1"], 2, "--server needs --token-file FILE"),
        (["--server", "http://127.0.0.1:1", "--data", "x"], 2, "--data and --server name"),
        (["--server", "nonsense", "--token-file", "{token}"], 2, "--server: expected a URL"),
        (["--server", "http://127.0.0.1:1", "--token-file", "{token}"], 1, "http://127.0.0.1:1 ca"),
        (["--server", "{url}", "--token-file", "{empty}"], 1, "{empty} holds no token"),
        (["--server", "{url}", "--token-file", "{none}"], 1, "{none} cannot be read: No such file"),
        (["--server", "{url}", "--token-file", "{wrong}"], 1, "{url} answered 401"),
        (["--store", "mysql://a/b"], 1, "no store answers to mysql:// addresses"),
    ],
)
def test_sources_that_cannot_be_read(
    tmp_path: Path, served: Served, flags: list[str], code: int, expected: str
) -> None:
    names = {
        "url": served.url,
        "token": str(served.token_file),
        "none": str(tmp_path / "none"),
        "empty": str(tmp_path / "empty"),
        "wrong": str(tmp_path / "wrong"),
    }
    (tmp_path / "empty").touch()
    (tmp_path / "wrong").write_text("wiretrail_nobody\n")
    result = wiretrail("list", *(flag.format(**names) for flag in flags))
    assert (result.code, result.out) == (code, "")
    (line,) = result.err.splitlines()
    assert line.startswith("wiretrail list: " + expected.format(**names))


def test_show_prints_everything(source: tuple[str, ...]) -> None:
    (found,) = items(*source, "--status", "failed")
    lines = wiretrail("show", found["id"], *source).out.splitlines()
    assert lines[0] == "POST https://api.example.com/v1/charges?amount=7"
    assert lines[1] == "→ outgoing  failed  402  12ms"
    text = "\n".join(lines)
    for expected in (
        r"organization +globex \(3a73498f-",
        r"metadata\.event +charge\.failed",
        r"redactions +1",
        r"  Accept: \*/\*",
        r'    "name": "request"',
        r"  Declined\\x1b\[31m\.",
        r"  request\.headers\.Authorization: header",
    ):
        assert re.search(expected, text), expected


def test_show_takes_the_short_id_of_lists(source: tuple[str, ...]) -> None:
    (found,) = items(*source, "--status", "failed")
    shown = json.loads(wiretrail("show", found["id"][:18], "--json", *source).out)
    assert shown["id"] == found["id"]
    assert shown["request_body"] == {"name": "request"}


def test_show_without_an_id_shows_the_latest(source: tuple[str, ...]) -> None:
    assert "/v1/newest" in wiretrail("show", *source).out


@pytest.mark.parametrize(
    ("identifier", "code", "expected"),
    [
        (
            "01900000-0000-7000-8000-000000000000",
            1,
            "there is no activity 01900000-0000-7000-8000-",
        ),
        ("01900000-0000", 1, "there is no activity 01900000-0000"),
        ("0190", 2, "expected an id, or at least its first 8 digits, found 0190"),
        ("zzzzzzzzzzz", 2, "expected an id, or at least its first 8 digits, found zzzzzzzzzzz"),
    ],
)
def test_show_what_is_not_there(
    source: tuple[str, ...], identifier: str, code: int, expected: str
) -> None:
    result = wiretrail("show", identifier, *source)
    assert result.code == code
    assert result.err.startswith(f"wiretrail show: {expected}")


def test_a_short_id_that_fits_several(tmp_path: Path) -> None:
    now = time.time_ns() // 1_000_000
    fill(tmp_path / "data", [row(created_at=now), row(created_at=now)])
    first = items("--data", str(tmp_path / "data"))[0]["id"]
    result = wiretrail("show", first[:13], "--data", str(tmp_path / "data"))
    assert (result.code, result.err) == (
        2,
        f"wiretrail show: {first[:13]} fits several activities; give more of the id\n",
    )


def test_stats(source: tuple[str, ...]) -> None:
    found = json.loads(wiretrail("stats", "--json", *source).out)
    assert [(line["integration"], line["activities"], line["failures"]) for line in found] == [
        ("slack", 4, 1),
        ("stripe", 1, 1),
    ]
    table = wiretrail("stats", "--by", "organization", "--by", "status", *source).out
    assert re.search(r"^globex +failed +1 +1 +100\.0% +12ms$", table, re.MULTILINE)
    assert re.search(r"^acme +success +2 +0 +0\.0% +2\.17s$", table, re.MULTILINE)


def test_export_as_csv(source: tuple[str, ...]) -> None:
    result = wiretrail("export", "--format", "csv", *source)
    rows = list(csv.DictReader(io.StringIO(result.out)))
    assert [one["path"] for one in rows] == NEWEST_FIRST
    assert rows[3]["response_body"] == '"Declined\\u001b[31m."'


def test_export_as_ndjson_by_default(source: tuple[str, ...]) -> None:
    result = wiretrail("export", *source, "--organization", "acme")
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert [line["path"] for line in lines] == [p for p in NEWEST_FIRST if p != "/v1/charges"]
    assert lines[1]["response_body"] == {"ok": True}


def test_export_into_a_file(source: tuple[str, ...], tmp_path: Path) -> None:
    target = tmp_path / "log.har"
    assert wiretrail("export", "-o", str(target), *source).code == 0
    assert len(json.loads(target.read_text())["log"]["entries"]) == 5
    assert target.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["log.har"]


def test_export_that_fails_leaves_the_old_file(seeded: Path, tmp_path: Path) -> None:
    target = tmp_path / "log.csv"
    target.write_text("yesterday's")
    result = wiretrail("export", "-o", str(target), "--data", str(seeded), "--status", "nonsense")
    assert result.code == 2
    assert target.read_text() == "yesterday's"
    assert os.listdir(tmp_path) == ["log.csv"]


def test_export_into_a_folder_that_is_not_there(seeded: Path, tmp_path: Path) -> None:
    result = wiretrail("export", "-o", str(tmp_path / "no" / "x.csv"), "--data", str(seeded))
    assert (result.code, result.err) == (
        1,
        f"wiretrail export: {tmp_path}/no/x.csv cannot be written: No such file or directory\n",
    )


def test_tail_shows_older_ones_oldest_first(source: tuple[str, ...]) -> None:
    lines = wiretrail("tail", "-n", "3", "--count", "0", *source).out.splitlines()
    assert [line.split()[0] for line in lines] == ["3h", "2h", "1h"]


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", str(ENTRY), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


@pytest.mark.parametrize("through", ["local", "server"])
def test_tail_follows(through: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    now = time.time_ns() // 1_000_000
    fill(data, [row(created_at=now, path="/before")])
    flags = ["--data", str(data)]
    server = None
    if through == "server":
        server = start("serve", "--data", str(data), "--api", "127.0.0.1:0")
        assert server.stdout is not None
        url = server.stdout.readline().split()[-1]
        flags = ["--server", url, "--token-file", str(data / "admin-token")]
    tail = start("tail", "--json", "--count", "2", *flags)
    assert tail.stdout is not None
    assert json.loads(tail.stdout.readline())["path"] == "/before"
    # What happens between the older ones and the first look is not lost, it only may come late.
    deadline = time.monotonic() + 20
    while tail.poll() is None and time.monotonic() < deadline:
        fill(data, [row(created_at=time.time_ns() // 1_000_000, path="/after")])
        time.sleep(0.3)
    lines = [json.loads(line)["path"] for line in tail.stdout.read().splitlines()]
    assert lines == ["/after", "/after"]
    assert tail.wait() == 0
    if server is not None:
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
        server.communicate()
    tail.communicate()


def test_ctrl_c_ends_tail_quietly(seeded: Path) -> None:
    tail = start("tail", "-n", "1", "--data", str(seeded))
    assert tail.stdout is not None
    tail.stdout.readline()
    tail.send_signal(signal.SIGINT)
    out, err = tail.communicate(timeout=20)
    assert (tail.returncode, out, err) == (130, "", "")


def test_a_reader_that_goes_away_is_no_error(seeded: Path) -> None:
    """`wiretrail export | head -1`, with more than a pipe holds."""
    listing = start("export", "--format", "csv", "--data", str(seeded))
    assert listing.stdout is not None
    assert listing.stderr is not None
    listing.stdout.close()
    assert listing.stderr.read() == ""
    assert listing.wait(20) == 141
    listing.stderr.close()
