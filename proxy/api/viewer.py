"""The viewer's files. They hold no data, so they need no token; what they show, they ask the
API for."""

import hashlib
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from proxy.api.problem import problem

MEDIA_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
"""What is served, by suffix; anything else in the folder is not there."""

PAGES: Final = (
    "/",
    "/sign-in",
    "/analytics",
    "/activities/{id}",
    "/integrations",
    "/integrations/{name:path}",
)
"""Addresses of the viewer's one page, which reads the address itself."""

_CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'; frame-ancestors {ancestors}"
)
_EMBED_SCRIPT: Final = "embed.js"


class ViewerFiles:
    """Serves one folder; a file is read again when it has changed."""

    def __init__(self, folder: Path, frame_ancestors: tuple[str, ...]) -> None:
        self._folder = folder.resolve()
        # Our own sample page frames the tab too.
        self._ancestors = " ".join(("'self'", *frame_ancestors))
        self._kept: dict[Path, tuple[tuple[int, int], bytes, str]] = {}

    def routes(self) -> list[Route]:
        """Pages, the embeddable tab and its script, and every file below `/static/`."""
        return [
            *(Route(path, self._page) for path in PAGES),
            Route("/embed", self._embed),
            Route(f"/{_EMBED_SCRIPT}", self._embed_script),
            Route("/favicon.ico", self._favicon),
            Route("/static/{file:path}", self._file),
        ]

    def missing(self, request: Request) -> Response | None:
        """The viewer's page for somebody who followed a link to nowhere; `None` for programs."""
        if request.method != "GET" or "text/html" not in request.headers.get("accept", ""):
            return None
        response = self._send(request, "index.html")
        response.status_code = 404
        return response

    async def _page(self, request: Request) -> Response:
        return self._send(request, "index.html", ancestors="'none'")

    async def _embed(self, request: Request) -> Response:
        """The tab that other teams' pages frame."""
        return self._send(request, "embed.html", ancestors=self._ancestors)

    async def _embed_script(self, request: Request) -> Response:
        """The script that other teams' pages load; it makes the frame."""
        response = self._send(request, _EMBED_SCRIPT)
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response

    async def _favicon(self, request: Request) -> Response:
        return self._send(request, "favicon.svg")

    async def _file(self, request: Request) -> Response:
        return self._send(request, request.path_params["file"])

    def _send(self, request: Request, name: str, ancestors: str = "'none'") -> Response:
        found = self._read(name)
        if found is None:
            return problem(404, "there is nothing at this path")
        content, etag, media_type = found
        headers = {
            "Cache-Control": "no-cache",
            "Content-Security-Policy": _CSP.format(ancestors=ancestors),
            "ETag": etag,
        }
        known = request.headers.get("if-none-match", "")
        if known == "*" or etag in (one.strip().removeprefix("W/") for one in known.split(",")):
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=media_type)

    def _read(self, name: str) -> tuple[bytes, str, str] | None:
        media_type = MEDIA_TYPES.get(Path(name).suffix)
        if media_type is None or "\0" in name:
            return None
        try:
            path = (self._folder / name).resolve(strict=True)
            status = path.stat()
        except OSError:
            return None
        if not path.is_relative_to(self._folder) or not path.is_file():
            return None
        stamp = (status.st_mtime_ns, status.st_size)
        kept = self._kept.get(path)
        if kept is None or kept[0] != stamp:
            content = path.read_bytes()
            etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
            kept = self._kept[path] = (stamp, content, etag)
        return kept[1], kept[2], media_type
