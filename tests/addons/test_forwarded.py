"""Who sent a request that came through trusted hops."""

import pytest

from addons.forwarded import ForwardedRule, networks

HOPS = networks(["127.0.0.0/8", "10.0.0.0/8"])


@pytest.mark.parametrize(
    ("listed", "sender"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("198.51.100.1, 192.0.2.7, 10.0.0.3", "192.0.2.7"),
        ("192.0.2.7:5678", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:5678, 10.0.0.3:80", "2001:db8::7"),
        ("192.0.2.7, unknown", "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
def test_the_last_one_that_no_trusted_hop_added(listed: str, sender: str) -> None:
    rule = ForwardedRule("127.0.0.1", HOPS)
    assert rule.sender([(b"X-Forwarded-For", listed.encode())]) == sender


def test_nobody_else_is_believed() -> None:
    rule = ForwardedRule("203.0.113.9", HOPS)
    assert rule.sender([(b"X-Forwarded-For", b"192.0.2.7")]) == "203.0.113.9"
