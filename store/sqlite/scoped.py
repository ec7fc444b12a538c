"""The way from a scope and a filter to conditions: names in them are looked up first."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from store.filters import ActivityFilter
from store.scope import Scope
from store.sqlite.narrowing import Fragment, Narrowing, Resolved, narrow, resolved, resolving
from store.sqlite.pool import Connection, Pool
from store.sqlite.users import MARK


@asynccontextmanager
async def scoped(
    pool: Pool, scope: Scope, where: ActivityFilter
) -> AsyncIterator[tuple[Connection, Narrowing]]:
    """A connection for a while, and what may be seen through it."""
    async with pool.connection() as connection:
        yield connection, await narrowed(connection, scope, where)


async def narrowed(connection: Connection, scope: Scope, where: ActivityFilter) -> Narrowing:
    """A scope and a filter as conditions."""
    numbers = Resolved(organizations=None, integrations=None)
    if question := resolving(scope, where):
        numbers = resolved(where, await connection.rows(question))
    if (where.words or where.without) and scope.bodies:
        # Bodies that were compressed with a dictionary are searched, too.
        await connection.learn_dictionaries()
    users_below = None
    if any(condition.column == "user_id" for condition in where.conditions):
        users_below = next((mark for (mark,) in await connection.rows(Fragment(MARK))), None)
    return narrow(scope, where, numbers, users_below)
