"""Reads the local store, by the query functions that the API calls."""

import asyncio
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from proxy.cli.source import Params
from store.activity import Activity
from store.backend import Page
from store.filters import ActivityFilter, parse_filter
from store.open_store import open_reader
from store.scope import SERVICE

_POLL_SECONDS: Final = 0.2
_BATCH: Final = 500


class LocalSource:
    """A store of this machine, seen by its operator: all organizations, with bodies."""

    def __init__(self, store: str | Path) -> None:
        self._reader = open_reader(store)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._reader.close()

    async def page(self, params: Params, *, cursor: str | None, limit: int) -> Page:
        """One page of a list, newest first."""
        return await self._reader.page(SERVICE, _filter(params), cursor=cursor, limit=limit)

    async def one(self, identifier: str) -> Activity | None:
        """One activity in full."""
        return await self._reader.one(SERVICE, identifier)

    async def follow(self, params: Params) -> AsyncGenerator[Activity]:
        """Activities from now on. Another process writes them, so the store is asked again and
        again."""
        where = _filter(params)
        position = await self._reader.last_seq()
        while True:
            rows = await self._reader.changes(SERVICE, where, after=position, limit=_BATCH)
            for row in rows:
                yield row
            if rows:
                position = rows[-1].seq
            else:
                await asyncio.sleep(_POLL_SECONDS)

    async def export(self, params: Params, form: str) -> AsyncGenerator[bytes]:
        """The text of an export in pieces."""
        from proxy.version import version
        from store.export import export_text

        rows = self._reader.export(SERVICE, _filter(params))
        async for piece in export_text(form, rows, version()):
            yield piece.encode()

    async def summary(self, params: Params) -> list[dict[str, Any]]:
        """Rows of the daily summary."""
        return await self._reader.summary(SERVICE, _filter(params))


def _filter(params: Params) -> ActivityFilter:
    return parse_filter(params, time.time_ns() // 1_000_000)
