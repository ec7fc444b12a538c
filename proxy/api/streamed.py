"""An answer in pieces that ends when its reader has gone, and bounds what a slow one costs.

Pieces are made only as fast as they are taken: the server's `send` waits while its buffer for
the connection is full, so that one piece and that buffer are all the memory a reader can hold.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing

from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class ReaderStalled(Exception):
    """The reader of an answer takes nothing any more."""


class StreamedResponse(Response):
    """Sends what a generator yields; the generator is closed in any case."""

    def __init__(
        self,
        pieces: Callable[[], AsyncGenerator[bytes]],
        *,
        headers: Mapping[str, str],
        stall_seconds: float,
        closing: asyncio.Event | None = None,
    ) -> None:
        """`pieces` is called when sending begins (never for HEAD). A reader that takes nothing
        for `stall_seconds` is left. When `closing` is set the answer ends in good order."""
        super().__init__(headers=dict(headers))
        del self.headers["content-length"]
        self._pieces = pieces
        self._stall_seconds = stall_seconds
        self._closing = closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        work = asyncio.create_task(self._send(send))
        ends = {asyncio.create_task(_gone(receive))}
        stop = None
        if self._closing is not None:
            stop = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait(
                {work, *ends, *([stop] if stop else [])}, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for task in (work, *ends, *([stop] if stop else [])):
                if not task.done() or task is work:
                    task.cancel()
            await asyncio.gather(work, *ends, return_exceptions=True)
        if work.cancelled():
            if stop is not None and stop.done():
                await self._piece(send, b"", more=False)
        elif (error := work.exception()) and not isinstance(error, ReaderStalled):
            raise error

    async def _send(self, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        async with aclosing(self._pieces()) as pieces:
            async for piece in pieces:
                await self._piece(send, piece, more=True)
        await self._piece(send, b"", more=False)

    async def _piece(self, send: Send, piece: bytes, *, more: bool) -> None:
        try:
            async with asyncio.timeout(self._stall_seconds):
                await send({"type": "http.response.body", "body": piece, "more_body": more})
        except TimeoutError:
            # Returning without the last piece makes the server cut the connection.
            raise ReaderStalled from None


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
