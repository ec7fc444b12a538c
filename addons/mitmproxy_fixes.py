"""Mends of mitmproxy 12.2.3, each with what it answers. A contract test fails for each when
mitmproxy's code changes."""

from typing import Any, Final

from mitmproxy.proxy.layers.http import _http1, _http2

from addons import http1_write

_modules: Final[Any] = (_http1, _http2)


def apply() -> None:
    """Put the mends in place; calling it again changes nothing."""
    http1, http2 = _modules
    http1.make_error_response = _plain_answer
    http2.format_error = _plain_text


def _plain_answer(status_code: int, message: str = "") -> bytes:
    """mitmproxy's own answers name its version and quote addresses and what was received."""
    return http1_write.page(status_code, close=True)


def _plain_text(status_code: int, message: str) -> bytes:
    """As above, for HTTP/2 bodies."""
    return http1_write.page(status_code, close=False).partition(b"\r\n\r\n")[2]
