"""Runs a command with its calls going through the sidecar; starts one for it if none is running.

    wiretrail run -- python sync.py

Exit code: the command's, 128 + N when signal N ended it, 127 when it cannot be found."""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from proxy.cli.authority import ensure_certificate
from proxy.cli.client_variables import merged_no_proxy, variables
from proxy.cli.env import client_arguments, credentials_of
from proxy.cli.errors import CommandError, UsageError
from proxy.cli.sidecar_process import SidecarProcess
from proxy.cli.source import folder_of
from proxy.cli.terminal import note
from proxy.running import running

_NOT_FOUND = 127
_NOT_EXECUTABLE = 126


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.usage = "wiretrail run [OPTIONS] -- COMMAND [ARGUMENT ...]"
    parser.add_argument(
        "--data",
        metavar="DIR",
        help="data folder (default: $WIRETRAIL_DATA, else the XDG data folder)",
    )
    parser.add_argument("--config", metavar="FILE", help="config of a sidecar that is started")
    client_arguments(parser)
    parser.add_argument("command", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Run it; returns its exit code."""
    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not command:
        raise UsageError("expected a command: wiretrail run -- COMMAND [ARGUMENT ...]")
    folder = folder_of(args).ensure()
    ensure_certificate(folder)
    with ExitStack() as stack:
        sidecar = running(folder)
        if sidecar is None:
            options = ["--config", args.config] if args.config else []
            options += ["--listen", "127.0.0.1:0", "--api", "127.0.0.1:0"]
            process = stack.enter_context(SidecarProcess(folder, options))
            sidecar = process.wait_until_ready()
            note(f"wiretrail run: recording into {folder.path}")
        if sidecar.forward is None:
            raise CommandError("the running sidecar has no forward proxy; start it with --listen")
        client = variables(
            folder,
            sidecar.forward,
            credentials=credentials_of(args),
            no_proxy=merged_no_proxy(args.no_proxy),
        )
        return _run(command, os.environ | client)


def _run(command: Sequence[str], environment: dict[str, str]) -> int:
    """The command with our terminal; it gets Ctrl-C itself, SIGTERM is passed on."""
    sys.stdout.flush()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = subprocess.Popen(  # noqa: S603 - the command that the user gave
            command,
            env=environment,
            preexec_fn=lambda: signal.signal(signal.SIGINT, before),
        )
    except FileNotFoundError:
        note(f"wiretrail run: {command[0]}: not found")
        return _NOT_FOUND
    except OSError as error:
        note(f"wiretrail run: {command[0]}: {error.strerror}")
        return _NOT_EXECUTABLE
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: process.send_signal(received))
    code = process.wait()
    signal.signal(signal.SIGINT, before)
    return 128 - code if code < 0 else code
