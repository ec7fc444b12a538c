from uuid import uuid4

import pytest

from store.times import rfc3339, uuid_bytes, uuid_text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_424_000_123, "2026-11-23T08:53:20.123Z"),
        (1_709_164_799_999, "2024-02-28T23:59:59.999Z"),
    ],
)
def test_rfc3339(milliseconds: int, text: str) -> None:
    assert rfc3339(milliseconds) == text


def test_uuids() -> None:
    identifier = uuid4()
    assert uuid_text(identifier.bytes) == str(identifier)
    for spelling in (str(identifier), identifier.hex, str(identifier).upper()):
        assert uuid_bytes(spelling) == identifier.bytes
    for other in ("", "x" * 36, str(identifier)[:-1], f"{{{identifier}}}"):
        assert uuid_bytes(other) is None
