"""Promise 1 for gRPC: calls of every kind through the proxy are what they are directly, between
the real library's client and server."""

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from addons.settings import ConnectTo
from tests.addons.relay_world import world
from tests.faults.verdicts import Verdicts
from tests.support.certificates import Authority

grpc = pytest.importorskip("grpc")

HOST = "grpc.test"
BIG = bytes(range(256)) * 12_000
OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Service:
    """Notes what it gets."""

    def __init__(self) -> None:
        self.seen: list[object] = []
        self.cancelled = threading.Event()

    def _note(self, context: Any, *more: object) -> None:
        told = [(k, v) for k, v in context.invocation_metadata() if k.startswith("x-")]
        self.seen.append((told, *more))

    def unary(self, request: bytes, context: Any) -> bytes:
        self._note(context, request)
        context.send_initial_metadata((("x-first", "1"), ("x-raw-bin", b"\x00\xff")))
        context.set_trailing_metadata((("x-last", "a"), ("x-last", "b"), ("x-end-bin", b"\x01")))
        return request

    def fails(self, request: bytes, context: Any) -> bytes:
        self._note(context, request)
        context.set_trailing_metadata((("x-why", "no"),))
        context.abort(grpc.StatusCode.NOT_FOUND, "no such thing: \N{EURO SIGN}%")
        return b""

    def down(self, request: bytes, context: Any) -> Iterator[bytes]:
        self._note(context, request)
        for number in range(int(request)):
            yield b"%d" % number

    def down_fails(self, request: bytes, context: Any) -> Iterator[bytes]:
        yield b"1"
        yield b"2"
        context.abort(grpc.StatusCode.DATA_LOSS, "lost")

    def up(self, requests: Iterator[bytes], context: Any) -> bytes:
        got = list(requests)
        self._note(context, *got)
        return b"%d" % len(got)

    def both(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        for request in requests:
            yield request + b"!"

    def endless(self, request: bytes, context: Any) -> Iterator[bytes]:
        cancelled = self.cancelled
        context.add_callback(cancelled.set)
        yield b"1"
        yield b"2"
        cancelled.wait(10)

    def slow(self, request: bytes, context: Any) -> bytes:
        cancelled = self.cancelled
        context.add_callback(cancelled.set)
        cancelled.wait(10)
        return b""


def unary(channel: Any, name: str = "Unary", body: bytes = b"hi", **more: Any) -> list[object]:
    made = channel.unary_unary(f"/t.S/{name}")
    told = (("x-a", "1"), ("x-a", "2"), ("x-b-bin", bytes(range(256))))
    try:
        answer, call = made.with_call(body, metadata=told, timeout=8, **more)
    except grpc.RpcError as error:
        return _end(error)
    return [answer, *_end(call)]


def _end(call: Any) -> list[object]:
    first = [(k, v) for k, v in call.initial_metadata() or () if k.startswith("x-")]
    last = [(k, v) for k, v in call.trailing_metadata() or () if k.startswith("x-")]
    return [first, last, call.code(), call.details()]


def down(channel: Any, name: str = "Down", body: bytes = b"50") -> list[object]:
    call = channel.unary_stream(f"/t.S/{name}")(body, timeout=8)
    got: list[object] = []
    with suppress(grpc.RpcError):
        got.extend(call)
    return [*got, *_end(call)]


def up(channel: Any) -> list[object]:
    answer, call = channel.stream_unary("/t.S/Up").with_call(
        (b"m%d" % n for n in range(50)), timeout=8
    )
    return [answer, *_end(call)]


def ping_pong(channel: Any) -> list[object]:
    """Each message is sent when the answer to the one before has come."""
    waiting: queue.Queue[bytes | None] = queue.Queue()
    call = channel.stream_stream("/t.S/Both")(iter(waiting.get, None), timeout=8)
    got: list[object] = []
    for number in range(20):
        waiting.put(b"%d" % number)
        got.append(next(call))
    waiting.put(None)
    return [*got, *call, *_end(call)]


def cancel(channel: Any) -> list[object]:
    call = channel.unary_stream("/t.S/Endless")(b"", timeout=8)
    got = [next(call), next(call)]
    call.cancel()
    return [*got, call.code()]


def deadline(channel: Any) -> list[object]:
    try:
        channel.unary_unary("/t.S/Slow")(b"", timeout=0.5)
    except grpc.RpcError as error:
        return [error.code()]
    return ["answered"]


def many(channel: Any) -> list[object]:
    calls = [channel.unary_unary("/t.S/Unary").future(b"%d" % n, timeout=8) for n in range(100)]
    return [call.result() for call in calls]


CASES: dict[str, tuple[Callable[[Any], list[object]], int]] = {
    "unary with metadata": (unary, 1),
    "unary that fails": (lambda c: unary(c, "Fails"), 1),
    "unary with gzip": (lambda c: unary(c, compression=grpc.Compression.Gzip), 1),
    "an empty message": (lambda c: unary(c, body=b""), 1),
    "3 MB each way": (lambda c: unary(c, body=BIG), 1),
    "unknown method": (lambda c: unary(c, "Nothing"), 1),
    "server streaming": (down, 1),
    "server streaming without a message": (lambda c: down(c, body=b"0"), 1),
    "server streaming that fails": (lambda c: down(c, "DownFails"), 1),
    "client streaming": (up, 1),
    "both streaming, in turns": (ping_pong, 1),
    "cancelled by the client": (cancel, 1),
    "deadline of the client": (deadline, 1),
    "100 at once": (many, 100),
}


@contextmanager
def serving(service: Service, leaf: Path) -> Iterator[int]:
    """The service on loopback; gives the port."""
    handlers = {
        "Unary": grpc.unary_unary_rpc_method_handler(service.unary),
        "Fails": grpc.unary_unary_rpc_method_handler(service.fails),
        "Slow": grpc.unary_unary_rpc_method_handler(service.slow),
        "Down": grpc.unary_stream_rpc_method_handler(service.down),
        "DownFails": grpc.unary_stream_rpc_method_handler(service.down_fails),
        "Endless": grpc.unary_stream_rpc_method_handler(service.endless),
        "Up": grpc.stream_unary_rpc_method_handler(service.up),
        "Both": grpc.stream_stream_rpc_method_handler(service.both),
    }
    server = grpc.server(ThreadPoolExecutor(8), options=OPTIONS)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("t.S", handlers)])
    key, _, chain = leaf.read_bytes().partition(b"-----BEGIN CERTIFICATE-----")
    made = grpc.ssl_server_credentials([(key, b"-----BEGIN CERTIFICATE-----" + chain)])
    port = server.add_secure_port("127.0.0.1:0", made)
    server.start()
    try:
        yield port
    finally:
        server.stop(1).wait()


