"""A gRPC server on loopback that publishes to topic `t` and knows no other."""

import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def pubsub_server(leaf: Path) -> Iterator[int]:
    """Runs `google.pubsub.v1.Publisher/Publish` with the key and certificate of `leaf`; gives
    the port, or 0 where the libraries are not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import grpc
            from google.pubsub_v1.types import PublishRequest, PublishResponse
    except ImportError:
        yield 0
        return

    def publish(request: PublishRequest, context: grpc.ServicerContext) -> PublishResponse:
        if request.topic != "projects/p/topics/t":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such topic")
        return PublishResponse(message_ids=["1"])

    handler = grpc.unary_unary_rpc_method_handler(
        publish, PublishRequest.deserialize, PublishResponse.serialize
    )
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("google.pubsub.v1.Publisher", {"Publish": handler})]
    )
    pem = leaf.read_bytes()
    key, _, chain = pem.partition(b"-----BEGIN CERTIFICATE-----")
    credentials = grpc.ssl_server_credentials([(key, b"-----BEGIN CERTIFICATE-----" + chain)])
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    try:
        yield port
    finally:
        server.stop(1).wait()
