"""The filters of the reading commands: one option for each filter of the API."""

import argparse
from typing import Final

from proxy.cli.source import Params
from store.filters import PARAMETERS

_METAVARS: Final = {
    "since": "TIME",
    "until": "TIME",
    "min_ms": "MS",
    "max_ms": "MS",
    "q": "QUERY",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add an option per filter, repeatable for any-of, and free words."""
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
    group.add_argument(
        "words", nargs="*", metavar="WORD", help=PARAMETERS["q"] + "; quote -key:value after --"
    )


def params_of(args: argparse.Namespace) -> Params:
    """The filters that were given."""
    found = {name: getattr(args, f"filter_{name}", None) for name in PARAMETERS}
    params = {name: values for name, values in found.items() if values}
    if args.words:
        params["q"] = [" ".join(args.words)]
    return params
