"""Where the reading commands read: the local store, or an API of a sidecar elsewhere.

Both stand behind one interface, so that a command is written once. The local one calls the
query functions that the API calls; the other is imported only when `--server` is given.
"""

import argparse
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from proxy.cli.errors import CommandError, UsageError
from store.activity import Activity
from store.backend import Page
from store.data_folder import DataFolder, default_path

if TYPE_CHECKING:
    from proxy.cli.api_source import ApiSource

LARGEST_PAGE: Final = 1000

type Params = Mapping[str, list[str]]
"""Filters by name, as `store.filters.PARAMETERS` lists them."""


class Source(Protocol):
    """What the reading commands ask. Raises `StoreError`s and `CommandError`s."""

    async def page(self, params: Params, *, cursor: str | None, limit: int) -> Page:
        """One page of a list, newest first."""

    async def one(self, identifier: str) -> Activity | None:
        """One activity in full."""

    def follow(self, params: Params) -> AsyncGenerator[Activity]:
        """Activities that are inserted or changed from now on; does not end."""

    def export(self, params: Params, form: str) -> AsyncGenerator[bytes]:
        """The text of an export in pieces."""

    async def summary(self, params: Params) -> list[dict[str, Any]]:
        """Rows of the daily summary."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose the source."""
    group = parser.add_argument_group("source")
    local_arguments(group)
    group.add_argument(
        "--server",
        metavar="URL",
        default=os.environ.get("WIRETRAIL_SERVER"),
        help="read from this API instead (default: $WIRETRAIL_SERVER)",
    )
    group.add_argument(
        "--token-file",
        metavar="FILE",
        default=os.environ.get("WIRETRAIL_TOKEN_FILE"),
        help="file with the token for --server (default: $WIRETRAIL_TOKEN_FILE)",
    )


def local_arguments(parser: Any) -> None:
    """Add the options that choose a local store."""
    parser.add_argument(
        "--data",
        metavar="DIR",
        help="data folder (default: $WIRETRAIL_DATA, else the XDG data folder)",
    )
    parser.add_argument(
        "--store",
        metavar="URL",
        default=os.environ.get("WIRETRAIL_STORE"),
        help="store, when it is not in the data folder (default: $WIRETRAIL_STORE)",
    )


def folder_of(args: argparse.Namespace) -> DataFolder:
    """The data folder that the arguments name, or the default one."""
    return DataFolder(Path(args.data).expanduser() if args.data else default_path())


def open_source(args: argparse.Namespace) -> AbstractAsyncContextManager[Source]:
    """The source that the arguments name.

    Raises:
        UsageError: options that contradict each other.
        CommandError: there is no store, or no token.
    """
    if args.server is None:
        from proxy.cli.local_source import LocalSource

        return LocalSource(store_of(args))
    return api_of(args)


def api_of(args: argparse.Namespace) -> "ApiSource":
    """The API that `--server` names.

    Raises:
        UsageError: options that contradict each other.
        CommandError: there is no token.
    """
    if args.data is not None:
        raise UsageError("--data and --server name different sources; give one of them")
    if args.token_file is None:
        raise UsageError("--server needs --token-file FILE (or $WIRETRAIL_TOKEN_FILE)")
    from proxy.cli.api_source import ApiSource

    return ApiSource(args.server, _token(Path(args.token_file)))


async def collect(opened: Source, params: Params, *, cursor: str | None, limit: int) -> Page:
    """The newest activities that fit, from as many pages as it takes: a page has at most
    `LARGEST_PAGE`, and may be short when finding more would take long."""
    found = Page(items=[], next=cursor)
    while len(found.items) < limit:
        wanted = min(limit - len(found.items), LARGEST_PAGE)
        page = await opened.page(params, cursor=found.next, limit=wanted)
        found = Page(items=found.items + page.items, next=page.next)
        if page.next is None:
            break
    return found


def store_of(args: argparse.Namespace) -> str | Path:
    """The address of the store, or the database file of the data folder, which is there.

    Raises:
        CommandError: there is no store.
    """
    if args.store is not None:
        return str(args.store)
    path = folder_of(args).activity_db
    if not path.exists():
        raise CommandError(
            f"there is no activity log at {path}; `wiretrail up` starts one, --data names another"
        )
    return path


def _token(file: Path) -> str:
    try:
        text = file.expanduser().read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not text"
        raise CommandError(f"{file} cannot be read: {reason}") from None
    if not text or not text.isascii() or not text.isprintable():
        raise CommandError(f"{file} holds no token; expected one line of text")
    return text
