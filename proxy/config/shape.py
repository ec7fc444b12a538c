"""Compares a tree of plain values with the tables, key by key, so that every mistake is told."""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final, get_args, get_origin

import msgspec

from proxy.config.problems import nearest
from proxy.config.tables import Config
from proxy.config.units import Duration, Size

# Fields of `Config` that no file, variable or flag sets.
NOT_SETTINGS: Final = frozenset({"origin"})
_TYPE_NAMES: Final = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}
_OWN_TYPES: Final = {Duration: 'a duration such as "10s"', Size: 'a size such as "64KB"'}

type Mistake = tuple[str, str]
"""Dotted path and message."""


def mistakes(tree: dict[str, Any]) -> list[Mistake]:
    """Unknown keys, missing keys and wrong types of a whole config tree, in the file's order."""
    return list(_table(tree, Config, ""))


def _table(values: dict[str, Any], table: type[msgspec.Struct], path: str) -> Iterator[Mistake]:
    fields = {
        field.encode_name: field
        for field in msgspec.structs.fields(table)
        if table is not Config or field.name not in NOT_SETTINGS
    }
    for key, value in values.items():
        place = f"{path}.{key}" if path else key
        if key in fields:
            yield from _value(value, fields[key].type, place)
        else:
            yield place, f"unknown key{nearest(key, fields)}"
    for key, field in fields.items():
        if field.required and key not in values:
            yield path, f'the key "{key}" is missing'


def _value(value: Any, kind: Any, path: str) -> Iterator[Mistake]:
    arguments = get_args(kind)
    if isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from _table(value, kind, path)
    elif isinstance(value, dict) and get_origin(kind) is dict:
        for key, entry in value.items():
            yield from _value(entry, arguments[1], f"{path}.{key}")
    elif isinstance(value, list) and get_origin(kind) in (tuple, list, frozenset):
        for index, entry in enumerate(value):
            yield from _value(entry, arguments[0], f"{path}[{index}]")
    else:
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            yield path, _choice(value, kind) or _in_words(str(error), kind, value)


def _choice(value: Any, kind: Any) -> str:
    """The message for a word that is none of a closed list, or nothing."""
    for candidate in (kind, *get_args(kind)):
        if isinstance(candidate, type) and issubclass(candidate, StrEnum):
            known = [member.value for member in candidate]
            found = f'found "{value}"' if isinstance(value, str) else "found no text"
            return f"expected one of {', '.join(known)}, {found}{nearest(str(value), known)}"
    return ""


def _in_words(error: str, kind: Any, value: Any) -> str:
    """`Expected `int | null`, got `str`` becomes "expected a whole number, found text"."""
    error = error.partition(" - at ")[0]
    found = re.fullmatch(r"Expected `([^`]+)`( [<>]=? \S+)?(?:, got `([^`]+)`)?", error)
    if found is None:
        if error == "Invalid UUID":
            return f'expected a UUID, found "{value}"'
        return error[:1].lower() + error[1:]
    # A default stands for "nothing"; no TOML value does, so null is not offered.
    wanted = [name for name in found[1].split(" | ") if name != "null"]
    expected = _OWN_TYPES.get(kind) or " or ".join(_TYPE_NAMES.get(name, name) for name in wanted)
    # Out of bounds: the type is right, so the value tells more.
    got = f", found {_TYPE_NAMES.get(found[3], found[3]) if found[3] else value}"
    return f"expected {expected}{found[2] or ''}{got}"
