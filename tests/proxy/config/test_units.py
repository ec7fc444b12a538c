"""Durations, sizes and addresses."""

import pytest

from proxy.config.units import (
    Address,
    parse_address,
    parse_connect_to,
    parse_network,
    seconds,
    size_in_bytes,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("500ms", 0.5), ("10s", 10), ("1.5m", 90), ("2h", 7200), ("90d", 7776000), ("1w", 604800),
     ("never", None), (30, 30.0), (0.25, 0.25), (" 5 s ", 5)],
)  # fmt: skip
def test_durations(text: str | float, expected: float | None) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "10", "s", "-1s", -1, "1 year", "1e3s", "NaNs"])
def test_what_is_no_duration(text: str | float) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        seconds(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [(0, 0), ("64KB", 65536), ("64kib", 65536), ("1M", 1 << 20), ("2 GB", 2 << 30), ("17", 17),
     ("17b", 17)],
)  # fmt: skip
def test_sizes(text: str | int, expected: int) -> None:
    assert size_in_bytes(text) == expected


@pytest.mark.parametrize("text", ["", "KB", "-1KB", -1, "1.5MB", "1TB"])
def test_what_is_no_size(text: str | int) -> None:
    with pytest.raises(ValueError, match="expected a size"):
        size_in_bytes(text)


@pytest.mark.parametrize(
    ("text", "host", "port", "loopback"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080, True),
        ("127.9.9.9:0", "127.9.9.9", 0, True),
        ("localhost:1", "localhost", 1, True),
        ("[::1]:8080", "::1", 8080, True),
        ("0.0.0.0:8080", "0.0.0.0", 8080, False),
        ("[::]:8080", "::", 8080, False),
        ("sidecar.example:80", "sidecar.example", 80, False),
    ],
)
def test_addresses(text: str, host: str, port: int, loopback: bool) -> None:
    address = parse_address(text)
    assert address == Address(host, port)
    assert str(address) == text
    assert address.is_loopback is loopback


@pytest.mark.parametrize(
    "text", ["", "8080", ":8080", "::1:8080", "[127.0.0.1]:80", "host:", "host:x", "a b:80",
             "host:65536", "http://host:80"],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="expected HOST:PORT"):
        parse_address(text)


def test_urls_are_reachable() -> None:
    assert Address("0.0.0.0", 80).url == "http://127.0.0.1:80"
    assert Address("::", 80).url == "http://[::1]:80"


def test_networks_and_single_addresses() -> None:
    assert parse_network("10.0.0.0/8") == "10.0.0.0/8"
    assert parse_network("192.0.2.7") == "192.0.2.7/32"


@pytest.mark.parametrize("text", ["", "a:443", "a=b:1", "a:443=b", "*=b:1", "a:x=b:1"])
def test_what_is_no_connect_to(text: str) -> None:
    with pytest.raises(ValueError, match="expected HOST:PORT=ADDRESS:PORT"):
        parse_connect_to(text)
