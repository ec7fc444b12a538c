"""Credentials and their digests."""

import base64
from pathlib import Path

import pytest

from addons.entrance import Entrance
from addons.errors import Refusal
from addons.recording import Recording
from addons.settings import Credential, Listener, RelaySettings, password_digest
from store.activity import Direction
from tests.addons.relay_world import ListSink


def test_digest_is_salted_and_shows_no_password() -> None:
    one, two = password_digest(b"secret", "a"), password_digest(b"secret", "b")
    assert one != two
    assert "secret" not in one
    credential = Credential(user="u", password_digest=one)
    assert credential.matches(b"u", b"secret")
    assert not credential.matches(b"u", b"Secret")
    assert not credential.matches(b"v", b"secret")
    assert one not in repr(credential)


def test_password_may_hold_a_colon(tmp_path: Path) -> None:
    credential = Credential(user="u", password_digest=password_digest(b"a:b"))
    listener = Listener(name="f", direction=Direction.OUTGOING, credentials=(credential,))
    entrance = Entrance(listener, RelaySettings(ca_dir=tmp_path), Recording(ListSink()))
    good = b"basic " + base64.b64encode(b"u:a:b")
    assert entrance.admit("127.0.0.1", good).organization is None
    with pytest.raises(Refusal):
        entrance.admit("127.0.0.1", b"Basic " + base64.b64encode(b"u:a"))
