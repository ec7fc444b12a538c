"""Deletes what is too old now, instead of bit by bit: rows by `retention.keep`, bodies by
`retention.keep_bodies`, or by the ages given here. Gives the space back.

A running sidecar owns its store and prunes it all the time; stop it before."""

import argparse
import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from proxy.cli import settings
from proxy.cli.errors import CommandError, UsageError
from proxy.cli.terminal import say, say_json
from proxy.cli.words import size
from proxy.config import data_folder, store_address, store_options
from proxy.config.keeping import milliseconds
from proxy.running import running
from store.errors import StoreLocked
from store.filters import EVERYTHING, nearest
from store.open_store import open_reader, open_writer
from store.options import StoreOptions
from store.scope import SERVICE

# What is free in the file beyond this is given back; a prune leaves next to nothing.
_SPARE: Final = 0


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    settings.config_arguments(parser)
    parser.add_argument("--store", metavar="URL", help="store (default: in the data folder)")
    parser.add_argument(
        "--older-than", metavar="AGE", help="age of rows that go, such as 30d (default: by config)"
    )
    parser.add_argument(
        "--bodies-older-than", metavar="AGE", help="age of headers and bodies that go"
    )
    parser.add_argument(
        "--organization",
        metavar="NAME",
        action="append",
        help="only rows of this one; repeatable; needs --older-than",
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(args: argparse.Namespace) -> int:
    """Prune; prints what went, and what the file took before and takes now."""
    config = settings.config_of(args)
    options = msgspec.structs.replace(chosen(args, store_options(config)), spare_bytes=_SPARE)
    path = data_folder(config).activity_db
    if config.store is None and not path.exists():
        raise CommandError(f"there is no activity log at {path}; --data names another")
    before = path.stat().st_size if path.exists() else 0
    try:
        writer = open_writer(store_address(config), options)
    except StoreLocked:
        sidecar = running(data_folder(config))
        owner = f"the sidecar (process {sidecar.pid})" if sidecar else "another process"
        raise CommandError(
            f"{owner} owns the store and prunes it by its [retention]; stop it before"
        ) from None
    steps = 0
    try:
        _check_names(args.organization or (), store_address(config))
        while writer.maintain(time.time_ns() // 1_000_000):
            steps += 1
        # At one moment: from one to the next there would be a little more to forget for ever.
        now = time.time_ns() // 1_000_000
        while writer.unindex(now):
            steps += 1
    finally:
        writer.close()
    after = path.stat().st_size if path.exists() else 0
    gone = writer.gone()
    if args.json:
        say_json(
            {
                "rows_deleted": gone.rows,
                "bodies_dropped": gone.bodies,
                "steps": steps,
                "bytes_before": before,
                "bytes_after": after,
            }
        )
    else:
        rows = f"{gone.rows} row{'s' * (gone.rows != 1)} deleted"
        say(
            f"{rows}, headers and bodies of {gone.bodies} dropped: "
            f"{size(after)}, {size(before)} before"
        )
    return 0


def _check_names(named: Sequence[str], store: str | Path) -> None:
    """A misspelt organization would prune nothing, in silence."""
    if not named:
        return
    known = asyncio.run(_organizations(store))
    for name in named:
        if name not in known:
            raise UsageError(
                f'--organization: nothing is recorded for "{name}"{nearest(name, known)}'
            )


async def _organizations(store: str | Path) -> set[str]:
    reader = open_reader(store)
    try:
        return {line["organization"] for line in await reader.summary(SERVICE, EVERYTHING)}
    finally:
        await reader.close()


def chosen(args: argparse.Namespace, configured: StoreOptions) -> StoreOptions:
    """The ages of this run: those given, else the configured ones.

    Raises:
        UsageError: an age cannot be read, or organizations are named without one.
    """
    rows = _age("--older-than", args.older_than)
    bodies = _age("--bodies-older-than", args.bodies_older_than)
    if args.organization and rows is None:
        raise UsageError("--organization needs --older-than AGE")
    if args.organization:
        return msgspec.structs.replace(
            configured,
            keep=None,
            organizations=dict.fromkeys(args.organization, rows),
            keep_bodies=bodies,
        )
    if rows is not None:
        configured = msgspec.structs.replace(configured, keep=rows, organizations={})
    if bodies is not None:
        configured = msgspec.structs.replace(configured, keep_bodies=bodies)
    return configured


def _age(flag: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        age = milliseconds(text)
    except ValueError as error:
        raise UsageError(f"{flag}: {error}") from None
    if age is None:
        raise UsageError(f"{flag}: expected an age such as 30d")
    return age
