"""Connections that read: a few, read-only, opened when first needed and used by one query each."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiosqlite

from store.errors import StoreUnavailable
from store.sqlite import schema
from store.sqlite.compression import Decompressor
from store.sqlite.connection import store_errors
from store.sqlite.narrowing import Fragment
from store.sqlite.past import STATE, Kept, Past

SIZE: Final = 4
_BUSY_S: Final = 1.0


class Connection:
    """One read-only connection with what it needs to read compressed bodies."""

    def __init__(
        self, database: aiosqlite.Connection, identity: tuple[int, int], kept: Kept
    ) -> None:
        self._database = database
        self._kept = kept
        self._in_snapshot = False
        self.identity = identity
        self.decompressor = Decompressor()

    async def rows(self, statement: Fragment) -> list[Any]:
        """Every row of a statement. Cancelling interrupts it.

        Raises:
            StoreUnavailable: SQLite cannot read now.
        """
        try:
            with store_errors("read the store"):
                return list(await self._database.execute_fetchall(statement.sql, statement.values))
        except asyncio.CancelledError:
            # The thread works on until SQLite is told; the connection stays usable.
            await self._database.interrupt()
            raise

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[None]:
        """Statements within see the store at one moment. For short ones: the writer's
        checkpoints wait meanwhile. Within another one it is part of that."""
        if self._in_snapshot:
            yield
            return
        await self.rows(Fragment("BEGIN"))
        self._in_snapshot = True
        yield
        # After an error the connection is closed, and the transaction with it.
        self._in_snapshot = False
        await self.rows(Fragment("END"))

    async def past(self) -> Past:
        """What is kept of the past. For use within a `snapshot`."""
        return Past(self._kept, self.identity, await self.rows(STATE))

    async def learn_dictionaries(self) -> None:
        """Load the dictionaries that were made since the connection was opened."""
        for number, content in await self.rows(
            Fragment("SELECT number, content FROM dictionaries")
        ):
            if not self.decompressor.knows(number):
                self.decompressor.add(number, content)

    async def close(self) -> None:
        """Close it."""
        await self._database.close()


class Pool:
    """At most `SIZE` connections; whoever comes when all are in use waits."""

    def __init__(self, path: Path, keeps: Callable[[], bool] = lambda: True) -> None:
        """`keeps` tells whether connections stay open for the next query. In the process of a
        writer that cannot open the file they must not: what SQLite mapped read-only for one
        connection it uses for all, and the writer could not open it ever after."""
        self._path = path
        self._keeps = keeps
        self._kept = Kept()
        self._free: list[Connection] = []
        self._turns = asyncio.Semaphore(SIZE)
        self._opening: set[asyncio.Task[Connection]] = set()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection of one's own for a while.

        Raises:
            StoreUnavailable: there is no database, or it cannot be opened.
            SchemaTooNew: a newer program wrote it.
        """
        async with self._turns:
            connection = await self._take()
            try:
                yield connection
            except BaseException:
                await asyncio.shield(connection.close())
                raise
            if self._keeps():
                self._free.append(connection)
            else:
                await connection.close()

    async def close(self) -> None:
        """Close every connection that is not in use."""
        await asyncio.gather(*self._opening, return_exceptions=True)
        while self._free:
            await self._free.pop().close()

    async def _take(self) -> Connection:
        identity = _identity(self._path)
        while self._free:
            connection = self._free.pop()
            if connection.identity == identity:
                return connection
            await connection.close()  # the file was replaced
        return await self._open_in_any_case(identity)

    async def _open_in_any_case(self, identity: tuple[int, int]) -> Connection:
        """Open one to the end, also when the asker is cancelled meanwhile: a half-open connection
        of aiosqlite keeps its thread, and with it the process, for ever."""
        opening = asyncio.create_task(self._open(identity))
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            if opening.done():
                # Whoever closes the pool next may not come by the loop before.
                self._keep(opening)
            else:
                opening.add_done_callback(self._keep)
            raise

    def _keep(self, opening: asyncio.Task[Connection]) -> None:
        if not opening.cancelled() and opening.exception() is None:
            self._free.append(opening.result())

    async def _open(self, identity: tuple[int, int]) -> Connection:
        with store_errors(f"open {self._path}"):
            database = await aiosqlite.connect(
                f"{self._path.absolute().as_uri()}?mode=ro",
                uri=True,
                timeout=_BUSY_S,
                isolation_level=None,
            )
            try:
                connection = Connection(database, identity, self._kept)
                await _prepare(database, connection.decompressor)
            except BaseException:
                await database.close()
                raise
        return connection


async def _prepare(database: aiosqlite.Connection, decompressor: Decompressor) -> None:
    answers = [first(await database.execute_fetchall(question)) for question in schema.HEADER]
    version = schema.version_of(*answers)
    if version < len(schema.MIGRATIONS):
        raise StoreUnavailable(
            f"the database has schema version {version}; it is brought up to date when a"
            " keeper opens it (wiretrail up)"
        )
    await database.execute("PRAGMA query_only = ON")
    await database.execute("PRAGMA mmap_size = 0")
    await database.create_function("plain_text", 2, _tolerant(decompressor), deterministic=True)


def _tolerant(decompressor: Decompressor) -> Callable[[Any, Any], str | None]:
    """A body that cannot be read is not found; it must not break the search of all others."""

    def plain_text(value: str | bytes | None, dictionary: int | None) -> str | None:
        try:
            return decompressor.text(value, dictionary)
        except StoreUnavailable:
            return None

    return plain_text


def _identity(path: Path) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except OSError:
        raise StoreUnavailable(
            f"there is no store at {path}; start one with wiretrail up"
        ) from None
    return found.st_dev, found.st_ino


def first(rows: Iterable[Any]) -> Any:
    """The only value of the only row."""
    ((value,),) = rows
    return value
