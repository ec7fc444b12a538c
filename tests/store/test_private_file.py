import os
import stat
from pathlib import Path

import pytest

from store.private_file import read_private, write_private


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert read_private(path) == b""
    write_private(path, b"one")
    write_private(path, b"two")
    assert read_private(path) == b"two"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("umask", [0o000, 0o277])
def test_the_mode_does_not_depend_on_the_umask(tmp_path: Path, umask: int) -> None:
    old = os.umask(umask)
    try:
        write_private(tmp_path / "file", b"secret")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) & 0o077 == 0


def test_a_failed_write_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_private(path, b"old")
    with pytest.raises(TypeError):
        write_private(path, "no bytes")  # type: ignore[arg-type]
    assert read_private(path) == b"old"
    assert os.listdir(tmp_path) == ["file"]
