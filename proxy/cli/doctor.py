"""Finds out why something does not work: ports, certificates, sidecar, store, versions.

Exit code 0: nothing is wrong; 1: something is, the lines marked FAIL say what."""

import argparse
import asyncio
import os
import socket
import sqlite3
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

import msgspec

from proxy.cli import settings
from proxy.cli.terminal import say, say_json, styled
from proxy.config import (
    Config,
    ConfigError,
    api_address,
    check_authorities,
    data_folder,
    listeners,
    load,
)
from proxy.config.units import Address
from proxy.running import RunningSidecar, running
from proxy.version import version
from store.data_folder import DataFolder

_OK, _WARN, _FAIL = "ok", "warn", "FAIL"
_STYLES: Final = {_OK: "green", _WARN: "yellow", _FAIL: "red"}
_SQLITE_FLOOR: Final = (3, 40, 0)
_LIBRARIES: Final = ("mitmproxy", "httptools", "starlette", "uvicorn", "msgspec", "zstandard")
# mitmproxy would write the keys of every TLS session there.
_LEAKS: Final = ("SSLKEYLOGFILE",)


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    state: str
    subject: str
    text: str


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    settings.arguments(parser)
    parser.add_argument("--host", metavar="HOST", help="also call https://HOST through the sidecar")
    parser.add_argument("--json", action="store_true", help="print a JSON list")


def run(args: argparse.Namespace) -> int:
    """Look at everything and tell."""
    findings = []
    for finding in _examine(args):
        findings.append(finding)
        if not args.json:
            state = styled(f"{finding.state:<4}", _STYLES[finding.state])
            say(f"{state}  {finding.subject}: {finding.text}")
            sys.stdout.flush()
    if args.json:
        say_json(findings)
    return int(any(finding.state == _FAIL for finding in findings))


def _examine(args: argparse.Namespace) -> Iterator[Finding]:
    yield from _versions()
    try:
        config = load(args.config, overrides=settings.overrides_of(args))
        bound = listeners(config)
        check_authorities(config)
    except ConfigError as error:
        for problem in error.problems:
            yield Finding(_FAIL, "config", str(problem))
        return
    yield Finding(_OK, "config", config.origin.file or "no file; defaults and environment")
    try:
        yield from _installation(args, config, [one.address for one in bound])
    except OSError as error:
        yield Finding(_FAIL, "data folder", f"{error.filename}: {_reason(error)}")


def _installation(
    args: argparse.Namespace, config: Config, addresses: Sequence[Address]
) -> Iterator[Finding]:
    folder = data_folder(config)
    yield from _folder(folder)
    sidecar = running(folder)
    if sidecar is None:
        yield Finding(_WARN, "sidecar", "is not running")
        yield from _ports([*addresses, api_address(config)])
    else:
        yield from _sidecar(sidecar)
    yield from _authority(folder)
    if config.store is None:
        yield from _store(folder.activity_db)
    yield from _environment(folder, config)
    if args.host and sidecar is not None:
        yield _call(args.host, sidecar, folder)


def _versions() -> Iterator[Finding]:
    yield Finding(_OK, "version", f"Wiretrail {version()}, Python {sys.version.split()[0]}")
    missing = []
    found = []
    for name in _LIBRARIES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    yield Finding(_OK, "libraries", ", ".join(found))
    if missing:
        yield Finding(_FAIL, "libraries", f"missing: {', '.join(missing)}")
    sound = sqlite3.sqlite_version_info >= _SQLITE_FLOOR
    text = sqlite3.sqlite_version + ("" if sound else ", expected 3.40 or newer")
    yield Finding(_OK if sound else _FAIL, "SQLite", text)


def _folder(folder: DataFolder) -> Iterator[Finding]:
    path = folder.path
    if not path.exists():
        yield Finding(_WARN, "data folder", f"{path} is not there yet; `wiretrail up` makes it")
        return
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        yield Finding(_FAIL, "data folder", f"{path} is open to others (mode {mode:o}); 700 is due")
    elif not os.access(path, os.W_OK | os.X_OK):
        yield Finding(_FAIL, "data folder", f"{path} cannot be written")
    else:
        yield Finding(_OK, "data folder", str(path))


def _ports(addresses: list[Address]) -> Iterator[Finding]:
    for address in addresses:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address.host, address.port))
            except OSError as error:
                yield Finding(_FAIL, "port", f"{address}: {error.strerror}")
            else:
                yield Finding(_OK, "port", f"{address} is free")


