"""The version of this program."""

import tomllib
from importlib import metadata
from pathlib import Path


def version() -> str:
    """As installed; in a source tree that is not installed, as `pyproject.toml` says."""
    project = Path(__file__).parents[1] / "pyproject.toml"
    if project.is_file():
        return str(tomllib.loads(project.read_text())["project"]["version"])
    return metadata.version("wiretrail")
