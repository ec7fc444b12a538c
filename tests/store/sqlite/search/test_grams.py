"""What a word needs is set wherever SQLite finds it."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.sqlite.search.grams import (
    EVERYWHERE,
    GRAM,
    IN_SMALL,
    WIDTH,
    needed,
    number_positions,
    positions,
    words,
)

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)
KNOWN = st.text('aAbBäÄß漢1-_ "\\\n', max_size=30)


def plainly(found: list[bytes], texts: int) -> set[int]:
    """The same one gram after the other."""
    expected = set()
    for word in found:
        for start in range(len(word) - GRAM + 1):
            product = int.from_bytes(word[start : start + GRAM], "little") * texts
            mixed = product ^ product >> 23
            expected |= {mixed & WIDTH - 2 | 1, mixed >> 16 & WIDTH - 2}
    return expected


@given(st.lists(TEXTS, max_size=20), st.sampled_from([EVERYWHERE, IN_SMALL]))
def test_side_by_side_as_one_after_the_other(given_texts: list[str], texts: int) -> None:
    found = words(" ".join(given_texts).encode())
    assert set(positions(found, texts)) == plainly(found, texts)


@pytest.mark.parametrize("length", [3, 4, 5, 1023, 1024, 1025, 8190, 8191, 8192, 8193, 20_000])
def test_words_of_every_length(length: int) -> None:
    word = b"".join(b"%x" % number for number in range(length))[:length]
    assert set(positions([word], EVERYWHERE)) == plainly([word], EVERYWHERE)


@given(KNOWN, st.integers(0, 30), st.integers(1, 12))
def test_whatever_like_finds_has_what_is_needed(text: str, start: int, length: int) -> None:
    word = text[start : start + length].swapcase()
    database = sqlite3.connect(":memory:")
    pattern = "".join(f"\\{char}" if char in "\\%_" else char for char in word)
    (found,) = database.execute("SELECT ? LIKE ? ESCAPE '\\'", (text, f"%{pattern}%")).fetchone()
    database.close()
    if found:
        has = set(positions(words(text.encode()), EVERYWHERE))
        assert needed([word], EVERYWHERE) <= has


def test_short_words_need_nothing() -> None:
    assert needed(["abc"], EVERYWHERE) == frozenset()
    assert needed(["a-b.c d", "x"], EVERYWHERE) == frozenset()
    assert needed([], EVERYWHERE) == frozenset()


def test_of_two_spellings_only_what_both_need() -> None:
    both = needed(["x\tinvoice", "x\\tinvoice"], EVERYWHERE)
    assert both == needed(["invoice"], EVERYWHERE)


def test_small_texts_and_all_texts_have_bits_of_their_own() -> None:
    assert needed(["invoice"], EVERYWHERE).isdisjoint(needed(["invoice"], IN_SMALL))


def test_numbers_spread() -> None:
    pairs = {number_positions(kind, number) for kind in (0, 1) for number in range(1, 2000)}
    assert len(pairs) == 2 * 1999
    assert all(odd & 1 and not even & 1 and max(odd, even) < WIDTH for odd, even in pairs)


def test_hashes_spread() -> None:
    """What is random looks random, or searches for numbers would find everything."""
    found = [b"%08d" % (number * 7919) for number in range(1500)]
    grams = {word[start : start + 4] for word in found for start in range(5)}
    for parity in (0, 1):
        own = {position for position in positions(found, EVERYWHERE) if position & 1 == parity}
        slots = WIDTH / 2
        expected = slots * (1 - (1 - 1 / slots) ** len(grams))
        assert abs(len(own) - expected) < 0.1 * expected
