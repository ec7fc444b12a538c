"""Lists recorded activities, newest first."""

import argparse
import asyncio
import time

from proxy.cli import filters, source
from proxy.cli.errors import UsageError
from proxy.cli.parser import Parser
from proxy.cli.rows import say_activities
from proxy.cli.terminal import note, say_json
from store.backend import Page


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("-n", "--limit", type=int, default=50, help="how many (default: 50)")
    if isinstance(parser, Parser):
        parser.opaque = ("--cursor",)
    parser.add_argument("--cursor", help="go on after a page: `next` of --json")
    parser.add_argument("--json", action="store_true", help="print `items` and `next` as JSON")
    filters.arguments(parser)
    source.arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print one list."""
    if args.limit < 1:
        raise UsageError(f"--limit: expected 1 or more, found {args.limit}")
    page = asyncio.run(_collect(args))
    if args.json:
        say_json(page)
        return 0
    say_activities(page.items, now=time.time_ns() // 1_000_000)
    if not page.items:
        note("nothing is recorded that fits")
    elif page.next is not None:
        note(f"more: --cursor={page.next}")
    return 0


async def _collect(args: argparse.Namespace) -> Page:
    async with source.open_source(args) as opened:
        return await source.collect(
            opened, filters.params_of(args), cursor=args.cursor, limit=args.limit
        )
