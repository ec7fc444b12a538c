"""New TLS connections resume what the ones before have agreed on, towards both sides."""

import asyncio
import socket
import ssl
from pathlib import Path

from tests.addons.relay_world import (
    OK,
    answering,
    connect_to,
    read_request,
    tunnel,
    upstream,
    world,
)
from tests.support.certificates import Authority


async def test_upstream_sessions_are_resumed(tmp_path: Path) -> None:
    resumed: list[bool] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        resumed.append(writer.get_extra_info("ssl_object").session_reused)
        while await read_request(reader):
            writer.write(OK)

    authority = Authority(tmp_path)
    async with (
        upstream(script, authority.server_context("api.test", "other.test")) as server,
        world(
            tmp_path,
            upstream_ca=authority.file,
            connect_to=(connect_to("api.test", server.port), connect_to("other.test", server.port)),
        ) as w,
    ):
        for number, host in enumerate(("api.test", "api.test", "other.test", "api.test"), 1):
            reader, writer = await tunnel(w, host)
            writer.write(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % host.encode())
            assert await reader.readexactly(len(OK)) == OK
            writer.close()
            await w.sink.wait(number)
    # A session belongs to the name that was verified with it.
    assert resumed == [False, True, False, True]


async def test_clients_resume_their_sessions(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    def get(forward: int, ca: Path, session: ssl.SSLSession | None) -> tuple[bool, object]:
        context = ssl.create_default_context(cafile=str(ca))
        with socket.create_connection(("127.0.0.1", forward), 10) as plain:
            plain.sendall(b"CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n\r\n")
            assert plain.recv(1000).endswith(b"\r\n\r\n")
            context = contexts.setdefault("one", context)
            with context.wrap_socket(plain, server_hostname="api.test", session=session) as tls:
                tls.sendall(b"GET / HTTP/1.1\r\nHost: api.test\r\n\r\n")
                assert tls.recv(1000) == OK
                return bool(tls.session_reused), tls.session

    contexts: dict[str, ssl.SSLContext] = {}
    async with (
        upstream(answering(OK), authority.server_context("api.test")) as server,
        world(
            tmp_path, upstream_ca=authority.file, connect_to=(connect_to("api.test", server.port),)
        ) as w,
    ):
        first, session = await asyncio.to_thread(get, w.forward, w.ca, None)
        assert isinstance(session, ssl.SSLSession)
        second, _ = await asyncio.to_thread(get, w.forward, w.ca, session)
        await w.sink.wait(2)
    assert (first, second) == (False, True)
