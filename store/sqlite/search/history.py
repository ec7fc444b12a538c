"""Whether a search file is of a store as it is now. A store that was put back from a copy gives
the same `seq` to other rows, and the index must not say that it knows them."""

from collections.abc import Mapping
from typing import Final

from store.sqlite.narrowing import Fragment

HISTORY: Final = "search_history"
"""In both states: a number by chance that they share."""

_NEEDED: Final = {HISTORY, "from_seq", "until_seq", "past_key", "segment_new", "segment_old"}
_STATE: Final = "SELECT value FROM state WHERE name = ?"


def questions(kept: Mapping[str, int]) -> tuple[Fragment, ...]:
    """What the store is to be asked; each has one row of one value, or none. `kept` is the state
    of the search file."""
    return (
        Fragment(_STATE, (HISTORY,)),
        Fragment(_STATE, ("last_seq",)),
        Fragment(
            "SELECT key FROM activities INDEXED BY activities_seq WHERE seq = ?",
            (kept.get("until_seq", 0),),
        ),
    )


def belongs(kept: Mapping[str, int], answers: list[int | None]) -> bool:
    """Whether the file is of the store that gave these answers."""
    if not kept.keys() >= _NEEDED:
        return False
    history, last_seq, key = answers
    return (
        history == kept[HISTORY]
        and (last_seq or 0) >= kept["until_seq"]
        # It may have been deleted, or changed since.
        and (key is None or kept.get("until_key", key) == key)
    )
