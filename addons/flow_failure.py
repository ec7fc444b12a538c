"""Why a flow of mitmproxy's HTTP layer failed, in the words of the log."""

import errno
import re
from typing import Final

from mitmproxy import http

from store.activity import ErrorCode

_ERRNO: Final = re.compile(r"\[Errno (-?[0-9]+)\]")


def failure_of(flow: http.HTTPFlow, tls_failure: str = "") -> tuple[ErrorCode, str]:
    """Code and sentence of a failed flow. mitmproxy's own text may quote what a peer sent.
    `tls_failure` is the text of the last handshake with an upstream that failed."""
    text = flow.error.msg if flow.error is not None else ""
    code = getattr(text, "code", None)
    if isinstance(code, ErrorCode):
        return code, str(text)
    server = flow.server_conn
    if server.tls and server.error and not server.tls_established:
        return ErrorCode.TLS_UPSTREAM, server.error[:200]
    if tls_failure and text == tls_failure:
        # A flow that never got its connection does not know it.
        return ErrorCode.TLS_UPSTREAM, text[:200]
    if (number := _ERRNO.search(text)) is not None:
        return _dial_failure(int(number[1]))
    lowered = text.lower()
    if "client disconnected" in lowered or not flow.client_conn.connected:
        return ErrorCode.CLIENT_CLOSED, "the client ended the exchange"
    if "closed" in lowered or "reset" in lowered:
        return ErrorCode.RESET, "the upstream ended the exchange without a complete answer"
    return ErrorCode.PROTOCOL, "the exchange broke the protocol"


def _dial_failure(number: int) -> tuple[ErrorCode, str]:
    """What mitmproxy's own dialling tells: an errno, or getaddrinfo's negative numbers."""
    if number < 0:
        return ErrorCode.DNS, "the name does not resolve"
    if number == errno.ECONNREFUSED:
        return ErrorCode.CONNECT_REFUSED, "connection refused"
    return ErrorCode.CONNECT_FAILED, "the upstream could not be reached"
