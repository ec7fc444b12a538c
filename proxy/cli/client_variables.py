"""The variables that make clients use the sidecar and trust its certificates."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

from proxy.cli.errors import CommandError
from proxy.running import Place
from proxy.trust import NoCertificate, certificates_in, write_bundle
from store.data_folder import DataFolder

LOOPBACK: Final = "localhost,127.0.0.1,::1"

# Who reads which. A variable of the first kind replaces what the client trusts, so it names a
# bundle with the system's certificates, too; one of the second kind adds to it.
REPLACING: Final[Mapping[str, str]] = {
    "SSL_CERT_FILE": "OpenSSL, Go, Ruby, .NET, Python's ssl, httpx",
    "REQUESTS_CA_BUNDLE": "Python's requests",
    "CURL_CA_BUNDLE": "curl",
    "GIT_SSL_CAINFO": "git",
    "AWS_CA_BUNDLE": "AWS tools and SDKs",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE": "gcloud",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": "gRPC",
    "HTTPLIB2_CA_CERTS": "httplib2, Google's API client for Python",
    "CARGO_HTTP_CAINFO": "Rust's cargo",
}
ADDING: Final[Mapping[str, str]] = {
    "NODE_EXTRA_CA_CERTS": "Node",
    "DENO_CERT": "Deno",
}


class Credentials(msgspec.Struct, frozen=True):
    """User and password of a forward proxy that asks for them."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"<Credentials of {self.user}>"


def variables(
    folder: DataFolder, forward: Place, *, credentials: Credentials | None, no_proxy: str
) -> dict[str, str]:
    """The variables by name; writes the bundle that some of them name.

    Raises:
        CommandError: the certificate is missing.
    """
    proxy = proxy_url(forward, credentials)
    found: dict[str, str] = {}
    for name, value in (("HTTP_PROXY", proxy), ("HTTPS_PROXY", proxy), ("NO_PROXY", no_proxy)):
        # curl reads http_proxy in lower case only; others read either.
        found |= {name: value, name.lower(): value}
    # Node reads the proxy variables from 22.21 and 24 on, when it is told to.
    found["NODE_USE_ENV_PROXY"] = "1"
    bundle = str(client_bundle(folder))
    found |= dict.fromkeys(REPLACING, bundle)
    found |= dict.fromkeys(ADDING, str(folder.ca_certificate))
    return found


def client_bundle(folder: DataFolder) -> Path:
    """The system's certificates, ours, and those of a bundle that the environment names already
    (a company's, for example) in one file.

    Raises:
        CommandError: ours is missing.
    """
    target = folder.ca_dir / "client-bundle.pem"
    named = {Path(os.environ[name]) for name in REPLACING if os.environ.get(name)}
    others = sorted(file for file in named if file != target and file.is_file())
    try:
        extra = [pem for file in (*others, folder.ca_certificate) for pem in certificates_in(file)]
    except NoCertificate as error:
        raise CommandError(str(error)) from None
    return write_bundle(target, extra)


def proxy_url(forward: Place, credentials: Credentials | None) -> str:
    """The proxy's URL as clients take it."""
    if credentials is None:
        return forward.url
    user, password = quote(credentials.user, safe=""), quote(credentials.password, safe="")
    return f"http://{user}:{password}@{forward.reachable}"


def merged_no_proxy(chosen: str | None) -> str:
    """Hosts that are called directly: the chosen ones, else this machine and what the
    environment names already."""
    if chosen is not None:
        return chosen
    inherited = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    hosts = [host.strip() for host in f"{LOOPBACK},{inherited}".split(",") if host.strip()]
    return ",".join(dict.fromkeys(hosts))


def java_hint(folder: DataFolder, forward: Place) -> list[str]:
    """What Java needs: it reads no variable of these."""
    store = folder.ca_dir / "java-truststore.p12"
    host, _, port = forward.reachable.rpartition(":")
    return [
        "Java reads none of these. Once, copy its certificates and add ours:",
        f'  cp "$JAVA_HOME/lib/security/cacerts" {store}',
        f"  keytool -importcert -noprompt -alias wiretrail -file {folder.ca_certificate} "
        f"-keystore {store} -storepass changeit",
        "and start it with",
        f"  -Dhttp.proxyHost={host} -Dhttp.proxyPort={port} "
        f"-Dhttps.proxyHost={host} -Dhttps.proxyPort={port} "
        f"-Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStorePassword=changeit",
    ]
