"""The filters of the reading commands: one option for each filter of the API."""

import argparse
from typing import Final

from proxy.cli.parser import Parser
from proxy.cli.source import Params
from store.filters import PARAMETERS

_METAVARS: Final = {
    "since": "TIME",
    "until": "TIME",
    "min_ms": "MS",
    "max_ms": "MS",
    "q": "QUERY",
    "metadata": "KEY[:VALUE]",
}


# Columns whose values never hold a comma, so that it can part several of them.
_COMMA: Final = frozenset(
    {"status", "direction", "activity_type", "method", "response_status", "error_code", "provider"}
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add an option per filter, repeatable for any-of, and free words."""
    if isinstance(parser, Parser):
        parser.takes_words = True
    group = parser.add_argument_group("filters (repeat one for any of several)")
    for name, meaning in PARAMETERS.items():
        if name != "q":
            group.add_argument(
                f"--{name.replace('_', '-')}",
                dest=f"filter_{name}",
                metavar=_METAVARS.get(name, "VALUE"),
                action="append",
                help=meaning.replace("%", "%%"),
            )
    group.add_argument("words", nargs="*", metavar="WORD", help=PARAMETERS["q"])


def params_of(args: argparse.Namespace) -> Params:
    """The filters that were given."""
    found = {name: getattr(args, f"filter_{name}", None) for name in PARAMETERS}
    params = {
        name: [
            part for value in values for part in (value.split(",") if name in _COMMA else [value])
        ]
        for name, values in found.items()
        if values
    }
    if args.words:
        params["q"] = [" ".join(args.words)]
    return params
