"""TLS towards clients and upstreams: contexts made once and kept, and the ALPN rule.

mitmproxy's own `tlsconfig` addon makes a context for each parameter set and loads certificate
and key into each connection; contexts by host make a new connection cheap and let clients and
upstreams resume sessions.
"""

import ipaddress
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from mitmproxy import certs, connection, tls
from OpenSSL import SSL

from addons.certificate_authority import KEY_FILE, ensure_ca
from addons.routing import HostPatterns
from addons.settings import RelaySettings
from addons.tls_sessions import SessionStock

HTTP1: Final = b"http/1.1"
HTTP2: Final = b"h2"

_KEPT: Final = 256
_RENEW_AFTER: Final = 30 * 86400.0
_OPTIONS: Final = SSL.OP_CIPHER_SERVER_PREFERENCE | SSL.OP_NO_COMPRESSION
# pyOpenSSL has no public way to have names verified; mitmproxy reaches for the same.
_lib: Final[Any] = SSL.__dict__["_lib"]
_HOST_FLAGS: Final = (
    _lib.X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | _lib.X509_CHECK_FLAG_NEVER_CHECK_SUBJECT
)


def choose_alpn(offers: list[bytes], *, prefer_h2: bool) -> bytes | None:
    """The protocol for a client. HTTP/1.1 when it is offered, because the relay speaks it;
    HTTP/2 when nothing else is, or when the host's settings prefer it."""
    if HTTP2 in offers and (prefer_h2 or HTTP1 not in offers):
        return HTTP2
    return HTTP1 if HTTP1 in offers else None


class TlsContexts:
    """Answers mitmproxy's TLS hooks."""

    def __init__(self, settings: RelaySettings) -> None:
        ensure_ca(settings.ca_dir)
        raw = (settings.ca_dir / KEY_FILE).read_bytes()
        self._key: Any = serialization.load_pem_private_key(raw, None)
        self._authority = x509.load_pem_x509_certificate(raw)
        self._clients: OrderedDict[str, tuple[float, SSL.Context]] = OrderedDict()
        self._upstream = _upstream_context(settings.upstream_ca)
        self._sessions = SessionStock()
        self._h2 = HostPatterns(settings.h2_hosts)
        self._learned: OrderedDict[str, None] = OrderedDict()

    def refused_http1(self, host: str) -> None:
        """A host wants HTTP/2: clients that offer both are given that from now on."""
        self._learned[host.lower()] = None
        if len(self._learned) > _KEPT:
            self._learned.popitem(last=False)

    def _prefers(self, host: str) -> bool:
        return host in self._h2 or host.lower() in self._learned

    # mitmproxy's hooks

    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        client = data.context.client
        address = data.context.server.address
        host = client.sni or (address[0] if address else "")
        client.alpn = choose_alpn(list(client.alpn_offers), prefer_h2=self._prefers(host))

    def tls_start_client(self, data: tls.TlsData) -> None:
        client = data.context.client
        address = data.context.server.address
        host = client.sni or (address[0] if address else client.sockname[0])
        ssl = data.ssl_conn = SSL.Connection(self._client_context(host))
        ssl.set_app_data(client.alpn)
        ssl.set_accept_state()

    def tls_start_server(self, data: tls.TlsData) -> None:
        server = data.conn
        assert isinstance(server, connection.Server)
        assert server.address is not None
        if server.sni is None:
            server.sni = server.address[0]
        if not server.alpn_offers and (alpn := data.context.client.alpn):
            # A client of HTTP/2 may reach an upstream that has only HTTP/1.1.
            server.alpn_offers = (HTTP2, HTTP1) if alpn == HTTP2 else (alpn,)
        ssl = data.ssl_conn = SSL.Connection(self._upstream)
        _expect_name(ssl, server.sni)
        if server.alpn_offers:
            ssl.set_alpn_protos(list(server.alpn_offers))
        self._sessions.prepare(ssl, server)
        ssl.set_connect_state()

    def _client_context(self, host: str) -> SSL.Context:
        now = time.monotonic()
        kept = self._clients.get(host)
        if kept is not None and now - kept[0] < _RENEW_AFTER:
            self._clients.move_to_end(host)
            return kept[1]
        context = self._new_client_context(host)
        self._clients[host] = (now, context)
        if len(self._clients) > _KEPT:
            self._clients.popitem(last=False)
        return context

    def _new_client_context(self, host: str) -> SSL.Context:
        name: x509.GeneralName
        try:
            name = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            name = x509.DNSName(host.encode("idna").decode())
        leaf = certs.dummy_cert(self._key, self._authority, host, [name])
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.set_options(_OPTIONS)
        context.set_verify(SSL.VERIFY_NONE, None)
        context.set_session_id(b"wiretrail")
        context.use_certificate(leaf.to_cryptography())
        context.use_privatekey(self._key)
        context.set_alpn_select_callback(_select_alpn)
        return context


def _select_alpn(ssl: SSL.Connection, _offers: list[bytes]) -> Any:
    chosen = ssl.get_app_data()
    return chosen if chosen is not None else SSL.NO_OVERLAPPING_PROTOCOLS


def _upstream_context(bundle: Path | None) -> SSL.Context:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(_OPTIONS)
    context.set_verify(SSL.VERIFY_PEER, None)
    context.load_verify_locations(str(bundle) if bundle is not None else certifi.where())
    return context


def _expect_name(ssl: SSL.Connection, name: str) -> None:
    """Verify that the certificate is for this name (RFC 9525); send it as SNI unless it is an
    address (RFC 6066, 3)."""
    parameters = _lib.SSL_get0_param(ssl._ssl)
    _lib.X509_VERIFY_PARAM_set_hostflags(parameters, _HOST_FLAGS)
    try:
        packed = ipaddress.ip_address(name).packed
    except ValueError:
        host = name.encode("idna")
        ssl.set_tlsext_host_name(host)
        ok = _lib.X509_VERIFY_PARAM_set1_host(parameters, host, len(host))
    else:
        ok = _lib.X509_VERIFY_PARAM_set1_ip(parameters, packed, len(packed))
    if ok != 1:
        raise ValueError("the upstream's name cannot be verified")
