"""The authority is made once, private, and agreed on by processes that start together."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cryptography import x509

from addons.certificate_authority import KEY_FILE, ensure_ca


def test_made_once_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "ca"
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: ensure_ca(folder).read_bytes(), range(8)))
    assert len(made) == 1
    assert (folder / KEY_FILE).stat().st_mode & 0o777 == 0o600
    certificate = x509.load_pem_x509_certificate(made.pop())
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert constraints.ca
    assert sorted(path.name for path in folder.iterdir()) == [KEY_FILE, "wiretrail-ca.pem"]


def test_certificate_holds_no_key(tmp_path: Path) -> None:
    assert b"PRIVATE" not in ensure_ca(tmp_path).read_bytes()
