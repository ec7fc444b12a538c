"""The certificate authority that signs for intercepted hosts: made once, kept in one folder.

`mitmproxy-ca.pem` (key and certificate, 0600) is where mitmproxy expects it, so that a stock
`mitmdump` with this folder as its `confdir` signs with the same authority. Clients trust
`wiretrail-ca.pem`.
"""

import contextlib
import datetime
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

KEY_FILE: Final = "mitmproxy-ca.pem"
CERTIFICATE_FILE: Final = "wiretrail-ca.pem"
_YEARS: Final = 10


def ensure_ca(folder: Path) -> Path:
    """Make the authority when there is none; returns the certificate that clients trust.
    Several processes may call it at once: one wins, the others take its result."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key_file = folder / KEY_FILE
    if not key_file.exists():
        _publish(key_file, _new_authority(), 0o600)
    certificate = folder / CERTIFICATE_FILE
    if not certificate.exists():
        authority = x509.load_pem_x509_certificate(key_file.read_bytes())
        _publish(certificate, authority.public_bytes(serialization.Encoding.PEM), 0o644)
    return certificate


def _publish(path: Path, content: bytes, mode: int) -> None:
    """Put a whole file in place unless another process already did."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def _new_authority() -> bytes:
    # P-256: a handshake costs a third of what mitmproxy's own RSA authority costs.
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "Wiretrail CA"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Wiretrail"),
        ]
    )
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=2))
        .not_valid_after(now + datetime.timedelta(days=365 * _YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=False,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)
