"""Steady traffic through a reverse or forward proxy, that counts what its clients see."""

import http.client
import threading
import time
from contextlib import closing
from urllib.parse import urlsplit


class Load:
    """Clients in threads, one request after the other on kept connections, until `stop`."""

    def __init__(
        self,
        url: str,
        clients: int = 4,
        body: bytes = b'{"event": "ping"}',
        pause: float = 0.0,
    ) -> None:
        """`pause`: seconds that each client waits between two requests."""
        self._url = urlsplit(url)
        self._pause = pause
        self._body = body
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self.succeeded = 0
        """Requests with the status that the partner gave (200)."""
        self.failed: list[str] = []
        """What went wrong with the others."""
        self.times: list[tuple[float, float]] = []
        """When each that succeeded was sent (monotonic), and how many seconds it took."""
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(clients)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End after the running requests."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(30)

    def wait_for(self, more: int, seconds: float = 20.0) -> None:
        """Until so many more requests have succeeded."""
        target = self.succeeded + more
        deadline = time.monotonic() + seconds
        while self.succeeded < target:
            assert time.monotonic() < deadline, f"traffic stands still; failed: {self.failed[:3]}"
            time.sleep(0.01)

    def _run(self) -> None:
        host, port = self._url.hostname or "", self._url.port
        while not self._stopping.is_set():
            # A new connection after each failure.
            with closing(http.client.HTTPConnection(host, port, timeout=20)) as connection:
                self._use(connection)

    def _use(self, connection: http.client.HTTPConnection) -> None:
        while not self._stopping.is_set():
            begun = time.monotonic()
            try:
                connection.request("POST", "/hook", self._body)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                self._note(type(error).__name__)
                time.sleep(0.05)
                return
            self.times.append((begun, time.monotonic() - begun))
            self._note(None if answer.status == 200 else str(answer.status))
            if self._pause:
                time.sleep(self._pause)

    def _note(self, failure: str | None) -> None:
        with self._lock:
            if failure is None:
                self.succeeded += 1
            else:
                self.failed.append(failure)
