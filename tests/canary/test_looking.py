"""The looking glass itself: it sees a canary through every wrapping that it claims to open."""

import base64
import gzip
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
import zstandard

from tests.canary.looking import Evidence
from tests.canary.planting import Plant

WRAPPINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda text: b"before " + text + b" behind",
    "upper case": bytes.upper,
    "a piece": lambda text: text[7:18],
    "base64": base64.b64encode,
    "base64 at another offset": lambda text: base64.urlsafe_b64encode(b"u:" + text),
    "base64 in a line": lambda text: b"key=" + base64.b64encode(text) + b";",
    "hexadecimal": lambda text: text.hex().encode(),
    "utf-16": lambda text: text.decode().encode("utf-16-le"),
    "url": lambda text: b"".join(b"%%%02X" % byte for byte in text),
    "base64 in a url": lambda text: quote(base64.b64encode(b">>>" + text), safe="").encode(),
    "gzip": lambda text: b"\x00\x01" + gzip.compress(b"a" + text),
    "zstd": lambda text: b"\x00\x01" + zstandard.ZstdCompressor().compress(b"a" + text),
    "zstd in base64": lambda text: base64.b64encode(zstandard.ZstdCompressor().compress(text)),
    "json in json": lambda text: json.dumps(json.dumps({"a": "/" + text.decode()})).encode(),
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_sees(wrapping: str) -> None:
    plant, other = Plant(), Plant()
    found = Evidence()
    found.add("here", WRAPPINGS[wrapping](plant.opaque().encode()))
    found.add("there", "nothing but words")
    owners = {plant.cores[0]: "mine", other.opaque(): "other"}
    assert found.sightings(owners) == {"mine": {"here"}}


def test_sees_files_and_columns(tmp_path: Path) -> None:
    plant = Plant()
    secret = plant.opaque()
    path = tmp_path / "a.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (a, b)")
    packed = zstandard.ZstdCompressor().compress(secret.encode())
    connection.execute("INSERT INTO t VALUES (1, ?)", (packed,))
    connection.commit()
    connection.close()
    (tmp_path / "log").write_text(f"said {secret}")
    found = Evidence()
    found.add_folder("folder", tmp_path)
    found.add_database("database", path)
    places = found.sightings({secret: "mine"})["mine"]
    assert places == {"folder: a.db", "folder: log", "database: t"}
