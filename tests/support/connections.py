"""What an event loop of a test has still open."""

import asyncio
from typing import Final

_PATIENCE_SECONDS: Final = 2.0


async def closed_connections() -> list[asyncio.Transport]:
    """Waits until every connection of this loop is closed; those that stay open all the same."""
    loop = asyncio.get_running_loop()
    transports = loop._transports  # type: ignore[attr-defined]
    deadline = loop.time() + _PATIENCE_SECONDS
    while True:
        left = [each for each in transports.values() if each._sock is not None]
        if not left or loop.time() > deadline:
            return left
        await asyncio.sleep(0.001)
