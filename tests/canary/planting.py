"""Canaries: secrets made by chance in each run, and cases that carry them through a channel."""

import random
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_CHANCE = random.SystemRandom()
_LETTERS = string.ascii_letters + string.digits
_LOWER = string.ascii_lowercase + string.digits


class Plant:
    """Makes the canaries of one case and remembers them."""

    def __init__(self) -> None:
        self.cores: list[str] = []

    def opaque(self, letters: str = _LETTERS, length: int = 28) -> str:
        """A value that only its name, or its standing elsewhere, tells to be a secret."""
        core = "".join(_CHANCE.choices(letters, k=length))
        self.cores.append(core)
        return core

    def word(self) -> str:
        """One of letters alone, too short to look drawn by chance."""
        return self.opaque(string.ascii_lowercase, 18)

    def lower(self) -> str:
        """One that a host name may hold."""
        return "k" + self.opaque(_LOWER)

    def odd(self) -> str:
        """One with characters that URLs, JSON and base64 write differently."""
        return f"{self.opaque()}+/=&\"' é"

    def shaped(self) -> str:
        """A key that is known by its shape (GitHub's)."""
        return "gh" + "p_" + self.opaque(length=36)

    def host_label(self) -> str:
        """A key that is known by its shape and fits into a host name (Slack's)."""
        return "xo" + "xb-" + self.opaque(_LOWER, 24)


@dataclass(frozen=True)
class Case:
    """One exchange through one channel."""

    name: str
    play: Callable[[Any], None]
    """Sends it, given the stage."""
    cores: tuple[str, ...]
    """What must be found nowhere afterwards."""
    kept: tuple[str, ...]
    """What its row must show."""
    where: str
    """Which row it is, in SQL over the readable table."""
    rows: int = 1


@dataclass
class Table:
    """The cases of one file, in the order of their definition."""

    cases: list[Case] = field(default_factory=list)

    def add(
        self,
        name: str,
        plant: Plant,
        play: Callable[[Any], None],
        *kept: str,
        where: str | None = None,
        rows: int = 1,
    ) -> None:
        where = where or f"endpoint LIKE '%/{name}%'"
        assert plant.cores, name
        assert name not in [case.name for case in self.cases], name
        self.cases.append(Case(name, play, tuple(plant.cores), kept, where, rows))
