"""The structure is part of the product: import direction and names are held here."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("store", "addons", "proxy")

# What each folder may import beside the standard library and itself.
ALLOWED = {
    "store": {"aiosqlite", "msgspec", "zstandard", "brotli", "re2"},
    "addons": {
        "store",
        "msgspec",
        "mitmproxy",
        "httptools",
        "wsproto",
        "h2",
        "hyperframe",
        "OpenSSL",
        "cryptography",
        "certifi",
    },
    "proxy": {
        "addons",
        "store",
        "mitmproxy",
        "starlette",
        "uvicorn",
        "httpx",
        "msgspec",
        "prometheus_client",
        "uvloop",
        "certifi",
    },
    # The API reads the store and nothing else of ours.
    "proxy/api": {"store", "starlette", "uvicorn", "msgspec", "prometheus_client", "httpx"},
    # The demo's partners have certificates of a throw-away authority.
    "proxy/demo": {"addons", "store", "mitmproxy", "cryptography", "msgspec"},
    # The client is installed into services of other teams.
    "proxy/client": {"httpx"},
    "store/postgres": {"store", "asyncpg", "msgspec"},
}
# Files that alone may touch sys.path, so that the folders import each other by name.
PATH_SETTERS = {"proxy/__main__.py", "addons/record.py"}
FORBIDDEN_STEMS = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def everything() -> list[str]:
    return [str(path.relative_to(ROOT)) for folder in FOLDERS for path in sources(folder)]


def imported_tops(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module is not None
            yield node.lineno, node.module.split(".")[0]


def rule_of(name: str) -> tuple[str, set[str]]:
    """The most specific rule for a file: its folder, and what that may import."""
    best = max((key for key in ALLOWED if name.startswith(key + "/")), key=len)
    return best, ALLOWED[best] | {best.split("/")[0]} if best != "proxy/client" else ALLOWED[best]


@pytest.mark.parametrize("name", everything())
def test_imports_follow_the_arrow(name: str) -> None:
    rule, allowed = rule_of(name)
    tree = ast.parse((ROOT / name).read_text())
    wrong = [
        f"{name}:{line} imports {top}"
        for line, top in imported_tops(tree)
        if top not in allowed and top not in sys.stdlib_module_names
    ]
    assert not wrong, f"{rule} may import {sorted(allowed)}: {wrong}"


@pytest.mark.parametrize("name", [n for n in everything() if n.startswith("proxy/api/")])
def test_the_api_imports_no_other_part_of_proxy(name: str) -> None:
    tree = ast.parse((ROOT / name).read_text())
    modules = {
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("proxy")
    }
    assert all(module.startswith("proxy.api") for module in modules), modules


def test_asyncpg_stays_inside_its_backend() -> None:
    for name in everything():
        if not name.startswith("store/postgres/"):
            tops = {top for _, top in imported_tops(ast.parse((ROOT / name).read_text()))}
            assert "asyncpg" not in tops, name


def test_only_the_entry_points_touch_sys_path() -> None:
    setters = {name for name in everything() if "sys.path." in (ROOT / name).read_text()}
    assert setters <= PATH_SETTERS


def test_names_say_what_is_inside() -> None:
    vague = [name for name in everything() if Path(name).stem in FORBIDDEN_STEMS]
    assert vague == []


def test_no_addon_shadows_a_top_level_module() -> None:
    """Stock mitmproxy puts a script's folder first on the path."""
    installed = set(sys.stdlib_module_names) | {
        top for allowed in ALLOWED.values() for top in allowed
    }
    shadows = [p.stem for p in (ROOT / "addons").glob("*.py") if p.stem in installed]
    assert shadows == []


def swallows(handler: ast.ExceptHandler) -> bool:
    """Whether it catches everything and does not raise again."""
    broad = handler.type is None or (
        isinstance(handler.type, ast.Name) and handler.type.id in {"Exception", "BaseException"}
    )
    last = handler.body[-1]
    return broad and not (isinstance(last, ast.Raise) and last.exc is None)


@pytest.mark.parametrize("name", everything())
def test_a_broad_except_gives_its_reason(name: str) -> None:
    """They stand at guards only: capture, API's outermost handler, supervisor and keeper loops."""
    text = (ROOT / name).read_text()
    lines = text.splitlines()
    bare = [
        node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ExceptHandler)
        and swallows(node)
        and "noqa: BLE001 " not in lines[node.lineno - 1]
    ]
    assert not bare, f"{name}: lines {bare} need a reason behind `noqa: BLE001`"


def test_broad_excepts_stay_few() -> None:
    count = sum(
        isinstance(node, ast.ExceptHandler) and swallows(node)
        for name in everything()
        for node in ast.walk(ast.parse((ROOT / name).read_text()))
    )
    assert count <= 10


def test_nothing_is_left_unfinished() -> None:
    words = ("TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error")
    found = [
        f"{name}: {word}"
        for name in everything()
        for word in words
        if word in (ROOT / name).read_text()
    ]
    assert found == []
