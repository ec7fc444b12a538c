"""Shows the certificate that clients trust; makes it, once, when there is none.

Its key stays in the data folder and signs for the hosts that the sidecar opens TLS to."""

import argparse
import hashlib
import ssl

from proxy.cli.authority import ensure_certificate
from proxy.cli.source import folder_of
from proxy.cli.terminal import say


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--path", action="store_true", help="print where it lies (the default)")
    what.add_argument("--print", action="store_true", help="print it (PEM)")
    what.add_argument(
        "--fingerprint", action="store_true", help="print its SHA-256 fingerprint, as OpenSSL does"
    )
    parser.add_argument(
        "--data",
        metavar="DIR",
        help="data folder (default: $WIRETRAIL_DATA, else the XDG data folder)",
    )


def run(args: argparse.Namespace) -> int:
    """Print path, certificate or fingerprint."""
    certificate = ensure_certificate(folder_of(args))
    if args.print:
        say(certificate.read_text().strip())
    elif args.fingerprint:
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.read_text())).hexdigest()
        say("sha256 " + ":".join(digest[i : i + 2] for i in range(0, 64, 2)).upper())
    else:
        say(str(certificate))
    return 0
