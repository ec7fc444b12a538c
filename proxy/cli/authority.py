"""The certificate authority of a data folder, made when it is missing."""

from pathlib import Path

from proxy.cli.errors import CommandError
from store.data_folder import DataFolder


def ensure_certificate(folder: DataFolder) -> Path:
    """The certificate that clients trust; the worker makes it by the same code.

    Raises:
        CommandError: it cannot be made.
        StoreError: the data folder cannot be used.
    """
    if not folder.ca_certificate.exists():
        folder.ensure()
        from addons.certificate_authority import ensure_ca

        try:
            ensure_ca(folder.ca_dir)
        except OSError as error:
            raise CommandError(f"{folder.ca_dir} cannot be written: {error.strerror}") from None
    return folder.ca_certificate