@pytest.mark.parametrize("case", CASES)
async def test_as_direct(folder: Path, authority: Authority, verdicts: Verdicts, case: str) -> None:
    run, calls = CASES[case]
    leaf = authority.leaf(HOST)
    service = Service()
    with serving(service, leaf) as port:
        trust = grpc.ssl_channel_credentials(authority.file.read_bytes())
        named = [("grpc.ssl_target_name_override", HOST), *OPTIONS]
        with grpc.secure_channel(f"127.0.0.1:{port}", trust, named) as channel:
            direct = await asyncio.to_thread(run, channel)
        server_direct, service.seen = service.seen, []
        service.cancelled = threading.Event()
        where = ConnectTo(host=HOST, port=443, address="127.0.0.1", address_port=port)
        async with world(folder, upstream_ca=authority.file, connect_to=(where,)) as w:
            trust = grpc.ssl_channel_credentials(w.ca.read_bytes())
            through = [("grpc.http_proxy", f"http://127.0.0.1:{w.forward}"), *OPTIONS]
            with grpc.secure_channel(f"{HOST}:443", trust, through) as channel:
                proxied = await asyncio.to_thread(run, channel)
                captures = await w.sink.wait(calls)
    verdicts.check(1, f"gRPC, {case}: client", _short(direct), _short(proxied))
    verdicts.check(1, f"gRPC, {case}: server", _short(server_direct), _short(service.seen))
    if run in (cancel, deadline):
        assert service.cancelled.wait(5), "the server was not told"
        return
    for capture in captures:
        assert capture.error_code is None
        told = [*capture.response_headers, *capture.response_trailers]
        assert b"grpc-status" in dict(told)


def _short(seen: list[object]) -> str:
    text = repr(sorted(seen, key=repr))
    return text if len(text) < 600 else f"{len(text)} characters, {hash(text):x}"
