"""Serves API and viewer over an existing store, without recording. A sidecar may write to the
same store meanwhile, or the store may be a copy."""

import argparse
import asyncio
import signal
import socket
import sys
from collections.abc import Callable

from proxy.cli import settings
from proxy.cli.errors import CommandError
from proxy.cli.terminal import say
from proxy.cli.up import sign_in_link
from proxy.config import Config, data_folder
from proxy.running import Place, RunningSidecar
from proxy.version import version


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    settings.config_arguments(parser)
    parser.add_argument(
        "--api", metavar="HOST:PORT", help="where to listen (default: 127.0.0.1:8090)"
    )
    parser.add_argument("--store", metavar="URL", help="store (default: in the data folder)")


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    from proxy.listening import CannotListen, open_api

    config = settings.config_of(args)
    folder = data_folder(config).ensure()
    if config.store is None and not folder.activity_db.exists():
        raise CommandError(
            f"there is no activity log at {folder.activity_db}; --data names another"
        )
    try:
        opened = open_api(config)
    except CannotListen as error:
        raise CommandError(str(error)) from None
    place = Place(name="api", direction="api", host=opened.address.host, port=opened.address.port)

    def on_ready() -> None:
        sidecar = RunningSidecar(pid=0, version=version(), api=place, listeners=())
        say(f"API and viewer  {place.url}")
        say(f"Sign in, once   {sign_in_link(sidecar, folder)}")
        sys.stdout.flush()

    asyncio.run(_serve(config, opened.socket, on_ready))
    return 0


async def _serve(config: Config, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    from proxy.api.services import ApiServices
    from proxy.keeper.api_server import ApiServer
    from proxy.keeper.services import VIEWER, about, api_settings, open_reader, open_tokens

    services = ApiServices(
        reader=open_reader(config),
        tokens=open_tokens(config),
        about=about(config, ()),
        default_organization=config.capture.organization,
        viewer=VIEWER,
        settings=api_settings(config),
    )
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = ApiServer(services, listener)
    await server.start()
    on_ready()
    await stop.wait()
    await server.close()
