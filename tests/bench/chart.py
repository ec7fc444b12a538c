"""Line charts on logarithmic axes as SVG, readable on light and dark ground, for the README."""

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Final

type Point = tuple[float, float]

_WIDTH: Final = 760
_HEIGHT: Final = 390
_LEFT: Final = 64
_RIGHT: Final = 210
"""Room for the names of the lines, which stand at their ends."""
_TOP: Final = 54
_BOTTOM: Final = 48
_LINE_HEIGHT: Final = 14
_COLOURS: Final = (
    "#3b82c4",
    "#d97706",
    "#4d9a5b",
    "#b3589a",
    "#7a7f87",
    "#a8623a",
    "#5f6ad0",
    "#1f9e9e",
)
_STYLE: Final = (
    "text{font:12px system-ui,sans-serif;fill:#3d444d}.title{font-size:14px;font-weight:600}"
    ".grid{stroke:#8b949e;stroke-opacity:.25}.goal{stroke:#8b949e;stroke-dasharray:5 4}"
    ".line{fill:none;stroke-width:2;stroke-linejoin:round}"
    "@media(prefers-color-scheme:dark){text{fill:#c9d1d9}}"
)
_PREFIXES: Final = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


class _Axis:
    """Values on a logarithmic scale between two places."""

    def __init__(self, values: Sequence[float], begin: float, end: float) -> None:
        self._low, self._high = math.log10(min(values)), math.log10(max(values))
        if self._high - self._low < 0.1:
            self._low, self._high = self._low - 0.5, self._high + 0.5
        self._begin, self._end = begin, end

    def at(self, value: float) -> float:
        """Where a value lies."""
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return round(self._begin + share * (self._end - self._begin), 1)

    def ticks(self) -> Iterator[float]:
        """Powers of ten; where these are few, also twice and five times of them."""
        steps = (1,) if self._high - self._low > 2 else (1, 2, 5)
        for power in range(math.floor(self._low), math.ceil(self._high) + 1):
            for step in steps:
                if self._low - 1e-9 <= math.log10(step) + power <= self._high + 1e-9:
                    yield step * 10.0**power


def line_chart(
    title: str,
    x_label: str,
    y_label: str,
    lines: Mapping[str, Sequence[Point]],
    *,
    goal: float | None = None,
) -> str:
    """The SVG of lines by their names; points that are not above zero have no place on it.
    `goal` is a height to draw a dashed line at."""
    drawn = {
        name: sorted((x, y) for x, y in points if x > 0 and y > 0) for name, points in lines.items()
    }
    drawn = {name: points for name, points in drawn.items() if points}
    points = [point for own in drawn.values() for point in own]
    heights = [y for _, y in points] + ([goal] if goal else [])
    across = _Axis([x for x, _ in points], _LEFT, _WIDTH - _RIGHT)
    up = _Axis(heights, _HEIGHT - _BOTTOM, _TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">'
        f"<style>{_STYLE}</style><title>{escape(title)}</title>",
        _text(_LEFT, 20, title, "start", "title"),
        _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 10, x_label, "middle"),
        _text(_LEFT, _TOP - 14, y_label, "end"),
        *_grid(across, up),
    ]
    if goal:
        parts.append(_segment("goal", _LEFT, up.at(goal), _WIDTH - _RIGHT, up.at(goal)))
        parts.append(_text(_LEFT + 4, up.at(goal) - 4, f"goal: {_number(goal)}", "start"))
    ends = [up.at(own[-1][1]) for own in drawn.values()]
    for index, (name, place) in enumerate(zip(drawn, _apart(ends), strict=True)):
        colour = _COLOURS[index % len(_COLOURS)]
        path = " ".join(f"{across.at(x)},{up.at(y)}" for x, y in drawn[name])
        x, y = drawn[name][-1]
        parts.append(f'<polyline class="line" stroke="{colour}" points="{path}"/>')
        parts.append(f'<circle cx="{across.at(x)}" cy="{up.at(y)}" r="3" fill="{colour}"/>')
        label = _text(_WIDTH - _RIGHT + 10, place + 4, name, "start")
        parts.append(label.replace("<text", f'<text style="fill:{colour}"', 1))
    return "\n".join([*parts, "</svg>", ""])


def _grid(across: _Axis, up: _Axis) -> Iterator[str]:
    for value in across.ticks():
        x = across.at(value)
        yield _segment("grid", x, _TOP, x, _HEIGHT - _BOTTOM)
        yield _text(x, _HEIGHT - _BOTTOM + 16, _number(value), "middle")
    for value in up.ticks():
        y = up.at(value)
        yield _segment("grid", _LEFT, y, _WIDTH - _RIGHT, y)
        yield _text(_LEFT - 6, y + 4, _number(value), "end")


def _apart(places: Sequence[float]) -> list[float]:
    """Places for labels: near the given ones, with room between them."""
    order = sorted(range(len(places)), key=places.__getitem__)
    found = list(places)
    for before, index in pairwise(order):
        found[index] = max(found[index], found[before] + _LINE_HEIGHT)
    over = max((max(found) - (_HEIGHT - _BOTTOM)) if found else 0, 0)
    return [place - over for place in found]


def _segment(kind: str, x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<line class="{kind}" x1="{x}" y1="{y}" x2="{to_x}" y2="{to_y}"/>'


def _text(x: float, y: float, text: str, anchor: str, kind: str = "") -> str:
    of_kind = f' class="{kind}"' if kind else ""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}"{of_kind}>{escape(text)}</text>'


def _number(value: float) -> str:
    for size, prefix in _PREFIXES:
        if value >= size:
            return f"{value / size:g}{prefix}"
    return f"{value:g}"
