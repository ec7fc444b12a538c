"""Prints the variables that make a client use the sidecar and trust its certificates.

In a shell: eval "$(wiretrail env)". They serve curl, Python (requests, httpx, urllib), Node, Go,
Ruby, .NET, git, AWS tools and gRPC; Java needs options, which are printed as comments."""

import argparse
import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from proxy.cli.client_variables import Credentials, java_hint, merged_no_proxy, variables
from proxy.cli.errors import CommandError, UsageError
from proxy.cli.source import folder_of
from proxy.cli.terminal import note, say, say_json
from proxy.config.units import parse_address
from proxy.running import Place, running
from store.data_folder import DataFolder

SHELLS = ("sh", "fish", "powershell", "json")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("--shell", choices=SHELLS, help="form (default: by $SHELL)")
    parser.add_argument("--unset", action="store_true", help="print what removes them again")
    parser.add_argument(
        "--data",
        metavar="DIR",
        help="data folder (default: $WIRETRAIL_DATA, else the XDG data folder)",
    )
    parser.add_argument(
        "--listen",
        metavar="HOST:PORT",
        help="forward proxy (default: that of the running sidecar, else 127.0.0.1:8080)",
    )
    client_arguments(parser)


def client_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what concerns the client alone; `run` has these, too."""
    parser.add_argument(
        "--no-proxy",
        metavar="HOSTS",
        help="hosts to call directly (default: this machine, and $NO_PROXY)",
    )
    parser.add_argument("--user", help="user, where the proxy asks for one")
    parser.add_argument("--password-file", metavar="FILE", help="file with that user's password")


def run(args: argparse.Namespace) -> int:
    """Print the variables."""
    shell = args.shell or _shell()
    folder = folder_of(args)
    forward = forward_of(args, folder)
    from proxy.cli.authority import ensure_certificate

    ensure_certificate(folder)
    found = variables(
        folder,
        forward,
        credentials=credentials_of(args),
        no_proxy=merged_no_proxy(args.no_proxy),
    )
    if shell == "json":
        say_json(dict.fromkeys(found) if args.unset else found)
        return 0
    for line in _unset_lines(found, shell) if args.unset else set_lines(found, shell):
        say(line)
    if not args.unset:
        for line in java_hint(folder, forward):
            say(f"# {line}")
    return 0


def forward_of(args: argparse.Namespace, folder: DataFolder) -> Place:
    """The forward proxy that clients are to use.

    Raises:
        CommandError: the running sidecar has none.
        UsageError: the address cannot be read.
    """
    if args.listen is not None:
        try:
            address = parse_address(args.listen)
        except ValueError as error:
            raise UsageError(f"--listen: {error}") from None
        return Place(name="forward", direction="outgoing", host=address.host, port=address.port)
    sidecar = running(folder)
    if sidecar is None:
        note("no sidecar is running; start it with `wiretrail up`")
        return Place(name="forward", direction="outgoing", host="127.0.0.1", port=8080)
    if sidecar.forward is None:
        raise CommandError("the running sidecar has no forward proxy; start it with --listen")
    return sidecar.forward


def credentials_of(args: argparse.Namespace) -> Credentials | None:
    """User and password that the arguments name.

    Raises:
        UsageError: one without the other.
        CommandError: the file cannot be read.
    """
    if args.user is None and args.password_file is None:
        return None
    if args.user is None or args.password_file is None:
        raise UsageError("--user and --password-file belong together")
    try:
        password = Path(args.password_file).expanduser().read_text().strip()
    except OSError as error:
        raise CommandError(f"{args.password_file} cannot be read: {error.strerror}") from None
    return Credentials(args.user, password)


def set_lines(found: Mapping[str, str], shell: str) -> list[str]:
    """The lines that set the variables."""
    if shell == "fish":
        return [f"set -gx {name} {_fish(value)}" for name, value in found.items()]
    if shell == "powershell":
        return [f"$env:{name} = {_powershell(value)}" for name, value in found.items()]
    return [f"export {name}={shlex.quote(value)}" for name, value in found.items()]


def _unset_lines(found: Mapping[str, str], shell: str) -> list[str]:
    if shell == "fish":
        return [f"set -e {name}" for name in found]
    if shell == "powershell":
        return [f"Remove-Item -ErrorAction Ignore Env:{name}" for name in found]
    return [f"unset {name}" for name in found]


def _fish(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _powershell(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _shell() -> str:
    name = Path(os.environ.get("SHELL", "sh")).name
    return {"fish": "fish", "pwsh": "powershell"}.get(name, "sh")
