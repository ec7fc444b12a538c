"""The sentence under each field of a type, as the description of that field in its schema.

Python drops these strings when it compiles, so they are read from the source; where there is
none, schemas go without.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import msgspec


def describe(components: dict[str, Any], types: list[Any]) -> None:
    """Add descriptions to the schemas of every struct that `types` reach."""
    for struct in _structs(msgspec.inspect.multi_type_info(types)):
        properties = components.get(struct.__name__, {}).get("properties", {})
        for name, note in notes_of(struct).items():
            if name in properties:
                properties[name]["description"] = note


def notes_of(struct: type) -> dict[str, str]:
    """The strings that follow the fields of a class and its bases."""
    found: dict[str, str] = {}
    for one in reversed(struct.__mro__):
        if one.__module__.startswith(("store.", "proxy.", "wiretrail.")):
            found.update(_own_notes(one))
    return found


def _own_notes(struct: type) -> Iterator[tuple[str, str]]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(struct)))
    except (OSError, TypeError):
        return
    (body,) = (node.body for node in tree.body if isinstance(node, ast.ClassDef))
    for field, note in pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(note, ast.Expr)
            and isinstance(note.value, ast.Constant)
            and isinstance(note.value.value, str)
        ):
            yield field.target.id, " ".join(note.value.value.split())


def _structs(nodes: Any) -> list[type]:
    """Every struct class among the nodes of types and what they hold."""
    found: dict[type, None] = {}
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, msgspec.inspect.StructType):
            if node.cls in found:
                continue
            found[node.cls] = None
            waiting += [field.type for field in node.fields]
        elif isinstance(node, msgspec.inspect.Type):
            for name in node.__struct_fields__:
                value = getattr(node, name)
                waiting += value if isinstance(value, tuple) else [value]
    return list(found)
