"""Tables fit the terminal, and recorded text cannot command it."""

import pytest

from proxy.cli import terminal
from proxy.cli.table import Column, table_lines
from proxy.cli.terminal import columns_of, one_line, plain, shortened, styled
from proxy.cli.words import age, duration, outcome_style, size

COLUMNS = [
    Column(title="NAME", least=6),
    Column(title="N", right=True),
    Column(title="EXTRA", drop=1),
    Column(title="TEXT", least=8),
]
ROWS = [["first-of-many", "1", "something", "a rather long text"], ["b", "1000", "", "short"]]


def test_without_a_terminal_nothing_is_cut() -> None:
    assert table_lines(COLUMNS, ROWS, None) == [
        "NAME              N  EXTRA      TEXT",
        "first-of-many     1  something  a rather long text",
        "b              1000             short",
    ]


def test_in_a_pipe_a_long_cell_moves_its_own_row_only() -> None:
    long = "/x" * 3000
    lines = table_lines(COLUMNS, [*ROWS, [long, "7", "", "end"]], None)
    assert lines[:3] == table_lines(COLUMNS, ROWS, None)
    assert lines[3].split() == [long, "7", "end"]


@pytest.mark.parametrize("width", range(24, 60))
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = table_lines(COLUMNS, ROWS, width)
    assert max(map(len, lines)) <= width
    assert "1000" in lines[2], "figures are never cut"


def test_a_narrow_terminal_shortens_then_drops() -> None:
    assert table_lines(COLUMNS, ROWS, 45)[1] == "first-of-many     1  something  a rather lon…"
    assert table_lines(COLUMNS, ROWS, 30)[1] == "first-of-m…     1  a rather l…"


def test_wide_characters_take_two_columns() -> None:
    assert columns_of("漢字") == 4
    assert columns_of("e\u0301") == 1
    assert shortened("漢字漢字", 5) == "漢字…"
    lines = table_lines([Column(title="A"), Column(title="B")], [["漢", "x"], ["ab", "y"]], 20)
    assert lines[1:] == ["漢  x", "ab  y"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b2J", r"\x9b2J"),
        ("a\rb\x07\x08", r"a\x0db\x07\x08"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("naïve ✓", "naïve ✓"),
    ],
)
def test_recorded_text_is_harmless(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_a_cell_has_one_line() -> None:
    assert one_line("a\n\tb") == r"a\n\tb"


def test_colours_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(terminal.sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    assert styled("x", "red", "bold") == "\x1b[31;1mx\x1b[0m"
    monkeypatch.setenv("TERM", "dumb")
    assert styled("x", "red") == "x"
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert styled("x", "red") == "\x1b[31mx\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert styled("x", "red") == "x"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-3, "0s"), (0, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (3600, "1h"), (90000, "1d")],
)
def test_ages(seconds: int, expected: str) -> None:
    assert age("2026-01-01T00:00:00.000Z", 1_767_225_600_000 + seconds * 1000) == expected


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [(None, ""), (0.04, "0.0ms"), (9.96, "10.0ms"), (312.4, "312ms"), (4200, "4.20s"),
     (200_000, "3m20s")],
)  # fmt: skip
def test_durations(milliseconds: float | None, expected: str) -> None:
    assert duration(milliseconds) == expected


def test_sizes() -> None:
    assert [size(n) for n in (0, 1023, 1536, 20 << 20, 3 << 30)] == [
        "0 B", "1023 B", "1.5 KB", "20.0 MB", "3.0 GB",
    ]  # fmt: skip


def test_outcomes_are_coloured_by_class() -> None:
    assert [outcome_style(text) for text in ("204", "404", "503", "dns")] == [
        ("green",), ("yellow",), ("red",), ("red",),
    ]  # fmt: skip
