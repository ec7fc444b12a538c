"""aiohttp's server, logging what it is asked: `python aio.py PORT`."""

import json
import os
import sys
from pathlib import Path

from aiohttp import web

LOG = Path(os.environ["SEEN"])


def note(request: list[str]) -> None:
    with LOG.open("a") as log:
        log.write(json.dumps(request) + "\n")


async def answer(request: web.BaseRequest) -> web.Response:
    body = await request.read()
    note([request.method, request.raw_path, body.hex()])
    return web.Response(text="ok")


async def make() -> web.Application:
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    return app


if __name__ == "__main__":
    web.run_app(make(), host="127.0.0.1", port=int(sys.argv[1]), print=None)
