"""What most people write first: each flow a row, each row a commit. `mitmdump -s`."""

import os
import sqlite3

from mitmproxy import http

database = sqlite3.connect(os.environ["PEER_FILE"])
database.execute("PRAGMA journal_mode=WAL")
database.execute("PRAGMA synchronous=FULL")
database.execute(
    "CREATE TABLE log (at REAL, method TEXT, url TEXT, request TEXT, status INT, answer TEXT)"
)


def response(flow: http.HTTPFlow) -> None:
    """A flow is complete."""
    request, answer = flow.request, flow.response
    assert answer is not None
    row = (request.timestamp_start, request.method, request.url, request.text)
    database.execute(
        "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?)", (*row, answer.status_code, answer.text)
    )
    database.commit()
