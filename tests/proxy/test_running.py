"""The note of a running sidecar counts for its own folder and living process only."""

import os
import shutil
from pathlib import Path

from proxy.running import Place, RunningSidecar, announce, running, withdraw
from store.data_folder import DataFolder

API = Place(name="api", direction="api", host="127.0.0.1", port=1)


def test_a_note_in_a_copied_folder_does_not_count(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data").ensure()
    assert running(folder) is None
    announce(folder, RunningSidecar(pid=os.getpid(), version="1", api=API, listeners=()))
    found = running(folder)
    assert found is not None
    assert found.api == API
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    assert running(DataFolder(tmp_path / "copy")) is None
    withdraw(folder)
    assert running(folder) is None
