from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.datastructures import Headers

from proxy.client import get_ip_address, sanitize_headers

SECRET = "FAKE" + "canary0123456789"


@pytest.mark.parametrize(
    ("request_", "address"),
    [
        ({"X-Forwarded-For": "203.0.113.9, 10.0.0.1"}, "203.0.113.9"),
        ({"x-real-ip": "2001:db8::1"}, "2001:db8::1"),
        ({"X-Forwarded-For": "unknown", "X-Real-IP": "203.0.113.9"}, "203.0.113.9"),
        ({"X-Forwarded-For": "[2001:db8::1]:443"}, "2001:db8::1"),
        ({"X-Forwarded-For": "203.0.113.9:1234"}, "203.0.113.9"),
        ({"X-Forwarded-For": "<script>"}, None),
        (SimpleNamespace(headers={}, client=SimpleNamespace(host="203.0.113.9")), "203.0.113.9"),
        (SimpleNamespace(headers={}, remote_addr="203.0.113.9"), "203.0.113.9"),
        (SimpleNamespace(headers={}, META={"REMOTE_ADDR": "203.0.113.9"}), "203.0.113.9"),
        (SimpleNamespace(headers={}, remote="203.0.113.9"), "203.0.113.9"),
        (
            SimpleNamespace(headers={"X-Forwarded-For": "198.51.100.1"}, remote="203.0.113.9"),
            "198.51.100.1",
        ),
        (SimpleNamespace(headers=None), None),
        (None, None),
    ],
)
def test_addresses_of_requests(request_: Any, address: str | None) -> None:
    assert get_ip_address(request_) == address


def test_forwarded_headers_need_not_be_believed() -> None:
    request = SimpleNamespace(headers={"X-Forwarded-For": "198.51.100.1"}, remote="203.0.113.9")
    assert get_ip_address(request, trust_forwarded=False) == "203.0.113.9"


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "proxy-authorization",
        "Cookie",
        "Set-Cookie",
        "X-Api-Key",
        "apikey",
        "X-Auth-Token",
        "X-Hub-Signature-256",
        "X-Amz-Security-Token",
        "X_SECRET",
        "Ocp-Apim-Subscription-Key",
    ],
)
def test_credentials_are_replaced(name: str) -> None:
    assert sanitize_headers({name: SECRET}) == {name: "[REDACTED]"}


@pytest.mark.parametrize(
    "name",
    [
        "Accept",
        "Content-Type",
        "X-Author",
        "X-Monkey",
        "Tokenizer",
        "Idempotency-Key",
        "Sec-WebSocket-Version",
    ],
)
def test_other_headers_stay(name: str) -> None:
    assert sanitize_headers({name: "value"}) == {name: "value"}


def test_repeated_headers_become_a_list() -> None:
    expected = {"Via": ["a", "b"], "Host": "x"}
    pairs = [("Via", "a"), ("Host", "x"), ("via", "b")]
    assert sanitize_headers(pairs) == expected
    assert sanitize_headers({"Via": ["a", "b"], "Host": "x"}) == expected
    assert sanitize_headers([(b"Via", b"a"), (b"Host", b"x"), (b"Via", b"b")]) == expected
    assert sanitize_headers(httpx.Headers([("via", "a"), ("via", "b")])) == {"via": ["a", "b"]}
    assert sanitize_headers(Headers(raw=[(b"via", b"a"), (b"via", b"b")])) == {"via": ["a", "b"]}


def test_nothing_is_nothing() -> None:
    assert sanitize_headers(None) == sanitize_headers({}) == {}
