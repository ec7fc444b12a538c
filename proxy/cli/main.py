"""Finds the command's file, parses its arguments, and turns errors into one line and a code."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Final, Protocol, cast

from proxy.cli.errors import CommandError
from proxy.cli.parser import Parser
from proxy.cli.terminal import note, say
from store.errors import FilterError, StoreError

GROUPS: Final = {
    "Record": {
        "up": "start the sidecar",
        "run": "run a command with its calls going through the sidecar",
        "demo": "watch real calls and webhooks being recorded, without a network",
        "env": "print the variables that make a client use the sidecar",
        "ca": "show the certificate that clients trust",
        "doctor": "find out why something does not work",
    },
    "Read": {
        "list": "list recorded activities",
        "show": "show one activity in full",
        "tail": "follow activities as they happen",
        "stats": "count activities, failures and response times",
        "export": "write activities as CSV, NDJSON or HAR",
    },
    "Administer": {
        "serve": "serve API and viewer over an existing store",
        "token": "create, list and revoke API tokens",
        "prune": "delete old activities now",
        "check": "check a config file; show every setting",
        "redact": "show what redaction cuts; redact stored rows anew",
    },
}
COMMANDS: Final = {name: line for group in GROUPS.values() for name, line in group.items()}

INTERRUPTED: Final = 128 + signal.SIGINT
OUTPUT_CLOSED: Final = 128 + signal.SIGPIPE


class Command(Protocol):
    """What the file of a command offers; its docstring is the description in `--help`."""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's own arguments."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it; returns the exit code."""


def main(argv: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    try:
        code = _dispatch(list(argv))
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (`head`, a pager) has gone. Nothing is left to say, also not at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OUTPUT_CLOSED
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def _dispatch(argv: list[str]) -> int:
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(overview(), file=sys.stdout if argv else sys.stderr)
        return 0 if argv else 2
    if argv[0] in ("-V", "--version", "version"):
        from proxy.version import version

        say(f"wiretrail {version()}")
        return 0
    name = argv[0]
    if name not in COMMANDS:
        close = get_close_matches(name, COMMANDS, n=1)
        hint = f'; did you mean "{close[0]}"?' if close else "; `wiretrail --help` lists them"
        return _failed("", f'unknown command "{name}"{hint}', 2)
    command, parser = build(name)
    args = parser.parse_command(argv[1:])
    try:
        return command.run(args)
    except CommandError as error:
        return _failed(name, str(error), error.exit_code)
    except FilterError as error:
        return _failed(name, str(error), 2)
    except StoreError as error:
        return _failed(name, str(error), 1)
    except OSError as error:
        if error.filename is None:
            raise
        return _failed(name, f"{error.filename}: {error.strerror}", 1)


def build(name: str) -> tuple[Command, Parser]:
    """A command's module and its parser."""
    module = import_module(f"proxy.cli.{name}")
    parser = Parser(
        prog=f"wiretrail {name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command = cast(Command, module)
    command.arguments(parser)
    return command, parser


def overview() -> str:
    """The text of `wiretrail --help`."""
    lines = ["usage: wiretrail COMMAND [OPTIONS]", "", "Keeps the activity log of integrations."]
    for title, commands in GROUPS.items():
        lines += ["", f"{title}:"]
        lines += [f"  {name:<8} {text}" for name, text in commands.items()]
    lines += [
        "",
        "`wiretrail COMMAND --help` tells more. `wiretrail --version` prints the version.",
    ]
    return "\n".join(lines)


def _failed(command: str, message: str, code: int) -> int:
    prefix = f"wiretrail {command}".strip()
    for line in message.splitlines() or [""]:
        note(f"{prefix}: {line}")
    return code
