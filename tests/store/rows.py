"""A writer that keeps rows in a list, for tests of what comes through the store's door."""

from collections.abc import Sequence

from store.activity import ActivityRow
from store.backend import WriteResult
from store.errors import StoreUnavailable


class RowList:
    """The writer's protocol over a list. `is_full` refuses every batch."""

    def __init__(self) -> None:
        self.rows: list[ActivityRow] = []
        self.batches = 0
        self.is_full = False

    def write(self, rows: Sequence[ActivityRow]) -> WriteResult:
        """Keep rows."""
        if self.is_full:
            raise StoreUnavailable("disk full")
        self.rows += rows
        self.batches += 1
        return WriteResult(inserted=len(rows), completed=0, repeated=0, last_seq=len(self.rows))

    def interrupt_started(self, before: int) -> int:
        """Not used here."""
        raise NotImplementedError

    def end_started(self, identifiers: Sequence[bytes]) -> WriteResult:
        """Not used here."""
        raise NotImplementedError

    def record_gap(self, reason: str, count: int, since: int, until: int) -> None:
        """Not used here."""
        raise NotImplementedError

    def maintain(self, now: int) -> bool:
        """Not used here."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing to close."""
