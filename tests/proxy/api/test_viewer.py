from pathlib import Path

import httpx
import pytest

from proxy.api.services import ApiSettings
from tests.support.api_world import Server, World


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "viewer"
    (folder / "js").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>index</title>")
    (folder / "embed.html").write_text("<!doctype html><title>embed</title>")
    (folder / "embed.js").write_text("// embed")
    (folder / "js" / "app.js").write_text("// app")
    (folder / "__init__.py").write_text("secret = 1")
    (tmp_path / "outside.txt").write_text("outside")
    (folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    return folder


@pytest.fixture
async def pages(world: World, folder: Path):
    settings = ApiSettings(frame_ancestors=("https://app.example", "https://b.example"))
    server = Server(world.make_services(viewer=folder, settings=settings), world.notice)
    server.start()
    async with httpx.AsyncClient(base_url=server.url) as client:
        yield client
    server.stop()


@pytest.mark.parametrize(
    "path",
    ["/", "/analytics", "/sign-in", "/activities/0190163d", "/integrations", "/integrations/a%2Fb"],
)
async def test_every_address_of_the_viewer_is_its_page(pages: httpx.AsyncClient, path: str) -> None:
    answer = await pages.get(path)
    assert answer.status_code == 200
    assert "index" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


async def test_files_have_their_type(pages: httpx.AsyncClient) -> None:
    answer = await pages.get("/static/js/app.js")
    assert answer.text == "// app"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert (await pages.head("/static/js/app.js")).headers["content-length"] == "6"


async def test_the_tab_may_be_framed_by_the_named_origins_only(pages: httpx.AsyncClient) -> None:
    answer = await pages.get("/embed", params={"integration": "slack"})
    assert "embed" in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.endswith("frame-ancestors 'self' https://app.example https://b.example")
    assert "x-frame-options" not in answer.headers
    script = await pages.get("/embed.js")
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "access-control-allow-origin" not in script.headers


async def test_a_file_is_sent_again_only_when_it_has_changed(
    pages: httpx.AsyncClient, folder: Path
) -> None:
    first = await pages.get("/static/js/app.js")
    etag = first.headers["etag"]
    for known in (etag, f'"x", W/{etag}', "*"):
        again = await pages.get("/static/js/app.js", headers={"If-None-Match": known})
        assert again.status_code == 304
        assert again.content == b""
    (folder / "js" / "app.js").write_text("// another")
    changed = await pages.get("/static/js/app.js", headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.text == "// another"


@pytest.mark.parametrize(
    "path",
    [
        "/static/__init__.py",
        "/static/nothing.js",
        "/static/",
        "/static/js",
        "/static/link.txt",
        "/static/%2e%2e/outside.txt",
        "/static/..%2foutside.txt",
        "/static//etc/hosts.txt",
        "/static/%00.js",
        "/static/" + "a" * 5000 + ".js",
    ],
)
async def test_nothing_else_is_there(pages: httpx.AsyncClient, path: str) -> None:
    answer = await pages.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_pages_are_only_read(pages: httpx.AsyncClient) -> None:
    answer = await pages.post("/")
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_link_to_nowhere_shows_a_page_to_people(pages: httpx.AsyncClient) -> None:
    for path in ("/nowhere", "/api/v1/nowhere"):
        answer = await pages.get(path, headers={"Accept": "text/html,*/*;q=0.8"})
        assert answer.status_code == 404
        assert "index" in answer.text
        program = await pages.get(path)
        assert program.headers["content-type"] == "application/problem+json"
