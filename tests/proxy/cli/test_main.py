"""The command line itself: help, unknown commands, and how little it imports."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from proxy.__main__ import main as entry
from proxy.cli.main import COMMANDS, INTERRUPTED, build
from tests.proxy.cli.conftest import ENTRY, ROOT, environment, wiretrail

# Starting any of these costs more than a whole `wiretrail list` may take.
HEAVY = {"mitmproxy", "starlette", "uvicorn", "httpx", "prometheus_client", "cryptography", "re2"}


def imported_by(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-P", str(ENTRY), *arguments],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "|" in line}


@pytest.mark.parametrize(
    "arguments", [["list"], ["show"], ["stats"], ["export"], ["tail", "--count", "0"]]
)
def test_reading_commands_import_no_web_stack(seeded: Path, arguments: list[str]) -> None:
    """So that they answer within 150 ms of their start."""
    found = imported_by(*arguments, "--data", str(seeded))
    assert HEAVY & {name.partition(".")[0] for name in found} == set()
    assert "proxy.config" not in found, "its tables take as long as the whole command"


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["ca", "--help"]])
def test_help_imports_next_to_nothing(arguments: list[str]) -> None:
    found = imported_by(*arguments)
    assert HEAVY & {name.partition(".")[0] for name in found} == set()


def test_the_overview_names_every_command() -> None:
    result = wiretrail("--help")
    assert result.code == 0
    for name, line in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(line)}$", result.out, re.MULTILINE)
    files = {path.stem for path in (ROOT / "proxy" / "cli").glob("*.py")}
    assert set(COMMANDS) <= files


def test_no_command() -> None:
    result = wiretrail()
    assert (result.code, result.out) == (2, "")
    assert "usage: wiretrail COMMAND" in result.err


def test_an_unknown_command() -> None:
    result = wiretrail("lst")
    assert result.code == 2
    assert result.err == 'wiretrail: unknown command "lst"; did you mean "list"?\n'
    assert "`wiretrail --help` lists them" in wiretrail("frobnicate").err


def test_the_version_is_the_project_s() -> None:
    out = wiretrail("--version").out
    assert re.fullmatch(r"wiretrail \d+\.\d+\.\d+\n", out)
    assert out.split()[1] in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself(name: str) -> None:
    command, parser = build(name)
    text = parser.format_help()
    assert command.__doc__
    assert command.__doc__.strip() in text
    assert text.startswith(f"usage: wiretrail {name}")
    options = [action for action in parser._actions if action.help is None]
    assert options == [], "every option has a sentence"


@pytest.mark.parametrize("name", ["list", "show", "stats", "check", "doctor", "prune", "redact"])
def test_where_a_table_is_printed_there_is_json(name: str) -> None:
    assert "--json" in build(name)[1].format_help()


@pytest.mark.parametrize("name", ["list", "show", "stats", "export", "prune", "ca", "doctor"])
def test_a_data_folder_that_cannot_be_looked_at_is_told_in_a_line(name: str) -> None:
    folder = "/" + "n" * 300
    result = wiretrail(name, "--data", folder)
    assert result.code == 1
    assert "Traceback" not in result.err
    assert folder in result.out + result.err
    assert "File name too long" in result.out + result.err


def test_it_runs_as_a_module_and_from_anywhere(tmp_path: Path) -> None:
    for arguments, folder in (["-m", "proxy"], ROOT), (["-P", str(ENTRY)], tmp_path):
        done = subprocess.run(
            [sys.executable, *arguments, "check", "--settings", "--json"],
            cwd=folder,
            capture_output=True,
            env=environment(),
            timeout=60,
        )
        assert json.loads(done.stdout), done.stderr


def test_ctrl_c_while_modules_are_read_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(_: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("proxy.cli.main.main", interrupted)
    assert entry() == INTERRUPTED
