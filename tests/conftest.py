"""What holds for all tests: their names, and that they leave no connection behind."""

import asyncio
import inspect
from collections.abc import AsyncIterator

import pytest


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Bytes that are no text are not part of a name: gzip, say, writes the time into them. Names
    are the same in every process that collects them, or xdist refuses to run."""
    if isinstance(val, bytes) and not (val.isascii() and val.decode().isprintable()):
        return argname
    return None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Tests with an event loop use `closed_transports`, and that before all others."""
    if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.function):
        item.fixturenames.insert(0, "closed_transports")


@pytest.fixture
async def closed_transports() -> AsyncIterator[None]:
    """Fails the test that leaves a connection open. The garbage collector finds it too, but much
    later, and blames the test that runs then."""
    yield
    transports = asyncio.get_running_loop()._transports  # type: ignore[attr-defined]
    for _ in range(2000):
        left = [each for each in transports.values() if each._sock is not None]
        if not left:
            return
        await asyncio.sleep(0.001)
    pytest.fail(f"connections were left open: {left}")
