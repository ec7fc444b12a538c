"""Checks a config file and the files that it names, or shows every setting with its type,
default and meaning.

Exit code 0: the file is sound; 1: it is not, one line tells each mistake."""

import argparse
import os
from collections.abc import Sequence

from proxy.cli.errors import UsageError
from proxy.cli.table import Column, say_table
from proxy.cli.terminal import note, say, say_json
from proxy.config import (
    Config,
    ConfigError,
    Problem,
    check_authorities,
    listeners,
    load,
    warnings,
)
from proxy.config.describe import Setting, describe, markdown


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        default=os.environ.get("WIRETRAIL_CONFIG"),
        help="default: $WIRETRAIL_CONFIG",
    )
    parser.add_argument("--settings", action="store_true", help="show every setting")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print as JSON")
    form.add_argument("--markdown", action="store_true", help="settings as a Markdown table")


def run(args: argparse.Namespace) -> int:
    """Check the file, or show the settings."""
    if args.settings:
        _say_settings(args, describe())
        return 0
    if args.file is None:
        raise UsageError("expected FILE, or --settings")
    for warning in warnings():
        note(f"warning: {warning}")
    try:
        config = load(args.file)
    except ConfigError as error:
        return _say_problems(args, error.problems)
    problems: list[Problem] = []
    for examine in (listeners, check_authorities):
        try:
            examine(config)
        except ConfigError as error:
            problems += error.problems
    if problems:
        return _say_problems(args, problems)
    bound = listeners(config)
    if args.json:
        say_json({"ok": True, "problems": []})
        return 0
    say(f"{args.file} is sound: {_summary(config, [one.listener.name for one in bound])}")
    return 0


def _say_problems(args: argparse.Namespace, problems: Sequence[Problem]) -> int:
    if args.json:
        say_json({"ok": False, "problems": problems})
    else:
        for problem in problems:
            note(str(problem))
    return 1


def _summary(config: Config, names: list[str]) -> str:
    counts = {
        "organization": len(config.organization),
        "integration": len(config.integration),
        "rule": len(config.rule),
    }
    parts = [f"{n} {word}{'' if n == 1 else 's'}" for word, n in counts.items() if n]
    return ", ".join([*names, f"API {config.api.listen}", *parts])


def _say_settings(args: argparse.Namespace, settings: list[Setting]) -> None:
    if args.json:
        say_json(settings)
    elif args.markdown:
        say(markdown(settings))
    else:
        say_table(
            [
                Column(title="SETTING", style=lambda _: ("cyan",)),
                Column(title="TYPE", drop=1),
                Column(title="DEFAULT", least=10),
                Column(title="MEANING", least=30),
            ],
            [[one.key, one.type, one.default, one.text] for one in settings],
        )
