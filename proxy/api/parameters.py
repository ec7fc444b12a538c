"""Parameters that several endpoints share, with schemas as narrow as what is accepted."""

from collections.abc import Mapping
from typing import Any, Final

from proxy.api.endpoint import Parameter
from store.activity import ActivityType, Direction, Status
from store.filters import MAX_LENGTH, MAX_MS, MAX_VALUES, PARAMETERS

_WITHOUT_NUL: Final = "^[^\\x00]*$"
TEXT: Final[Mapping[str, Any]] = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_LENGTH,
    "pattern": _WITHOUT_NUL,
}
"""What a filter of free text takes."""
_UUID: Final = {"type": "string", "format": "uuid"}
_MILLISECONDS: Final = {"type": "number", "minimum": 0, "maximum": MAX_MS}
_TIME: Final = {
    "anyOf": [
        {"type": "string", "format": "date-time"},
        {"type": "string", "pattern": "^[0-9]{1,9}[smhdw]$"},
    ]
}
_SCHEMAS: Final[Mapping[str, Mapping[str, Any]]] = {
    "organization_id": _UUID,
    "integration_id": _UUID,
    "direction": {"type": "string", "enum": [one.value for one in Direction]},
    "status": {"type": "string", "enum": [one.value for one in Status]},
    "activity_type": {"type": "string", "enum": [one.value for one in ActivityType]},
    "response_status": {"type": "string", "pattern": "^([1-5]xx|[1-9][0-9]{2}|none)$"},
    "metadata": {**TEXT, "pattern": "^[^\\x00:][^\\x00]*$"},
    "since": _TIME,
    "until": _TIME,
    "min_ms": _MILLISECONDS,
    "max_ms": _MILLISECONDS,
    "q": {"type": "string", "maxLength": MAX_LENGTH, "pattern": _WITHOUT_NUL},
}
_ONCE: Final = frozenset({"since", "until", "min_ms", "max_ms", "q"})


def filter_parameter(name: str) -> Parameter:
    """One filter of activities as a query parameter."""
    once = name in _ONCE
    description = PARAMETERS[name]
    if not once:
        description += f"; repeat for any of several (at most {MAX_VALUES})"
    return Parameter(name, description, _SCHEMAS.get(name, TEXT), repeatable=not once)


FILTERS: Final = tuple(filter_parameter(name) for name in PARAMETERS)
"""Every filter of activities."""

CURSOR: Final = Parameter(
    "cursor",
    "`next` of the page before; with it the same filters must be given",
    {"type": "string", "minLength": 1, "maxLength": MAX_LENGTH},
)


def limit(default: int, highest: int) -> Parameter:
    """How many items a page has at most."""
    return Parameter(
        "limit",
        "how many items at most",
        {"type": "integer", "minimum": 1, "maximum": highest, "default": default},
    )


def choice(name: str, description: str, known: tuple[str, ...], default: str) -> Parameter:
    """One of a closed list."""
    return Parameter(name, description, {"type": "string", "enum": list(known), "default": default})
