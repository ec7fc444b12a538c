"""Rows of older rules are redacted anew; what nothing has to be cut from stays as it is."""

import json
import sqlite3
import time
from pathlib import Path

import pytest

from store.activity import Activity, ActivityRow, Status
from store.filters import EVERYTHING
from store.open_store import open_reader, open_writer
from store.options import StoreOptions
from store.redaction.options import RedactionOptions, UserPattern
from store.redaction.redactor import Redactor
from store.replay import Rewriter, replayed
from store.scope import SERVICE
from tests.support.rows import row

PLANTED = "pl4nted-" + "0123456789abcdef" * 2
KEY = bytes(range(32))
REDACTOR = Redactor(KEY, RedactionOptions())
DAY_MS = 86_400_000


def now() -> int:
    return time.time_ns() // 1_000_000


def replay(path: Path, redactor: Redactor = REDACTOR, *, everything: bool = False) -> list[int]:
    """How many rows were looked at, and how many changed."""
    writer = open_writer(path)
    assert isinstance(writer, Rewriter)
    figures, after = [0, 0], None
    while True:
        step = writer.rewrite(
            lambda activity: replayed(activity, redactor),
            redactor.rule_version,
            everything=everything,
            after=after,
        )
        figures = [figures[0] + step.looked_at, figures[1] + step.changed]
        after = step.last
        if after is None:
            break
    if figures[1]:
        while writer.forget_dictionaries():
            pass
    writer.close()
    return figures


def write(path: Path, *rows: ActivityRow) -> None:
    writer = open_writer(path)
    writer.write(rows)
    writer.close()


async def read(path: Path) -> Activity:
    reader = open_reader(path)
    found = [one async for one in reader.export(SERVICE, EVERYTHING)]
    await reader.close()
    return found[0]


def holds(path: Path, text: str) -> bool:
    """Whether any file of the store holds the text."""
    return any(text.encode() in file.read_bytes() for file in path.parent.iterdir())


# Where a secret may have been left, as columns of a row.
PLACES = {
    "a JSON field": {"request_body": json.dumps({"user": {"password": PLANTED}, "n": 1})},
    "a field of the answer": {"response_body": json.dumps([{"api_key": PLANTED}])},
    "a header": {"request_headers": json.dumps({"Accept": "*/*", "X-Api-Key": PLANTED})},
    "one of several headers": {
        "response_headers": json.dumps({"Set-Cookie": [f"a={PLANTED}; Path=/", "b=1; Path=/"]})
    },
    "the query": {"query": f"?a=1&api_key={PLANTED}"},
    "an error text": {
        "status": Status.ERROR,
        "error_code": "reset",
        "error_message": f"Authorization: Bearer {PLANTED} was refused",
    },
    "a text body": {
        "request_headers": json.dumps({"Content-Type": "application/x-www-form-urlencoded"}),
        "request_body": json.dumps(f"a=1&password={PLANTED}"),
    },
    "metadata, once it is known": {
        "request_body": json.dumps({"password": PLANTED}),
        "metadata": json.dumps({"note": f"used {PLANTED} twice", "tags": [PLANTED]}),
    },
    "the path, once it is known": {
        "request_body": json.dumps({"password": PLANTED}),
        "path": f"/things/{PLANTED}",
        "path_template": f"/things/{PLANTED}",
    },
    "the user agent, once it is known": {
        "request_body": json.dumps({"password": PLANTED}),
        "user_agent": f"client/1 ({PLANTED})",
    },
}


@pytest.mark.parametrize("place", PLACES)
async def test_a_secret_that_was_left_goes(place: str, tmp_path: Path) -> None:
    path = tmp_path / "activity.db"
    write(path, row(created_at=now(), **PLACES[place]))
    before = await read(path)
    assert holds(path, PLANTED)
    assert replay(path) == [1, 1]
    assert not holds(path, PLANTED)
    after = await read(path)
    assert "[REDACTED" in json.dumps(
        [
            after.endpoint,
            after.error_message,
            after.request_headers,
            after.response_headers,
            json.loads(bytes(after.request_body or b"null")),
            json.loads(bytes(after.response_body or b"null")),
        ]
    )
    assert after.redactions > 0
    assert after.redaction_places or place.endswith("is known")
    assert after.seq > before.seq, "followers see the change"
    for column in ("id", "status", "integration", "created_at", "request_size", "method", "host"):
        assert getattr(after, column) == getattr(before, column)


