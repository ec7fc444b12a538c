"""Counts activities, failures and response times, from the daily summary.

Only whole days (UTC) and the columns of the summary can be told apart: organization,
integration, activity type, direction, status and day."""

import argparse
import asyncio
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from proxy.cli import filters, source
from proxy.cli.table import Column, say_table
from proxy.cli.terminal import note, say_json
from proxy.cli.words import duration, status_style

_COLUMNS: Final = {
    "organization": "organization",
    "integration": "integration",
    "activity_type": "activity_type",
    "direction": "direction",
    "status": "status",
    "day": "activity_date",
}


class Line(msgspec.Struct):
    """One group's figures."""

    group: dict[str, str]
    activities: int = 0
    failures: int = 0
    answered: int = 0
    milliseconds: float = 0.0

    @property
    def average(self) -> float | None:
        """Mean response time in milliseconds."""
        return self.milliseconds / self.answered if self.answered else None


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument(
        "--by",
        action="append",
        choices=list(_COLUMNS),
        help="what to group by, repeatable (default: integration)",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    filters.arguments(parser)
    source.arguments(parser)


def _title(name: str) -> str:
    return name.removeprefix("activity_").upper()


def run(args: argparse.Namespace) -> int:
    """Print the figures."""
    by = list(dict.fromkeys(args.by or ["integration"]))
    lines = grouped(asyncio.run(_summary(args)), by)
    if args.json:
        say_json([_as_json(line) for line in lines])
        return 0
    columns = [
        Column(
            title=_title(name),
            least=10,
            style=status_style if name == "status" else None,
        )
        for name in by
    ]
    columns += [
        Column(title="ACTIVITIES", right=True),
        Column(title="FAILURES", right=True, style=_failure_style),
        Column(title="RATE", right=True, style=_failure_style),
        Column(title="AVERAGE", right=True),
    ]
    say_table(columns, [_cells(line, by) for line in lines])
    if not lines:
        note("nothing is recorded that fits")
    return 0


async def _summary(args: argparse.Namespace) -> list[dict[str, Any]]:
    async with source.open_source(args) as opened:
        return await opened.summary(filters.params_of(args))


def grouped(rows: Iterable[dict[str, Any]], by: list[str]) -> list[Line]:
    """Rows of the summary added up by columns, the largest first; days in their order."""
    found: dict[tuple[str, ...], Line] = {}
    for row in rows:
        group = {name: str(row[_COLUMNS[name]]) for name in by}
        line = found.setdefault(tuple(group.values()), Line(group))
        count = int(row["activity_count"])
        line.activities += count
        line.failures += int(row["failure_count"])
        if row["avg_response_time"] is not None:
            line.answered += count
            line.milliseconds += float(row["avg_response_time"]) * count
    if "day" in by:
        return sorted(found.values(), key=lambda line: (line.group["day"], -line.activities))
    return sorted(found.values(), key=lambda line: (-line.activities, *line.group.values()))


def _cells(line: Line, by: list[str]) -> list[str]:
    rate = 100 * line.failures / line.activities if line.activities else 0.0
    return [
        *(line.group[name] for name in by),
        str(line.activities),
        str(line.failures),
        f"{rate:.1f}%",
        duration(line.average),
    ]


def _as_json(line: Line) -> dict[str, Any]:
    return line.group | {
        "activities": line.activities,
        "failures": line.failures,
        "average_ms": line.average,
    }


def _failure_style(text: str) -> tuple[str, ...]:
    return ("dim",) if text in ("0", "0.0%") else ("red",)
