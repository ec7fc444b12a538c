"""Signals of a process that waits in a selector."""

import signal
import socket
from typing import Final


class CollectedSignals:
    """Collects signals while it is entered; gives a socket that wakes a selector."""

    _NUMBERS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def __init__(self, collected: list[int]) -> None:
        self._collected = collected

    def __enter__(self) -> socket.socket:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._old_wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._old = {
            number: signal.signal(number, lambda number, _: self._collected.append(number))
            for number in self._NUMBERS
        }
        return self._reader

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._old_wakeup)
        for number, handler in self._old.items():
            signal.signal(number, handler)
        self._reader.close()
        self._writer.close()
