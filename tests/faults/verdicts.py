"""One row of the table: promise, case, expected, seen."""

from collections.abc import Callable
from typing import Final

PROPERTY: Final = "verdict"
"""Name of the property that carries a row in a test's report."""

type Row = tuple[str, str, str, str]

PROMISES: Final = {
    1: "transparent",
    2: "streams stay streams",
    3: "one truthful row",
    4: "own deadlines",
    5: "the log never breaks traffic",
    6: "crash-safe",
    7: "clean stop",
    8: "bounded",
    9: "long life",
    10: "no desync",
    11: "no way inside",
    12: "honest identity",
}


class Verdicts:
    """Collects rows and fails the test where what was seen is not what was expected."""

    def __init__(self, note: Callable[[Row], None]) -> None:
        self._note = note

    def check(self, promise: int, case: str, expected: object, seen: object) -> None:
        """Both are compared and shown; they must not hold bytes of a capture."""
        self.figure(promise, case, expected, seen)
        assert seen == expected, f"{case}: expected {expected}, seen {seen}"

    def figure(self, promise: int, case: str, expected: object, seen: object) -> None:
        """A row that is told and not compared: times, which depend on the machine."""
        self._note((f"{promise} {PROMISES[promise]}", case, _text(expected), _text(seen)))


def _text(value: object) -> str:
    # xdist carries plain text between processes, and no enumeration.
    return str(value) if isinstance(value, str) else repr(value)
