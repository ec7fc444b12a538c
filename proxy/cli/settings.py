"""The flags that are settings, and the config that they give with environment and file."""

import argparse
import os
from typing import Any

from proxy.cli.errors import UsageError
from proxy.cli.terminal import note
from proxy.config import Config, ConfigError, load, warnings


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `up`."""
    config_arguments(parser)
    group = parser.add_argument_group("settings (over WIRETRAIL_* variables, over the file)")
    group.add_argument(
        "--listen",
        metavar="HOST:PORT",
        help="forward proxy for outgoing calls, or `off` (default: 127.0.0.1:8080)",
    )
    group.add_argument(
        "--incoming",
        metavar="HOST:PORT=URL",
        action="append",
        default=[],
        help="take webhooks there and pass them to the service at URL; repeatable",
    )
    group.add_argument(
        "--api", metavar="HOST:PORT", help="API and viewer (default: 127.0.0.1:8090)"
    )
    group.add_argument("--workers", metavar="N", help="processes that relay (default: 1)")
    group.add_argument("--store", metavar="URL", help="store (default: in the data folder)")
    group.add_argument(
        "--connect-to",
        metavar="HOST:PORT=ADDRESS:PORT",
        action="append",
        default=[],
        help="dial another address; name, SNI and Host stay; HOST may be *; repeatable",
    )
    group.add_argument(
        "--upstream-ca",
        metavar="FILE",
        action="append",
        default=[],
        help="PEM certificates trusted beside the system's; repeatable",
    )


def config_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what chooses config file and data folder."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        default=os.environ.get("WIRETRAIL_CONFIG"),
        help="config file (default: $WIRETRAIL_CONFIG)",
    )
    parser.add_argument(
        "--data",
        metavar="DIR",
        help="data folder (default: $WIRETRAIL_DATA, else the XDG data folder)",
    )


def config_of(args: argparse.Namespace) -> Config:
    """The config that file, environment and flags give.

    Raises:
        UsageError: one line for each mistake in it.
    """
    for warning in warnings():
        note(f"warning: {warning}")
    try:
        return load(args.config, overrides=overrides_of(args))
    except ConfigError as error:
        raise UsageError(str(error)) from None


def overrides_of(args: argparse.Namespace) -> dict[str, Any]:
    """The flags in the shape of the file."""
    found: dict[str, Any] = {}
    if args.data is not None:
        found["data"] = args.data
    if getattr(args, "store", None) is not None:
        found["store"] = args.store
    if (workers := getattr(args, "workers", None)) is not None:
        whole = workers.removeprefix("-").isdecimal()
        found["workers"] = int(workers) if whole else workers
    for flag, table, key in (("listen", "listen", "forward"), ("api", "api", "listen")):
        if (value := getattr(args, flag, None)) is not None:
            found[table] = {key: value}
    if incoming := getattr(args, "incoming", None):
        found["incoming"] = [_route(text) for text in incoming]
    upstream = {
        key: values
        for flag, key in (("connect_to", "connect_to"), ("upstream_ca", "ca"))
        if (values := getattr(args, flag, None))
    }
    return found | ({"upstream": upstream} if upstream else {})


def _route(text: str) -> dict[str, str]:
    """`HOST:PORT[/PREFIX]=URL` as an `[[incoming]]` table."""
    place, equals, url = text.partition("=")
    if not equals or not url:
        raise UsageError(
            f'--incoming: expected HOST:PORT=URL such as "127.0.0.1:9000=http://127.0.0.1:3000", '
            f'found "{text}"'
        )
    listen, slash, path = place.partition("/")
    return {"listen": listen, "path": slash + path or "/", "upstream": url}
