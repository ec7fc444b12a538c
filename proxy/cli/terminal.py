"""What reaches the terminal: text without control characters, colours where they are wanted."""

import os
import shutil
import sys
import unicodedata
from typing import Any, Final

import msgspec

_COLOURS: Final = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}
_STYLES: Final = _COLOURS | {"bold": "1", "dim": "2"}
_CONTROLS: Final = {
    code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if code not in (9, 10)
} | {code: f"\\u{code:04x}" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def say(text: str = "") -> None:
    """Write a line to standard output."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """Write a line to standard error: progress and hints, never results."""
    sys.stderr.write(text + "\n")


def say_json(value: Any) -> None:
    """Write a value as JSON: indented on a terminal, one line elsewhere."""
    text = msgspec.json.encode(value)
    if sys.stdout.isatty():
        text = msgspec.json.format(text, indent=2)
    say(text.decode())


def coloured() -> bool:
    """Whether to colour: on a terminal, unless `NO_COLOR` or a dumb one says otherwise;
    `FORCE_COLOR` says always (https://no-color.org, https://force-color.org)."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def styled(text: str, *styles: str) -> str:
    """The text in colours or bold, where they are wanted."""
    codes = ";".join(_STYLES[style] for style in styles)
    return f"\x1b[{codes}m{text}\x1b[0m" if codes and text and coloured() else text


def line_width() -> int | None:
    """Columns of the terminal; `None` when the output goes elsewhere and is not to be cut."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def plain(text: str) -> str:
    """Recorded text made harmless for a terminal: control and direction-changing characters
    are shown as escapes. Whoever sends a webhook chooses its path and headers."""
    return text.translate(_CONTROLS)


def one_line(text: str) -> str:
    """The same on one line."""
    return plain(text).replace("\n", "\\n").replace("\t", "\\t")


def columns_of(text: str) -> int:
    """How many columns a terminal needs for the text."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def shortened(text: str, width: int) -> str:
    """The text in at most `width` columns, with `…` where something is left out."""
    if columns_of(text) <= width:
        return text
    while text and columns_of(text) > width - 1:
        text = text[:-1]
    return text + "…" if width > 0 else ""
