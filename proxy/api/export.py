"""Exports: everything that fits a filter, in full, streamed."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import cast

from proxy.api.activities import TAG
from proxy.api.endpoint import PREFIX, Call, Endpoint
from proxy.api.parameters import FILTERS, choice
from proxy.api.streamed import StreamedResponse
from store.activity import Activity
from store.export import FORMATS, export_text
from store.times import rfc3339

_FORMS = tuple(FORMATS)
_DEFAULT = "ndjson"


async def export_activities(call: Call) -> StreamedResponse:
    """Every activity that fits the filters, newest first, in full as far as the token's rights go.
    CSV cells that a spreadsheet would run are neutralised. An answer that breaks off is not
    whole: its connection ends without the last piece. Hanging up cancels the export."""
    form = call.choice("format", _FORMS, _DEFAULT)
    where = call.filter()
    services, scope = call.services, call.scope
    moment = rfc3339(services.clock())[:19].replace("-", "").replace(":", "")

    async def pieces() -> AsyncGenerator[bytes]:
        found = cast(AsyncGenerator[Activity], services.reader.export(scope, where))
        texts = export_text(form, found, services.about.version)
        async with aclosing(found), aclosing(cast(AsyncGenerator[str], texts)) as open_texts:
            async for text in open_texts:
                yield text.encode()
                # Others wait for their answers, too.
                await asyncio.sleep(0)

    return StreamedResponse(
        pieces,
        headers={
            "Content-Type": FORMATS[form],
            "Content-Disposition": f'attachment; filename="wiretrail-{moment}.{form}"',
            "X-Accel-Buffering": "no",
        },
        stall_seconds=services.settings.stall_seconds,
    )


EXPORT = Endpoint(
    "GET",
    f"{PREFIX}/activities/export",
    export_activities,
    "Export activities",
    TAG,
    parameters=(*FILTERS, choice("format", "what to write", _FORMS, _DEFAULT)),
    media=tuple(media.partition(";")[0] for media in FORMATS.values()),
)
