"""The mends of mitmproxy: the code that they stand on is unchanged, and they do what they say."""

import asyncio
import hashlib
import inspect
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from addons.mitmproxy_fixes import MENDED
from addons.settings import ConnectTo
from tests.addons.relay_world import OK, read_request, upstream, world
from tests.support.certificates import Authority

# SHA-256, first 16 digits, of the source in mitmproxy 12.2.3 with h2 4.3, then of later ones that
# were read. A change means: read the new code, look whether the mend is still needed and still
# right, then add the new digest.
DIGESTS = {
    "make_error_response": ("03ce75ab62e8e78b",),
    "format_error": ("26271a67770fbaf1",),
    "Http1Connection.read_body": ("aece271029af36e4",),
    "Http1Client.send": ("35d961e20d481204",),
    "Http1Server.send": ("cc218a1337c0f5cf",),
    "Http2Connection._handle_event": ("a7f4a7a71d31074b", "7fc814a8a507f234"),
    "Http2Connection.handle_h2_event": ("f6b6a52b12548102",),
    "Http2Server.handle_h2_event": ("d24a023c678de6ce",),
    "WebsocketLayer.start": ("8445ad1cfb2fcca5",),
    "WebsocketLayer.relay_messages": ("2d451252c7287da0",),
    "WebsocketConnection": ("9c6f5dd6ece0042e",),
    "H2Connection._receive_goaway_frame": ("de018f94938e1001", "adb9adfae94088c4"),
    "Http2Client._handle_event": ("02de05a5b89f087b",),
    "Http2Client.handle_h2_event": ("ff6f4bd9271693b8",),
    "GetHttpConnection.connection_spec_matches": ("d1c7cdec843ece5f",),
    "HttpLayer.get_connection": ("1aa1c63e3175766c",),
    "H2Connection.receive_data": ("23c10edc87abe72d", "4470c8fafce8153a"),
    "FrameBuffer": ("22fe5e16e85fce46", "660a8b118b91c32f"),
    "BufferedH2Connection": ("f983b7220f47b60a", "c085c1abb1f4c477"),
    "HttpLayer.event_to_child": ("1095f6e1581d1780",),
}


def test_every_mend_has_a_digest() -> None:
    assert {name for name, _ in MENDED} == set(DIGESTS)


@pytest.mark.parametrize(("name", "original"), MENDED, ids=[name for name, _ in MENDED])
def test_mended_code_is_unchanged(name: str, original: object) -> None:
    source = inspect.getsource(original)  # type: ignore[arg-type]
    assert hashlib.sha256(source.encode()).hexdigest()[:16] in DIGESTS[name]


async def test_http2_request_without_length_is_framed_for_http1(tmp_path: Path) -> None:
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: api.test\r\n\r\n"

    async def body() -> AsyncIterator[bytes]:
        yield smuggled
        await asyncio.sleep(0.01)
        yield b"end"

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await read_request(reader):
            writer.write(OK)

    authority = Authority(tmp_path)
    async with (
        upstream(script, authority.server_context("api.test")) as server,
        world(
            tmp_path,
            upstream_ca=authority.file,
            connect_to=(
                ConnectTo(host="api.test", port=443, address="127.0.0.1", address_port=server.port),
            ),
        ) as w,
    ):
        context = ssl.create_default_context(cafile=str(w.ca))
        async with httpx.AsyncClient(
            http2=True, http1=False, verify=context, proxy=f"http://127.0.0.1:{w.forward}"
        ) as client:
            answer = await client.post("https://api.test/", content=body())
        capture = await w.sink.only()
    assert answer.text == "ok"
    assert b"transfer-encoding: chunked" in server.text.lower()
    assert b"%x\r\n%b\r\n" % (len(smuggled), smuggled) in server.text
    assert capture.request_body == smuggled + b"end"


async def test_http1_trailers_reach_a_client_of_http2(tmp_path: Path) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n"
        )
        await reader.read()

    authority = Authority(tmp_path)
    async with (
        upstream(script, authority.server_context("api.test")) as server,
        world(
            tmp_path,
            upstream_ca=authority.file,
            connect_to=(
                ConnectTo(host="api.test", port=443, address="127.0.0.1", address_port=server.port),
            ),
        ) as w,
    ):
        context = ssl.create_default_context(cafile=str(w.ca))
        async with httpx.AsyncClient(
            http2=True, http1=False, verify=context, proxy=f"http://127.0.0.1:{w.forward}"
        ) as client:
            answer = await client.get("https://api.test/")
        capture = await w.sink.only()
    assert answer.text == "ok"
    assert [(n.lower(), v) for n, v in capture.response_trailers] == [(b"x-sum", b"7")]
