"""What is wrong with the redaction settings of a user, setting by setting."""

from collections.abc import Iterator

from store.errors import RuleError
from store.filters import nearest
from store.redaction.engine import Linear
from store.redaction.names import pieces_of
from store.redaction.options import RedactionOptions, UserPattern
from store.redaction.rules import default_rules, split_template

_SYNTAX = "expected RE2 syntax, https://github.com/google/re2/wiki/Syntax"


def mistakes(options: RedactionOptions) -> Iterator[tuple[str, str]]:
    """The key of every setting that cannot be used, such as `patterns[0].pattern`, and why."""
    yield from _additions("", options.names, options.patterns)
    for index, template in enumerate(options.paths):
        try:
            split_template(template)
        except RuleError as error:
            yield f"paths[{index}]", str(error)
    known = default_rules()
    for index, rule in enumerate(options.disabled_rules):
        if rule not in known:
            hint = nearest(rule, known)
            yield f"disabled_rules[{index}]", f'there is no default rule "{rule}"{hint}'
    for name, additions in options.organizations.items():
        yield from _additions(f"organizations.{name}.", additions.names, additions.patterns)


def _additions(
    place: str, names: tuple[str, ...], patterns: tuple[UserPattern, ...]
) -> Iterator[tuple[str, str]]:
    for index, name in enumerate(names):
        if not pieces_of(name.encode("utf-8", "replace")):
            yield (
                f"{place}names[{index}]",
                f'expected a name with letters or digits, found "{name}"',
            )
    for index, pattern in enumerate(patterns):
        try:
            Linear(pattern.pattern, user=True)
        except RuleError as error:
            told = f'"{pattern.name}": {error}; {_SYNTAX}'
            yield f"{place}patterns[{index}].pattern", told
