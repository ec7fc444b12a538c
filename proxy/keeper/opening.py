"""Opens the store that a config names, with the rules of its only door."""

import os
from collections.abc import Callable, Sequence
from typing import Final

from proxy.config import (
    Config,
    capture_options,
    classification_rules,
    data_folder,
    redaction_options,
    store_address,
    store_options,
)
from proxy.keeper.store_thread import OpenStore
from store.activity import ActivityRow
from store.backend import Writer, WriteResult
from store.classification.classifier import Classifier
from store.open_store import open_writer
from store.recorder import Recorder
from store.redaction.redactor import Redactor

_KEY_BYTES: Final = 32


def open_store(config: Config, on_commit: Callable[[int], None]) -> OpenStore:
    """The store, for its one writer. `on_commit` hears the highest `seq` of each batch.

    Raises:
        StoreError: it cannot be used, or another keeper has it.
    """
    writer = open_writer(store_address(config), store_options(config))
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
