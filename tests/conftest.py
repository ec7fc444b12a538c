"""What holds for all tests: their names, and that they leave no connection behind."""

import inspect
from collections.abc import AsyncIterator

import pytest

from tests.support.connections import closed_connections


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Bytes that are no text are not part of a name: gzip, say, writes the time into them. Names
    are the same in every process that collects them, or xdist refuses to run."""
    if isinstance(val, bytes) and not (val.isascii() and val.decode().isprintable()):
        return argname
    return None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Tests with an event loop use `connections_are_closed`, and that before all others."""
    name = "connections_are_closed"
    awaits = isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.function)
    # Tests that differ by parameters share the list.
    if awaits and name not in item.fixturenames:
        item.fixturenames.insert(0, name)


@pytest.fixture
async def connections_are_closed() -> AsyncIterator[None]:
    """Fails the test that leaves a connection open. The garbage collector finds it too, but much
    later, and blames the test that runs then."""
    yield
    if left := await closed_connections():
        pytest.fail(f"connections were left open: {left}")
