"""Connections that read: none is left behind, whenever its asker gives up."""

import asyncio
import contextlib
import threading
from pathlib import Path

import pytest

from store.sqlite.pool import Pool
from store.sqlite.writer import SqliteWriter


async def _use(pool: Pool) -> None:
    try:
        async with pool.connection():
            await asyncio.sleep(60)
    finally:
        await pool.close()


@pytest.mark.parametrize("opened", [False, True])
async def test_an_asker_that_is_cancelled_leaves_no_thread(tmp_path: Path, opened: bool) -> None:
    """While the connection is being opened, and in the moment when it has just been."""
    path = tmp_path / "activity.db"
    SqliteWriter(path).close()
    before = set(threading.enumerate())
    pool = Pool(path)
    asker = asyncio.create_task(_use(pool))
    await asyncio.sleep(0)
    (opening,) = pool._opening
    if opened:
        opening.add_done_callback(lambda _: asker.cancel())
    else:
        asker.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asker
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.parametrize("keeps", [False, True])
async def test_a_connection_stays_open_only_where_it_may(tmp_path: Path, keeps: bool) -> None:
    """What a connection opened on a read-only disk has mapped would keep a writer in the same
    process from ever opening the store."""
    path = tmp_path / "activity.db"
    SqliteWriter(path).close()
    pool = Pool(path, lambda: keeps)
    async with pool.connection():
        pass
    assert bool(pool._free) is keeps
    await pool.close()
