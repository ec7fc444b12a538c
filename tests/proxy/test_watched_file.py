"""A watched file has changed once its content is another's, and not while it is away."""

import os
from pathlib import Path

import pytest

from proxy import watched_file
from proxy.watched_file import WatchedFile


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched_file, "_CHECK_SECONDS", 0.0)


def test_an_edit_is_seen_once_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("a")
    watched = WatchedFile(str(path))
    assert not watched.has_changed()
    path.write_text("ab")
    assert watched.has_changed()
    watched.read()
    assert not watched.has_changed()


def test_a_replaced_file_has_changed_and_a_missing_one_has_not(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("a")
    watched = WatchedFile(str(path))
    path.rename(tmp_path / "old.toml")
    assert not watched.has_changed()
    path.write_text("a")
    os.utime(path, ns=(0, 0))
    assert watched.has_changed()


def test_nothing_to_watch_never_changes() -> None:
    assert not WatchedFile(None).has_changed()
