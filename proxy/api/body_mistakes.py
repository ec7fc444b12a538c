"""What is wrong with a JSON body: what was found, where, and what was expected instead."""

import re
from typing import Any, Final

from msgspec import inspect

from store.filters import nearest, shown

_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_NO_CHOICE: Final = re.compile(r"Invalid enum value '(.*)'", re.DOTALL)
_WORD: Final = re.compile(r"(?:[A-Z]?[a-z]{1,15}[_ -]?){1,5}|[A-Z_]{1,20}")
_STEP: Final = re.compile(r"\.([A-Za-z_]\w*)|\[[^\]]*\]")


def body_mistake(error: str, body: Any) -> tuple[str, str]:
    """Message and place (such as `$.activity_type`) of the text of a `ValidationError`, for a
    body of type `body`; names what is known there, or the nearest of it."""
    message, _, place = error.partition(" - at `")
    place = place.rstrip("`") or "$"
    meant = _at(inspect.type_info(body), place)
    if (unknown := _UNKNOWN.fullmatch(message)) and isinstance(meant, inspect.StructType):
        fields = [field.encode_name for field in meant.fields]
        return f"unknown field {_quoted(unknown[1])}{_hint(unknown[1], fields)}", place
    if (choice := _NO_CHOICE.fullmatch(message)) and isinstance(meant, inspect.EnumType):
        known = [str(member.value) for member in meant.cls]
        return (
            f"{_quoted(choice[1])} is none of {', '.join(known)}{nearest(choice[1], known)}",
            place,
        )
    return message, place


def _quoted(text: str) -> str:
    """A mistyped word. What is none may be a secret in the wrong place, and services write our
    answers to their logs."""
    return shown(text) if _WORD.fullmatch(text) else "what was sent"


def _at(meant: inspect.Type, place: str) -> inspect.Type:
    """The type at a place; steps that lead nowhere are left out."""
    meant = _alternative(meant)
    for step in _STEP.finditer(place):
        if step[1] is None:
            if isinstance(meant, inspect.DictType):
                meant = meant.value_type
            elif isinstance(meant, inspect.CollectionType):
                meant = meant.item_type
        elif isinstance(meant, inspect.StructType):
            meant = next((f.type for f in meant.fields if f.encode_name == step[1]), meant)
        meant = _alternative(meant)
    return meant


def _alternative(meant: inspect.Type) -> inspect.Type:
    """Of `X | None` the X; of several the first that a message can be about."""
    if not isinstance(meant, inspect.UnionType):
        return meant
    speaking = (inspect.EnumType, inspect.StructType, inspect.CollectionType, inspect.DictType)
    return next((one for one in meant.types if isinstance(one, speaking)), meant)


def _hint(name: str, known: list[str]) -> str:
    return nearest(name, known) or f"; known are {', '.join(known)}"
