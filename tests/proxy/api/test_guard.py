import json
import logging
import socket

import httpx
import pytest

from proxy.api.guard import host_allowed
from proxy.api.services import ApiSettings
from store.errors import StoreUnavailable
from tests.support.api_world import Server, World

SECRET = "sk_" + "live_" + "51H8abcdefghij"


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8090", "127.0.0.1:8090", "[::1]:8090", "192.168.1.7", "a.localhost",
     "localhost."],
)  # fmt: skip
def test_addresses_and_localhost_cannot_be_rebound(host: str) -> None:
    assert host_allowed(host, frozenset())


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "evil.example:8090", "127.0.0.1.evil.example", "localhost.evil.example",
     "127.0.0.1@evil.example", "[::1", "notlocalhost"],
)  # fmt: skip
def test_other_names_are_refused(host: str) -> None:
    assert not host_allowed(host, frozenset({"wiretrail.internal"}))


def test_names_may_be_allowed() -> None:
    assert host_allowed("wiretrail.internal:8090", frozenset({"wiretrail.internal"}))
    assert host_allowed("anything.example", frozenset({"*"}))


@pytest.mark.parametrize("path", ["/", "/metrics", "/healthz", "/api/v1/activities"])
async def test_a_rebound_name_gets_nothing(anyone: httpx.AsyncClient, path: str) -> None:
    answer = await anyone.get(path, headers={"Host": "evil.example"})
    assert answer.status_code == 421
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/activities", "/nothing"])
async def test_every_answer_bears_the_security_headers(
    anyone: httpx.AsyncClient, path: str
) -> None:
    answer = await anyone.get(path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/nothing", "/api/v1", "/api/v1/", "/api/v2/activities", "/api/v1/activities/", "//"]
)
async def test_no_such_path_is_a_problem(anyone: httpx.AsyncClient, path: str) -> None:
    answer = await anyone.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "Not Found"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE"])
async def test_another_method_is_told_which_ones_there_are(
    client: httpx.AsyncClient, method: str
) -> None:
    answer = await client.request(method, "/api/v1/activities")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST"
    assert answer.headers["content-type"] == "application/problem+json"


class TestBodies:
    PATH = "/api/v1/tokens"

    async def test_only_json_is_read(self, client: httpx.AsyncClient) -> None:
        answer = await client.post(self.PATH, content=b"{}", headers={"Content-Type": "text/plain"})
        assert answer.status_code == 415

    @pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"name": NaN}', b'{"name"'])
    async def test_what_is_no_json_is_400(self, client: httpx.AsyncClient, body: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        answer = await client.post(self.PATH, content=body, headers=headers)
        assert answer.status_code == 400

    async def test_a_wrong_field_is_named(self, client: httpx.AsyncClient) -> None:
        answer = await client.post(self.PATH, json={"name": "x", "rights": ["read", 7]})
        assert answer.status_code == 422
        assert answer.json()["parameter"] == "$.rights[1]"

    async def test_an_unknown_field_is_named(self, client: httpx.AsyncClient) -> None:
        answer = await client.post(self.PATH, json={"name": "x", "rights": ["read"], "rihgts": 1})
        assert answer.status_code == 422
        assert "rihgts" in answer.json()["detail"]

    @pytest.mark.parametrize("chunked", [False, True])
    async def test_a_body_that_is_too_large_is_413(
        self, client: httpx.AsyncClient, chunked: bool
    ) -> None:
        async def pieces():
            for _ in range(40):
                yield b" " * 65536

        headers = {"Content-Type": "application/json"}
        content = pieces() if chunked else b" " * (40 * 65536)
        answer = await client.post(self.PATH, content=content, headers=headers)
        assert answer.status_code == 413


class _Broken:
    """A reader that fails as no reader should."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def page(self, *args: object, **kwargs: object) -> None:
        raise self._error

    async def close(self) -> None:
        pass


@pytest.fixture
def failing(world: World):
    started: list[Server] = []

    def start(error: Exception) -> Server:
        server = Server(world.make_services(reader=_Broken(error)), world.notice)
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


async def test_a_fault_of_ours_shows_and_logs_no_content(
    world: World, failing, caplog: pytest.LogCaptureFixture
) -> None:
    server = failing(ValueError(f"cannot handle {SECRET}"))
    caplog.set_level(logging.DEBUG)
    headers = {"Authorization": f"Bearer {world.token()}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers) as client:
        answer = await client.get("/api/v1/activities")
        metrics = (await client.get("/metrics")).text
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    name = answer.json()["instance"]
    assert SECRET not in answer.text
    assert SECRET not in caplog.text
    # The log says where, under the name that the client got.
    assert name in caplog.text
    assert "ValueError" in caplog.text
    assert "wiretrail_api_errors_total 1.0" in metrics


async def test_an_unreachable_store_is_503(world: World, failing) -> None:
    server = failing(StoreUnavailable("disk I/O error"))
    headers = {"Authorization": f"Bearer {world.token()}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers) as client:
        answer = await client.get("/api/v1/activities")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"


def test_bytes_that_are_no_request_do_not_harm(server: Server) -> None:
    for nonsense in (
        b"\x16\x03\x01\x02\x00",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"\n",
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw:
            raw.sendall(nonsense)
    with httpx.Client(base_url=server.url) as client:
        assert json.loads(client.get("/healthz").content) == {"status": "ok"}


async def test_settings_allow_names(world: World) -> None:
    settings = ApiSettings(allowed_hosts=frozenset({"wiretrail.internal"}))
    server = Server(world.make_services(settings=settings), world.notice)
    server.start()
    try:
        async with httpx.AsyncClient(base_url=server.url) as client:
            for host, status in (("wiretrail.internal", 200), ("evil.example", 421)):
                answer = await client.get("/healthz", headers={"Host": host})
                assert answer.status_code == status
    finally:
        server.stop()
