"""Live activities as server-sent events (WHATWG HTML, 9.2), resumable without gaps or doubles.

The store is the buffer: every stream is a position in `seq`, and asks the store for what came
after it whenever something was committed. A reader that is slow, or was away, gets the same
events as a fast one, and nothing piles up for it here.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from time import monotonic
from typing import Final

import msgspec

from proxy.api.auth import authenticate, require
from proxy.api.endpoint import PREFIX, Call, Endpoint, Parameter
from proxy.api.metrics import ApiMetrics
from proxy.api.parameters import FILTERS
from proxy.api.problem import ProblemError
from proxy.api.services import ApiServices
from proxy.api.streamed import StreamedResponse
from store.activity import Activity
from store.filters import ActivityFilter
from store.tokens import Right

BATCH: Final = 200
"""Rows asked for at once; bounds what one stream holds."""
_MAX_SEQ: Final = 2**63 - 1
_SEQ: Final = {"type": "integer", "minimum": 0, "maximum": _MAX_SEQ}
_POLL_SECONDS: Final = 0.5
_COALESCE_SECONDS: Final = 0.05
"""From one answer to the next, commits are answered together: people cannot tell, and the store is
asked at most twenty times a second per stream."""
_RETRY_MS: Final = 2000
_encoder: Final = msgspec.json.Encoder()

_PARAMETERS: Final = (
    *FILTERS,
    Parameter("after", "begin after this `seq`; default: with what happens from now on", _SEQ),
    Parameter(
        "Last-Event-ID",
        "`seq` of the last event received; browsers send it when they connect again",
        _SEQ,
        where="header",
    ),
)


def endpoints(metrics: ApiMetrics) -> tuple[Endpoint, ...]:
    """The endpoint; open streams are counted in `metrics`."""

    async def stream(call: Call) -> StreamedResponse:
        """Events `activity`: one for each row that is inserted or changed, `data` as in lists,
        `id` its `seq`. A row that was `started` comes again when it is complete, under the same
        `id` field and a higher `seq`. Blocks with an `id` and no data only move the position.
        The stream ends when the token does."""
        services = call.services
        where = call.filter()
        position = await _position(call)

        async def pieces() -> AsyncGenerator[bytes]:
            mark = object()
            open_streams.add(mark)
            metrics.streams.set(len(open_streams))
            try:
                async with aclosing(_events(call, where, position)) as events:
                    async for piece in events:
                        yield piece
            finally:
                open_streams.discard(mark)
                metrics.streams.set(len(open_streams))

        if len(open_streams) >= services.settings.streams:
            raise ProblemError(503, "too many live streams are open", headers={"Retry-After": "5"})
        return StreamedResponse(
            pieces,
            headers={
                "Content-Type": "text/event-stream",
                # Reverse proxies that buffer would hold events back.
                "X-Accel-Buffering": "no",
            },
            stall_seconds=services.settings.stall_seconds,
            closing=services.closing,
        )

    open_streams: set[object] = set()
    return (
        Endpoint(
            "GET",
            f"{PREFIX}/activities/stream",
            stream,
            "Follow activities live",
            "activities",
            parameters=_PARAMETERS,
            media=("text/event-stream",),
            problems=(503,),
        ),
    )


async def _position(call: Call) -> int:
    """Where the stream begins. A position beyond the newest row is of another store (an old one
    was replaced), and following it would show nothing for ever."""
    newest = await call.services.reader.last_seq()
    text = call.request.headers.get("last-event-id")
    if text:
        if not (text.isascii() and text.isdecimal() and int(text[:20]) <= _MAX_SEQ):
            raise ProblemError(422, "expected the id of an event", parameter="Last-Event-ID")
        return min(int(text), newest)
    return min(call.number("after", newest, 0, _MAX_SEQ), newest)


async def _events(call: Call, where: ActivityFilter, position: int) -> AsyncGenerator[bytes]:
    services = call.services
    reader = services.reader
    scope = call.scope
    heartbeat = services.settings.heartbeat_seconds
    checked = monotonic()
    horizon = position
    yield b"retry: %d\nid: %d\n\n" % (_RETRY_MS, position)
    while True:
        asked = monotonic()
        rows = await reader.changes(scope, where, after=position, limit=BATCH)
        if rows:
            position = rows[-1].seq
            yield b"".join(map(_event, rows))
        if len(rows) < BATCH:
            # Known before the rows were read: whatever was committed meanwhile has a higher seq.
            position = max(position, horizon)
            newest = await _changed(services, position, heartbeat)
            if newest is None:
                yield b": still here\nid: %d\n\n" % position
            else:
                await asyncio.sleep(asked + _COALESCE_SECONDS - monotonic())
                horizon = newest
        if monotonic() - checked >= heartbeat:
            checked = monotonic()
            if not _still_allowed(call):
                return


def _event(activity: Activity) -> bytes:
    return b"id: %d\nevent: activity\ndata: %b\n\n" % (activity.seq, _encoder.encode(activity))


async def _changed(services: ApiServices, position: int, seconds: float) -> int | None:
    """The highest `seq` of what was committed above `position`, `None` when nothing was within
    some seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            if services.wait_for_change is not None:
                return await services.wait_for_change(position)
            while (newest := await services.reader.last_seq()) <= position:  # noqa: ASYNC110 - another process writes
                await asyncio.sleep(_POLL_SECONDS)
            return newest
    return None


def _still_allowed(call: Call) -> bool:
    try:
        require(authenticate(call.request, call.services), Right.READ)
    except ProblemError:
        return False
    return True
