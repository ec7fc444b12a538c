"""A sidecar in a process of its own, for commands that need one and find none."""

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from proxy.cli.errors import CommandError
from proxy.running import RunningSidecar, running
from store.data_folder import DataFolder

_ENTRY: Final = Path(__file__).parents[1] / "__main__.py"
_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 60.0


class SidecarProcess:
    """`wiretrail up` over a data folder, from entering until leaving."""

    def __init__(self, folder: DataFolder, arguments: Sequence[str]) -> None:
        """`arguments` are those of `up`, without `--data`."""
        self._folder = folder
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - our own entry
            # -P: nothing is imported from the folder that holds the entry.
            [
                *(sys.executable, "-P", str(_ENTRY), "up", "--quiet"),
                *("--data", str(self._folder.path), *self._arguments),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            # Ctrl-C ends the command that uses it first; then it is told to stop.
            start_new_session=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait_until_ready(self) -> RunningSidecar:
        """Its addresses, once it records.

        Raises:
            CommandError: it ended instead; why stands on standard error.
        """
        assert self._process is not None
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise CommandError("the sidecar could not start")
            found = running(self._folder)
            if found is not None and found.pid == self._process.pid:
                return found
            time.sleep(0.02)
        raise CommandError(f"the sidecar was not ready within {_START_SECONDS:.0f} s")
