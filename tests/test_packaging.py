"""The wheel holds what the tree holds, inside one directory."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
NOT_SHIPPED = {"__pycache__"}


def folders_on_disk() -> set[str]:
    """Every folder with Python files, as dotted name below `wiretrail`."""
    names = set()
    for top in ("store", "addons", "proxy"):
        for path in [ROOT / top, *(ROOT / top).rglob("*")]:
            if path.is_dir() and any(path.glob("*.py")):
                names.add("wiretrail." + ".".join(path.relative_to(ROOT).parts))
    return names


def data_on_disk() -> set[str]:
    return {
        "wiretrail/" + str(path.relative_to(ROOT))
        for top in ("store", "addons", "proxy")
        for path in (ROOT / top).rglob("*")
        if path.is_file() and path.suffix not in {".pyc"} and not NOT_SHIPPED & set(path.parts)
    }


def test_listed_packages_are_those_on_disk() -> None:
    assert set(CONFIG["packages"]) - {"wiretrail.client"} == folders_on_disk()


def test_nothing_lands_at_the_top() -> None:
    assert all(name.startswith("wiretrail.") for name in CONFIG["packages"])


@pytest.mark.slow
def test_the_wheel_holds_every_file(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(tmp_path), "."],
        cwd=ROOT,
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    shipped = set(zipfile.ZipFile(wheel).namelist())
    missing = data_on_disk() - shipped
    assert missing == set()
    assert "wiretrail/client/__init__.py" in shipped
    assert not [name for name in shipped if name.startswith(("store/", "proxy/", "addons/"))]
