"""Keeps captures without a keeper: one thread classifies, redacts and writes them in batches."""

import logging
import queue
import secrets
import threading
import time
from pathlib import Path
from typing import Final

from store.capture import Capture
from store.capture_options import CaptureOptions
from store.classification.classifier import Classifier
from store.classification.rules import ClassificationRules
from store.data_folder import DataFolder
from store.errors import StoreUnavailable
from store.identity import created_at_of
from store.open_store import open_writer, store_of
from store.recorder import Recorder
from store.redaction.options import RedactionOptions
from store.redaction.redactor import Redactor

logger = logging.getLogger(__name__)

_QUEUE: Final = 10_000
_BATCH: Final = 500
_SECONDS: Final = 0.1
_MAINTAIN_SECONDS: Final = 60.0
_KEY_BYTES: Final = 32


class RecordThread(threading.Thread):
    """The only writer of the store in `folder`. Captures wait in a bounded queue; when it is
    full they are dropped, counted, and leave a gap record.

    Raises (on creation):
        StoreError: the store cannot be opened, or a keeper has it.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(name="wiretrail-record", daemon=True)
        data = DataFolder(folder).ensure()
        key = data.secret(data.redaction_key, lambda: secrets.token_bytes(_KEY_BYTES))
        self._writer = open_writer(store_of(data))
        self._recorder = Recorder(
            self._writer,
            Classifier(ClassificationRules()),
            Redactor(key, RedactionOptions()),
            CaptureOptions(),
        )
        self._queue: queue.Queue[Capture | None] = queue.Queue(_QUEUE)
        self._dropped = 0
        self._dropped_since: int | None = None

    def put(self, capture: Capture) -> None:
        """Take a capture; never blocks."""
        try:
            self._queue.put_nowait(capture)
        except queue.Full:
            self._dropped += 1
            if self._dropped_since is None:
                self._dropped_since = created_at_of(capture.id)

    def stop(self) -> None:
        """Write what waits, then close the store."""
        self._queue.put(None)
        self.join()

    def run(self) -> None:
        """The thread's body."""
        going = True
        while going:
            batch, going = self._collect()
            if batch:
                self._keep(batch)
            elif going:
                self._writer.maintain(created_now())
        self._writer.close()

    def _collect(self) -> tuple[list[Capture], bool]:
        """The captures that came until the batch is full or the line is idle."""
        batch: list[Capture] = []
        patience = _MAINTAIN_SECONDS
        while len(batch) < _BATCH:
            try:
                capture = self._queue.get(timeout=patience)
            except queue.Empty:
                break
            if capture is None:
                return batch, False
            batch.append(capture)
            patience = _SECONDS
        return batch, True

    def _keep(self, batch: list[Capture]) -> None:
        try:
            self._recorder.record(batch)
            dropped, self._dropped = self._dropped, 0
            if dropped:
                since, self._dropped_since = self._dropped_since, None
                now = created_now()
                self._writer.record_gap("queue_full", dropped, since or now, now)
        except StoreUnavailable as error:
            logger.error("%d exchanges were not recorded: %s", len(batch), error)


def created_now() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000
