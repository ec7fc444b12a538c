"""Certificate bundles: what this machine trusts, and what is trusted beside it."""

import re
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import certifi

from store.private_file import read_private, write_private

_CERTIFICATE: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL
)


class NoCertificate(Exception):
    """A file that should hold certificates cannot be read or holds none."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(f"{file} {reason}")
        self.file = file


def certificates_in(file: Path) -> list[bytes]:
    """The PEM certificates of a file, without keys and comments.

    Raises:
        NoCertificate: there are none, one is damaged, or the file cannot be read.
    """
    try:
        found = _CERTIFICATE.findall(file.read_bytes())
    except OSError as error:
        raise NoCertificate(file, f"cannot be read: {error.strerror}") from None
    if not found:
        raise NoCertificate(file, "holds no PEM certificate")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for number, pem in enumerate(found, 1):
        try:
            context.load_verify_locations(cadata=pem.decode())
        except (ssl.SSLError, ValueError):
            raise NoCertificate(file, f"holds a damaged certificate (number {number})") from None
    return found


def system_certificates() -> list[bytes]:
    """What this machine trusts: the system's bundle and Mozilla's list, each once.

    The paths compiled into OpenSSL are taken, not `SSL_CERT_FILE`: that variable may name a
    bundle of ours.
    """
    found: list[bytes] = []
    system = ssl.get_default_verify_paths().openssl_cafile
    for file in (system, "/etc/ssl/certs/ca-certificates.crt", certifi.where()):
        if Path(file).is_file():
            found += _CERTIFICATE.findall(read_private(Path(file)))
    return list(dict.fromkeys(found))


def write_bundle(target: Path, extra: Iterable[bytes]) -> Path:
    """Write the system's certificates and `extra` ones (PEM) into one bundle, where it differs
    from what is there already."""
    wanted = [*system_certificates(), *extra]
    content = b"\n".join(dict.fromkeys(wanted)) + b"\n"
    if read_private(target) != content:
        write_private(target, content)
    return target
