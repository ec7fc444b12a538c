"""Steady traffic through a reverse or forward proxy, that counts what its clients see."""

import http.client
import threading
import time
from contextlib import closing
from urllib.parse import urlsplit


class Load:
    """Clients in threads, one request after the other on kept connections, until `stop`."""

    def __init__(self, url: str, clients: int = 4, body: bytes = b'{"event": "ping"}') -> None:
        self._url = urlsplit(url)
        self._body = body
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self.succeeded = 0
        """Requests with the status that the partner gave (200)."""
        self.failed: list[str] = []
        """What went wrong with the others."""
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
            try:
                connection.request("POST", "/hook", self._body)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                self._note(type(error).__name__)
                time.sleep(0.05)
                return
            self._note(None if answer.status == 200 else str(answer.status))

    def _note(self, failure: str | None) -> None:
        with self._lock:
            if failure is None:
                self.succeeded += 1
            else:
                self.failed.append(failure)
