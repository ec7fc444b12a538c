"""Opens the store that a config names, with the rules of its only door."""

import os
from collections.abc import Callable, Sequence
from typing import Final

from proxy.config import Config, classification_rules, data_folder, redaction_options
from proxy.keeper.store_thread import OpenStore
from store.activity import ActivityRow
from store.backend import Writer, WriteResult
from store.capture_options import CaptureOptions, SkipBody
from store.classification.classifier import Classifier
from store.recorder import Recorder
from store.redaction.redactor import Redactor
from store.sqlite.writer import SqliteWriter

_KEY_BYTES: Final = 32


def open_store(config: Config, on_commit: Callable[[int], None]) -> OpenStore:
    """The store, for its one writer. `on_commit` hears the highest `seq` of each batch.

    Raises:
        StoreError: it cannot be used, or another keeper has it.
    """
    writer = SqliteWriter(data_folder(config).activity_db)
    recorder = Recorder(
        _Announced(writer, on_commit), classifier(config), redactor(config), capture_options(config)
    )
    return OpenStore(writer, recorder)


def classifier(config: Config) -> Classifier:
    """The classifier of the config's rules."""
    return Classifier(classification_rules(config))


def redactor(config: Config) -> Redactor:
    """The redactor with this installation's key."""
    folder = data_folder(config)
    key = folder.secret(folder.redaction_key, lambda: os.urandom(_KEY_BYTES))
    return Redactor(key, redaction_options(config))


def capture_options(config: Config) -> CaptureOptions:
    """What rows keep."""
    capture = config.capture
    return CaptureOptions(
        ip_address=capture.ip_address,
        user_agent=capture.user_agent,
        skip_body=tuple(
            SkipBody(host=skip.host, path=skip.path, content_type=skip.content_type)
            for skip in capture.skip_body
        ),
    )


class _Announced:
    """A writer whose commits are told."""

    def __init__(self, writer: Writer, on_commit: Callable[[int], None]) -> None:
        self._writer = writer
        self._on_commit = on_commit
        self.interrupt_started = writer.interrupt_started
        self.record_gap = writer.record_gap
        self.maintain = writer.maintain
        self.close = writer.close

    def write(self, rows: Sequence[ActivityRow]) -> WriteResult:
        result = self._writer.write(rows)
        self._on_commit(result.last_seq)
        return result
