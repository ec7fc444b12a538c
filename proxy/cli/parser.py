"""The argument parser of a command: one line per error, with the nearest known option."""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Final, NoReturn

# `-status:success` is a word of a search, not an option.
_NEGATED: Final = re.compile(r"-[A-Za-z_]+:.*", re.DOTALL)


class Parser(argparse.ArgumentParser):
    """Reports in one line, and exits with 2."""

    takes_words = False
    """Whether words of a search may stand anywhere between the options."""
    opaque: Sequence[str] = ()
    """Options whose value is whatever follows, also when it begins with a dash."""

    def parse_command(self, argv: Sequence[str]) -> argparse.Namespace:
        """The arguments of a command."""
        argv = list(self._joined(argv))
        if not self.takes_words:
            return self.parse_args(argv)
        end = argv.index("--") if "--" in argv else len(argv)
        negated = [text for text in argv[:end] if _NEGATED.fullmatch(text)]
        args = self.parse_intermixed_args([text for text in argv[:end] if text not in negated])
        args.words = [*args.words, *negated, *argv[end + 1 :]]
        return args

    def _joined(self, argv: Sequence[str]) -> Iterator[str]:
        rest = iter(argv)
        for text in rest:
            value = next(rest, None) if text in self.opaque else None
            yield text if value is None else f"{text}={value}"
            if text == "--":
                yield from rest

    def error(self, message: str) -> NoReturn:
        """Write the message and end the program."""
        hint = ""
        if unknown := re.fullmatch(r"unrecognized arguments: (--[^ =]+).*", message):
            from proxy.config.problems import nearest  # costs 60 ms with its package

            options = [name for name in self._option_string_actions if name.startswith("--")]
            hint = nearest(unknown[1], options)
        sys.stderr.write(f"{self.prog}: {message}{hint or f'; see `{self.prog} --help`'}\n")
        sys.exit(2)
