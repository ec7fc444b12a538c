"""Closed-loop load through a CONNECT proxy, which wrk cannot do: TLS connections that are kept
or made anew for each request. Prints requests and latencies as JSON."""

import argparse
import asyncio
import json
import ssl
import time
from typing import Any

BODY = b'{"device":"dev_0001","reading":' + b"1" * 960 + b"}"


def request(host: str, *, close: bool) -> bytes:
    """One POST of 1 KB with usual headers."""
    return (
        b"POST /v1/devices HTTP/1.1\r\nHost: %b\r\nUser-Agent: bench/1\r\nAccept: */*\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n%b\r\n%b"
        % (host.encode(), len(BODY), b"Connection: close\r\n" if close else b"", BODY)
    )


def _complete(answer: bytes, end: int) -> bool:
    """Whether an answer whose head ends at `end` is all there; some proxies make it chunked."""
    head = answer[:end].lower() + b"\r\n"
    _, found, length = head.partition(b"\r\ncontent-length: ")
    if not found:
        return answer.endswith(b"\r\n0\r\n\r\n")
    return len(answer) >= end + 4 + int(length.partition(b"\r\n")[0])


class Client(asyncio.Protocol):
    """Sends a request as soon as the answer to the one before is complete."""

    def __init__(self, message: bytes, until: float, latencies: list[float]) -> None:
        self.message = message
        self.until = until
        self.latencies = latencies
        self.buffer = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.once = False

    def begin(self, transport: Any) -> None:
        self.transport = transport
        self.send()

    def send(self) -> None:
        self.sent = time.perf_counter()
        self.transport.write(self.message)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        if not _complete(self.buffer, end):
            return
        if not self.buffer.startswith(b"HTTP/1.1 200"):
            raise SystemExit("an answer that is not 200")
        self.buffer = b""
        now = time.perf_counter()
        self.latencies.append(now - self.sent)
        if self.once or now > self.until:
            self.finish()
        else:
            self.send()

    def finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        self.finish()


class Dial(asyncio.Protocol):
    """Waits for the answer to CONNECT."""

    def __init__(self) -> None:
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.buffer.endswith(b"\r\n\r\n"):
            self.answered.set_result(None)


async def connect(
    proxy: int, host: str, port: int, context: ssl.SSLContext, client: Client
) -> None:
    loop = asyncio.get_running_loop()
    transport, dial = await loop.create_connection(Dial, "127.0.0.1", proxy)
    transport.write(
        b"CONNECT %b:%d HTTP/1.1\r\nHost: %b\r\n\r\n" % (host.encode(), port, host.encode())
    )
    await dial.answered
    client.begin(await loop.start_tls(transport, client, context, server_hostname=host))


async def main(arguments: argparse.Namespace) -> None:
    context = ssl.create_default_context(cafile=arguments.ca)
    # Not every proxy's certificates have all that RFC 5280 asks for.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    latencies: list[float] = []
    until = time.perf_counter() + arguments.seconds
    message = request(f"{arguments.host}:{arguments.port}", close=arguments.fresh)

    async def one() -> None:
        while time.perf_counter() < until:
            client = Client(message, until, latencies)
            client.once = arguments.fresh
            await connect(arguments.proxy, arguments.host, arguments.port, context, client)
            await client.done
            client.transport.close()

    begun = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(arguments.connections)))
    elapsed = time.perf_counter() - begun
    if not latencies:
        raise SystemExit("no answer at all")
    latencies.sort()
    print(
        json.dumps(
            {
                "requests": len(latencies),
                "rate": len(latencies) / elapsed,
                "p50_ms": latencies[len(latencies) // 2] * 1000,
                "p99_ms": latencies[int(len(latencies) * 0.99)] * 1000,
            }
        )
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--proxy", type=int, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ca", required=True)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--fresh", action="store_true")
    given = parser.parse_args()
    try:
        import uvloop

        runner: Any = uvloop.run
    except ImportError:
        runner = asyncio.run
    runner(main(given))