def _sidecar(sidecar: RunningSidecar) -> Iterator[Finding]:
    state = _OK if sidecar.version == version() else _WARN
    yield Finding(state, "sidecar", f"process {sidecar.pid}, version {sidecar.version}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{sidecar.api.url}/readyz", timeout=5) as answer:
            yield Finding(_OK, "API", f"{sidecar.api.url} is ready ({answer.status})")
    except urllib.error.HTTPError as error:
        yield Finding(_FAIL, "API", f"{sidecar.api.url}/readyz answers {error.code}: not ready")
    except OSError as error:
        yield Finding(_FAIL, "API", f"{sidecar.api.url} cannot be reached: {_reason(error)}")
    for place in sidecar.listeners:
        try:
            host = place.url.removeprefix("http://").rpartition(":")[0].strip("[]")
            socket.create_connection((host, place.port), timeout=5).close()
        except OSError as error:
            yield Finding(_FAIL, place.name, f"cannot be reached: {_reason(error)}")
        else:
            yield Finding(_OK, place.name, "accepts connections")


def _authority(folder: DataFolder) -> Iterator[Finding]:
    certificate = folder.ca_certificate
    if not certificate.exists():
        yield Finding(_WARN, "CA", "is not there yet; `wiretrail ca` makes it")
        return
    try:
        ssl.create_default_context(cafile=str(certificate))
    except (OSError, ssl.SSLError) as error:
        yield Finding(_FAIL, "CA", f"{certificate} cannot be used: {_reason(error)}")
        return
    yield Finding(_OK, "CA", str(certificate))
    for key in folder.ca_dir.glob("mitmproxy-ca.pem"):
        if key.stat().st_mode & 0o077:
            yield Finding(_FAIL, "CA", f"{key} is open to others; mode 600 is due")


def _store(path: Path) -> Iterator[Finding]:
    if not path.exists():
        yield Finding(_WARN, "store", f"{path} is not there yet")
        return
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
            (version_found,) = database.execute("PRAGMA user_version").fetchone()
        database.close()
    except sqlite3.Error as error:
        yield Finding(_FAIL, "store", f"{path} cannot be read: {error}")
        return
    if found != "ok":
        yield Finding(_FAIL, "store", f"{path} is damaged: {found}")
        return
    yield Finding(_OK, "store", f"{path} is sound (schema {version_found})")
    from proxy.cli.local_source import LocalSource
    from store.errors import StoreError

    async def newest() -> str:
        async with LocalSource(path) as source:
            page = await source.page({}, cursor=None, limit=1)
            return page.items[0].created_at if page.items else "none yet"

    try:
        yield Finding(_OK, "newest activity", asyncio.run(newest()))
    except StoreError as error:
        yield Finding(_FAIL, "store", str(error))


def _environment(folder: DataFolder, config: Config) -> Iterator[Finding]:
    for name in _LEAKS:
        if name in os.environ:
            yield Finding(_WARN, "environment", f"{name} is set; children of the sidecar drop it")
    proxy = os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY")
    if proxy is None:
        yield Finding(_WARN, "this shell", "its clients use no proxy; see `wiretrail env`")
        return
    yield Finding(_OK, "this shell", "its clients use a proxy")
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
        file = os.environ.get(name)
        if file and not Path(file).exists():
            yield Finding(_FAIL, "this shell", f"{name} names {file}, which is not there")
        elif not file:
            yield Finding(_WARN, "this shell", f"{name} is not set; see `wiretrail env`")


def _call(host: str, sidecar: RunningSidecar, folder: DataFolder) -> Finding:
    """One real HTTPS call through the sidecar, verified with its certificate alone."""
    if sidecar.forward is None:
        return Finding(_FAIL, host, "the sidecar has no forward proxy")
    context = ssl.create_default_context(cafile=str(folder.ca_certificate))
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({"https": sidecar.forward.url}),
        urllib.request.HTTPSHandler(context=context),
    )
    try:
        with opener.open(f"https://{host}/", timeout=20) as answer:
            return Finding(_OK, host, f"answers {answer.status} through the sidecar")
    except urllib.error.HTTPError as error:
        state = _FAIL if error.code in (502, 504) else _OK
        return Finding(state, host, f"answers {error.code} through the sidecar")
    except OSError as error:
        return Finding(_FAIL, host, f"cannot be reached through the sidecar: {_reason(error)}")


def _reason(error: Exception) -> str:
    inner = getattr(error, "reason", error)
    return str(getattr(inner, "strerror", None) or inner)
