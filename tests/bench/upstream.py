"""A fast upstream for measurements: answers each request with 1 KB of JSON, plain and TLS."""

import argparse
import asyncio
import ssl
from typing import Any

BODY = b'{"id":"dev_0001","status":"ok","items":[' + b'{"k":"value"},' * 68 + b'{"k":1}]}'
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nServer: bench\r\n"
    b"X-Request-Id: 3f0c9e1a-77aa-4a5f-9d0c-0d7c5b0a2f11\r\nCache-Control: no-store\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
)


class Upstream(asyncio.Protocol):
    """Counts requests by Content-Length framing only; clients here send nothing else."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.buffer = b""
        self.missing = 0

    def data_received(self, data: bytes) -> None:
        if self.missing:
            self.missing -= len(data)
            if self.missing > 0:
                return
            data = data[len(data) + self.missing :]
            self.missing = 0
            self.transport.write(ANSWER)
        buffer = self.buffer + data if self.buffer else data
        while True:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                break
            size = end + 4
            at = buffer.lower().find(b"content-length:", 0, end)
            if at >= 0:
                size += int(buffer[at + 15 : buffer.index(b"\r\n", at)])
            if len(buffer) < size:
                self.missing = size - len(buffer)
                buffer = b""
                break
            buffer = buffer[size:]
            self.transport.write(ANSWER)
        self.buffer = buffer


async def serve(plain: int, tls: int, certificate: str) -> None:
    loop = asyncio.get_running_loop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    await loop.create_server(Upstream, "127.0.0.1", plain, backlog=1024)
    await loop.create_server(Upstream, "127.0.0.1", tls, ssl=context, backlog=1024)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("plain", type=int)
    parser.add_argument("tls", type=int)
    parser.add_argument("certificate")
    arguments = parser.parse_args()
    try:
        import uvloop

        runner = uvloop.run
    except ImportError:
        runner = asyncio.run
    runner(serve(arguments.plain, arguments.tls, arguments.certificate))
