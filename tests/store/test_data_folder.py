import stat
from pathlib import Path

import pytest

from store.data_folder import DataFolder, default_path
from store.errors import StoreError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_ensure_makes_private_folders(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "deep" / "data").ensure()
    assert mode(folder.path) == 0o700
    assert mode(folder.ca_dir) == 0o700


def test_ensure_tightens_an_open_folder(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.mkdir(mode=0o755)
    DataFolder(path).ensure()
    assert mode(path) == 0o700


def test_a_folder_of_everybody_is_left_as_it_is(tmp_path: Path) -> None:
    """`--data /tmp` as root would close it to all others."""
    path = tmp_path / "tmp"
    path.mkdir()
    path.chmod(0o1777)
    with pytest.raises(StoreError, match="is shared with others"):
        DataFolder(path).ensure()
    assert mode(path) == 0o1777


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_text("")
    with pytest.raises(StoreError, match="is not a folder"):
        DataFolder(path).ensure()


def test_a_secret_is_made_once_and_private(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data").ensure()
    assert folder.secret(folder.redaction_key, lambda: b"first") == b"first"
    assert folder.secret(folder.redaction_key, lambda: b"second") == b"first"
    assert mode(folder.redaction_key) == 0o600
    assert [p.name for p in folder.path.iterdir() if p.is_file()] == ["redaction-key"]


def test_default_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WIRETRAIL_DATA", str(tmp_path / "a"))
    assert default_path() == tmp_path / "a"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WIRETRAIL_DATA", "relative")
    assert default_path() == tmp_path / "relative"
    monkeypatch.delenv("WIRETRAIL_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_path() == tmp_path / "wiretrail"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_path() == tmp_path / ".local" / "share" / "wiretrail"
