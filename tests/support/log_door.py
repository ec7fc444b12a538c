"""The store's door for entries of services, as the keeper opens it, without its thread."""

import os
from collections.abc import Callable
from typing import Any
from uuid import UUID

from store.capture import Capture
from store.capture_options import CaptureOptions
from store.classification.classifier import Classifier
from store.classification.rules import ClassificationRules
from store.errors import EntryError
from store.log_entry import (
    LogCompletion,
    LogEntry,
    LoggedExchange,
    completed_exchange,
    entry_exchange,
)
from store.recorder import Recorder
from store.redaction.exchange import RedactedExchange
from store.redaction.options import RedactionOptions
from store.redaction.redactor import Redactor
from store.scope import Scope
from store.sqlite.reader import SqliteReader
from store.sqlite.writer import SqliteWriter
from store.times import uuid_text


class LogDoor:
    """Give `services()` to a server; it then logs, completes and explains."""

    def __init__(
        self, writer: SqliteWriter, reader: SqliteReader, clock: Callable[[], int]
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._redactor = Redactor(os.urandom(32), RedactionOptions())
        self._recorder = Recorder(
            writer, Classifier(ClassificationRules()), self._redactor, CaptureOptions()
        )

    def services(self) -> dict[str, Any]:
        return {
            "reader": self._reader,
            "submit_entry": self.submit,
            "complete_entry": self.complete,
            "explain": self.explain,
        }

    async def submit(self, entry: LogEntry, organization: UUID) -> bytes:
        exchange = entry_exchange(entry, organization, self._clock())
        self._keep(exchange)
        return exchange.capture.id

    async def complete(self, identifier: bytes, completion: LogCompletion, scope: Scope) -> bool:
        whole = Scope(organizations=scope.organizations, bodies=True)
        started = await self._reader.one(whole, uuid_text(identifier))
        if started is None:
            return False
        self._keep(completed_exchange(started, completion, self._clock() + 40))
        return True

    def explain(self, capture: Capture, organization: UUID) -> RedactedExchange:
        return self._redactor.redact(capture, organization)

    def _keep(self, exchange: LoggedExchange) -> None:
        if self._recorder.record([exchange]).rejected:
            raise EntryError("activity", "cannot be kept")
