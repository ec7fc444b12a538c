"""Patterns of the operator's rules: globs, or RE2 expressions after `re:`; both linear in time."""

from collections.abc import Callable

import re2

from store.classification.rules import Patterns
from store.errors import RuleError
from store.re2_errors import reason_of

type Matcher = Callable[[str], bool]

_WILD = {"*": ".*", "?": "."}


def compile_patterns(patterns: Patterns, where: str) -> Matcher | None:
    """A test for "any of these patterns fits the whole text", case aside; `None` without patterns.

    In a glob `*` stands for any characters, `/` and `.` included, and `?` for one. `where` names
    the rule's field in errors.

    Raises:
        RuleError: an expression is none, or none that RE2 runs in linear time.
    """
    several = [patterns] if isinstance(patterns, str) else patterns
    if not several:
        return None
    expression = "|".join(f"(?:{_expression(pattern)})" for pattern in several)
    options = re2.Options()
    options.case_sensitive = False
    options.dot_nl = True
    options.log_errors = False
    try:
        fullmatch = re2.compile(expression, options).fullmatch
    except re2.error as error:
        raise RuleError(f"{where}: {several!r} is no pattern: {reason_of(error)}") from None
    return lambda text: fullmatch(text) is not None


def _expression(pattern: str) -> str:
    if pattern.startswith("re:"):
        return pattern[3:]
    return "".join(_WILD.get(letter) or re2.escape(letter) for letter in pattern)
