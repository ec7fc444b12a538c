"""Watch real calls and webhooks being recorded: a real sidecar between a stub service and stub
partners on this machine. Needs no network."""

import argparse
import asyncio
import shlex
import signal
import socket
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from proxy.cli.errors import CommandError
from proxy.cli.local_source import LocalSource
from proxy.cli.rows import say_activities
from proxy.cli.sidecar_process import SidecarProcess
from proxy.cli.source import collect
from proxy.cli.terminal import say, styled
from proxy.cli.up import sign_in_link
from proxy.demo.partners import HOSTS, Stub, partner_answer, service_answer, throw_away_authority
from proxy.demo.traffic import outgoing_calls, send, webhooks
from proxy.running import RunningSidecar, running
from store.activity import Activity
from store.data_folder import DataFolder, named_path

_ROWS_SECONDS = 10.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument(
        "--data", metavar="DIR", help="keep the log there (default: a folder that goes afterwards)"
    )
    parser.add_argument(
        "--stay", action="store_true", help="keep running, to look around, until Ctrl-C"
    )
    parser.add_argument(
        "--api", metavar="HOST:PORT", default="127.0.0.1:0", help="API (default: any free port)"
    )


def run(args: argparse.Namespace) -> int:
    """Run the demo; 0 when every exchange left its row."""
    with ExitStack() as stack:
        temporary = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wiretrail-demo-")))
        folder = DataFolder(named_path(args.data) if args.data else temporary / "data")
        folder.ensure()
        if running(folder) is not None:
            raise CommandError(f"a sidecar records into {folder.path} already; choose another")
        say("Starting a sidecar, a service and partners on this machine ...")
        sys.stdout.flush()
        (temporary / "partners").mkdir(mode=0o700)
        authority, context = throw_away_authority(temporary / "partners")
        partners = stack.enter_context(Stub(partner_answer, context))
        service = stack.enter_context(Stub(service_answer))
        before = _count(folder)
        sidecar = stack.enter_context(
            SidecarProcess(folder, _flags(args.api, authority, partners.port, service.port))
        ).wait_until_ready()
        count = _traffic(sidecar, folder)
        rows = asyncio.run(_recorded(folder, before + count))[: count + 1]
        say()
        say(styled("What `wiretrail list` shows now:", "bold"))
        say_activities(rows, now=_now())
        _tell_where(args, sidecar, folder)
        if args.stay:
            _stay()
    missing = count - len(rows)
    if missing > 0:
        raise CommandError(f"{missing} of {count} exchanges left no row")
    return 0


def _flags(api: str, authority: Path, partners: int, service: int) -> list[str]:
    """The flags of `up` that lead the partners' hosts to the stub."""
    flags = ["--listen", "127.0.0.1:0", "--api", api, "--upstream-ca", str(authority)]
    flags += ["--incoming", f"127.0.0.1:0=http://127.0.0.1:{service}"]
    for host in HOSTS:
        flags += ["--connect-to", f"{host}:443=127.0.0.1:{partners}"]
    return flags


def _traffic(sidecar: RunningSidecar, folder: DataFolder) -> int:
    assert sidecar.forward is not None
    incoming = next(place for place in sidecar.listeners if place.direction == "incoming")
    say("The service calls its partners:")
    count = send(
        outgoing_calls(_closed_port()),
        proxy=sidecar.forward.url,
        ca=folder.ca_certificate,
        tell=_tell,
    )
    say("Partners send webhooks to the service:")
    return count + send(webhooks(incoming.url), proxy=None, ca=folder.ca_certificate, tell=_tell)


def _tell(text: str) -> None:
    say(f"  {text}")
    sys.stdout.flush()


def _count(folder: DataFolder) -> int:
    return len(asyncio.run(_rows(folder))) if folder.activity_db.exists() else 0


async def _rows(folder: DataFolder) -> list[Activity]:
    async with LocalSource(folder.activity_db) as source:
        return (await collect(source, {}, cursor=None, limit=1000)).items


async def _recorded(folder: DataFolder, expected: int) -> list[Activity]:
    """The finished rows, newest first, once there are as many as expected."""
    deadline = time.monotonic() + _ROWS_SECONDS
    while True:
        rows = [row for row in await _rows(folder) if row.completed_at is not None]
        if len(rows) >= expected or time.monotonic() > deadline:
            return rows
        await asyncio.sleep(0.05)


def _tell_where(args: argparse.Namespace, sidecar: RunningSidecar, folder: DataFolder) -> None:
    say()
    if args.stay:
        say(f"API and viewer: {sidecar.api.url}")
        say(f"Sign in, once:  {sign_in_link(sidecar, folder)}")
        say(f"Look closer:    wiretrail show --data {folder.path} ID")
        return
    if args.data:
        data = shlex.quote(str(folder.path))
        say(f"The log stays in {folder.path}: wiretrail list --data {data}")
        say(f"See it in the viewer:  wiretrail serve --data {data}")
    else:
        say("See it in the viewer:  wiretrail demo --stay")
    say("Start a real one:      wiretrail up")


def _closed_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _stay() -> None:
    """Until Ctrl-C or SIGTERM, which are awaited before anybody is told of them."""
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    say("Running until Ctrl-C.")
    sys.stdout.flush()
    told.wait()
    say()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # once more: now


def _now() -> int:
    return time.time_ns() // 1_000_000
