"""A stub of the API that keeps what it is sent and answers as told."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


class StubApi:
    """Requests as `(method, path, headers, JSON)`; `status` and `answer` are what it answers."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str], Any]] = []
        self.status = 201
        self.answer: Any = {"id": "01a2079f-b71a-7022-9953-5f189a53f5eb"}
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _take(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fields = {name.lower(): value for name, value in self.headers.items()}
                stub.requests.append((self.command, self.path, fields, json.loads(body)))
                content = stub.answer
                if not isinstance(content, bytes):
                    content = json.dumps(content).encode()
                self.send_response(stub.status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_PATCH = _take

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> "StubApi":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubApi]:
    with StubApi() as stub:
        monkeypatch.setenv("WIRETRAIL_SERVER", stub.url + "/")
        monkeypatch.setenv("WIRETRAIL_TOKEN", "wt-" + "fake")
        yield stub
