"""Settings from the environment: `WIRETRAIL_` + the dotted key in capitals, dots as `_`.

`WIRETRAIL_CAPTURE_BODY_LIMIT=1MB` sets `capture.body_limit`; lists are parted by commas. Tables
that repeat (`[[rule]]`) have no variables.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args, get_origin

import msgspec

from proxy.config.problems import Problem, nearest
from proxy.config.shape import NOT_SETTINGS
from proxy.config.tables import Config
from proxy.config.units import Duration, Size

PREFIX: Final = "WIRETRAIL_"

OTHER_VARIABLES: Final[Mapping[str, str]] = {
    "WIRETRAIL_CONFIG": "config file of `up`, `serve` and `check`",
    "WIRETRAIL_SERVER": "API that commands read instead of the local store, and "
    "`wiretrail.client` logs to",
    "WIRETRAIL_TOKEN_FILE": "file with the token for that API",
    "WIRETRAIL_TOKEN": "that token itself",
}
"""Variables with that prefix that are no settings of the file."""

# What Kubernetes and Docker links set for a service that is named "wiretrail".
_SERVICE_LINK: Final = re.compile(r"WIRETRAIL_(SERVICE_.*|PORT|PORT_\d+_.*|NAME|ENV_.*)")


def variables() -> dict[str, tuple[tuple[str, ...], Any]]:
    """Every setting's variable, with the setting's path and type."""
    return {PREFIX + "_".join(path).upper(): (path, kind) for path, kind in _leaves(Config, ())}


def _leaves(table: type[msgspec.Struct], path: tuple[str, ...]) -> Iterator[tuple[Any, Any]]:
    for field in msgspec.structs.fields(table):
        if table is Config and field.name in NOT_SETTINGS:
            continue
        place = (*path, field.encode_name)
        if _is_table(field.type):
            yield from _leaves(field.type, place)
        elif not any(map(_is_table, get_args(field.type))) and get_origin(field.type) is not dict:
            yield place, field.type


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def read_environment(
    environ: Mapping[str, str],
) -> tuple[dict[tuple[str, ...], tuple[str, Any]], list[Problem], list[str]]:
    """Values by path (with the variable that gave each), problems, and warnings about variables
    that look like settings and are none."""
    known = variables()
    values: dict[tuple[str, ...], tuple[str, Any]] = {}
    problems: list[Problem] = []
    warnings: list[str] = []
    for name in sorted(environ):
        if name in known:
            path, kind = known[name]
            try:
                values[path] = name, _typed(environ[name], kind)
            except msgspec.ValidationError:
                expected = "true or false" if kind is bool else "a whole number"
                problems.append(Problem(name, "", f'expected {expected}, found "{environ[name]}"'))
        elif (
            name.startswith(PREFIX)
            and name not in OTHER_VARIABLES
            and not _SERVICE_LINK.fullmatch(name)
        ):
            hint = nearest(name, [key.lower() for key in known])
            warnings.append(f"{name}: unknown variable is ignored{hint.upper() and _upper(hint)}")
    return values, problems, warnings


def _upper(hint: str) -> str:
    before, quote, rest = hint.partition('"')
    return before + quote + rest.upper()


def _typed(text: str, kind: Any) -> Any:
    """The text of a variable as the TOML value that it stands for."""
    if get_origin(kind) in (tuple, list, frozenset):
        return [part.strip() for part in text.split(",") if part.strip()]
    if kind in (Duration, Size) and text.isdecimal():
        return int(text)
    if text.removeprefix("-").isdecimal() or kind is bool:
        # Not strict: "8", "true", "0" become numbers and booleans where the type asks for them.
        return msgspec.to_builtins(msgspec.convert(text.strip(), kind, strict=False))
    return text
