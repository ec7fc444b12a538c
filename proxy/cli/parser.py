"""The argument parser of a command: one line per error, with the nearest known option."""

import argparse
import re
import sys
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """Reports in one line, and exits with 2."""

    def error(self, message: str) -> NoReturn:
        """Write the message and end the program."""
        hint = ""
        if unknown := re.fullmatch(r"unrecognized arguments: (--[^ =]+).*", message):
            from proxy.config.problems import nearest  # costs 60 ms with its package

            options = [name for name in self._option_string_actions if name.startswith("--")]
            hint = nearest(unknown[1], options)
        sys.stderr.write(f"{self.prog}: {message}{hint or f'; see `{self.prog} --help`'}\n")
        sys.exit(2)
