"""Starts the sidecar: a forward proxy for outgoing calls, reverse proxies for webhooks, the
query API and the viewer. Ends in good order on Ctrl-C or SIGTERM."""

import argparse
import os
import shlex
import sys
import time

from proxy.cli import settings
from proxy.cli.terminal import say, styled
from proxy.config import Config, data_folder
from proxy.config.units import Address, Duration, parse_address
from proxy.control import BoundAddress
from proxy.running import Place, RunningSidecar, announce, withdraw
from proxy.supervisor import Running
from proxy.version import version
from store.data_folder import DataFolder
from store.tokens import TokenStore, admin_token


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    settings.arguments(parser)
    parser.add_argument(
        "--quiet", action="store_true", help="do not print addresses and sign-in link"
    )


def run(args: argparse.Namespace) -> int:
    """Run until told to stop."""
    from proxy.supervisor import run as supervise

    config = settings.config_of(args)
    folder = data_folder(config).ensure()
    admin_token(folder)

    def on_ready(running: Running) -> None:
        sidecar = RunningSidecar(
            pid=os.getpid(),
            version=version(),
            api=_place(running.api),
            listeners=tuple(map(_place, running.listeners)),
        )
        announce(folder, sidecar)
        if not args.quiet:
            for line in greeting(sidecar, config, folder):
                say(line)
            sys.stdout.flush()

    try:
        return supervise(config, on_ready)
    finally:
        withdraw(folder)


def greeting(sidecar: RunningSidecar, config: Config, folder: DataFolder) -> list[str]:
    """What a person needs to know now."""
    upstreams: dict[Address, list[str]] = {}
    for route in config.incoming:
        shown = route.upstream if route.path == "/" else f"{route.path} → {route.upstream}"
        upstreams.setdefault(parse_address(route.listen), []).append(shown)
    lines = [styled(f"Wiretrail {sidecar.version} is recording.", "bold"), ""]
    facts: list[tuple[str, str]] = []
    for place in sidecar.listeners:
        if place.direction == "outgoing":
            facts.append(("Outgoing calls", f"proxy {place.url}"))
    # Incoming listeners come in the order in which the config first names their addresses.
    incoming = [place for place in sidecar.listeners if place.direction == "incoming"]
    for place, targets in zip(incoming, upstreams.values(), strict=True):
        facts.append(("Webhooks", f"{place.url} → {', '.join(targets)}"))
    store = config.store or folder.activity_db
    facts += [
        ("API and viewer", sidecar.api.url),
        ("Sign in, once", sign_in_link(sidecar, folder)),
        ("Recorded in", f"{store}, secrets cut, kept {_kept(config.retention.keep)}"),
        ("CA certificate", str(folder.ca_certificate)),
    ]
    width = max(len(name) for name, _ in facts)
    lines += [f"  {styled(name.ljust(width), 'dim')}  {value}" for name, value in facts]
    if sidecar.forward is not None:
        data = "" if config.data is None else f" --data {shlex.quote(config.data)}"
        command = f'eval "$(wiretrail env{data})"'
        lines += ["", f"Point a client at it: {styled(command, 'cyan')}"]
        command = f"wiretrail run{data} -- COMMAND"
        lines += [f"or run it with        {styled(command, 'cyan')}"]
    return lines


def sign_in_link(sidecar: RunningSidecar, folder: DataFolder) -> str:
    """A link that signs a browser in, once. The code stands in the fragment, which no server
    and no log sees."""
    tokens = TokenStore(folder.tokens, folder.admin_token)
    code = tokens.create_code(now=time.time_ns() // 1_000_000)
    return f"{sidecar.api.url}/sign-in#{code}"


def _kept(keep: Duration) -> str:
    if keep == "never":
        return "for ever"
    return keep if isinstance(keep, str) else f"{keep} s"


def _place(address: BoundAddress) -> Place:
    return Place(
        name=address.name, direction=address.direction, host=address.host, port=address.port
    )
