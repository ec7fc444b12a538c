"""What all contenders of a run share: folder, certificates, upstream, counting."""

import contextlib
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Final

from addons.certificate_authority import ensure_ca
from tests.bench.relay import leaf
from tests.support.ports import free_port
from tests.support.sidecar import Sidecar

MARK: Final = b"reading"
"""Is once in each request's body, and in no answer's."""


class Ground:
    """Certificates and upstream of a run, made in a folder. `peers` is where packages are."""

    def __init__(self, folder: Path, peers: Path) -> None:
        self.folder = folder
        self.peers = peers
        certificate = leaf(folder / "upstream")
        self.upstream_ca = folder / "upstream" / "wiretrail-ca.pem"
        self.mitm_ca = folder / "mitmproxy"
        # Three mitmdumps that start at once would each make one.
        ensure_ca(self.mitm_ca)
        self.peer_ca, self.peer_key = folder / "peer-ca.pem", folder / "peer-ca.key"
        _rsa_authority(self.peer_ca, self.peer_key)
        plain, self.tls = free_port(), free_port()
        self.plain = plain
        self.plain_url = f"http://127.0.0.1:{plain}"
        script = Path(__file__).parents[1] / "upstream.py"
        self._upstream = subprocess.Popen(
            [sys.executable, str(script), str(plain), str(self.tls), str(certificate)]
        )
        self._read: dict[tuple[Path, bytes], tuple[int, int]] = {}

    def close(self) -> None:
        """End the upstream."""
        self._upstream.terminate()
        self._upstream.wait(10)

    def marks(self, file: Path, mark: bytes) -> int:
        """How often `mark` is in a growing file; only what is new is read."""
        at, count = self._read.get((file, mark), (0, 0))
        if not file.exists():
            return 0
        with file.open("rb") as opened:
            opened.seek(at)
            while piece := opened.read(1 << 20):
                # Whole lines, or what stands for them, so that no mark is cut.
                cut = len(piece) if len(piece) < 1 << 20 else len(piece) - len(mark) + 1
                count += piece[:cut].count(mark)
                at += cut
                opened.seek(at)
        self._read[file, mark] = (at, count)
        return count

    @staticmethod
    def metric(sidecar: Sidecar, name: str) -> float:
        """The sum of a metric of Wiretrail's."""
        request = urllib.request.Request(
            f"{sidecar.api}/metrics", headers={"Authorization": f"Bearer {sidecar.admin_token}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def processes(pid: int) -> list[int]:
    """A process and all below it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, at = [pid], 0
    while at < len(found):
        found.extend(parents.get(found[at], ()))
        at += 1
    return found


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of processes."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def _rsa_authority(certificate: Path, key: Path) -> None:
    """Peers that cannot use our EC authority get this one."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=Peer Test CA", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
