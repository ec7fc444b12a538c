"""Creates, lists and revokes API tokens, on this machine or through --server.

`token digest` prints what `listen.credential.password_digest` takes, for a password on the
standard input."""

import argparse
import asyncio
import secrets
import sys
import time
from datetime import UTC, datetime

from proxy.cli.errors import CommandError, UsageError
from proxy.cli.source import arguments as source_arguments
from proxy.cli.table import Column, say_table
from proxy.cli.terminal import note, say, say_json
from proxy.cli.tokens import TokenLine, open_tokens
from store.filters import parse_time
from store.tokens import Right

_FOREVER = "never"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    actions = parser.add_subparsers(
        dest="action", required=True, metavar="ACTION", help="what to do"
    )
    create = actions.add_parser("create", help="make a token; its text is shown this once")
    create.add_argument("name", help="whom or what it is for")
    create.add_argument(
        "--organization",
        metavar="NAME",
        action="append",
        help="only what belongs to it; repeatable (default: all organizations)",
    )
    create.add_argument(
        "--right",
        action="append",
        choices=[right.value for right in Right],
        help="repeatable (default: read and bodies)",
    )
    create.add_argument("--expires", metavar="TIME", help="RFC 3339 time or span such as 90d")
    create.add_argument("--json", action="store_true", help="print token and text as JSON")
    listing = actions.add_parser("list", help="list the tokens that are valid now")
    listing.add_argument("--json", action="store_true", help="print a JSON list")
    revoke = actions.add_parser("revoke", help="end tokens and what they signed in")
    revoke.add_argument("id", nargs="+", help="id, as `token list` shows it")
    for action in (create, listing, revoke):
        source_arguments(action)
    actions.add_parser("digest", help="print the digest of a password from standard input")


def run(args: argparse.Namespace) -> int:
    """Do what the action says."""
    if args.action == "digest":
        return _digest()
    return asyncio.run(_run(args))


async def _run(args: argparse.Namespace) -> int:
    async with open_tokens(args) as tokens:
        if args.action == "create":
            rights = [Right(name) for name in args.right or [Right.READ, Right.BODIES]]
            line, text = await tokens.create(
                args.name, rights, args.organization, _expiry(args.expires)
            )
            if args.json:
                say_json({"token": line, "text": text})
            else:
                note(f"token {line.id} for {line.name}; this is the only time that it is shown:")
                say(text)
        elif args.action == "list":
            _say_tokens(await tokens.all(), as_json=args.json)
        else:
            missing = [name for name in args.id if not await tokens.revoke(name)]
            if missing:
                raise CommandError(f"there is no token {', '.join(missing)}")
    return 0


def _say_tokens(lines: list[TokenLine], *, as_json: bool) -> None:
    if as_json:
        say_json(lines)
        return
    columns = [
        Column(title="ID"),
        Column(title="NAME", least=8),
        Column(title="RIGHTS"),
        Column(title="ORGANIZATIONS", least=8),
        Column(title="CREATED", drop=1),
        Column(title="EXPIRES"),
    ]
    say_table(
        columns,
        [
            [
                line.id,
                line.name,
                ",".join(line.rights),
                "all" if line.organizations is None else ",".join(line.organizations),
                line.created_at,
                line.expires_at or _FOREVER,
            ]
            for line in lines
        ],
    )


def _expiry(text: str | None) -> int | None:
    """Unix milliseconds of an end: a time, or a span from now on."""
    if text is None or text == _FOREVER:
        return None
    now = time.time_ns() // 1_000_000
    at = parse_time("--expires", text, now)
    if at > now:
        return at
    if "-" in text:
        shown = datetime.fromtimestamp(at / 1000, UTC).date()
        raise UsageError(f"--expires: expected a time to come, {shown} has passed")
    return now + (now - at)


def _digest() -> int:
    from addons.settings import password_digest

    if sys.stdin.isatty():
        raise UsageError("expected the password on the standard input: `... token digest < FILE`")
    password = sys.stdin.buffer.read().strip()
    if not password:
        raise UsageError("the password on the standard input is empty")
    say(password_digest(password, secrets.token_hex(8)))
    return 0
