"""Makes single captures harmful to the keeper that records them. On the path of a sidecar's
processes when a test puts this folder on `PYTHONPATH`."""

import os
import time
from collections.abc import Sequence
from typing import Any

from store import recorder
from store.capture import Phase

_record = recorder.Recorder.record


def _sabotaged(self: recorder.Recorder, exchanges: Sequence[Any]) -> recorder.RecordResult:
    for exchange in exchanges:
        ends = exchange.phase is Phase.FINAL
        if exchange.target == "/crash" or (ends and exchange.target == "/crash-at-its-end"):
            os.abort()
        if exchange.target == "/spin":
            time.sleep(3600)
        if exchange.target == "/raise":
            raise RuntimeError(exchange.target)
    return _record(self, exchanges)


recorder.Recorder.record = _sabotaged  # type: ignore[method-assign]
