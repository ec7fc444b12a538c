"""Reads a config: flags over environment over file over defaults, and says what is wrong."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from proxy.config.checks import check
from proxy.config.environment import read_environment
from proxy.config.problems import ConfigError, Problem
from proxy.config.shape import mistakes
from proxy.config.tables import Config, Origin

type Overrides = dict[str, Any]
"""What flags say, in the shape of the file. Lists of flags come before those of the file."""

FLAGS: dict[str, str] = {
    "data": "--data",
    "store": "--store",
    "workers": "--workers",
    "listen.forward": "--listen",
    "api.listen": "--api",
    "incoming": "--incoming",
    "upstream.connect_to": "--connect-to",
    "upstream.ca": "--upstream-ca",
}


def load(
    file: str | Path | None = None,
    *,
    overrides: Overrides | None = None,
    environ: Mapping[str, str] | None = None,
) -> Config:
    """The config of a file (`None`: defaults), under the environment and flags.

    Raises:
        ConfigError: one problem or several, each with place, key and what was expected.
    """
    environ = os.environ if environ is None else environ
    overrides = overrides or {}
    tree = _read(Path(file)) if file is not None else {}
    sources: dict[str, str] = {}
    from_environment, problems, _ = read_environment(environ)
    for path, (variable, value) in from_environment.items():
        _put(tree, path, value)
        sources[".".join(path)] = variable
    _merge(tree, overrides, "", sources)
    place = str(file) if file is not None else "settings"
    problems += [_located(key, message, place, sources) for key, message in mistakes(tree)]
    if problems:
        raise ConfigError(problems)
    config = msgspec.convert(tree, Config)
    origin = Origin(file=None if file is None else str(file), overrides=overrides)
    config = msgspec.structs.replace(config, origin=origin)
    found = [_located(key, message, place, sources) for key, message in check(config)]
    if found:
        raise ConfigError(found)
    return config


def reload(config: Config, *, environ: Mapping[str, str] | None = None) -> Config:
    """The same config read again from where it came from; raises like `load`."""
    return load(config.origin.file, overrides=config.origin.overrides, environ=environ)


def warnings(environ: Mapping[str, str] | None = None) -> list[str]:
    """Variables that look like settings and are none."""
    return read_environment(os.environ if environ is None else environ)[2]


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_bytes().decode())
    except OSError as error:
        raise ConfigError([Problem(str(file), "", f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise ConfigError([Problem(str(file), "", "is not UTF-8 text")]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([Problem(str(file), "", f"is not TOML: {error}")]) from None


def _put(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        inner = tree.setdefault(name, {})
        if not isinstance(inner, dict):
            return  # the file's mistake is told instead
        tree = inner
    tree[path[-1]] = value


def _merge(tree: dict[str, Any], over: Overrides, path: str, sources: dict[str, str]) -> None:
    for key, value in over.items():
        place = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            inner = tree.setdefault(key, {})
            if isinstance(inner, dict):
                _merge(inner, value, place, sources)
            continue
        flag = FLAGS.get(place, place)
        if isinstance(value, list):
            # Indexes of the file's entries move behind those of the flags.
            for index in range(len(value)):
                sources[f"{place}[{index}]"] = flag
            older = tree.get(key, [])
            tree[key] = value + (older if isinstance(older, list) else [])
        else:
            sources[place] = flag
            tree[key] = value


def _located(key: str, message: str, place: str, sources: Mapping[str, str]) -> Problem:
    """A problem at the flag or variable that gave the value, else at the file, whose own
    entries of a list come after those of the flag."""
    for name, source in sources.items():
        if key == name or key.startswith((f"{name}.", f"{name}[")):
            shown = key if source.startswith("--") and key != name else ""
            return Problem(source, shown, message)
    if match := re.match(r"([a-z_.]+)\[(\d+)\]", key):
        before = sum(name.startswith(f"{match[1]}[") for name in sources)
        key = f"{match[1]}[{int(match[2]) - before}]{key[match.end() :]}"
    return Problem(place, key, message)
