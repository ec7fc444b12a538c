"""Follows activities as they happen: one line when an exchange begins to take long, one when it
ends."""

import argparse
import asyncio
import sys
import time
from contextlib import aclosing

from proxy.cli import filters, source
from proxy.cli.errors import UsageError
from proxy.cli.rows import live_line
from proxy.cli.terminal import say
from proxy.cli.words import is_final
from store.activity import Activity


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument(
        "-n", "--lines", type=int, default=10, help="how many older ones first (default: 10)"
    )
    parser.add_argument("--final", action="store_true", help="only exchanges that have ended")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--count", type=int, help="end after so many new lines")
    filters.arguments(parser)
    source.arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print until interrupted."""
    for name, value in (("--lines", args.lines), ("--count", args.count)):
        if value is not None and value < 0:
            raise UsageError(f"{name}: expected 0 or more, found {value}")
    asyncio.run(_follow(args))
    return 0


async def _follow(args: argparse.Namespace) -> None:
    params = filters.params_of(args)
    async with source.open_source(args) as opened:
        if args.lines > 0:
            page = await source.collect(opened, params, cursor=None, limit=args.lines)
            for activity in reversed(page.items):
                _say(activity, args)
        sys.stdout.flush()
        left = args.count
        if left == 0:
            return
        async with aclosing(opened.follow(params)) as activities:
            async for activity in activities:
                if _say(activity, args) and left is not None:
                    left -= 1
                    if left == 0:
                        return


def _say(activity: Activity, args: argparse.Namespace) -> bool:
    if args.final and not is_final(activity):
        return False
    if args.json:
        import msgspec

        say(msgspec.json.encode(activity).decode())
    else:
        say(live_line(activity, now=time.time_ns() // 1_000_000))
    # Each line at once, also into a pipe.
    sys.stdout.flush()
    return True
