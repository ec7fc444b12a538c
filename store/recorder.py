"""The store's only door: captures are classified and redacted here, and only then become rows."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

import msgspec

from store.activity import ActivityRow, JsonText
from store.backend import Writer
from store.capture import Capture, Phase
from store.capture_options import CaptureOptions, CompiledOptions
from store.classification.classifier import Classifier
from store.classification.rules import Classification
from store.log_entry import LoggedExchange
from store.redaction.exchange import RedactedExchange
from store.row import RowParts, build_row, lower_names

_log: Final = logging.getLogger(__name__)


class Redacts(Protocol):
    """What the recorder needs of a redactor."""

    def redact(
        self, capture: Capture, organization: UUID, metadata: JsonText | None = None
    ) -> RedactedExchange:
        """The parts of a capture, and of what was told beside it, that may be kept."""
        ...


class RecordResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch."""

    stored: list[bytes]
    """Ids whose rows are committed now."""
    rejected: dict[bytes, str]
    """Ids that left no row, and why; the reason shows no content."""


class _Door(NamedTuple):
    """What `reconfigure` swaps as one."""

    classifier: Classifier
    redactor: Redacts
    options: CompiledOptions


class Recorder:
    """Turns captures into rows and writes them. `record` belongs to one thread;
    `reconfigure` may be called from another, and takes effect with the next batch."""

    def __init__(
        self, writer: Writer, classifier: Classifier, redactor: Redacts, options: CaptureOptions
    ) -> None:
        """Raises `RuleError` when a pattern of the options cannot be used."""
        self._writer = writer
        self._door = _Door(classifier, redactor, CompiledOptions(options))

    def reconfigure(
        self, classifier: Classifier, redactor: Redacts, options: CaptureOptions
    ) -> None:
        """Use new rules from the next batch on. Raises `RuleError` with the old ones in place."""
        self._door = _Door(classifier, redactor, CompiledOptions(options))

    def record(self, exchanges: Sequence[Capture | LoggedExchange]) -> RecordResult:
        """Keep a batch in one transaction. An exchange that cannot be made a row is rejected
        alone; nothing of it is kept or told.

        Raises:
            StoreUnavailable: nothing of the batch was kept.
        """
        door = self._door
        rows: list[ActivityRow] = []
        rejected: dict[bytes, str] = {}
        for exchange in exchanges:
            if isinstance(exchange, LoggedExchange):
                capture, logged = exchange.capture, exchange
            else:
                capture, logged = exchange, None
            try:
                rows.append(_row(door, capture, logged))
            except Exception as error:  # noqa: BLE001 - the capture guard: fail closed, go on
                # Neither text nor traceback of the error: they may quote the capture.
                reason = f"unrecordable ({type(error).__name__})"
                rejected[capture.id] = reason
                _log.error("capture %s rejected: %s", capture.id.hex(), reason)
        if rows:
            self._writer.write(rows)
        return RecordResult(stored=[row.id for row in rows], rejected=rejected)


def _row(door: _Door, capture: Capture, logged: LoggedExchange | None) -> ActivityRow:
    """One capture as a row."""
    request = lower_names(capture.request_headers)
    found = _classify(door.classifier, capture, request, logged)
    shown = door.options.without_client(capture)
    redacted = door.redactor.redact(shown, found.organization_id, _told(capture, logged))
    if capture.phase is Phase.STARTED:
        # The headers of a start are there for the redactor alone.
        capture = msgspec.structs.replace(capture, request_headers=[])
        found = msgspec.structs.replace(found, event=None, signature_header=None)
        request = {}
    parts = RowParts(
        capture=capture,
        found=found,
        redacted=redacted,
        request=request,
        answer=lower_names(capture.response_headers + capture.response_trailers),
        metadata=_object(redacted.metadata),
        keeps=door.options.keeps_bodies(capture, found.activity_type),
        keeps_address=door.options.ip_address,
        keeps_agent=door.options.user_agent,
        logged=logged,
    )
    return build_row(parts)


def _classify(
    classifier: Classifier,
    capture: Capture,
    headers: Mapping[bytes, bytes],
    logged: LoggedExchange | None,
) -> Classification:
    """The classification, with what a service told about an activity of its own."""
    found = classifier.classify(capture, headers)
    if logged is None:
        return found
    return msgspec.structs.replace(
        found,
        activity_type=logged.activity_type or found.activity_type,
        provider=logged.provider or found.provider,
    )


def _told(capture: Capture, logged: LoggedExchange | None) -> JsonText | None:
    """What a service told beside an exchange, as JSON: it is redacted as a body would be. An
    exchange's start tells nothing of it, as of bodies."""
    told: dict[str, Any] = dict(capture.claims.metadata) if capture.claims is not None else {}
    if logged is not None:
        told.update(logged.metadata)
    if not told or capture.phase is Phase.STARTED:
        return None
    return msgspec.json.encode(told).decode()


def _object(text: JsonText | None) -> dict[str, Any]:
    value = {} if text is None else msgspec.json.decode(text)
    return value if isinstance(value, dict) else {}
