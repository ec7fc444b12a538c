"""Writes activities in full, newest first, as CSV, NDJSON or HAR 1.2."""

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import BinaryIO

from proxy.cli import filters, source
from proxy.cli.errors import CommandError

FORMATS = ("csv", "ndjson", "har")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="default: what the name of --output ends with, else ndjson",
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write there (mode 0600) instead of to the output"
    )
    filters.arguments(parser)
    source.arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Write the export."""
    suffix = Path(args.output).suffix.lstrip(".") if args.output else ""
    form = args.format or (suffix if suffix in FORMATS else "ndjson")
    if args.output is None or args.output == "-":
        asyncio.run(_export(args, form, sys.stdout.buffer))
        return 0
    target = Path(args.output)
    # A half-written export under the wanted name would look like a whole one.
    draft = target.with_name(f".{target.name}.part")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            asyncio.run(_export(args, form, file))
        os.replace(draft, target)
    except OSError as error:
        raise CommandError(f"{target} cannot be written: {error.strerror}") from None
    finally:
        draft.unlink(missing_ok=True)
    return 0


async def _export(args: argparse.Namespace, form: str, file: BinaryIO) -> None:
    async with source.open_source(args) as opened:
        async for piece in opened.export(filters.params_of(args), form):
            file.write(piece)
    file.flush()
