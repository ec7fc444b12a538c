"""The README tells the truth: its settings, commands, paths and names are those of the code."""

import re
import shlex
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from proxy.api.app import all_endpoints
from proxy.api.metrics import ApiMetrics
from proxy.cli.main import COMMANDS, build
from proxy.config.describe import describe, markdown
from proxy.config.environment import OTHER_VARIABLES, variables
from store.accounting import Accounting
from store.activity import ErrorCode

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def block_after(mark: str) -> str:
    """The fenced block that follows a comment."""
    found = re.search(rf"<!-- {re.escape(mark)} -->\n```\w+\n(.*?)\n```", README, re.DOTALL)
    assert found, f"no block after <!-- {mark} -->"
    return found.group(1)


def shell_lines() -> list[str]:
    """Every line of a shell block that runs `wiretrail`, comments and joins taken off."""
    blocks = re.findall(r"```sh\n(.*?)\n```", README, re.DOTALL)
    text = "\n".join(blocks).replace("\\\n", " ")
    calls = []
    for line in text.splitlines():
        for part in re.split(r"&&|\$\(|\)\"|<|(?<!-)>", line.split("  #")[0]):
            if found := re.search(r"(?:^|\s|/)wiretrail\s+(.+)$", part.strip()):
                calls.append(found.group(1).strip())
    return calls


def test_the_settings_are_those_of_the_code() -> None:
    told = re.search(r"<!-- settings -->\n(.*?)\n<!-- /settings -->", README, re.DOTALL)
    assert told is not None
    assert told.group(1) == markdown(describe()), (
        "paste what `wiretrail check --settings --markdown` prints"
    )


@pytest.mark.parametrize("call", shell_lines())
def test_a_command_of_the_readme_is_understood(call: str) -> None:
    name, *arguments = shlex.split(call)
    if name == "run":
        assert arguments[0] == "--"
        return
    _, parser = build(name)
    parser.parse_command(arguments)


def test_there_are_commands_to_check() -> None:
    assert len(shell_lines()) >= 12


def test_every_command_is_told() -> None:
    missing = [name for name in COMMANDS if f"wiretrail {name}" not in README]
    assert missing == []


def test_the_two_commands_install_from_this_clone() -> None:
    run, test = block_after("command: run"), block_after("command: test")
    assert "pip install ." in run
    assert "wiretrail demo" in run
    assert "wiretrail up" in run
    assert "pip install -e '.[dev]'" in test
    assert "pytest" in test


def test_variables_named_in_the_readme_exist() -> None:
    named = set(re.findall(r"\bWIRETRAIL_[A-Z_]*[A-Z]\b", README))
    assert named - variables().keys() - OTHER_VARIABLES.keys() == set()


def test_ci_runs_the_readmes_test_command() -> None:
    assert "readme_command test" in (ROOT / ".ci" / "run").read_text()


def test_files_named_in_the_readme_exist() -> None:
    named = set(re.findall(r"\b((?:store|addons|proxy|tests)/[\w/]+\.py)\b", README))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_paths_of_the_api_exist() -> None:
    table = README[README.index("| path | answers |") : README.index("A token sees")]
    told = list(re.findall(r"`(?:[A-Z]+ )?(/[\w/{}]+)[`?]", table))
    short = ("/summary", "/integrations", "/facets", "/timeline", "/gaps")
    paths = {"/api/v1" + path if path.startswith(short) else path for path in told}
    api_metrics = ApiMetrics(CollectorRegistry(), Accounting)
    shown = {
        re.sub(r"{(\w+):\w+}", r"{\1}", endpoint.path) for endpoint in all_endpoints(api_metrics)
    }
    assert len(paths) > 8
    assert sorted(path for path in paths if path not in shown) == []


def test_the_error_codes_are_those_of_the_code() -> None:
    table = README[README.index("| `error_code` | when |") : README.index("Measured on")]
    rows = table.strip().splitlines()[2:]
    told = [code for row in rows for code in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(told) == sorted(ErrorCode)


def test_modules_run_in_the_readme_exist() -> None:
    named = re.findall(r"python -m (tests(?:\.\w+)+)", README)
    assert named
    for name in named:
        path = ROOT / name.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), name
