"""What the connections of a worker share must not go from test to test."""

import pytest

from addons import http2_allowance


@pytest.fixture(autouse=True)
def fresh_allowance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of what all HTTP/2 clients share is used up yet."""
    monkeypatch.setattr(http2_allowance, "_shared", http2_allowance._Shared())