async def test_what_is_not_secret_stays(tmp_path: Path) -> None:
    path = tmp_path / "activity.db"
    body = '{"b": [1, 2.50, "x"],  "a": {"password": null, "author": "Ada"}}'
    write(
        path,
        row(
            created_at=now(),
            request_headers='{"Content-Encoding": "gzip", "Content-Type": "text/weird", "A": "b"}',
            request_body=body,
            response_body='{"binary": "image/png", "size": 7, "sha256": "00ff"}',
            query="?q=a%20b",
            metadata='{"event": "x"}',
        ),
    )
    before = await read(path)
    assert replay(path) == [1, 0]
    after = await read(path)
    assert after == before
    assert bytes(after.request_body or b"").decode() == body


async def test_beside_a_secret_everything_else_stays(tmp_path: Path) -> None:
    path = tmp_path / "activity.db"
    write(
        path,
        row(
            created_at=now(),
            request_headers=json.dumps(
                {"Content-Type": "application/vnd.x+json", "X-Api-Key": PLANTED, "Zeta": "1"}
            ),
            request_body='{"keep": [1.0, 2]}',
            response_headers='{"Content-Encoding": "br", "Content-Type": "text/plain"}',
            response_body='"plain"',
        ),
    )
    replay(path)
    after = await read(path)
    assert after.request_headers is not None
    assert list(after.request_headers) == ["Content-Type", "X-Api-Key", "Zeta"]
    assert after.request_headers["Content-Type"] == "application/vnd.x+json"
    assert bytes(after.request_body or b"") == b'{"keep": [1.0, 2]}'
    assert after.response_headers == {"Content-Encoding": "br", "Content-Type": "text/plain"}
    assert bytes(after.response_body or b"") == b'"plain"'


async def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "activity.db"
    for columns in PLACES.values():
        write(path, row(created_at=now(), **columns))
    assert replay(path) == [len(PLACES), len(PLACES)]
    assert replay(path) == [0, 0], "the rows have today's version"
    assert replay(path, everything=True) == [len(PLACES), 0]


async def test_rules_of_the_user_s_own(tmp_path: Path) -> None:
    path = tmp_path / "activity.db"
    write(path, row(created_at=now(), request_body='{"ticket": "TCK-778899"}'))
    assert replay(path) == [1, 0]
    own = RedactionOptions(patterns=(UserPattern(name="ticket", pattern=r"TCK-\d+"),))
    assert replay(path, Redactor(KEY, own), everything=True) == [1, 1]
    assert not holds(path, "TCK-778899")


async def test_started_rows_keep_what_they_have(tmp_path: Path) -> None:
    path = tmp_path / "activity.db"
    write(path, row(created_at=now(), status=Status.STARTED))
    assert replay(path) == [1, 0]


async def test_compressed_bodies_and_their_dictionary(tmp_path: Path) -> None:
    path = tmp_path / "activity.db"
    filler = "lorem ipsum dolor sit amet " * 8
    write(
        path,
        *(
            row(
                created_at=now() - 3 * DAY_MS + n,
                request_body=json.dumps({"password": PLANTED, "text": filler, "n": n}),
            )
            for n in range(450)
        ),
    )
    writer = open_writer(path, StoreOptions())
    while writer.maintain(now()):
        pass
    writer.close()
    with sqlite3.connect(path) as database:
        (packed,) = database.execute("SELECT count(*) FROM archive").fetchone()
    database.close()
    assert packed == 450
    assert replay(path) == [450, 450]
    assert not holds(path, PLANTED)
    with sqlite3.connect(path) as database:
        (dictionaries,) = database.execute("SELECT count(*) FROM dictionaries").fetchone()
        (archived,) = database.execute("SELECT count(*) FROM archive").fetchone()
    database.close()
    assert (dictionaries, archived) == (0, 0)
    assert filler in str(json.loads(bytes((await read(path)).request_body or b"null")))


async def test_two_endpoints_that_become_one_name(tmp_path: Path) -> None:
    path = tmp_path / "activity.db"
    other = PLANTED[::-1]
    for secret in (PLANTED, other):
        write(
            path,
            row(
                created_at=now(),
                request_body=json.dumps({"password": secret}),
                path=f"/things/{secret}",
                path_template=f"/things/{secret}",
                user_agent=f"client {secret}",
            ),
        )
    assert replay(path) == [2, 2]
    assert not holds(path, PLANTED)
    assert not holds(path, other)
    reader = open_reader(path)
    page = await reader.page(SERVICE, EVERYTHING, cursor=None, limit=10)
    await reader.close()
    assert len(page.items) == 2
