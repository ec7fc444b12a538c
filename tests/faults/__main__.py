"""`python -m tests.faults`: the short form of the suite, and its table.

More arguments go to pytest: `-k transparency`, `-n 2 --dist loadfile`. `--all` prints each case;
without it a promise is one line with the cases that failed below it.
"""

import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests.faults.verdicts import PROPERTY, Row


class Table:
    """Gathers verdicts from the reports of tests, in this process or from xdist's."""

    def __init__(self) -> None:
        self.rows: list[tuple[Row, bool]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call":
            return
        rows = [row for name, row in report.user_properties if name == PROPERTY]
        # A test that fails, fails at its last verdict.
        for index, row in enumerate(rows):
            good = report.passed or index + 1 < len(rows)
            self.rows.append((tuple(row), good))  # type: ignore[arg-type]
        if not rows and report.failed:
            self.rows.append((("?", report.nodeid, "passes", "fails"), False))

    def show(self, *, everything: bool) -> None:
        by_promise: dict[str, list[tuple[Row, bool]]] = defaultdict(list)
        for row, good in self.rows:
            by_promise[row[0]].append((row, good))
        print("\n| promise | case | expected | seen | |\n| --- | --- | --- | --- | --- |")
        for promise in sorted(by_promise, key=lambda text: (len(text.split()[0]), text)):
            found = by_promise[promise]
            good = sum(1 for _, kept in found if kept)
            print(f"| {promise} | {len(found)} cases | all hold | {good} hold | |")
            for row, kept in found:
                if everything or not kept:
                    cells = " | ".join(cell.replace("|", "/") for cell in row)
                    print(f"| {cells} | {'' if kept else 'FAILS'} |")


if __name__ == "__main__":
    table = Table()
    given = [argument for argument in sys.argv[1:] if argument != "--all"]
    code = pytest.main(["-q", str(Path(__file__).parent), *given], plugins=[table])
    table.show(everything="--all" in sys.argv)
    sys.exit(code)
