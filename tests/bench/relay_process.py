"""The relay alone in a process, with a sink that encodes each capture and throws it away."""

import argparse
import asyncio
import os
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.pop("SSLKEYLOGFILE", None)

from addons.relay_server import RelayServer
from addons.settings import Listener, RelaySettings, Route
from addons.sink import OpenExchange
from store.activity import Direction
from store.capture import Capture, encode_frame


class EncodingSink:
    """What a worker's link costs: a frame for each capture, handed over in batches."""

    def __init__(self) -> None:
        self.count = 0
        self.open: dict[bytes, OpenExchange] = {}
        self.frames: list[bytes] = []

    def opened(self, exchange: OpenExchange) -> None:
        self.open[exchange.id] = exchange

    def closed(self, exchange: OpenExchange, capture: Capture | None, reason: str = "") -> None:
        del self.open[exchange.id]
        self.count += 1
        if capture is not None:
            self.frames.append(encode_frame(self.count, capture))
            if len(self.frames) >= 100:
                b"".join(self.frames)
                self.frames.clear()

    async def commit(self, capture: Capture) -> bool:
        return True


def listening(port: int) -> socket.socket:
    """A listening socket on loopback."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    made.listen(1024)
    return made


async def serve(arguments: argparse.Namespace) -> None:
    settings = RelaySettings(ca_dir=Path(arguments.ca), upstream_ca=Path(arguments.upstream_ca))
    relay = RelayServer(settings, EncodingSink())
    await relay.start(
        [
            (
                listening(arguments.reverse),
                Listener(
                    name="reverse",
                    direction=Direction.INCOMING,
                    routes=(Route(upstream=arguments.upstream),),
                ),
            ),
            (
                listening(arguments.forward),
                Listener(name="forward", direction=Direction.OUTGOING),
            ),
        ]
    )
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--reverse", type=int, required=True)
    parser.add_argument("--forward", type=int, required=True)
    parser.add_argument("--upstream", required=True)
    parser.add_argument("--ca", required=True)
    parser.add_argument("--upstream-ca", required=True)
    parser.add_argument("--loop", choices=("uvloop", "asyncio"), default="uvloop")
    parser.add_argument("--profile", default="")
    given = parser.parse_args()
    run = asyncio.run
    if given.loop == "uvloop":
        try:
            import uvloop

            run = uvloop.run
        except ImportError:
            pass
    run(serve(given))
