import pytest

from store.cursors import decode_cursor, encode_cursor
from store.errors import FilterError


@pytest.mark.parametrize(
    "position", [0, 1, -1, 127, 128, 255, 256, (1 << 63) - 1, -(1 << 63), 1 << 127]
)
def test_a_cursor_comes_back(position: int) -> None:
    cursor = encode_cursor(position)
    assert decode_cursor(cursor) == position
    assert cursor.isascii()
    assert not set(cursor) & set("+/=&?# ")


@pytest.mark.parametrize("text", ["", "a", "!!!!", "AAAA", "é", "x" * 400, encode_cursor(7) + "A"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(FilterError) as caught:
        decode_cursor(text)
    assert caught.value.field == "cursor"


def test_a_cut_cursor_is_refused() -> None:
    cursor = encode_cursor(123_456_789_012_345)
    for length in range(len(cursor)):
        with pytest.raises(FilterError):
            decode_cursor(cursor[:length])
