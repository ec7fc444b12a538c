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
from store.data_folder import DataFolder, default_path, named_path

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
        help="read from this API instead (default: $WIRETRAIL_SERVER)",
    )
    group.add_argument(
        "--token-file",
        metavar="FILE",
        help="file with the token for --server (default: $WIRETRAIL_TOKEN_FILE, else the text "
        "of $WIRETRAIL_TOKEN)",
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
        help="store, when it is not in the data folder (default: $WIRETRAIL_STORE)",
    )


def folder_of(args: argparse.Namespace) -> DataFolder:
    """The data folder that the arguments name, or the default one."""
    return DataFolder(named_path(args.data) if args.data else default_path())


def open_source(args: argparse.Namespace) -> AbstractAsyncContextManager[Source]:
    """The source that the arguments name.

    Raises:
        UsageError: options that contradict each other.
        CommandError: there is no store, or no token.
    """
    if (server := server_of(args)) is not None:
        return api_of(args, server)
    from proxy.cli.local_source import LocalSource

    return LocalSource(store_of(args))


def server_of(args: argparse.Namespace) -> str | None:
    """The API that is to be asked: by `--server`, or by the environment where no flag names a
    store on this machine.

    Raises:
        UsageError: options that contradict each other.
    """
    for flag, value in (("--data", args.data), ("--store", args.store)):
        if value is not None and args.server is not None:
            raise UsageError(f"{flag} and --server name different sources; give one of them")
        if value is not None:
            return None
    return args.server or os.environ.get("WIRETRAIL_SERVER") or None


def api_of(args: argparse.Namespace, server: str) -> "ApiSource":
    """That API, with the token for it.

    Raises:
        UsageError: there is no token.
        CommandError: its file cannot be read.
    """
    file = args.token_file or os.environ.get("WIRETRAIL_TOKEN_FILE")
    if file:
        token = _token(Path(file))
    elif text := os.environ.get("WIRETRAIL_TOKEN", "").strip():
        token = _checked(text, "$WIRETRAIL_TOKEN")
    else:
        raise UsageError(
            "--server needs --token-file FILE (or $WIRETRAIL_TOKEN_FILE, $WIRETRAIL_TOKEN)"
        )
    from proxy.cli.api_source import ApiSource

    return ApiSource(server, token)


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
    # The folder that a flag names is looked at before the store of the environment.
    store = args.store or (None if args.data else os.environ.get("WIRETRAIL_STORE"))
    if store:
        return str(store)
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
    return _checked(text, str(file))


def _checked(text: str, place: str) -> str:
    if not text or not text.isascii() or not text.isprintable():
        raise CommandError(f"{place} holds no token; expected one line of text")
    return text
