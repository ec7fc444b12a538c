"""Every setting with type, default and meaning, read from the tables and the sentences under
their fields: what `wiretrail check --settings` and the README show."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any, Final, get_args

import msgspec

from proxy.config.environment import variables
from proxy.config.shape import NOT_SETTINGS
from proxy.config.tables import Config

_TYPES: Final = {
    "str": "text",
    "int": "number",
    "float": "number",
    "bool": "true or false",
    "UUID": "UUID",
    "Duration": "duration",
    "Size": "size",
    "Direction": "direction",
    "ActivityType": "activity type",
    "Patterns": "pattern or list of patterns",
    "tuple[str, ...]": "list of text",
    "list[str]": "list of text",
    "dict[str, Duration]": "duration by name",
    "dict[str, str]": "text by name",
}


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting. `key` is dotted; `[]` marks tables that repeat, `NAME` a name of the user's."""

    key: str
    type: str
    default: str
    """As it would stand in the file; `-` for none, `required` where there must be one."""
    text: str
    variable: str | None
    """The environment variable that sets it too."""


def describe() -> list[Setting]:
    """Every setting, in the order of the tables."""
    by_path = {path: name for name, (path, _) in variables().items()}
    return [
        msgspec.structs.replace(setting, variable=by_path.get(tuple(setting.key.split("."))))
        for setting in _settings(Config, "")
    ]


def markdown(settings: list[Setting]) -> str:
    """The settings as a Markdown table."""
    lines = ["| setting | type | default | meaning |", "| --- | --- | --- | --- |"]
    for one in settings:
        default = one.default if one.default in ("-", "required") else f"`{one.default}`"
        lines.append(f"| `{one.key}` | {one.type} | {default} | {one.text} |")
    return "\n".join(lines).replace(" | |", " |")


def _settings(table: type[msgspec.Struct], path: str) -> Iterator[Setting]:
    sources = _fields_in_source(table)
    for field in msgspec.structs.fields(table):
        if table is Config and field.name in NOT_SETTINGS:
            continue
        key = f"{path}.{field.encode_name}" if path else field.encode_name
        inner = _table_in(field.type)
        if inner is not None:
            mark = "" if inner is field.type else ".NAME" if _is_map(field.type) else "[]"
            yield from _settings(inner, key + mark)
            continue
        annotation, text = sources[field.name]
        if _is_map(field.type):
            key += ".NAME"
        yield Setting(
            key=key, type=_type(annotation), default=_default(field), text=text, variable=None
        )


def _table_in(kind: Any) -> type[msgspec.Struct] | None:
    for candidate in (kind, *get_args(kind)):
        if isinstance(candidate, type) and issubclass(candidate, msgspec.Struct):
            return candidate
    return None


def _is_map(kind: Any) -> bool:
    return getattr(kind, "__origin__", None) is dict


def _fields_in_source(table: type) -> dict[str, tuple[str, str]]:
    """Annotation and first sentence of each field, from the source: Python keeps neither."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(table))).body
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, tuple[str, str]] = {}
    name = None
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
            found[name] = ast.unparse(node.annotation), ""
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and name:
            text = " ".join(str(node.value.value).split())
            found[name] = found[name][0], text
            name = None
        else:
            name = None
    return found


def _type(annotation: str) -> str:
    bare = annotation.removesuffix(" | None")
    if bare.startswith("Annotated["):
        bare = bare.removeprefix("Annotated[").partition(",")[0]
    return _TYPES.get(bare, bare)


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    value = field.default
    if value is msgspec.NODEFAULT:
        assert field.default_factory is not msgspec.NODEFAULT
        value = field.default_factory()
    if value is None or value in ({}, ()):
        return "-" if value is None else "[]" if value == () else "-"
    if value == []:
        return "[]"
    return msgspec.json.encode(value).decode()
