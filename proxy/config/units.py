"""Durations, sizes and addresses as people write them in a config file, a flag or a variable."""

import ipaddress
import re
from typing import Final

import msgspec

Duration = str | int | float
"""Seconds as a number, or text such as `500ms`, `10s`, `5m`, `24h`, `90d`, or `never`."""
Size = int | str
"""Bytes as a number, or text such as `64KB`, `1MB` (powers of 1024)."""

_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_BYTES: Final = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)")
_SIZE: Final = re.compile(r"(\d+)\s*(?:([kmg]?)i?b|([kmg]?))", re.IGNORECASE)


def seconds(duration: Duration) -> float | None:
    """A duration in seconds; `None` for `never`.

    Raises:
        ValueError: not a duration; the text says what was expected.
    """
    if isinstance(duration, int | float):
        if duration < 0:
            raise ValueError("expected a duration of 0 or more")
        return float(duration)
    if duration.strip().lower() == "never":
        return None
    match = _DURATION.fullmatch(duration.strip().lower())
    if match is None:
        raise ValueError(
            f'expected a duration such as "500ms", "10s", "24h", "90d" or "never", '
            f'found "{duration}"'
        )
    return float(match[1]) * _SECONDS[match[2]]


def size_in_bytes(size: Size) -> int:
    """A size in bytes.

    Raises:
        ValueError: not a size; the text says what was expected.
    """
    if isinstance(size, int):
        if size < 0:
            raise ValueError("expected a size of 0 or more")
        return size
    match = _SIZE.fullmatch(size.strip())
    if match is None:
        raise ValueError(f'expected a size such as 65536, "64KB" or "1MB", found "{size}"')
    return int(match[1]) * _BYTES[(match[2] or match[3] or "").lower()]


class Address(msgspec.Struct, frozen=True):
    """Where a socket listens or is dialled. Port 0 lets the system choose."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """How a browser on this machine reaches it."""
        reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"http://{Address(reachable, self.port)}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it; a name other than `localhost` counts as not."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_address(text: str) -> Address:
    """`HOST:PORT`, with an IPv6 address in square brackets.

    Raises:
        ValueError: not an address; the text says what was expected.
    """
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if bracketed:
        host = host[1:-1]
    misplaced = (":" in host) != bracketed or not re.fullmatch(r"[A-Za-z0-9._:%-]+", host)
    if not colon or misplaced or not re.fullmatch(r"\d{1,5}", port) or int(port) > 65535:
        raise ValueError(f'expected HOST:PORT such as "127.0.0.1:8080", found "{text}"')
    return Address(host, int(port))


def parse_network(text: str) -> str:
    """A CIDR network or a single address, in its canonical form.

    Raises:
        ValueError: neither; the text says what was expected.
    """
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise ValueError(f'expected a network such as "10.0.0.0/8", found "{text}"') from None


def parse_connect_to(text: str) -> tuple[str, int, str, int]:
    """`HOST:PORT=ADDRESS:PORT` as host, port, address, port. The host may be `*`; the first
    port may be `*` or 0 for any.

    Raises:
        ValueError: not of that form; the text says what was expected.
    """
    asked, equals, dialled = text.partition("=")
    try:
        if not equals:
            raise ValueError
        target = parse_address(dialled)
        host, _, port = asked.rpartition(":")
        name = host if host == "*" else parse_address(f"{host}:0").host
        return name.lower(), parse_address(f"x:{0 if port == '*' else port}").port, *_pair(target)
    except ValueError:
        raise ValueError(
            f'expected HOST:PORT=ADDRESS:PORT such as "api.example.com:443=127.0.0.1:8443", '
            f'found "{text}"'
        ) from None


def _pair(address: Address) -> tuple[str, int]:
    return address.host, address.port
