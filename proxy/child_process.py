"""A child as the supervisor sees it: started, told, watched, started again."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from proxy.control import CONTROL_FD_OPTION, FromChild, ParentEnd, ToChild

# Where the folders `proxy`, `addons` and `store` lie, in the source tree or an installed wheel.
_ROOT: Final = Path(__file__).parents[1]
_BACK_OFF_SECONDS: Final = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0)
# A child that lived so long starts its back-off anew.
_HEALTHY_SECONDS: Final = 10.0


class ChildProcess:
    """One child and its successors. `module` is run by a Python of its own."""

    def __init__(self, name: str, module: str) -> None:
        self.name = name
        self.control: ParentEnd | None = None
        self.ready = False
        self.slot = 0
        """A worker's slot of counters."""
        self._module = module
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self.killed = False
        """`kill` was called on this process."""
        self.failures = 0
        """How often in short succession it has ended."""
        self._restart_at = 0.0

    @property
    def alive(self) -> bool:
        """Whether there is a process."""
        return self._process is not None

    def start(self, message: ToChild, descriptors: Sequence[int]) -> None:
        """Start the process, let it inherit the descriptors and tell it what to do."""
        ours, theirs = socket.socketpair()
        paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                # -P: nothing is imported from the folder that somebody happened to start us in.
                [
                    *(sys.executable, "-P", "-m", self._module),
                    *(CONTROL_FD_OPTION, str(theirs.fileno())),
                ],
                pass_fds=[theirs.fileno(), *descriptors],
                env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
                stdin=subprocess.DEVNULL,
            )
        self.control = ParentEnd(ours)
        self.ready = self.killed = False
        self._started_at = time.monotonic()
        self.control.send(message)

    def send(self, message: ToChild) -> bool:
        """Tell the child; False when it cannot hear."""
        return self.control is not None and self.control.send(message)

    def heard(self) -> list[FromChild] | None:
        """What the child said; `None` at the end of its stream."""
        return [] if self.control is None else self.control.receive()

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended and `bury` was not called yet."""
        return self._process is not None and self._process.poll() is not None

    def bury(self) -> int:
        """Give back the return code of a process that has ended (negative: by that signal) and
        work out when its successor is due."""
        assert self._process is not None
        code = self._process.wait()
        if self.control is not None:
            self.control.close()
        self._process = self.control = None
        self.ready = False
        now = time.monotonic()
        if now - self._started_at > _HEALTHY_SECONDS:
            self.failures = 0
        self._restart_at = now + _BACK_OFF_SECONDS[min(self.failures, len(_BACK_OFF_SECONDS) - 1)]
        self.failures += 1
        return code

    @property
    def due(self) -> bool:
        """Whether it is time to start it again."""
        return self._process is None and time.monotonic() >= self._restart_at

    @property
    def age(self) -> float:
        """Seconds since the process was started."""
        return time.monotonic() - self._started_at

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self.killed = True
            self._process.send_signal(signal.SIGKILL)
