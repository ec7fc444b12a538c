"""How long a worker with more connections than another lets that one accept first.

One that waits for a processor comes in a while. One that is stuck never does, and must cost new
connections next to nothing: so each wait that was in vain makes the next ones rarer, until the
other shows that it lives, or a second has passed.
"""

import time
from typing import Final

from addons.crowd import Crowd

SECONDS: Final = 0.002
"""Of one wait."""
_PATIENCE: Final = 10
"""Waits for one connection, at most."""
_MOST: Final = 64
"""Connections that are taken after one wait."""
_MEMORY: Final = 1.0
"""Seconds after which one that did not come is waited for as long again."""


class Courtesy:
    """What a worker has seen of the others."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._run = 0
        """Connections that are taken after the next wait; 0: no wait was in vain."""
        self._free = 0
        """Connections to be taken before it."""
        self._least = 0
        """What the other had before the last wait."""
        self._since = 0.0
        """When it did not come the first time."""

    def waits(self, mine: int) -> int:
        """How many times to wait at most, before a worker with so many connections takes one."""
        least = self._crowd.least()
        if mine <= least:
            return 0
        if self._run and (least != self._least or time.monotonic() - self._since > _MEMORY):
            self.came()
        if self._free:
            self._free -= 1
            return 0
        self._least = least
        return 1 if self._run else _PATIENCE

    def goes_on(self, mine: int) -> bool:
        """Whether more than one wait is worth it: the other has less than half."""
        return mine > 2 * self._crowd.least()

    def came(self) -> None:
        """Another worker has taken what was left for it."""
        self._run = self._free = 0

    def in_vain(self) -> None:
        """There was still one to take, which means nothing if others have taken some, too."""
        if self._crowd.least() != self._least:
            self.came()
            return
        if not self._run:
            self._since = time.monotonic()
        self._run = min(2 * self._run or 1, _MOST)
        self._free = self._run - 1
