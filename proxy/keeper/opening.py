"""Opens the store that a config names, with the rules of its only door."""

import os
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

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
from store.capture_options import CaptureOptions
from store.classification.classifier import Classifier
from store.open_store import open_writer
from store.recorder import Recorder
from store.redaction.redactor import Redactor

_KEY_BYTES: Final = 32


class Door(NamedTuple):
    """The rules of the store's only door, as `Recorder` takes them."""

    classifier: Classifier
    redactor: Redactor
    options: CaptureOptions


def open_store(config: Config, door: Door, on_commit: Callable[[int], None]) -> OpenStore:
    """The store, for its one writer. `on_commit` hears the highest `seq` of each batch.

    Raises:
        StoreError: it cannot be used, or another keeper has it.
    """
    writer = open_writer(store_address(config), store_options(config))
    return OpenStore(writer, Recorder(_Announced(writer, on_commit), *door))


def open_door(config: Config) -> Door:
    """What stands between captures and rows.

    Raises:
        StoreError: a rule cannot be used, or this installation's key cannot be read.
    """
    folder = data_folder(config)
    key = folder.secret(folder.redaction_key, lambda: os.urandom(_KEY_BYTES))
    return Door(
        Classifier(classification_rules(config)),
        Redactor(key, redaction_options(config)),
        capture_options(config),
    )


class _Announced:
    """A writer whose commits are told."""

    def __init__(self, writer: Writer, on_commit: Callable[[int], None]) -> None:
        self._writer = writer
        self._on_commit = on_commit
        self.interrupt_started = writer.interrupt_started
        self.record_gap = writer.record_gap
        self.maintain = writer.maintain
        self.index = writer.index
        self.unindex = writer.unindex
        self.gone = writer.gone
        self.close = writer.close

    def end_started(self, identifiers: Sequence[bytes]) -> WriteResult:
        result = self._writer.end_started(identifiers)
        self._on_commit(result.last_seq)
        return result

    def write(self, rows: Sequence[ActivityRow]) -> WriteResult:
        result = self._writer.write(rows)
        self._on_commit(result.last_seq)
        return result
